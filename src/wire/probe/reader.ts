// Reads the probe's stream as inputs of the flow engine: frames → FORK, EXEC, EXIT and CALL as calls, FLOW and RAW as flow cursors,
// losses as gaps. Pure and push-fed; whatever the bytes, it ends and throws nothing. Layout: model/probe.ts. What /proc says of
// processes and containers the source gives to the engine itself, between the inputs from here.

import { type Diagnostic, type DiagnosticCode, diagnostic } from "../../model/diagnostic.ts";
import { limits } from "../../model/limits.ts";
import { probeFrame, probeMessages, probeModes } from "../../model/probe.ts";
import type { TimePrecision } from "../../model/record.ts";
import type { Input, InputCounters, SyscallReader } from "../../model/syscall.ts";
import type { TimeBase, TimeNs } from "../../model/time.ts";
import type { ReaderOptions } from "../reader.ts";
import { ProbeClock } from "./clock.ts";
import { ControlDecoder } from "./control.ts";
import { type Witness, timeMax } from "./flow-cursor.ts";
import { FlowDecoder } from "./flows.ts";
import { letterOf } from "./flags.ts";
import { FrameFeed } from "./frames.ts";
import { readHello } from "./hello.ts";
import { big64, clockAt, headAt, headBytes, messageSizes, pathAt, u32 } from "./layout.ts";
import { Losses } from "./losses.ts";
import { OperationDecoder } from "./operations.ts";
import { PathTable } from "./paths.ts";

export type ProbeReaderOptions = ReaderOptions & {
  /** Where the probe sends totals and single operations both: which of them counts. Default: both, the greater of the two. */
  readonly witness?: Witness;
  /** Told of every path, with its number and the letter of its type, before the first message that uses it. */
  readonly onPath?: ((id: number, path: string, letter: string) => void) | undefined;
};

const starved = "starved";
const frameBytes = probeFrame.size;
const lengthBits = 0x3fffffff;
const types = Object.fromEntries(
  Object.entries(probeMessages).map(([name, message]) => [name, message.type]),
) as { readonly [Name in keyof typeof probeMessages]: number };
const typeFlow = probeMessages.flow.type;
const typeRaw = probeMessages.raw.type;

export class ProbeReader implements SyscallReader {
  readonly #feed = new FrameFeed();
  readonly #clock: ProbeClock;
  readonly #paths = new PathTable();
  readonly #control: ControlDecoder;
  readonly #flows: FlowDecoder;
  readonly #operations: OperationDecoder;
  readonly #losses = new Losses();
  readonly #path: string | undefined;
  readonly #onPath: ProbeReaderOptions["onPath"];
  readonly #diagnostics: Diagnostic[] = [];
  #diagnosticsDropped = 0;
  readonly #skipped = new Map<string, number>();
  readonly #counters: InputCounters;
  /** Inputs that a message made beside the one that was given out. */
  #queue: Input[] = [];
  #run = 0;
  #bootId = "";
  #mode = -1;
  #greeted = false;
  /** Which message the greeting was. */
  #greetedAt = 0;
  /** The next greeting was announced. */
  #restarting = false;
  #dead = false;
  #ended = false;
  #finished = false;
  #damagedAt: number | undefined = undefined;

