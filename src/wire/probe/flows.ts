// FLOW messages → the flow cursor: words of typed arrays, nothing allocated but a connection's tuple. Undefined: the message cannot be.

import { ipFromBytes } from "../../base/ip.ts";
import type { FlowInput, FlowStanding } from "../../model/flow-input.ts";
import { Op, ops } from "../../model/opflag.ts";
import { flowFlags, flowKinds, flowReasons } from "../../model/probe.ts";
import type { Tuple } from "../../model/record.ts";
import { noFd } from "../../model/syscall.ts";
import type { ProbeClock } from "./clock.ts";
import { deviceOf, letterOf, openFlagsOf } from "./flags.ts";
import { type Witness, emptyFlow, timeMax } from "./flow-cursor.ts";
import { flowAt, headAt, u32, wide64 } from "./layout.ts";
import type { PathTable } from "./paths.ts";

/** Beginnings of processes may lie further back: years of uptime. */
const startMax = 2 ** 58;
const listening = 10;
const protocolTcp = 6;
/** Operations that a flow may carry. */
const flowOps = ops.reduce((set, row) => ("letter" in row ? set | (1 << row.bit) : set), 0);

export class FlowDecoder {
  readonly #clock: ProbeClock;
  readonly #paths: PathTable;
  readonly #witness: Witness;
  readonly #total = emptyFlow();
  #machine = 0;

  constructor(clock: ProbeClock, paths: PathTable, witness: Witness) {
    this.#clock = clock;
    this.#paths = paths;
    this.#witness = witness;
  }

  begin(run: number, machine: number): void {
    this.#total.run = run;
    this.#machine = machine;
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
    if (!isPossible(said)) return undefined;
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
