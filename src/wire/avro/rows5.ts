// Record types of schemas 1000 to 5: which fields are known, and the model's record made of a row. Missing fields of older ages
// keep the row's first value. Facts: format specification §1.3 and §1.4.

import type {
  Container,
  ContainerType,
  Host,
  ObjectState,
  Pod,
  Process,
} from "../../model/entity.ts";
import { containerTypes } from "../../model/entity.ts";
import { Op } from "../../model/opflag.ts";
import type { Record, Tuple } from "../../model/record.ts";
import type { TimeBase } from "../../model/time.ts";
import type { Entities } from "./entities.ts";
import { addVersion } from "./entities.ts";
import type { FieldKind, FieldSpec, FieldSpecs, Row } from "./plan.ts";

/** What a builder needs beside the row. */
export type BuildContext = {
  entities: Entities;
  base: TimeBase;
  /** Starts a new file: all tables are dropped. */
  begin(host: Host): void;
};
export type Builder = (row: Row, context: BuildContext) => Record | undefined;
export type RecordSpec = {
  readonly name: string;
  readonly fields: FieldSpecs;
  /** Without them a record says nothing: the branch is then skipped as unknown. */
  readonly required: readonly string[];
  readonly build: Builder;
};

/** One field: `field("time", 3)` goes into numbers[3]. */
export function field(kind: FieldKind, slot: number): FieldSpec {
  return { kind, slot };
}

const states: readonly ObjectState[] = ["CREATED", "MODIFIED", "REUP"];

export function stateOf(symbol: string | undefined): ObjectState {
  return states.find((state) => state === symbol) ?? stateOfPrototype(symbol);
}

/** Schema 1000(a)'s processes may say an action instead of a state. */
function stateOfPrototype(symbol: string | undefined): ObjectState {
  if (symbol === undefined) return "REUP";
  if (/CREATE|CLONE|EXEC/.test(symbol)) return "CREATED";
  return /MODIF|SETUID/.test(symbol) ? "MODIFIED" : "REUP";
}

/** The number's own value where schema 5 says −1 for unknown. */
function known(value: number): number | undefined {
  return value === -1 ? undefined : value;
}

function unless(text: string | undefined, unknown: string): string | undefined {
  return text === unknown ? undefined : text;
}

/** First octet in bits 0–7 → network order. */
export function swapAddress(value: number): number {
  return (
    (((value & 0xff) << 24) |
      (((value >>> 8) & 0xff) << 16) |
      (((value >>> 16) & 0xff) << 8) |
      (value >>> 24)) >>>
    0
  );
}

/** The number of libsinsp, which goes beyond the enum's symbols. */
function containerTypeOf(symbol: string | undefined, index: number): ContainerType | undefined {
  const name = symbol?.replace(/^CT_/, "").toLowerCase();
  return containerTypes.find((type) => type === name) ?? containerTypes[index];
}

export function buildHeader(row: Row, context: BuildContext): Record {
  const { texts, numbers } = row;
  const ip = texts[1];
  const host: Host =
    ip === undefined || ip === "" ? { id: texts[0] ?? "" } : { id: texts[0] ?? "", ip };
  context.begin(host);
  const filename = texts[2] === "" ? undefined : texts[2];
  return { type: "H", host, version: numbers[0] ?? 0, filename, base: context.base };
}

export function buildContainer(row: Row, { entities }: BuildContext): Record {
  const { texts, numbers } = row;
  const podId = texts[5];
  const container: Container = {
    host: entities.host,
    id: texts[0] ?? "",
    name: unless(texts[1], "incomplete"),
    image: unless(texts[2], "incomplete:incomplete"),
    imageId: texts[3],
    type: containerTypeOf(texts[4], numbers[4] ?? -1),
    privileged: numbers[1] === -1 ? undefined : numbers[1] === 1,
    pod: podId === undefined ? undefined : entities.pods.get(podId),
    podId,
  };
  entities.describeContainer(container);
  return { type: "C", container };
}

export function buildProcess(row: Row, { entities }: BuildContext): Record | undefined {
  const { texts, numbers, processes, lists } = row;
  const entry = processes[0];
  if (entry === undefined) return undefined;
  const identity = entry.identity;
  const old = identity.current;
  const containerId = texts[5];
  const process: Process = {
    identity,
    host: entities.host,
    pid: old.pid,
    createdNs: old.createdNs,
    parent: processes[1]?.identity.current,
    previous: old.known ? old : undefined,
    known: true,
    state: stateOf(texts[0]),
    ts: row.times[0] ?? 0,
    exe: unless(texts[1], "<NA>"),
    args: texts[2],
    uid: known(numbers[1] ?? -1),
    user: unless(texts[3], "<NA>"),
    gid: known(numbers[2] ?? -1),
    group: unless(texts[4], "<NA>"),
    tty: numbers[3] === 1,
    entry: numbers[4] === 1,
    container: containerId === undefined ? undefined : entities.container(containerId),
    cwd: unless(texts[6], ""),
    env: lists[0] ?? [],
    argv: undefined,
    comm: undefined,
    session: undefined,
    processGroup: undefined,
    loginUid: undefined,
    capabilities: undefined,
    exeInode: undefined,
    exeUpperLayer: undefined,
    networkNamespace: undefined,
  };
  addVersion(entry, process);
  return { type: "P", process };
}

/** restype is the code of a letter. */
export function fileTypeOf(code: number): string {
  return code > 0 && code < 0x10000 ? String.fromCharCode(code) : String(code);
}