  constructor(options: ProbeReaderOptions = {}) {
    this.#path = options.path;
    this.#onPath = options.onPath;
    this.#clock = new ProbeClock(options.base);
    this.#control = new ControlDecoder(this.#clock, this.#paths);
    this.#flows = new FlowDecoder(this.#clock, this.#paths, options.witness);
    this.#operations = new OperationDecoder(this.#clock, options.witness);
    const count = (): Map<string, number> => this.#countSkipped();
    this.#counters = {
      bytes: 0,
      events: 0,
      relevant: 0,
      get skipped() {
        return count();
      },
    };
  }

  get base(): TimeBase | undefined {
    return this.#clock.base;
  }

  get now(): TimeNs {
    return this.#clock.now;
  }

  /** Flows know their last operation to a jiffy, unless every operation is told. */
  get precision(): TimePrecision | undefined {
    if (!this.#greeted) return undefined;
    return this.#mode === probeModes.aggregate ? "jiffy" : "ns";
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

  push(bytes: Uint8Array): void {
    this.#counters.bytes += bytes.length;
    if (!this.#dead) this.#feed.push(bytes);
  }

  end(): void {
    this.#ended = true;
  }

  /** Another probe takes over: its stream begins with what is pushed next. Half a message of the old one is left out. */
  restart(): void {
    this.#feed.restart();
    this.#restarting = true;
    this.#damagedAt = undefined;
  }

  /** Nanoseconds since boot as a time of this reader; undefined before the probe has greeted. */
  timeOfBoot(boot: number): TimeNs | undefined {
    return this.#clock.timeOfBoot(boot);
  }

  next(): Input | undefined {
    for (;;) {
      const input = this.#queue.length > 0 ? this.#queue.shift() : this.#nextFrame();
      if (input === starved) return this.#ended ? this.#last() : undefined;
      if (input === undefined) continue;
      this.#counters.relevant += 1;
      return input;
    }
  }

  #nextFrame(): Input | undefined | typeof starved {
    const second = this.#operations.second();
    if (second !== undefined) return second;
    const feed = this.#feed;
    if (this.#damagedAt !== undefined) return this.#stepOver(this.#damagedAt);
    for (;;) {
      if (feed.end - feed.at < frameBytes && !feed.fill(frameBytes)) return starved;
      const word = feed.words[feed.at >> 2] as number;
      const length = word & lengthBits;
      if (word < 0 || length > limits.probeMessage.max) return this.#fail(`length ${word >>> 0}`);
      const size = frameBytes + ((length + 7) & ~7);
      if (feed.end - feed.at < size && !feed.fill(size)) return starved;
      const at = feed.at + frameBytes;
      if ((word & probeFrame.discard) !== 0) {
        feed.at += size;
        continue;
      }
      const trouble = this.#troubleOf(at, length);
      if (trouble !== undefined) return this.#fail(trouble);
      feed.at += size;
      this.#counters.events += 1;
      const input = this.#message(at, at + length);
      if (input !== undefined) return input;
      if (this.#queue.length > 0 || this.#dead) return undefined;
    }
  }

  /** Undefined: the message is of a known kind and as long as it says. */
  #troubleOf(at: number, length: number): string | undefined {
    if (length < headBytes) return `a message of ${length} bytes`;
    const words = this.#feed.words;
    const w = at >> 2;
    const type = (words[w] as number) & 0xffff;
    const said = words[w + (headAt.length >> 2)] as number;
    // The two that matter: no look-up.
    if (type === typeRaw && said === length && length >= probeMessages.raw.size) return undefined;
    if (type === typeFlow && said === length && length >= probeMessages.flow.size) return undefined;
    const least = messageSizes.get(type);
    if (said !== length) return `a message of ${length} bytes that says ${said >>> 0}`;
    if (least !== undefined && length < least && type !== types.hello) {
      return `a message of kind ${type} with ${length} bytes, not ${least}`;
    }
    return undefined;
  }

  #message(at: number, end: number): Input | undefined {
    const { bytes, words } = this.#feed;
    const w = at >> 2;
    const type = (words[w] as number) & 0xffff;
    if (!this.#greeted || this.#restarting) {
      if (type !== types.hello) return this.#refuseStranger(type, at);
    }
    if (type === typeRaw) {
      const said = this.#operations.raw(words, at);
      if (said === undefined) return this.#operations.damaged ? this.#damaged(at) : undefined;
      if (said.ts > this.#clock.now) this.#clock.now = said.ts;
      return said;
    }
    if (type === typeFlow) {
      const said = this.#flows.flow(bytes, words, at);
      if (said === undefined) return this.#damaged(at);
      if (this.#mode !== probeModes.aggregate) this.#operations.place(said);
      if (said.ts > this.#clock.now) this.#clock.now = said.ts;
      return said;
    }
    return this.#rare(type, at, end);
  }

  #rare(type: number, at: number, end: number): Input | undefined {
    const { bytes, words } = this.#feed;
    if (type === types.hello) return this.#greet(at, end);
    if (type === types.clock) return this.#setClock(at);
    const ts = this.#clock.time(words, (at + headAt.time) >> 2);
    const start = this.#clock.time(words, (at + headAt.start) >> 2);
    if (Math.abs(ts) > timeMax || Math.abs(start) > 32 * timeMax) return this.#damaged(at);
    if (ts > this.#clock.now) this.#clock.now = ts;
    switch (type) {
      case types.stats:
        this.#queue.push(...this.#losses.stats(words, at, ts));
        return this.#time();
      case types.dirty:
        return this.#losses.dirty(words, at, u32(words, (at + headAt.pid) >> 2), ts);
      case types.fork:
        return this.#control.fork(words, at);
      case types.exec:
        return this.#control.exec(bytes, words, at, end) || this.#damaged(at);
      case types.exit:
        return this.#exit(at);
      case types.call: {
        const call = this.#control.call(bytes, words, at, end);
        if (call === false) return this.#damaged(at);
        if (call === undefined) this.#skip(this.#control.skipped);
        return call;
      }
      case types.path:
        if (!this.#paths.learn(bytes, words, at, end)) return this.#damaged(at);
        this.#tellPath(at);
        return undefined;
      // The source's business: it listens to answers and asks /proc about processes whose messages were lost.
      case types.ack:
      case types.scanBegin:
      case types.scanEnd:
        return undefined;
      case types.rawEnter:
        this.#skip("entry of a system call");
        return undefined;
      default:
        this.#skip(`message of kind ${type}`);
        return undefined;
    }
  }

  #tellPath(at: number): void {
    if (this.#onPath === undefined) return;
    const { words } = this.#feed;
    const id = u32(words, (at + pathAt.id) >> 2);
    const known = this.#paths.get(id);
    if (known === undefined) return;
    this.#onPath(id, known.path, letterOf(u32(words, (at + pathAt.mode) >> 2)));
  }

  #exit(at: number): Input {
    const call = this.#control.exit(this.#feed.words, at);
    if (call.counts?.left === true) {
      const where = `process ${call.pid}: another user's by now, not recorded further`;
      const { ts } = call;
      this.#queue.push({
        kind: "gap",
        ts,
        reason: "lost-process",
        lost: 1,
        unit: "processes",
        where,
      });
    }
    return call;
  }

  /** Event time goes on where nothing happens. */
  #time(): Input {
    return { kind: "time", ts: this.#clock.now };
  }

  #greet(at: number, end: number): Input | undefined {
    const hello = readHello(this.#feed.bytes, this.#feed.words, at, end);
    if ("trouble" in hello) return this.#refuse(hello.code, hello.trouble, at);
    const { boot, realtime, bootId, machine, calls } = hello;
    const again = this.#greeted;
    const sameBoot = !again || bootId === this.#bootId;
    if (!sameBoot) this.#clock.forget();
    this.#notePair(boot, realtime, false, at);
    this.#run += 1;
    this.#mode = hello.mode;
    this.#bootId = bootId;
    this.#paths.clear();
    this.#losses.restart();
    this.#control.begin(machine, calls);
    this.#flows.begin(this.#run, machine);
    this.#operations.begin(this.#run, machine, calls);
    if (again && sameBoot && !this.#restarting) {
      const { now: ts } = this.#clock;
      const where = "the probe began again";
      this.#queue.push({ kind: "gap", ts, reason: "dropped", lost: -1, unit: "events", where });
    }
    this.#greeted = true;
    this.#greetedAt = this.#counters.events;
    this.#restarting = false;
    const { base = 0n } = this.#clock;
    const bootNs = realtime - boot;
    this.#queue.push({ kind: "host", hostname: "", bootNs: bootNs < 0n ? base : bootNs, bootId });
    return sameBoot ? undefined : { kind: "section" };
  }

  #setClock(at: number): Input | undefined {
    const { words } = this.#feed;
    const boot = big64(words, (at + headAt.time) >> 2);
    // Nothing was told in between.
    const first = this.#counters.events === this.#greetedAt + 1;
    this.#notePair(boot, big64(words, (at + clockAt.realtime) >> 2), first, at);
    const ts = this.#clock.time(words, (at + headAt.time) >> 2);
    if (Math.abs(ts) > timeMax) return this.#damaged(at);
    if (ts > this.#clock.now) this.#clock.now = ts;
    return this.#time();
  }

  #notePair(boot: bigint, realtime: bigint, exact: boolean, at: number): void {
    const step = this.#clock.pair(boot, realtime, exact);
    if (step === 0) return;
    const seconds = (step / 1e9).toFixed(3);
    this.#report("SF1304", `the clock was set by ${seconds} s`, at);
  }

  /** The first message is no greeting. */
  #refuseStranger(type: number, at: number): Input | undefined {
    const message = `a stream of the probe begins with HELLO, not with a message of kind ${type}`;
    return this.#refuse("SF1300", message, at);
  }

  #refuse(code: DiagnosticCode, message: string, at: number): Input | undefined {
    this.#report(code, message, at);
    this.#dead = true;
    const gap = this.#gap("unsupported", -1, "bytes", at);
    this.#feed.clear();
    return gap;
  }

  #damaged(at: number): Input {
    this.#operations.damaged = false;
    const offset = this.#feed.offset + at;
    this.#report("SF1302", `damaged message at byte ${offset}: its fields contradict it`, at);
    return this.#gap("damaged", 1, "events", at);
  }

  /** No frame that can be read lies here: the next one that can is looked for. */
  #fail(what: string): Input | undefined {
    const at = this.#feed.at;
    this.#report("SF1302", `damaged message at byte ${this.#feed.position}: ${what}`, at);
    this.#damagedAt = this.#feed.position;
    this.#feed.at += 8;
    return undefined;
  }

  #stepOver(from: number): Input | undefined | typeof starved {
    const feed = this.#feed;
    for (;;) {
      if (feed.end - feed.at < frameBytes + headBytes && !feed.fill(frameBytes + headBytes)) {
        if (!this.#ended) return starved;
        const lost = feed.position - from + feed.left;
        feed.clear();
        this.#damagedAt = undefined;
        return this.#gap("damaged", lost, "bytes", feed.at);
      }
      const word = feed.words[feed.at >> 2] as number;
      const type = (feed.words[(feed.at + frameBytes) >> 2] as number) & 0xffff;
      const least = messageSizes.get(type);
      const said = feed.words[(feed.at + frameBytes + headAt.length) >> 2];
      if (
        least !== undefined &&
        word >= least &&
        word <= limits.probeMessage.max &&
        said === word
      ) {
        this.#damagedAt = undefined;
        return this.#gap("damaged", feed.position - from, "bytes", feed.at);
      }
      feed.at += 8;
    }
  }

  /** Nothing more will come; what is left of the last message, and what was lost and never explained. */
  #last(): Input | undefined {
    if (this.#finished) return undefined;
    const { left } = this.#feed;
    if (left > 0) {
      const at = this.#feed.at;
      this.#report(
        "SF1303",
        `the stream ends inside the message at byte ${this.#feed.position}`,
        at,
      );
      this.#feed.clear();
      return this.#gap("truncated", left, "bytes", at);
    }
    this.#finished = true;
    return this.#losses.end(this.#clock.now);
  }

  #gap(
    reason: "damaged" | "truncated" | "unsupported",
    lost: number,
    unit: "events" | "bytes",
    at: number,
  ): Input {
    const where = `byte ${this.#feed.offset + at}`;
    return { kind: "gap", ts: this.#clock.now, reason, lost, unit, where };
  }

  #report(code: DiagnosticCode, message: string, at: number): void {
    if (this.#diagnostics.length < limits.diagnostics.max) {
      const offset = this.#feed.offset + at;
      this.#diagnostics.push(diagnostic(code, message, { path: this.#path, offset }));
    } else this.#diagnosticsDropped += 1;
  }

  #skip(what: string): void {
    if (this.#skipped.size >= limits.diagnostics.max && !this.#skipped.has(what)) return;
    this.#skipped.set(what, (this.#skipped.get(what) ?? 0) + 1);
  }

  #countSkipped(): Map<string, number> {
    const skipped = new Map(this.#skipped);
    const add = (what: string, count: number): void => {
      if (count > 0) skipped.set(what, count);
    };
    const { otherWitness, noFlow, noFlowCall } = this.#operations.skipped;
    add("operation that totals tell", otherWitness);
    add("operation without a flow", noFlow);
    add("operation that moves nothing", noFlowCall);
    add("text in user memory that could not be read", this.#losses.faults);
    add("path that was not said", this.#paths.unknown);
    add("path forgotten because of the limit", this.#paths.evicted);
    return skipped;
  }
}
