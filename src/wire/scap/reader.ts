// Reads a capture as system calls: blocks → events → one Syscall per call, entry and exit joined. Pure and push-fed; whatever the
// bytes, it ends, it throws nothing, and what precedes damage is delivered. Format: libscap's savefile.

import { type Diagnostic, type DiagnosticCode, diagnostic } from "../../model/diagnostic.ts";
import { limits } from "../../model/limits.ts";
import type { GapReason, TimePrecision } from "../../model/record.ts";
import type { Input, InputCounters, SyscallReader } from "../../model/syscall.ts";
import type { TimeBase, TimeNs } from "../../model/time.ts";
import type { ReaderOptions } from "../reader.ts";
import {
  type BlockKind,
  blockKind,
  sectionHeader,
  sectionMagic,
  sectionMagicSwapped,
} from "./blocks.ts";
import { Cursor } from "./cursor.ts";
import { EventDecoder } from "./decoder.ts";
import { readDescriptor, readMachine, readProcess, readUser } from "./lists.ts";
import { eventHeadBytes, isConsistentEvent, isPlausible, lengthTrouble } from "./plausible.ts";
import { ByteFeed } from "./feed.ts";

/** A list block that is being delivered entry by entry. */
type OpenList = {
  readonly kind: "processes" | "descriptors" | "users";
  readonly version: number;
  readonly cursor: Cursor;
  readonly tid: number;
};

/** Damage that is being stepped over. */
type Damage = {
  /** Offset where it begins. */
  readonly at: number;
  /** What to say about it once it is known whether anything follows. */
  readonly unreported: string | undefined;
};

/** More bytes are needed. */
const starved = "starved";
const leastEventBytes = 36;
const hexHeader = sectionHeader.toString(16).padStart(8, "0");
const hexMagic = sectionMagic.toString(16);

function isOutOfRange(length: number): boolean {
  return length < leastEventBytes || length > limits.blockBytes.max;
}

/** How far ahead the first timestamp is looked for, so that the base is known before anything is delivered. */
const baseSearchBytes = 32 << 20;

/** A class, because objects written with a getter in them are slow to count in. */
class Counters implements InputCounters {
  bytes = 0;
  events = 0;
  relevant = 0;
  readonly #countSkipped: () => Map<string, number>;

  constructor(countSkipped: () => Map<string, number>) {
    this.#countSkipped = countSkipped;
  }

  get skipped(): Map<string, number> {
    return this.#countSkipped();
  }
}

export class ScapReader implements SyscallReader {
  readonly #feed = new ByteFeed();
  readonly #decoder: EventDecoder;
  readonly #path: string | undefined;
  readonly #diagnostics: Diagnostic[] = [];
  #diagnosticsDropped = 0;
  readonly #counters: InputCounters;
  readonly #unknownBlocks = new Map<number, number>();
  #ended = false;
  /** Nothing behind this can be read. */
  #dead = false;
  /** Nobody gave a base: each section has its own. */
  readonly #ownBase: boolean;
  #searchingBase: boolean;
  #list: OpenList | undefined = undefined;
  #damage: Damage | undefined = undefined;
  /** Bytes behind feed.at that the search for the base has seen. */
  #baseAhead = 0;
  #sections = 0;
  #hasEvents = false;
  #begun = false;

  constructor(options: ReaderOptions = {}) {
    this.#path = options.path;
    this.#counters = new Counters(() => this.#countSkipped());
    this.#decoder = new EventDecoder(this.#counters, options.base);
    this.#ownBase = options.base === undefined;
    this.#searchingBase = this.#ownBase;
  }

  get base(): TimeBase | undefined {
    return this.#decoder.base;
  }

  get now(): TimeNs {
    return this.#decoder.now;
  }

  get precision(): TimePrecision {
    return "ns";
  }

  get counters(): InputCounters {
    return this.#counters;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  get diagnosticsDropped(): number {
    return this.#diagnosticsDropped;
  }

