// What the probe's stream says about the link itself: answers, losses, who is selected. It walks over the frames and decodes
// nothing of behaviour; that is the reader's business (wire/probe). Layout: model/probe.ts.

import { probeCommands, probeFrame, probeMessages, probeVersion } from "../model/probe.ts";

export type Notice =
  | { readonly kind: "hello"; readonly version: number; readonly mode: number }
  | { readonly kind: "ack"; readonly command: number; readonly pid: number; readonly errno: number }
  | {
      readonly kind: "dirty";
      readonly pid: number;
      readonly forks: number;
      readonly execs: number;
      readonly exits: number;
    }
  | { readonly kind: "fork"; readonly pid: number; readonly startNs: number }
  | { readonly kind: "exec"; readonly pid: number; readonly startNs: number }
  | { readonly kind: "exit"; readonly pid: number; readonly status: number }
  | { readonly kind: "stats"; readonly stats: LinkStats }
  /** The bytes are not the probe's. */
  | { readonly kind: "broken"; readonly reason: string };

/** The newest of the probe's running counts. */
export type LinkStats = { readonly [name in StatName]: number };
export type StatName = Exclude<
  (typeof probeMessages.stats.fields)[number]["name"],
  "faults" | "compatCalls"
>;

/** Longer than any message: their texts are counted in sixteen bits. */
const lengthMax = 262_144;
/** As much of a message as is looked at here. */
const keptBytes = probeMessages.stats.size;
const headBytes = 32;
const interesting: ReadonlySet<number> = new Set(
  [
    probeMessages.hello,
    probeMessages.ack,
    probeMessages.dirty,
    probeMessages.fork,
    probeMessages.exec,
    probeMessages.exit,
    probeMessages.stats,
  ].map((row) => row.type),
);

export class ProbeWatch {
  /** The frame's head and the beginning of its message, where a chunk ends in the middle of them. */
  readonly #held = new Uint8Array(probeFrame.size + keptBytes);
  readonly #heldView = new DataView(this.#held.buffer);
  #heldLength = 0;
  /** Bytes of the present frame that are still to come and are not looked at. */
  #skip = 0;
  #broken = false;

  /** Tells what the chunk says, in order. After `broken` nothing more is said. */
  push(bytes: Uint8Array, tell: (notice: Notice) => void): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (at < bytes.length && !this.#broken) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at);
        this.#skip -= step;
        at += step;
      } else if (this.#heldLength === 0 && bytes.length - at >= this.#held.length) {
        const size = this.#frame(view, at, tell);
        const here = Math.min(size, bytes.length - at);
        this.#skip = size - here;
        at += here;
      } else at = this.#hold(bytes, at, tell);
    }
  }

  /** Gathers the beginning of a frame byte by byte, as far as it is needed. */
  #hold(bytes: Uint8Array, from: number, tell: (notice: Notice) => void): number {
    let at = from;
    while (at < bytes.length) {
      const wanted = this.#wanted();
      if (this.#heldLength >= wanted) break;
      this.#held[this.#heldLength++] = bytes[at++] ?? 0;
    }
    if (this.#heldLength < this.#wanted()) return at;
    const size = this.#frame(this.#heldView, 0, tell);
    this.#skip = Math.max(0, size - this.#heldLength);
    this.#heldLength = 0;
    return at;
  }

  #wanted(): number {
    if (this.#heldLength < probeFrame.size) return probeFrame.size;
    const length = this.#heldView.getUint32(0, true) & ~(probeFrame.busy | probeFrame.discard);
    return Math.min(this.#held.length, probeFrame.size + padded(length));
  }

  /** Returns the frame's size; at least the beginning of its message lies at `at`. */
  #frame(view: DataView, at: number, tell: (notice: Notice) => void): number {
    const word = view.getUint32(at, true);
    const length = word & ~(probeFrame.busy | probeFrame.discard);
    const size = probeFrame.size + padded(length);
    if ((word & probeFrame.discard) !== 0 && length <= lengthMax) return size;
    if (length < headBytes || length > lengthMax) {
      this.#break(`a message of ${length} bytes`, tell);
      return size;
    }
    const message = at + probeFrame.size;
    const type = view.getUint16(message, true);
    if (!interesting.has(type)) return size;
    const row = rowOf(type);
    if (row === undefined) return size;
    if (length < row.size) this.#break(`a message of type ${type} has ${length} bytes`, tell);
    else this.#tell(view, message, type, tell);
    return size;
  }

  #break(reason: string, tell: (notice: Notice) => void): void {
    this.#broken = true;
    tell({ kind: "broken", reason });
  }

  #tell(view: DataView, at: number, type: number, tell: (notice: Notice) => void): void {
    const u32 = (offset: number): number => view.getUint32(at + offset, true);
    const u64 = (offset: number): number => u32(offset) + u32(offset + 4) * 2 ** 32;
    const pid = u32(8);
    const { hello, ack, dirty, fork, exec, exit, stats } = probeMessages;
    switch (type) {
      case hello.type: {
        const version = u32(32);
        if (u32(88) !== magicLow || u32(92) !== magicHigh) {
          return this.#break("the greeting is not the probe's", tell);
        }
        if (version !== probeVersion) {
          const reason = `it speaks version ${version}, this program version ${probeVersion}`;
          return this.#break(reason, tell);
        }
        return tell({ kind: "hello", version, mode: u32(48) });
      }
      case ack.type:
        return tell({ kind: "ack", command: view.getUint16(at + 2, true), pid, errno: u32(32) });
      case dirty.type:
        return tell({ kind: "dirty", pid, forks: u32(32), execs: u32(36), exits: u32(40) });
      case fork.type:
        return tell({ kind: "fork", pid: u32(32), startNs: u64(40) });
      case exec.type:
        return tell({ kind: "exec", pid, startNs: u64(24) });
      case exit.type:
        return tell({ kind: "exit", pid, status: u32(32) });
      case stats.type: {
        const found: { [name: string]: number } = {};
        for (const field of stats.fields) found[field.name] = u64(field.at);
        return tell({ kind: "stats", stats: { ...noStats, ...found } });
      }
    }
  }
}

export const noStats: LinkStats = {
  controlSent: 0,
  controlLost: 0,
  flowsSent: 0,
  flowsParked: 0,
  flowsCollected: 0,
  flowsLost: 0,
  flowsUntracked: 0,
  rawSent: 0,
  rawLost: 0,
  processesLost: 0,
  dirtyLost: 0,
  liveFlows: 0,
  members: 0,
  peersLost: 0,
};

/** "SYSFLOW1" as two little-endian words. */
const magicLow = 0x46535953;
const magicHigh = 0x31574f4c;

function padded(length: number): number {
  return (length + 7) & ~7;
}

function rowOf(type: number): { readonly size: number } | undefined {
  return Object.values(probeMessages).find((row) => row.type === type);
}

/** A command as the probe reads it: u32 command, u32 pid, u64 value. */
export function encodeCommand(
  command: keyof typeof probeCommands,
  pid = 0,
  value = 0n,
): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, probeCommands[command], true);
  view.setUint32(4, pid, true);
  view.setBigUint64(8, value, true);
  return bytes;
}
