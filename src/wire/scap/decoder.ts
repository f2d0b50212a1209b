// One event block → one Input or nothing. Joins each exit with what its thread entered last, and lets time pass where nothing else
// happens. The hot path allocates nothing: see actions in events.ts for what is looked at at all.

import { limits } from "../../model/limits.ts";
import {
  type Input,
  type InputCounters,
  type Syscall,
  emptySyscall,
  noFd,
} from "../../model/syscall.ts";
import { type TimeBase, type TimeNs, second, timeNsMax } from "../../model/time.ts";
import { type BlockKind, eventHeaderBytes, hasWideLengths } from "./blocks.ts";
import { describe } from "./container.ts";
import {
  Action,
  type CompiledEvent,
  actions,
  eventTypesMax,
  events,
  parameterCounts,
} from "./events.ts";
import {
  type Parameters,
  clearFields,
  copyFields,
  extract,
  lengthOf,
  notAvailable,
  readInt64,
} from "./extract.ts";
import { eventName, namedEvents } from "./names.ts";
import { type Pending, PendingCalls } from "./pending.ts";
import { makeTextCaches } from "./text-cache.ts";
import { extractThread } from "./thread.ts";

/** fcntl's commands that duplicate a descriptor, as libscap numbers them. */
const duplicatingCommands: readonly number[] = [1, 26];

/** Why an event could not be decoded. */
export type EventTrouble = "parameters" | "time" | "json";

export class EventDecoder {
  readonly pending = new PendingCalls();
  /** What the event that `decode` was called for suffers from; the caller reports and clears it. */
  trouble: EventTrouble | undefined = undefined;
  now: TimeNs = 0;
  readonly #counters: InputCounters;
  readonly #call: Syscall = emptySyscall();
  readonly #from: Parameters;
  readonly #skipped = new Float64Array(eventTypesMax);
  readonly #unknown = new Map<number, number>();
  #joined = 0;
  #damaged = 0;
  #base: TimeBase | undefined = undefined;
  #baseLow = 0;
  #baseHigh = 0;
  /** Nanoseconds by which TimeNs 0 lies behind a whole second. */
  #baseFraction = 0;
  #nextSecond = Number.NEGATIVE_INFINITY;

