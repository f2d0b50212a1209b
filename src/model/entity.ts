// Entities: who acted and on what. Records point at these objects; numeric ids exist in codecs only. Absent is undefined.
// An entity object is one *version*: exec and setuid make a new Process object whose `previous` is the old one, so that a record
// made earlier keeps saying what was true then.

import type { TimeNs } from "./time.ts";

/** CREATED: first seen by its creation; MODIFIED: exec or setuid of a known process; REUP: everything else (format spec §2.2). */
export type ObjectState = "CREATED" | "MODIFIED" | "REUP";

/** The machine that a record comes from. `id` is SysFlow's exporter. */
export type Host = {
  readonly id: string;
  readonly ip?: string | undefined;
  /** Kernel boot id, from the probe. */
  readonly bootId?: string | undefined;
};

export const containerTypes = [
  "docker",
  "lxc",
  "libvirt_lxc",
  "mesos",
  "rkt",
  "custom",
  "cri",
  "containerd",
  "crio",
  "bpm",
  "static",
  "podman",
] as const;
export type ContainerType = (typeof containerTypes)[number];

export type Container = {
  readonly host: Host;
  /** 12 hex digits for docker and CRI. */
  readonly id: string;
  readonly name: string | undefined;
  readonly image: string | undefined;
  readonly imageId: string | undefined;
  readonly type: ContainerType | undefined;
  readonly privileged: boolean | undefined;
  readonly pod: Pod | undefined;
  readonly state?: ObjectState | undefined;
  readonly ts?: TimeNs | undefined;
  /** Schema 5's podId when the pod itself is not in the file. */
  readonly podId?: string | undefined;
};

export type Service = {
  readonly name: string;
  readonly id: string;
  readonly namespace: string;
  readonly ports: readonly {
    readonly port: number;
    readonly targetPort: number;
    readonly nodePort: number;
    readonly proto: string;
  }[];
  /** As in the file: 64-bit words, one for IPv4, two for IPv6. */
  readonly clusterIp: readonly bigint[];
};

export type Pod = {
  readonly host: Host;
  readonly ts: TimeNs;
  readonly id: string;
  readonly name: string;
  readonly nodeName: string | undefined;
  readonly hostIp: readonly bigint[];
  readonly internalIp: readonly bigint[];
  readonly namespace: string;
  readonly restartCount: number | undefined;
  readonly labels: ReadonlyMap<string, string>;
  readonly selectors: ReadonlyMap<string, string>;
  readonly services: readonly Service[];
};

/** What all versions of one process share; `current` is the newest version. */
export type ProcessIdentity = { current: Process };

export type Process = {
  readonly identity: ProcessIdentity;
  readonly host: Host;
  /** Thread-group leader's pid in the initial pid namespace. */
  readonly pid: number;
  /** Creation, nanoseconds since the epoch; undefined when the process is older than the recording. Part of the identity. */
  readonly createdNs: bigint | undefined;
  readonly parent: Process | undefined;
  readonly previous: Process | undefined;
  /** False: only the id is known (a record named the process, but no source described it). */
  readonly known: boolean;
  readonly state: ObjectState;
  /** Event that made this version. */
  readonly ts: TimeNs;
  /** Path of the program. */
  readonly exe: string | undefined;
  /** argv[1..] joined by single spaces, as schema 5 stores it. */
  readonly args: string | undefined;
  readonly uid: number | undefined;
  readonly user: string | undefined;
  readonly gid: number | undefined;
  readonly group: string | undefined;
  readonly tty: boolean;
  /** Pid 1 of its pid namespace: a container's entry point. */
  readonly entry: boolean;
  readonly container: Container | undefined;
  /** Ends with "/". */
  readonly cwd: string | undefined;
  readonly env: readonly string[];
  // From here on: schema 6 only.
  /** argv, element 0 included. */
  readonly argv: readonly string[] | undefined;
  readonly comm: string | undefined;
  readonly session: number | undefined;
  readonly processGroup: number | undefined;
  readonly loginUid: number | undefined;
  /** Effective capabilities. */
  readonly capabilities: bigint | undefined;
  readonly exeInode: number | undefined;
  /** The program lies in the container's writable layer. */
  readonly exeUpperLayer: boolean | undefined;
  readonly networkNamespace: number | undefined;
};

/** The letter of a file's type: f, d, u, p, c, b, l or ?; old files may hold others. */
export type FileType = string;

export type File = {
  readonly host: Host;
  readonly state: ObjectState;
  readonly ts: TimeNs;
  readonly type: FileType;
  readonly path: string;
  readonly container: Container | undefined;
  /** Schema 5's FOID as 20 latin-1 characters when read from a file; computed by the codec otherwise. */
  readonly foid?: string | undefined;
  // From here on: schema 6 only.
  readonly device?: number | undefined;
  readonly inode?: number | undefined;
  readonly generation?: number | undefined;
  readonly mountNamespace?: number | undefined;
  /** The other end of a pipe or unix socket: its inode. */
  readonly peerInode?: number | undefined;
  /**
   * Not facts: the output that this file was last written to, and its number there. A map from a million files to numbers would
   * keep them all alive, and cost more than encoding them.
   */
  numberedBy?: object | undefined;
  number?: number | undefined;
};

/** `<host>/<pid>/<createNs or 0>`: the same in every file that names the process. */
export function processKey(process: Process): string {
  return `${process.host.id}/${process.pid}/${process.createdNs ?? 0n}`;
}

/** The version of the process that was in force at a time. */
export function versionAt(process: Process, at: TimeNs): Process {
  let version = process;
  for (let i = 0; i < 64; i++) {
    const previous = version.previous;
    if (version.ts <= at || previous === undefined || !previous.known) return version;
    version = previous;
  }
  return version;
}

/** The parent as far as it is known: a stub that was described later is replaced by its description. */
export function parentOf(process: Process): Process | undefined {
  const parent = process.parent;
  return parent === undefined || parent.known ? parent : parent.identity.current;
}

export const lineageMax = 64;

/** Nearest ancestor first; bounded, so that a cycle of recycled pids ends. */
export function lineage(process: Process): Process[] {
  const chain: Process[] = [];
  let next = parentOf(process);
  while (next !== undefined && chain.length < lineageMax) {
    if (next.identity === process.identity) break;
    chain.push(next);
    next = parentOf(next);
  }
  return chain;
}

const deleted = " (deleted)";

/** The last part of the program's path: what people call the process. */
export function processName(process: Process): string | undefined {
  const exe = process.exe;
  if (exe === undefined || exe === "") return process.comm;
  const name = exe.slice(exe.lastIndexOf("/") + 1);
  // The kernel's remark that the program's file is gone is part of the path, not of the name.
  return name.endsWith(deleted) ? name.slice(0, -deleted.length) : name;
}
