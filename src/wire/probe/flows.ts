// FLOW and RAW messages → the flow cursors. This is the hot path: words of typed arrays, two cursor objects, nothing else allocated
// but a connection's tuple.

import { ipFromBytes } from "../../base/ip.ts";
import { wide } from "../../base/wide.ts";
import { type FlowInput, type FlowStanding, FlowWhy } from "../../model/flow-input.ts";
import { limits } from "../../model/limits.ts";
import { Op, ops } from "../../model/opflag.ts";
import { flowFlags, flowKinds, flowReasons } from "../../model/probe.ts";
import type { Tuple } from "../../model/record.ts";
import { Family, noFd } from "../../model/syscall.ts";
import type { ProbeClock } from "./clock.ts";
import { creatFlags, deviceOf, letterOf, openFlagsOf } from "./flags.ts";
import { flowAt, headAt, rawAt, signed64, u32, wide64 } from "./layout.ts";
import type { NumberedCall } from "./numbers.ts";
import type { PathTable } from "./paths.ts";

/** Which messages count where the probe sends both: totals, single operations; undefined: both, each healing the other. */
export type Witness = "totals" | "operations" | undefined;

/** What a single operation does to its flow. */
const Act = {
  none: 0,
  read: 1,
  write: 2,
  /** The result counts messages, not bytes: those come with the totals. */
  readMany: 3,
  writeMany: 4,
  open: 5,
  close: 6,
  map: 7,
  accept: 8,
  connect: 9,
  shutdown: 10,
  transfer: 11,
  truncate: 12,
  setns: 13,
} as const;

const callsMax = 1024;
const inProgress = -115;
const timeMax = 2 ** 53;
/** Beginnings of processes may lie further back: years of uptime. */
const startMax = 2 ** 58;
const listening = 10;
const protocolTcp = 6;
/** Operations that a flow may carry. */
const flowOps = ops.reduce((set, row) => ("letter" in row ? set | (1 << row.bit) : set), 0);

function makeCursor(): FlowInput {
  const cursor: FlowInput = {
    kind: "flow",
    ts: wide,
    pid: 0,
    tid: 0,
    start: wide,
    run: 0,
    idHigh: 0,
    idLow: 0,
    why: FlowWhy.operation,
    standing: "open",
    first: wide,
    last: wide,
    ops: 0,
    opens: 0,
    openFlags: 0,
    rops: 0,
    wops: 0,
    rbytes: wide,
    wbytes: wide,
    fd: noFd,
    what: "other",
    letter: "?",
    path: "",
    pathKnown: false,
    inode: wide,
    device: wide,
    generation: wide,
    peerInode: wide,
    net: undefined,
    accepted: false,
  };
  return cursor;
}

export class FlowDecoder {
  readonly #clock: ProbeClock;
  readonly #paths: PathTable;
  readonly #witness: Witness;
  readonly #total = makeCursor();
  readonly #operation = makeCursor();
  readonly #acts = new Uint8Array(callsMax);
  /** Calls that must be told apart from others of their family. */
  readonly #names = new Map<number, string>();
  /** Modes that send single operations: the flow on a descriptor, by process and number. */
  readonly #byDescriptor = new Map<number, number>();
  #hasOperations = false;
  #machine = 0;
  /** Messages that were skipped, and why. */
  readonly skipped = { otherWitness: 0, noFlow: 0, noFlowCall: 0 };
  /** The last message cannot be: the reader says so. */
  damaged = false;

  constructor(clock: ProbeClock, paths: PathTable, witness: Witness) {
    this.#clock = clock;
    this.#paths = paths;
    this.#witness = witness;
  }

  begin(
    run: number,
    machine: number,
    calls: ReadonlyMap<number, NumberedCall>,
    hasOperations: boolean,
  ): void {
    this.#total.run = run;
    this.#operation.run = run;
    this.#machine = machine;
    this.#acts.fill(Act.none);
    this.#names.clear();
    this.#byDescriptor.clear();
    this.#second = undefined;
    this.#hasOperations = hasOperations;
    for (const [number, call] of calls) {
      if (number >= callsMax) continue;
      this.#acts[number] = actOf(call);
      if (call.family === Family.open || call.family === Family.transfer) {
        this.#names.set(number, call.name);
      }
    }
  }