  constructor(counters: InputCounters, base: TimeBase | undefined) {
    this.#counters = counters;
    const bytes = new Uint8Array(0);
    this.#from = {
      bytes,
      view: new DataView(bytes.buffer),
      count: 0,
      lengthsAt: 0,
      wide: false,
      dataAt: 0,
      end: 0,
      caches: makeTextCaches(),
    };
    if (base !== undefined) this.#setBase(base);
  }

  get base(): TimeBase | undefined {
    return this.#base;
  }

  #setBase(base: TimeBase): void {
    this.#base = base;
    this.#baseLow = Number(BigInt.asUintN(32, base));
    this.#baseHigh = Number(base >> 32n);
    this.#baseFraction = Number(((base % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);
  }

  /** Another recording begins, perhaps years later: its times are counted from a base of its own. */
  forgetBase(): void {
    this.#base = undefined;
    this.now = 0;
    this.#nextSecond = Number.NEGATIVE_INFINITY;
  }

  /** Takes the whole second of an event's time as the base, unless there is one or the event has no time. */
  offerBase(low: number, high: number): boolean {
    if (this.#base !== undefined) return true;
    if ((low === 0 && high === 0) || high > 0x7fffffff) return false;
    const absolute = (BigInt(high) << 32n) | BigInt(low);
    this.#setBase(absolute - (absolute % 1_000_000_000n));
    return true;
  }

  /** The body has been checked: the header lies inside the block, and its length fits. */
  decode(bytes: Uint8Array, view: DataView, at: number, kind: BlockKind): Input | undefined {
    const header = at + kind.headerAt;
    const low = view.getUint32(header, true);
    const high = view.getUint32(header + 4, true);
    const type = view.getUint16(header + 20, true);
    this.#counters.events += 1;
    if (this.#base === undefined) this.offerBase(low, high);
    const now = (high - this.#baseHigh) * 4294967296 + (low - this.#baseLow);
    if (now <= timeNsMax && now >= -timeNsMax) this.now = now;
    else if (!isTimeless(low, high)) {
      this.#damaged += 1;
      this.trouble = "time";
      return undefined;
    }
    const input = this.#decodeAt(bytes, view, header, type, kind);
    if (input !== undefined) {
      this.#counters.relevant += 1;
      if (this.now >= this.#nextSecond) this.#startSecond();
      return input;
    }
    if (this.now >= this.#nextSecond || this.now < this.#nextSecond - 2 * second) {
      this.#startSecond();
      return { kind: "time", ts: this.now };
    }
    return undefined;
  }

  #startSecond(): void {
    const fraction = this.#baseFraction;
    this.#nextSecond = (Math.floor((this.now + fraction) / second) + 1) * second - fraction;
  }

  #decodeAt(
    bytes: Uint8Array,
    view: DataView,
    header: number,
    type: number,
    kind: BlockKind,
  ): Input | undefined {
    if (type >= eventTypesMax) {
      this.#countUnknown(type);
      return undefined;
    }
    const action = actions[type] ?? 0;
    if (action === Action.skip) {
      this.#skipped[type] = (this.#skipped[type] ?? 0) + 1;
      return undefined;
    }
    const tid = readInt64(view, header + 8);
    if (action === Action.entry) {
      const pending = this.pending.of(tid);
      pending.type = type;
      pending.delivered = false;
      pending.consumed = false;
      if (events[type] === undefined) this.#skipped[type] = (this.#skipped[type] ?? 0) + 1;
      else this.#joined += 1;
      return undefined;
    }
    if ((action === Action.exitFd || action === Action.entryFd) && kind.version === 2) {
      const count = view.getUint32(header + 22, true);
      const dataAt = header + 26 + 2 * count;
      const end = header + view.getUint32(header + 16, true);
      const isPlain = count > 0 && count <= 3 && view.getUint16(header + 26, true) === 8;
      if (isPlain && dataAt + 8 <= end) {
        const value = readInt64(view, dataAt);
        if (action === Action.entryFd) return this.#enterFd(type, tid, value);
        if (count <= (events[type]?.exit.appended ?? 0)) {
          return this.#leaveFd(type, tid, value, kind.flags && isStateOnly(view, header));
        }
      }
    }
    if (!this.#locate(bytes, view, header, type, kind)) return this.#damage();
    const stateOnly = kind.flags && isStateOnly(view, header);
    if (action === Action.meta) return this.#meta(type, tid);
    const event = events[type];
    if (event === undefined) return undefined;
    if (action === Action.exitFd) return this.#exitFd(event, type, tid, stateOnly);
    if (action === Action.entryFd) return this.#entryFd(type, tid);
    if (action === Action.entryFull) return this.#entryFull(event, type, tid);
    if (action === Action.entryDeliver) return this.#deliverEntry(event, type, tid, stateOnly);
    return this.#exitFull(event, type, tid, stateOnly);
  }

  /** Finds the parameters; false where their lengths do not fit. */
  #locate(
    bytes: Uint8Array,
    view: DataView,
    header: number,
    type: number,
    kind: BlockKind,
  ): boolean {
    const from = this.#from;
    const length = view.getUint32(header + 16, true);
    from.bytes = bytes;
    from.view = view;
    from.end = header + length;
    from.lengthsAt = header + eventHeaderBytes(kind.version);
    from.wide = kind.large && hasWideLengths(type);
    if (kind.version < 2) from.count = inferCount(from, parameterCounts[type] ?? 0);
    else from.count = view.getUint32(header + 22, true);
    from.dataAt = from.lengthsAt + from.count * (from.wide ? 4 : 2);
    return from.dataAt <= from.end;
  }

  #damage(): undefined {
    this.#damaged += 1;
    this.trouble = "parameters";
    return undefined;
  }

  #skip(type: number): undefined {
    this.#skipped[type] = (this.#skipped[type] ?? 0) + 1;
    return undefined;
  }

  #countUnknown(type: number): void {
    if (this.#unknown.size < limits.diagnostics.max || this.#unknown.has(type)) {
      this.#unknown.set(type, (this.#unknown.get(type) ?? 0) + 1);
    }
  }

  /** The common case of entryFd: the first of a few parameters is a descriptor. */
  #enterFd(type: number, tid: number, fd: number): undefined {
    const pending = this.pending.of(tid);
    pending.type = type;
    pending.delivered = false;
    pending.consumed = false;
    pending.fd = fd;
    this.#joined += 1;
    return undefined;
  }

  /** The common case of exitFd: a result, and nothing that the entry should have said. */
  #leaveFd(type: number, tid: number, ret: number, stateOnly: boolean): Input | undefined {
    const event = events[type];
    if (event === undefined) return undefined;
    const call = this.#call;
    const pending = this.pending.of(tid);
    const entered = pending.type === type - 1;
    call.ret = ret;
    call.fd = entered ? pending.fd : noFd;
    call.tuple = undefined;
    call.paired = entered && !pending.consumed;
    pending.consumed = true;
    return this.#deliver(event, tid, entered, stateOnly);
  }

  #entryFd(type: number, tid: number): undefined {
    const from = this.#from;
    const hasFd = from.count > 0 && lengthOf(from, 0) >= 8 && from.dataAt + 8 <= from.end;
    return this.#enterFd(type, tid, hasFd ? readInt64(from.view, from.dataAt) : noFd);
  }

  #entryFull(event: CompiledEvent, type: number, tid: number): undefined {
    const pending = this.pending.of(tid);
    pending.type = type;
    pending.delivered = false;
    pending.consumed = false;
    this.#joined += 1;
    const saved = pending.fields();
    clearFields(saved);
    if (this.#from.count < (event.row.entryMin ?? 0)) return undefined;
    return extract(this.#from, event.entry.codes, saved) ? undefined : this.#damage();
  }

  #exitFd(event: CompiledEvent, type: number, tid: number, stateOnly: boolean): Input | undefined {
    const from = this.#from;
    const call = this.#call;
    const pending = this.pending.of(tid);
    const entered = pending.type === type - 1;
    call.ret = 0;
    call.fd = entered ? pending.fd : noFd;
    call.tuple = undefined;
    if (from.count > event.exit.appended) {
      if (!extract(from, event.exit.codes, call)) return this.#damage();
    } else if (from.count > 0) {
      const length = lengthOf(from, 0);
      if (length < 8 || from.dataAt + length > from.end) return this.#damage();
      call.ret = readInt64(from.view, from.dataAt);
    }
    call.paired = (entered && !pending.consumed) || from.count > event.exit.appended;
    pending.consumed = true;
    return this.#deliver(event, tid, entered, stateOnly);
  }

  #deliverEntry(
    event: CompiledEvent,
    type: number,
    tid: number,
    stateOnly: boolean,
  ): Input | undefined {
    const call = this.#call;
    clearFields(call);
    call.ret = 0;
    const isEntryOfPair = event.row.id !== type;
    const codes = isEntryOfPair ? event.entry.codes : event.exit.codes;
    const whole = extract(this.#from, codes, call);
    if (isEntryOfPair) {
      const pending = this.pending.of(tid);
      pending.type = type;
      pending.delivered = true;
      pending.consumed = false;
      if (!whole) return this.#damage();
      // Memory without a file behind it.
      if (call.fd < 0) return this.#skip(type);
    } else {
      this.pending.delete(tid);
      if (!whole) return this.#damage();
    }
    call.paired = true;
    return this.#deliver(event, tid, true, stateOnly);
  }

  #exitFull(
    event: CompiledEvent,
    type: number,
    tid: number,
    stateOnly: boolean,
  ): Input | undefined {
    const from = this.#from;
    const call = this.#call;
    const pending = this.pending.of(tid);
    const entered = pending.type === type - 1;
    const appended = from.count > event.exit.appended;
    // Delivered at its entry already, or an event that never says anything but that it happened.
    if (event.row.at === "entry" && (pending.delivered || !appended)) return this.#skip(type);
    if (event.exit.appended === 0 && event.exit.size > 0 && !appended) return this.#skip(type);
    if (entered) restore(pending, event, call);
    else clearFields(call);
    call.ret = 0;
    if (event.row.mode !== undefined) call.mode = event.row.mode;
    if (event.thread !== undefined) {
      if (call.path === notAvailable || call.path === "") call.path = undefined;
      if (!extractThread(from, event.thread, call)) return this.#damage();
    } else if (!extract(from, event.exit.codes, call)) return this.#damage();
    if (event.call === "fcntl" && !duplicatingCommands.includes(call.flags))
      return this.#skip(type);
    if (event.row.at === "entry" && call.fd < 0) return this.#skip(type);
    call.paired = (entered && !pending.consumed) || appended || event.selfContained;
    pending.consumed = true;
    return this.#deliver(event, tid, entered, stateOnly);
  }

  #deliver(event: CompiledEvent, tid: number, entered: boolean, stateOnly: boolean): Syscall {
    const call = this.#call;
    call.family = event.family;
    call.name = event.call;
    call.ts = this.now;
    call.tid = tid;
    call.pid = 0;
    call.fdPath = "";
    call.entered = entered;
    call.stateOnly = stateOnly;
    return call;
  }

  /** Events of the recorder itself. They belong to no thread, or to one by accident. */
  #meta(type: number, tid: number): Input | undefined {
    if (type === 272 || type === 324) {
      // libsinsp remembers these as a thread's last entry.
      const pending = this.pending.of(tid);
      pending.type = type;
      pending.delivered = false;
      pending.consumed = false;
    }
    const described = describe(type, this.#from, this.now);
    if (described === "parameters") return this.#damage();
    if (described === "json") this.trouble = "json";
    return described === "json" || described === undefined ? this.#skip(type) : described;
  }

  /** Why events were skipped, by name; added to `into`. */
  countSkipped(into: Map<string, number>): void {
    const add = (name: string, count: number): void => {
      if (count > 0) into.set(name, (into.get(name) ?? 0) + count);
    };
    this.#skipped.forEach((count, type) => {
      add(type < namedEvents ? eventName(type) : `event ${type}`, count);
    });
    for (const [type, count] of this.#unknown) add(`event ${type}`, count);
    add("entries (joined with their exits)", this.#joined);
    add("damaged events", this.#damaged);
  }
}

/** Bit 0 of the flags in front of the header. */
function isStateOnly(view: DataView, header: number): boolean {
  return (view.getUint32(header - 4, true) & 1) !== 0;
}

/** The recorder's own events may have no time: zero or all ones. They happen when they are met. */
function isTimeless(low: number, high: number): boolean {
  return (low === 0 && high === 0) || (low === 0xffffffff && high === 0xffffffff);
}

/** What the entry event said becomes the start of what its exit says. */
function restore(pending: Pending, event: CompiledEvent, call: Syscall): void {
  if (event.entry.codes.length > 0 && pending.saved !== undefined) {
    copyFields(pending.saved, call);
  } else clearFields(call);
}

/** Version 1 does not say how many parameters there are: the most that fit exactly. */
function inferCount(from: Parameters, most: number): number {
  const payload = from.end - from.lengthsAt;
  const size = from.wide ? 4 : 2;
  for (let count = Math.min(most, Math.floor(payload / size)); count > 0; count--) {
    let total = count * size;
    for (let i = 0; i < count && total <= payload; i++) total += lengthOf(from, i);
    if (total === payload) return count;
  }
  return 0;
}