export function buildFile(row: Row, { entities }: BuildContext): Record | undefined {
  const { texts, numbers, files } = row;
  const entry = files[0];
  if (entry === undefined) return undefined;
  const containerId = texts[2];
  entry.file = {
    host: entities.host,
    state: stateOf(texts[0]),
    ts: row.times[0] ?? 0,
    type: fileTypeOf(numbers[1] ?? 63),
    path: texts[1] ?? "",
    container: containerId === undefined ? undefined : entities.container(containerId),
    foid: entry.file.foid,
  };
  return { type: "F", file: entry.file };
}

export function buildProcessEvent(row: Row): Record | undefined {
  const proc = row.processes[0]?.identity.current;
  if (proc === undefined) return undefined;
  return {
    type: "PE",
    proc,
    ts: row.times[0] ?? 0,
    tid: known(row.numbers[1] ?? -1),
    ops: row.numbers[2] ?? 0,
    args: row.lists[0] ?? [],
    ret: row.numbers[3] ?? 0,
  };
}

/** Schema 1000(a) calls its process events flows; some say the operation as an enum. */
export function buildPrototypeProcess(row: Row): Record | undefined {
  const symbol = row.texts[0];
  if (symbol !== undefined) row.numbers[2] = opOfPrototype(symbol);
  return buildProcessEvent(row);
}

function opOfPrototype(symbol: string): number {
  for (const name of ["CLONE", "EXEC", "EXIT", "SETUID", "SETNS"] as const) {
    if (symbol.includes(name)) return Op[name];
  }
  return 0;
}

export function buildProcessFlow(row: Row): Record | undefined {
  const proc = row.processes[0]?.identity.current;
  if (proc === undefined) return undefined;
  return {
    type: "PF",
    proc,
    ts: row.times[0] ?? 0,
    endTs: row.times[1] ?? 0,
    ops: row.numbers[2] ?? 0,
    threadsCloned: row.numbers[3] ?? 0,
    threadsExited: row.numbers[4] ?? 0,
    cloneErrors: row.numbers[5] ?? 0,
  };
}

export function buildFileEvent(row: Row): Record | undefined {
  const proc = row.processes[0]?.identity.current;
  const file = row.files[0]?.file;
  if (proc === undefined || file === undefined) return undefined;
  return {
    type: "FE",
    proc,
    ts: row.times[0] ?? 0,
    tid: known(row.numbers[1] ?? -1),
    ops: row.numbers[2] ?? 0,
    file,
    newFile: row.files[1]?.file,
    ret: row.numbers[3] ?? 0,
  };
}

function tupleOf(numbers: readonly number[], at: number): Tuple {
  return {
    sip: swapAddress(numbers[at] ?? 0),
    sport: numbers[at + 1] ?? 0,
    dip: swapAddress(numbers[at + 2] ?? 0),
    dport: numbers[at + 3] ?? 0,
    proto: known(numbers[at + 4] ?? -1),
  };
}

export function buildNetworkEvent(row: Row): Record | undefined {
  const proc = row.processes[0]?.identity.current;
  if (proc === undefined) return undefined;
  return {
    type: "NE",
    proc,
    ts: row.times[0] ?? 0,
    tid: known(row.numbers[1] ?? -1),
    ops: row.numbers[2] ?? 0,
    net: tupleOf(row.numbers, 4),
    ret: row.numbers[3] ?? 0,
  };
}

export function buildNetworkFlow(row: Row): Record | undefined {
  const numbers = row.numbers;
  const proc = row.processes[0]?.identity.current;
  if (proc === undefined) return undefined;
  return {
    type: "NF",
    proc,
    ts: row.times[0] ?? 0,
    endTs: row.times[1] ?? 0,
    tid: known(numbers[2] ?? -1),
    ops: numbers[3] ?? 0,
    net: tupleOf(numbers, 4),
    fd: known(numbers[9] ?? -1),
    rops: numbers[10] ?? 0,
    wops: numbers[11] ?? 0,
    rbytes: numbers[12] ?? 0,
    wbytes: numbers[13] ?? 0,
  };
}

export function buildFileFlow(row: Row): Record | undefined {
  const numbers = row.numbers;
  const proc = row.processes[0]?.identity.current;
  const file = row.files[0]?.file;
  if (proc === undefined || file === undefined) return undefined;
  return {
    type: "FF",
    proc,
    ts: row.times[0] ?? 0,
    endTs: row.times[1] ?? 0,
    tid: known(numbers[2] ?? -1),
    ops: numbers[3] ?? 0,
    file,
    fd: known(numbers[9] ?? -1),
    openFlags: numbers[4] ?? 0,
    rops: numbers[10] ?? 0,
    wops: numbers[11] ?? 0,
    rbytes: numbers[12] ?? 0,
    wbytes: numbers[13] ?? 0,
  };
}

export function buildPod(row: Row, { entities }: BuildContext): Record {
  const { texts, numbers, longs, maps } = row;
  const pod: Pod = {
    host: entities.host,
    ts: row.times[0] ?? 0,
    id: texts[0] ?? "",
    name: texts[1] ?? "",
    nodeName: texts[2] ?? "",
    hostIp: longs[0] ?? [],
    internalIp: longs[1] ?? [],
    namespace: texts[3] ?? "",
    restartCount: numbers[1] ?? 0,
    labels: maps[0] ?? new Map(),
    selectors: maps[1] ?? new Map(),
    services: row.services,
  };
  entities.describePod(pod);
  return { type: "PD", pod };
}

export function buildKubernetesEvent(row: Row, { entities }: BuildContext): Record {
  return {
    type: "KE",
    host: entities.host,
    ts: row.times[0] ?? 0,
    kind: row.texts[0] ?? "K8S_UNKNOWN",
    action: row.texts[1] ?? "K8S_COMPONENT_UNKNOWN",
    message: row.texts[2] ?? "",
  };
}