  /** One call's exit, at byte `at`. */
  raw(words: Int32Array, at: number): FlowInput | undefined {
    if (this.#witness === "totals") {
      this.skipped.otherWitness += 1;
      return undefined;
    }
    const w = at >> 2;
    const said = this.#operation;
    said.idLow = (words[w + (rawAt.flow >> 2)] as number) >>> 0;
    said.idHigh = (words[w + (rawAt.flow >> 2) + 1] as number) >>> 0;
    if (said.idLow === 0 && said.idHigh === 0) {
      this.skipped.noFlow += 1;
      return undefined;
    }
    const number = (words[w] as number) >>> 16;
    const act = number < callsMax ? (this.#acts[number] as number) : Act.none;
    said.ts = this.#clock.time(words, w + (headAt.time >> 2));
    if (!(said.ts <= timeMax && said.ts >= -timeMax)) {
      this.damaged = true;
      return undefined;
    }
    const ret = signed64(words, w + (rawAt.ret >> 2));
    said.pid = u32(words, w + (headAt.pid >> 2));
    said.tid = said.pid;
    said.rops = 0;
    said.wops = 0;
    said.rbytes = 0;
    said.wbytes = 0;
    if (act === Act.read) {
      said.ops = Op.READ;
      said.rops = 1;
      said.opens = 0;
      if (ret > 0) said.rbytes = ret;
      return said;
    }
    if (act === Act.write) {
      said.ops = Op.WRITE;
      said.wops = 1;
      said.opens = 0;
      if (ret > 0) said.wbytes = ret;
      return said;
    }
    return this.#rare(said, act, number, ret, words, w);
  }

  #rare(
    said: FlowInput,
    act: number,
    number: number,
    ret: number,
    words: Int32Array,
    w: number,
  ): FlowInput | undefined {
    said.opens = 0;
    said.ops = 0;
    switch (act) {
      case Act.readMany:
        said.ops = Op.READ;
        said.rops = 1;
        return said;
      case Act.writeMany:
        said.ops = Op.WRITE;
        said.wops = 1;
        return said;
      case Act.open:
        if (ret >= 0) this.#open(said, number, words, w);
        break;
      case Act.close:
        if (ret >= 0) said.ops = Op.CLOSE;
        break;
      case Act.map:
        said.ops = Op.MMAP;
        break;
      case Act.accept:
        if (ret >= 0) said.ops = Op.ACCEPT;
        break;
      case Act.connect:
        if (ret >= 0 || ret === inProgress) said.ops = Op.CONNECT;
        break;
      case Act.shutdown:
        said.ops = Op.SHUTDOWN;
        break;
      case Act.truncate:
        if (ret >= 0) said.ops = Op.FTRUNCATE;
        break;
      case Act.setns:
        said.ops = Op.SETNS;
        break;
      case Act.transfer:
        return this.#transfer(said, number, ret, words, w);
      default:
        break;
    }
    if (said.ops !== 0) return said;
    this.skipped.noFlowCall += 1;
    return undefined;
  }

