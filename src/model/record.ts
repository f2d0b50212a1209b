// Records: SysFlow's open format as plain objects. A record that describes an entity carries the entity's version; events and
// flows point at entities. `schema/` holds the Avro form; wire/avro maps the two.

import type { Ip } from "../base/ip.ts";
import type { Container, File, Host, Pod, Process } from "./entity.ts";
import type { OpSet } from "./opflag.ts";
import type { TimeBase, TimeNs } from "./time.ts";

/** Client → server for accepted and made connections alike. Ports are 0 where unknown. */
export type Tuple = {
  readonly sip: Ip;
  readonly sport: number;
  readonly dip: Ip;
  readonly dport: number;
  /** IANA protocol number: 6 TCP, 17 UDP, 1 ICMP, 254 raw; undefined where unknown. */
  readonly proto: number | undefined;
};

export type Volume = {
  readonly rops: number;
  readonly wops: number;
  readonly rbytes: number;
  readonly wbytes: number;
};

/** How exact a record's times are. */
export type TimePrecision = "ns" | "us" | "ms" | "s" | "jiffy";

export type HeaderRecord = {
  readonly type: "H";
  readonly host: Host;
  /** Schema version as the file states it: 1000, 1001, 2…6. */
  readonly version: number;
  readonly filename: string | undefined;
  readonly base: TimeBase;
  readonly precision?: TimePrecision | undefined;
};
export type ContainerRecord = { readonly type: "C"; readonly container: Container };
export type ProcessRecord = { readonly type: "P"; readonly process: Process };
export type FileRecord = { readonly type: "F"; readonly file: File };
export type PodRecord = { readonly type: "PD"; readonly pod: Pod };

export type ProcessEvent = {
  readonly type: "PE";
  readonly proc: Process;
  readonly ts: TimeNs;
  readonly tid: number | undefined;
  readonly ops: OpSet;
  /** SETUID and SETGID: the new id's name or number. */
  readonly args: readonly string[];
  /** Result of the call: ≥ 0 or −errno; for EXIT the raw wait status. */
  readonly ret: number;
  /** Schema 6, SIGNAL and PTRACE: who it was done to. */
  readonly target?: Process | undefined;
  /** Schema 6, EXIT: opens that failed with ENOENT over the process' life, which make no records of their own. */
  readonly failedOpens?: number | undefined;
};
export type FileEvent = {
  readonly type: "FE";
  readonly proc: Process;
  readonly ts: TimeNs;
  readonly tid: number | undefined;
  readonly ops: OpSet;
  readonly file: File;
  /** LINK, SYMLINK, RENAME: the new name; MOUNT: the mount point. */
  readonly newFile: File | undefined;
  readonly ret: number;
  /** Schema 6: CHMOD and MKNOD mode, CHOWN uid and gid, failed OPEN's flags. */
  readonly args?: readonly string[] | undefined;
};
export type NetworkEvent = {
  readonly type: "NE";
  readonly proc: Process;
  readonly ts: TimeNs;
  readonly tid: number | undefined;
  readonly ops: OpSet;
  readonly net: Tuple;
  readonly ret: number;
};
export type KubernetesEvent = {
  readonly type: "KE";
  readonly host: Host;
  readonly ts: TimeNs;
  readonly kind: string;
  readonly action: string;
  /** JSON as Kubernetes sent it. */
  readonly message: string;
};

/** What all flows share. `tid` and `fd` are undefined where the flow joins several. */
export type FlowBase = {
  readonly proc: Process;
  readonly ts: TimeNs;
  readonly endTs: TimeNs;
  readonly tid: number | undefined;
  readonly ops: OpSet;
  /** Schema 6: same number in every slice of one flow of a file. */
  readonly flowId?: number | undefined;
  /** Schema 6: 0 for the first slice. */
  readonly slice?: number | undefined;
  /** Schema 6: no slice follows. */
  readonly final?: boolean | undefined;
};
export type FileFlow = FlowBase &
  Volume & {
    readonly type: "FF";
    readonly file: File;
    readonly fd: number | undefined;
    /** `OpenFlag` bits; all opens of the slice together. 0: no open in this slice. */
    readonly openFlags: number;
    /** Schema 6: opens that the slice joins. */
    readonly opens?: number | undefined;
  };
export type NetworkFlow = FlowBase &
  Volume & {
    readonly type: "NF";
    readonly net: Tuple;
    readonly fd: number | undefined;
  };
export type ProcessFlow = {
  readonly type: "PF";
  readonly proc: Process;
  readonly ts: TimeNs;
  readonly endTs: TimeNs;
  readonly ops: OpSet;
  readonly threadsCloned: number;
  readonly threadsExited: number;
  readonly cloneErrors: number;
};

export type GapReason =
  | "damaged"
  | "truncated"
  | "dropped"
  | "evicted"
  | "unknown"
  | "unsupported"
  | "lost-process";

/** Schema 6: something is missing here. */
export type GapRecord = {
  readonly type: "G";
  readonly host: Host;
  readonly ts: TimeNs;
  readonly endTs: TimeNs;
  readonly reason: GapReason;
  /** What was counted: events, bytes, records; −1 where the amount is unknown. */
  readonly lost: number;
  readonly unit: "events" | "bytes" | "records" | "processes" | "flows";
  readonly where: string | undefined;
};

export type EntityRecord = HeaderRecord | ContainerRecord | ProcessRecord | FileRecord | PodRecord;
/** Records that say what happened. */
export type BehaviourRecord =
  | ProcessEvent
  | FileEvent
  | NetworkEvent
  | KubernetesEvent
  | FileFlow
  | NetworkFlow
  | ProcessFlow;
export type Record = EntityRecord | BehaviourRecord | GapRecord;
export type RecordType = Record["type"];

export const recordTypes = [
  { type: "H", name: "header", doc: "start of a file: who recorded it, with which schema" },
  { type: "C", name: "container", doc: "a container" },
  { type: "P", name: "process", doc: "a process, or a new version of one" },
  { type: "F", name: "file", doc: "a file, directory, pipe or unix socket" },
  { type: "PD", name: "pod", doc: "a Kubernetes pod" },
  { type: "PE", name: "process event", doc: "clone, exec, exit, setuid …" },
  { type: "FE", name: "file event", doc: "mkdir, unlink, rename, chmod … or an open that failed" },
  { type: "NE", name: "network event", doc: "a connect that failed, bind, listen" },
  { type: "KE", name: "Kubernetes event", doc: "what the cluster's API reported" },
  { type: "PF", name: "process flow", doc: "threads of a process, counted" },
  { type: "FF", name: "file flow", doc: "what a process did with a file over a time" },
  { type: "NF", name: "network flow", doc: "what a process did with a connection over a time" },
  { type: "G", name: "gap", doc: "something was lost here" },
] as const satisfies readonly { type: RecordType; name: string; doc: string }[];

export function isBehaviour(record: Record): record is BehaviourRecord {
  switch (record.type) {
    case "H":
    case "C":
    case "P":
    case "F":
    case "PD":
    case "G":
      return false;
    default:
      return true;
  }
}

export function isFlow(record: Record): record is FileFlow | NetworkFlow | ProcessFlow {
  return record.type === "FF" || record.type === "NF" || record.type === "PF";
}