  /** Threads whose pending entry was forgotten because of the limit. */
  get pendingEvicted(): number {
    return this.#decoder.pending.evicted;
  }

  push(bytes: Uint8Array): void {
    this.#counters.bytes += bytes.length;
    if (!this.#dead) this.#feed.push(bytes);
  }

  end(): void {
    this.#ended = true;
  }

  next(): Input | undefined {
    if (this.#searchingBase && !this.#findBase()) return undefined;
    for (;;) {
      const input = this.#list === undefined ? this.#nextBlock() : this.#nextEntry(this.#list);
      if (input === starved) return undefined;
      if (input !== undefined) return input;
    }
  }

  /** Walks the blocks without consuming them; false: the first event has not arrived yet. */
  #findBase(): boolean {
    const feed = this.#feed;
    while (this.#searchingBase && this.#baseAhead < baseSearchBytes) {
      const ahead = this.#baseAhead;
      if (!feed.fill(ahead + 8)) break;
      const kind = blockKind(feed.view.getUint32(feed.at + ahead, true));
      const length = feed.view.getUint32(feed.at + ahead + 4, true);
      if (kind?.kind !== "event" && lengthTrouble(kind, length) === undefined) {
        this.#baseAhead += length;
        continue;
      }
      const plausible = isPlausible(feed, ahead, this.#ended);
      if (plausible === undefined) break;
      if (plausible && kind !== undefined) {
        const header = feed.at + ahead + kind.headerAt;
        const low = feed.view.getUint32(header, true);
        this.#searchingBase = !this.#decoder.offerBase(low, feed.view.getUint32(header + 4, true));
        this.#baseAhead += length;
      } else this.#baseAhead += 1;
    }
    if (this.#ended || this.#baseAhead >= baseSearchBytes) this.#searchingBase = false;
    return !this.#searchingBase;
  }

  #nextBlock(): Input | undefined | typeof starved {
    const feed = this.#feed;
    if (this.#damage !== undefined) return this.#stepOver(this.#damage);
    for (;;) {
      if (this.#begun) {
        const input = this.#eventsAtHand(feed.bytes, feed.view, feed.end);
        if (input !== undefined) return input;
        if (this.#damage !== undefined) return undefined;
      }
      if (feed.end - feed.at < 8 && !feed.fill(8)) return this.#starve();
      const type = feed.view.getUint32(feed.at, true);
      const length = feed.view.getUint32(feed.at + 4, true);
      const kind = blockKind(type);
      if (kind?.kind !== "event" || !this.#begun) return this.#otherBlock(kind, type, length);
      if (feed.end - feed.at < length || isOutOfRange(length)) {
        const waiting = this.#awaitEvent(kind, length);
        if (waiting !== "complete") return waiting;
      }
    }
  }

  /** Decodes event blocks that are whole, until one yields something or another kind of block follows. */
  #eventsAtHand(bytes: Uint8Array, view: DataView, end: number): Input | undefined {
    const decoder = this.#decoder;
    const feed = this.#feed;
    let at = feed.at;
    while (end - at >= leastEventBytes) {
      const kind = blockKind(view.getUint32(at, true));
      const length = view.getUint32(at + 4, true);
      if (kind === undefined || kind.kind !== "event" || isOutOfRange(length)) break;
      if (!isConsistentEvent(view, at, kind, length)) {
        const what = `an event block of ${length} bytes whose lengths contradict each other`;
        return this.#failAt(at, lengthTrouble(kind, length) ?? what);
      }
      if (length > end - at) break;
      if (view.getUint32(at + length - 4, true) !== length) {
        return this.#failAt(at, `a block of ${length} bytes that does not repeat its length`);
      }
      const input = decoder.decode(bytes, view, at, kind);
      this.#hasEvents = true;
      at += length;
      if (input === undefined && decoder.trouble === undefined) continue;
      feed.at = at;
      return decoder.trouble === undefined ? input : this.#reportEvent(at - length, input);
    }
    feed.at = at;
    return undefined;
  }

  #failAt(at: number, message: string): undefined {
    this.#feed.at = at;
    return this.#fail(message);
  }

  /** Waits for an event block, but not for one whose head already contradicts itself. */
  #awaitEvent(kind: BlockKind, length: number): undefined | typeof starved | "complete" {
    const trouble = lengthTrouble(kind, length);
    if (trouble !== undefined) return this.#fail(trouble);
    const feed = this.#feed;
    if (!feed.fill(Math.min(length, eventHeadBytes))) return this.#starve();
    if (!isConsistentEvent(feed.view, feed.at, kind, length)) return "complete";
    return feed.fill(length) ? "complete" : this.#starve();
  }

  /** Every block that is no event; also the first of the capture, whatever it is. */
  #otherBlock(
    kind: BlockKind | undefined,
    type: number,
    length: number,
  ): Input | undefined | typeof starved {
    const feed = this.#feed;
    if (!this.#begun) {
      if (!feed.fill(12) && !this.#ended) return starved;
      this.#begun = true;
      const magic = feed.end - feed.at < 12 ? 0 : feed.view.getUint32(feed.at + 8, true);
      if (type !== sectionHeader || magic !== sectionMagic) return this.#refuse(type, magic);
    }
    const trouble = lengthTrouble(kind, length);
    if (trouble !== undefined) return this.#fail(trouble);
    if (!feed.fill(length)) return this.#starve();
    const { bytes, view, at } = feed;
    if (view.getUint32(at + length - 4, true) !== length) {
      return this.#fail(`a block of ${length} bytes that does not repeat its length`);
    }
    if (kind === undefined) {
      feed.at += length;
      this.#countUnknown(type);
      return undefined;
    }
    if (kind.kind !== "section" && this.#hasEvents) {
      // Metadata behind events: another capture was appended without its section header.
      return this.#beginSection();
    }
    feed.at += length;
    const cursor = new Cursor(bytes, view, at + 8, at + length - 4);
    switch (kind.kind) {
      case "section":
        return this.#sections > 0 ? this.#beginSection() : void (this.#sections = 1);
      case "machine":
        return readMachine(cursor) ?? this.#reportList(cursor);
      case "descriptors": {
        const tid = cursor.int64();
        this.#list = { kind: kind.kind, version: kind.version, cursor, tid };
        return undefined;
      }
      case "processes":
      case "users":
        this.#list = { kind: kind.kind, version: kind.version, cursor, tid: 0 };
        return undefined;
      default:
        return undefined;
    }
  }

  #beginSection(): Input {
    this.#sections += 1;
    this.#hasEvents = false;
    this.#decoder.pending.clear();
    if (this.#ownBase) {
      this.#decoder.forgetBase();
      this.#searchingBase = true;
      this.#baseAhead = 0;
    }
    return { kind: "section" };
  }

  #nextEntry(list: OpenList): Input | undefined {
    const { cursor, version } = list;
    // What is left then is padding.
    if (cursor.left < 4) {
      this.#list = undefined;
      return undefined;
    }
    const entry =
      list.kind === "processes"
        ? readProcess(cursor, version)
        : list.kind === "descriptors"
          ? readDescriptor(cursor, version, list.tid)
          : readUser(cursor, version);
    if (entry !== undefined) return entry;
    this.#list = undefined;
    return this.#reportList(cursor);
  }

