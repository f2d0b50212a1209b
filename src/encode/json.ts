// Records as JSON, one object each: the shape that scripts rely on (interface.md, JSON shapes). Keys come in the document's order;
// what is not known is a missing key. Key names equal attribute names.

import { listed, text } from "../model/attribute/row.ts";
import { type Ip, ipFromBytes, printIp } from "../base/ip.ts";
import {
  type Container,
  type File,
  type Pod,
  type Process,
  lineage,
  parentOf,
  processKey,
  processName,
} from "../model/entity.ts";
import { opNames, openFlagNames } from "../model/opflag.ts";
import type { GapRecord, Record, Tuple, Volume } from "../model/record.ts";
import { type TimeBase, type TimeNs, printTime, toAbsolute } from "../model/time.ts";
import { protocolName } from "../model/attribute/record.ts";
import { activityOf } from "../context/activity.ts";
import { recordId } from "./record-id.ts";

export type JsonValue = string | number | boolean | JsonObject | readonly JsonValue[] | undefined;
/** A key whose value is undefined is not written. */
export type JsonObject = { readonly [key: string]: JsonValue };

/** The object that `print --json` writes for a record. */
export function recordJson(record: Record, base: TimeBase): JsonObject {
  const id = recordId(record, base);
  const at = (time: TimeNs): string => printTime(toAbsolute(base, time));
  switch (record.type) {
    case "H":
      return {
        id,
        type: "H",
        host: text(record.host.id),
        hostIp: text(record.host.ip),
        bootId: text(record.host.bootId),
        schema: record.version,
        filename: text(record.filename),
        precision: record.precision,
      };
    case "C": {
      const { container } = record;
      const ts = container.ts === undefined ? undefined : at(container.ts);
      const place = placeJson(container, base);
      return { id, ts, type: "C", state: container.state, ...place, host: text(container.host.id) };
    }
    case "P": {
      const { process } = record;
      return {
        id,
        ts: at(process.ts),
        type: "P",
        state: process.state,
        ...whoJson(process, undefined),
        ...placeJson(process.container, base),
        host: text(process.host.id),
      };
    }
    case "F": {
      const { file } = record;
      return {
        id,
        ts: at(file.ts),
        type: "F",
        state: text(file.state),
        file: fileJson(file),
        ...placeJson(file.container, base),
        host: text(file.host.id),
      };
    }
    case "PD": {
      const { pod } = record;
      return { id, ts: at(pod.ts), type: "PD", pod: podJson(pod, base), host: text(pod.host.id) };
    }
    case "G":
      return {
        id,
        ts: at(record.ts),
        endTs: at(record.endTs),
        type: "G",
        host: text(record.host.id),
        gap: gapJson(record),
      };
    case "KE":
      return {
        id,
        ts: at(record.ts),
        type: "KE",
        host: text(record.host.id),
        kubernetes: { kind: record.kind, action: record.action, message: text(record.message) },
      };
    default:
      return behaviourJson(record, id, base);
  }
}

/** Behaviour of a process: all but Kubernetes events. */
export type Acted = Extract<Record, { readonly ops: number }>;

function behaviourJson(record: Acted, id: string, base: TimeBase): JsonObject {
  const at = (time: TimeNs): string => printTime(toAbsolute(base, time));
  const flow = "endTs" in record;
  const tid = record.type === "PF" ? undefined : record.tid;
  const proc = processOf(record);
  return {
    id,
    ts: at(record.ts),
    endTs: flow ? at(record.endTs) : undefined,
    type: record.type,
    op: opNames(record.ops),
    ret: flow ? undefined : record.ret,
    ...whoJson(proc, tid),
    ...objectJson(record),
    ...placeJson(proc.container, base),
    host: text(proc.host.id),
  };
}

/** The process as it was then: the same version that conditions see. */
export function processOf(record: Acted): Process {
  const at = "endTs" in record ? record.endTs : record.ts;
  return activityOf(record, "end", at).proc ?? record.proc;
}

/** What the process did it to, and how much. */
function objectJson(record: Acted): JsonObject {
  switch (record.type) {
    case "PE": {
      const { target } = record;
      return {
        args: listed(record.args),
        target: target === undefined ? undefined : { pid: target.pid, exe: text(target.exe) },
        failedOpens: record.failedOpens,
      };
    }
    case "FE": {
      const newpath = text(record.newFile?.path);
      return { file: fileJson(record.file, { newpath }), args: listed(record.args ?? []) };
    }
    case "NE":
      return { net: tupleJson(record.net, undefined) };
    case "PF":
      return {
        threads: {
          cloned: record.threadsCloned,
          exited: record.threadsExited,
          cloneErrors: record.cloneErrors,
        },
      };
    case "FF": {
      const openflags = listed(openFlagNames(record.openFlags));
      const file = fileJson(record.file, { fd: record.fd, openflags, opens: record.opens });
      return { file, flow: flowJson(record) };
    }
    case "NF":
      return { net: tupleJson(record.net, record.fd), flow: flowJson(record) };
    default:
      return record satisfies never;
  }
}