  /** Two flows, and the message names only one: the descriptors are looked up. */
  #transfer(said: FlowInput, number: number, ret: number, words: Int32Array, w: number): FlowInput {
    const named = said.idHigh * word + said.idLow;
    const first = u32(words, w + (rawAt.arg0 >> 2));
    const second = u32(words, w + (rawAt.arg1 >> 2));
    const third = u32(words, w + (rawAt.arg2 >> 2));
    // sendfile(out, in), tee(in, out), splice and copy_file_range(in, offset, out).
    const name = this.#names.get(number);
    const input = name === "sendfile" ? second : first;
    const output = name === "sendfile" ? first : name === "tee" ? second : third;
    const bytes = Math.max(0, ret);
    const from = this.#byDescriptor.get(said.pid * word + input);
    const to = this.#byDescriptor.get(said.pid * word + output) ?? named;
    this.#second = from === undefined ? undefined : { id: to, bytes };
    if (from === undefined) return moved(said, named, "write", bytes);
    return moved(said, from, "read", bytes);
  }

  #second: { readonly id: number; readonly bytes: number } | undefined = undefined;

  /** The other half of the message before, where it had two. */
  second(): FlowInput | undefined {
    const second = this.#second;
    if (second === undefined) return undefined;
    this.#second = undefined;
    return moved(this.#operation, second.id, "write", second.bytes);
  }

  #open(said: FlowInput, number: number, words: Int32Array, w: number): void {
    said.ops = Op.OPEN;
    said.opens = 1;
    switch (this.#names.get(number)) {
      case "open":
        said.openFlags = openFlagsOf(u32(words, w + (rawAt.arg1 >> 2)), this.#machine);
        return;
      case "openat":
      case "open_by_handle_at":
        said.openFlags = openFlagsOf(u32(words, w + (rawAt.arg2 >> 2)), this.#machine);
        return;
      case "creat":
        said.openFlags = creatFlags;
        return;
      default:
        // openat2 has its flags in memory.
        said.openFlags = 0;
    }
  }

  /** Totals of a kernel flow, at byte `at`. */
  flow(bytes: Uint8Array, words: Int32Array, at: number): FlowInput | undefined {
    const w = at >> 2;
    const said = this.#total;
    const clock = this.#clock;
    said.ts = clock.time(words, w + (headAt.time >> 2));
    said.start = clock.time(words, w + (headAt.start >> 2));
    said.first = clock.time(words, w + (flowAt.first >> 2));
    said.last = clock.time(words, w + (flowAt.last >> 2));
    said.rbytes = wide64(words, w + (flowAt.rbytes >> 2));
    said.wbytes = wide64(words, w + (flowAt.wbytes >> 2));
    if (!isPossible(said)) {
      this.damaged = true;
      return undefined;
    }
    said.pid = u32(words, w + (headAt.pid >> 2));
    said.tid = said.pid;
    said.idLow = u32(words, w + (flowAt.id >> 2));
    said.idHigh = u32(words, w + (flowAt.id >> 2) + 1);
    said.why = (words[w] as number) >>> 16;
    said.rops = u32(words, w + (flowAt.rops >> 2));
    said.wops = u32(words, w + (flowAt.wops >> 2));
    said.opens = u32(words, w + (flowAt.opens >> 2));
    const flags = bytes[at + flowAt.flags] as number;
    said.ops = u32(words, w + (flowAt.ops >> 2)) & flowOps;
    if ((flags & flowFlags.uring) !== 0) said.ops |= Op.IO_URING;
    const fd = u32(words, w + (flowAt.fd >> 2)) | 0;
    said.fd = fd < 0 || (flags & flowFlags.uring) !== 0 ? noFd : fd;
    said.openFlags =
      said.opens > 0 ? openFlagsOf(u32(words, w + (flowAt.openFlags >> 2)), this.#machine) : 0;
    said.standing = standingOf(said.why, said.ops);
    said.accepted = (flags & flowFlags.accepted) !== 0;
    this.#describe(said, bytes, words, at);
    if (this.#hasOperations) this.#place(said);
    if (this.#witness === "operations") withoutCounts(said);
    return said;
  }

  #describe(said: FlowInput, bytes: Uint8Array, words: Int32Array, at: number): void {
    const w = at >> 2;
    const kind = bytes[at + flowAt.kind] as number;
    const mode = u32(words, w + (flowAt.mode >> 2)) & 0xffff;
    said.inode = wide64(words, w + (flowAt.inode >> 2));
    said.device = deviceOf(u32(words, w + (flowAt.device >> 2)));
    said.generation = u32(words, w + (flowAt.generation >> 2));
    said.peerInode = 0;
    said.net = undefined;
    switch (kind) {
      case flowKinds.file:
      case flowKinds.pipe:
        said.what = "file";
        said.letter = kind === flowKinds.pipe ? "p" : letterOf(mode);
        this.#name(said, words, w, kind === flowKinds.pipe ? "pipe" : "unknown");
        return;
      case flowKinds.unix:
        said.what = "unix";
        said.letter = "u";
        said.peerInode = wide64(words, w + (flowAt.source >> 2));
        this.#name(said, words, w, "socket");
        return;
      case flowKinds.inet:
      case flowKinds.inet6:
        this.#connection(said, bytes, words, at, kind === flowKinds.inet6);
        return;
      default:
        said.what = "other";
    }
  }

  /** What has no path, or whose path was lost, is told apart by its inode, as in /proc. */
  #name(said: FlowInput, words: Int32Array, w: number, substitute: string): void {
    const id = u32(words, w + (flowAt.path >> 2));
    const known = this.#paths.get(id);
    if (known === undefined && id === 0 && substitute === "unknown") this.#paths.unknown += 1;
    said.pathKnown = known !== undefined || (id === 0 && substitute !== "unknown");
    said.path = known?.path ?? `${substitute}:[${said.inode}]`;
  }

  #connection(
    said: FlowInput,
    bytes: Uint8Array,
    words: Int32Array,
    at: number,
    v6: boolean,
  ): void {
    const w = at >> 2;
    const ports = u32(words, w + (flowAt.sport >> 2));
    const protocolAndState = u32(words, w + (flowAt.protocol >> 2));
    const protocol = protocolAndState & 0xffff;
    const waits = protocol === protocolTcp && protocolAndState >>> 16 === listening;
    said.what = waits ? "other" : "net";
    const net: Tuple = {
      sip: v6 ? ipFromBytes(bytes, at + flowAt.source) : ip4(words, w + (flowAt.source >> 2)),
      sport: ports & 0xffff,
      dip: v6
        ? ipFromBytes(bytes, at + flowAt.destination)
        : ip4(words, w + (flowAt.destination >> 2)),
      dport: ports >>> 16,
      // SysFlow's number for raw sockets.
      proto: protocol === 0 ? undefined : protocol === 255 ? 254 : protocol,
    };
    said.net = net;
  }

  /** Which flow is on a descriptor now. */
  #place(said: FlowInput): void {
    if (said.fd < 0) return;
    const key = said.pid * word + said.fd;
    const id = said.idHigh * word + said.idLow;
    if (said.standing === "open") {
      if (this.#byDescriptor.size < limits.kernelFlows.max) this.#byDescriptor.set(key, id);
    } else if (this.#byDescriptor.get(key) === id) this.#byDescriptor.delete(key);
  }
}

const word = 4_294_967_296;

function moved(said: FlowInput, id: number, direction: "read" | "write", bytes: number): FlowInput {
  const reads = direction === "read";
  said.idHigh = Math.floor(id / word);
  said.idLow = id % word;
  said.opens = 0;
  said.ops = reads ? Op.READ : Op.WRITE;
  said.rops = reads ? 1 : 0;
  said.wops = reads ? 0 : 1;
  said.rbytes = reads ? bytes : 0;
  said.wbytes = reads ? 0 : bytes;
  return said;
}

/** The flow as it is known, but not what it did. */
function withoutCounts(said: FlowInput): void {
  said.ops = 0;
  said.opens = 0;
  said.openFlags = 0;
  said.rops = 0;
  said.wops = 0;
  said.rbytes = 0;
  said.wbytes = 0;
}

function isPossible({ ts, start, first, last, rbytes, wbytes }: FlowInput): boolean {
  return (
    Math.abs(ts) <= timeMax &&
    Math.abs(first) <= startMax &&
    Math.abs(last) <= startMax &&
    Math.abs(start) <= startMax &&
    rbytes <= timeMax &&
    wbytes <= timeMax
  );
}

function standingOf(why: number, set: number): FlowStanding {
  switch (why) {
    case flowReasons.close:
    case flowReasons.replaced:
    case flowReasons.exec:
      return "closed";
    case flowReasons.exit:
      return "cut";
    case flowReasons.parked:
      // Why it ended was lost; whether its descriptor was closed was not.
      return (set & Op.CLOSE) !== 0 ? "closed" : "cut";
    default:
      return "open";
  }
}

/** Four bytes in network order. */
function ip4(words: Int32Array, index: number): number {
  const value = words[index] as number;
  return (
    (((value & 0xff) << 24) |
      ((value & 0xff00) << 8) |
      ((value >>> 8) & 0xff00) |
      (value >>> 24)) >>>
    0
  );
}

function actOf({ name, family }: NumberedCall): number {
  switch (family) {
    case Family.read:
      return name === "recvmmsg" ? Act.readMany : Act.read;
    case Family.write:
      return name === "sendmmsg" ? Act.writeMany : Act.write;
    case Family.open:
      return Act.open;
    case Family.close:
      return Act.close;
    case Family.mmap:
      return Act.map;
    case Family.accept:
      return Act.accept;
    case Family.connect:
      return Act.connect;
    case Family.shutdown:
      return Act.shutdown;
    case Family.transfer:
      return Act.transfer;
    case Family.truncate:
      return name === "ftruncate" ? Act.truncate : Act.none;
    case Family.setns:
      return Act.setns;
    default:
      return Act.none;
  }
}