  /** No more bytes now; or, at the end of the capture, a block that is not whole. */
  #starve(): undefined | typeof starved {
    if (!this.#ended || this.#feed.left === 0) return starved;
    this.#damage = {
      at: this.#feed.position,
      unreported: "the capture ends inside a block",
    };
    // Perhaps only the block's length is wrong, and what follows can be read.
    this.#feed.fill(1);
    this.#feed.at += 1;
    return undefined;
  }

  /** The block at hand cannot be read: the next that can is looked for. */
  #fail(message: string): undefined {
    const at = this.#feed.position;
    this.#report("SF1101", `damaged block at byte ${at}: ${message}`, at);
    this.#damage = { at, unreported: undefined };
    this.#feed.at += Math.min(8, this.#feed.end - this.#feed.at);
    return undefined;
  }

  #refuse(type: number, magic: number): Input | undefined {
    const feed = this.#feed;
    const at = feed.position;
    if (type === sectionHeader && magic === sectionMagicSwapped) {
      this.#report("SF1105", "the capture was written by a big-endian machine", at);
      this.#dead = true;
      const lost = feed.left;
      feed.clear();
      return this.#gap("unsupported", lost, "bytes", at);
    }
    const found = (type === sectionHeader ? magic : type).toString(16).padStart(8, "0");
    const wanted = type === sectionHeader ? `magic ${hexMagic}` : `block ${hexHeader}`;
    this.#report("SF1100", `not a capture: expected ${wanted}, found ${found}`, at);
    this.#damage = { at, unreported: undefined };
    feed.at += 1;
    return undefined;
  }

  /** Goes on to the next place where a block may begin. */
  #stepOver(damage: Damage): Input | undefined | typeof starved {
    const feed = this.#feed;
    for (;;) {
      while (feed.end - feed.at >= 8) {
        if (blockKind(feed.view.getUint32(feed.at, true)) !== undefined) break;
        feed.at += 1;
      }
      const plausible = isPlausible(feed, 0, this.#ended);
      if (plausible === undefined) return starved;
      if (!plausible && feed.left > 0) {
        feed.fill(1);
        feed.at += 1;
        continue;
      }
      if (!plausible && !this.#ended) return starved;
      this.#damage = undefined;
      const lost = feed.position - damage.at;
      if (damage.unreported === undefined) return this.#gap("damaged", lost, "bytes", damage.at);
      const code = plausible ? "SF1101" : "SF1102";
      this.#report(code, `${damage.unreported} that begins at byte ${damage.at}`, damage.at);
      return this.#gap(plausible ? "damaged" : "truncated", lost, "bytes", damage.at);
    }
  }

  #reportEvent(at: number, input: Input | undefined): Input | undefined {
    const offset = this.#feed.offset + at;
    const trouble = this.#decoder.trouble;
    this.#decoder.trouble = undefined;
    if (trouble === "json") {
      this.#report("SF1106", `the description in the event at byte ${offset} is no JSON`, offset);
      return input;
    }
    const why = trouble === "time" ? "its time is out of range" : "its parameters overrun it";
    this.#report("SF1103", `damaged event at byte ${offset}: ${why}`, offset);
    return this.#gap("damaged", 1, "events", offset);
  }

  #reportList(cursor: Cursor): Input {
    const at = this.#feed.offset + cursor.at;
    this.#report("SF1104", `damaged list: an entry overruns it near byte ${at}`, at);
    return this.#gap("damaged", cursor.left, "bytes", at);
  }

  #gap(reason: GapReason, lost: number, unit: "events" | "bytes", at: number): Input {
    return { kind: "gap", ts: this.#decoder.now, reason, lost, unit, where: `byte ${at}` };
  }

  #report(code: DiagnosticCode, message: string, offset: number): void {
    if (this.#diagnostics.length < limits.diagnostics.max) {
      this.#diagnostics.push(diagnostic(code, message, { path: this.#path, offset }));
    } else this.#diagnosticsDropped += 1;
  }

  #countUnknown(type: number): void {
    if (this.#unknownBlocks.size >= limits.diagnostics.max && !this.#unknownBlocks.has(type))
      return;
    this.#unknownBlocks.set(type, (this.#unknownBlocks.get(type) ?? 0) + 1);
  }

  #countSkipped(): Map<string, number> {
    const skipped = new Map<string, number>();
    this.#decoder.countSkipped(skipped);
    for (const [type, count] of this.#unknownBlocks) {
      skipped.set(`block 0x${type.toString(16)}`, count);
    }
    return skipped;
  }
}