type Slice = {
  readonly flowId?: number | undefined;
  readonly slice?: number | undefined;
  readonly final?: boolean | undefined;
};

function flowJson(record: Volume & Slice): JsonObject {
  return {
    rbytes: record.rbytes,
    wbytes: record.wbytes,
    rops: record.rops,
    wops: record.wops,
    id: record.flowId,
    slice: record.slice,
    final: record.final,
  };
}

function gapJson(record: GapRecord): JsonObject {
  const lost = record.lost < 0 ? undefined : record.lost;
  return { reason: record.reason, lost, unit: record.unit, where: text(record.where) };
}

/** `proc` and `parent`. */
function whoJson(process: Process, tid: number | undefined): JsonObject {
  const parent = parentOf(process);
  return {
    proc: processJson(process, tid),
    parent: parent === undefined ? undefined : processJson(parent, undefined),
  };
}

export function processJson(process: Process, tid: number | undefined): JsonObject {
  const { createdNs, known, argv, env } = process;
  return {
    key: processKey(process),
    pid: process.pid,
    tid,
    exe: text(process.exe),
    name: text(processName(process)),
    args: text(process.args),
    cwd: text(process.cwd),
    tty: known ? process.tty : undefined,
    uid: process.uid,
    user: text(process.user),
    gid: process.gid,
    group: text(process.group),
    entry: known ? process.entry : undefined,
    createdTs: createdNs === undefined ? undefined : printTime(createdNs),
    argv,
    comm: text(process.comm),
    env: listed(env),
    session: process.session,
    processGroup: process.processGroup,
    loginuid: process.loginUid,
    capabilities: process.capabilities === undefined ? undefined : integer(process.capabilities),
    exe_upper_layer: process.exeUpperLayer,
    lineage: listed(lineage(process).map((one) => ({ pid: one.pid, exe: text(one.exe) }))),
  };
}

type FileMore = {
  readonly newpath?: string | undefined;
  readonly fd?: number | undefined;
  readonly openflags?: readonly string[] | undefined;
  readonly opens?: number | undefined;
};

function fileJson(file: File, more: FileMore = {}): JsonObject {
  return {
    path: text(file.path),
    newpath: more.newpath,
    type: text(file.type),
    fd: more.fd,
    openflags: more.openflags,
    opens: more.opens,
    device: file.device,
    inode: file.inode,
    generation: file.generation,
    mountNamespace: file.mountNamespace,
    peerInode: file.peerInode,
  };
}

function tupleJson(net: Tuple, fd: number | undefined): JsonObject {
  return {
    sip: printIp(net.sip),
    sport: port(net.sport),
    dip: printIp(net.dip),
    dport: port(net.dport),
    proto: protocolName(net.proto),
    fd,
  };
}

/** `container` and `pod`. */
function placeJson(container: Container | undefined, base: TimeBase): JsonObject {
  if (container === undefined) return {};
  const { pod, podId } = container;
  return {
    container: containerJson(container),
    pod:
      pod === undefined
        ? text(podId) === undefined
          ? undefined
          : { id: podId }
        : podJson(pod, base),
  };
}

function containerJson(container: Container): JsonObject {
  return {
    id: text(container.id),
    name: text(container.name),
    image: text(container.image),
    type: container.type,
    imageid: text(container.imageId),
    privileged: container.privileged,
  };
}

function podJson(pod: Pod, base: TimeBase): JsonObject {
  return {
    id: text(pod.id),
    name: text(pod.name),
    namespace: text(pod.namespace),
    node: text(pod.nodeName),
    restarts: pod.restartCount,
    ts: printTime(toAbsolute(base, pod.ts)),
    hostIp: printWords(pod.hostIp),
    internalIp: printWords(pod.internalIp),
    labels: pod.labels.size === 0 ? undefined : Object.fromEntries(pod.labels),
    selectors: pod.selectors.size === 0 ? undefined : Object.fromEntries(pod.selectors),
    services: listed(
      pod.services.map((service) => ({
        name: text(service.name),
        id: text(service.id),
        namespace: text(service.namespace),
        ports: listed(service.ports.map((one) => ({ ...one }))),
        clusterIp: printWords(service.clusterIp),
      })),
    ),
  };
}

/** An address of one 64-bit word (IPv4) or two (IPv6), bytes in memory order; other lists stay numbers. */
function printWords(words: readonly bigint[]): JsonValue {
  if (words.length === 0) return undefined;
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  words.slice(0, 2).forEach((word, i) => view.setBigUint64(8 * i, BigInt.asUintN(64, word), true));
  if (words.length === 2) return printIp(ipFromBytes(bytes, 0));
  if (words.every((word) => word >= 0n && word < 1n << 32n)) {
    const ips: Ip[] = words.map((word) => bigEndian(word));
    return ips.length === 1 && ips[0] !== undefined ? printIp(ips[0]) : ips.map(printIp);
  }
  return words.map(integer);
}

function bigEndian(word: bigint): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, Number(word), true);
  return view.getUint32(0);
}

/** Exact in a double, or a string. */
function integer(value: bigint): JsonValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function port(value: number): number | undefined {
  return value === 0 ? undefined : value;
}
