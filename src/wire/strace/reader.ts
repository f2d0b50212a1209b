// strace's text, and the test notation, as system calls: bytes → lines → calls (unfinished ones joined) → inputs in the order in
// which calls completed. It is no tracer and asks nothing but the text. The format is described in strace(1), "The trace line".

import { decodeText } from "../../base/text.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { limits } from "../../model/limits.ts";
import type { Input, InputCounters, SyscallReader } from "../../model/syscall.ts";
import type { TimePrecision } from "../../model/record.ts";
import type { TimeBase, TimeNs } from "../../model/time.ts";
import { readAddress } from "./address.ts";
import { type CallRow, callRows } from "./calls.ts";
import { Clock } from "./clock.ts";
import { signalNumber } from "./constants.ts";
import { Emitter } from "./emit.ts";
import { heldBytesMax, Journal } from "./journal.ts";
import { type Body, type CallText, type Line, parseCall, parseLine } from "./line.ts";
import { LineSplitter } from "./lines.ts";
import { Lookahead } from "./lookahead.ts";
import { memberOf, readDescriptor, readNumber } from "./scan.ts";
import type { CallEntry, Thread } from "./thread.ts";
import { Threads } from "./threads.ts";

export type StraceOptions = {
  readonly base?: TimeBase | undefined;
  readonly path?: string | undefined;
  /** The thread of lines that name none: `strace -ff` puts it into the file's name only. */
  readonly tid?: number | undefined;
};

/** A torn call's tail must come within so many lines. */
const tornLines = 64;
const second = 1e9;

type Torn = {
  readonly thread: Thread;
  readonly name: string;
  readonly text: string;
  readonly line: number;
};

export class StraceReader implements SyscallReader {
  readonly #journal: Journal;
  readonly #threads: Threads;
  readonly #lookahead: Lookahead;
  readonly #lines = new LineSplitter(limits.textBytes.max);
  readonly #clock: Clock;
  readonly #emitter = new Emitter();
  /** A call whose line the program's own output cut in two. */
  #torn: Torn | undefined;
  #lastSecond = 0;
  #ended = false;
  #finished = false;

  constructor(options: StraceOptions = {}) {
    this.#journal = new Journal(options.path);
    this.#threads = new Threads(this.#journal, options.tid);
    this.#lookahead = new Lookahead(this.#journal);
    this.#clock = new Clock(options.base);
  }

  get base(): TimeBase | undefined {
    return this.#clock.base;
  }

  get now(): TimeNs {
    return this.#clock.now;
  }

  get precision(): TimePrecision | undefined {
    return this.#clock.precision;
  }

  get counters(): InputCounters {
    return this.#journal.counters;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#journal.diagnostics;
  }

  get diagnosticsDropped(): number {
    return this.#journal.diagnosticsDropped;
  }

  push(bytes: Uint8Array): void {
    this.counters.bytes += bytes.length;
    this.#lines.push(bytes);
  }

  end(): void {
    this.#ended = true;
  }

  next(): Input | undefined {
    for (;;) {
      const input = this.#emitter.next();
      if (input !== undefined) return input;
      if (this.#handOn()) continue;
      const line = this.#lines.next() ?? (this.#ended ? this.#lines.rest() : undefined);
      if (line !== undefined) {
        this.#journal.line += 1;
        if (line.tooLong) this.#skipLongLine();
        else this.#readLine(decodeText(line.bytes, line.start, line.end), line.complete);
        continue;
      }
      if (!this.#ended || this.#finished) return undefined;
      this.#finish();
    }
  }

  /** Emits the queue's head if nothing holds it back. */
  #handOn(): boolean {
    const journal = this.#journal;
    const entry = journal.head;
    if (entry === undefined) return false;
    const parent = entry.kind === "fork" ? entry.parent : undefined;
    const nameless = entry.thread.tid === 0 || parent?.tid === 0;
    const full = journal.heldBytes > heldBytesMax;
    const forced = this.#finished || full || journal.line >= entry.deadline;
    if ((entry.blocked || nameless) && !forced) return false;
    if (nameless) {
      this.#threads.nameMain(1);
      journal.report("SF1205", "no line names the process: it is called 1 here");
    }
    if (entry.kind === "fork" && entry.parent === undefined) this.#threads.guessParent(entry);
    if (entry.kind === "call" && entry.thread.wantsCwd === entry) {
      entry.thread.wantsCwd = undefined;
    }
    journal.shift();
    this.#emitter.emit(entry);
    return true;
  }

  #skipLongLine(): void {
    const journal = this.#journal;
    journal.counters.events += 1;
    journal.skip("line too long");
    const max = limits.textBytes.max;
    journal.report("SF1203", `line ${journal.line} is longer than ${max} bytes and was skipped`);
    journal.gap("damaged", `line ${journal.line}`, this.#threads.last);
  }

  #readLine(text: string, complete: boolean): void {
    const line = parseLine(text, signalNumber);
    const { body } = line;
    const journal = this.#journal;
    if (body.kind === "blank") return;
    if (body.kind === "attached") return this.#threads.attach(body.tid, body.threads);
    if (body.kind === "other" || this.#isForeign(line)) return this.#readForeign(line, text);
    if (journal.counters.events === 0) {
      journal.notation = line.notation;
      this.#emitter.notation = line.notation;
    }
    journal.counters.events += 1;
    const ts = this.#clock.move(line.stamp);
    journal.now = ts;
    const thread = this.#threads.find(line, ts);
    this.#readBody(thread, body, complete);
    const now = Math.floor(ts / second);
    if (now <= this.#lastSecond) return;
    this.#lastSecond = now;
    if (journal.isEmpty) {
      journal.enqueue({ kind: "time", ts, thread, size: 0, deadline: 0, blocked: false });
    }
  }

  /** The program's own output can look like a line of strace, but it lacks what strace puts before each. */
  #isForeign(line: Line): boolean {
    const { counters, notation } = this.#journal;
    if (counters.events === 0 || notation || line.body.kind === "tail") return false;
    const { form } = this.#clock;
    const timed = form !== undefined && form !== "order";
    return line.notation || (timed && line.stamp === undefined);
  }

  #readBody(thread: Thread, body: Body, complete: boolean): void {
    switch (body.kind) {
      case "call":
        return this.#readCall(thread, body.name, body.text, complete);
      case "unfinished":
        if (thread.pending !== undefined) this.#journal.skip("unfinished call without an end");
        return this.#suspend(thread, body.name, body.text);
      case "resumed":
        return this.#resume(thread, body.name, body.text);
      case "tail":
        return this.#mend(body.text);
      case "exited":
        return this.#threads.readEnd(thread, body.status);
      case "superseded":
        return this.#threads.supersede(thread, body.by);
      case "signal":
        return this.#readSignal(thread, body.name, body.text);
      default:
        return;
    }
  }

  #readSignal(thread: Thread, name: string, text: string): void {
    const journal = this.#journal;
    const sender = readNumber(memberOf(text, "si_pid") ?? "") ?? 0;
    const code = memberOf(text, "si_code") ?? "";
    const sent = code === "SI_USER" || code === "SI_TKILL" || code === "SI_QUEUE";
    // A traced sender has a line of its own for it.
    if (!sent || sender <= 0 || this.#threads.hasSeen(sender)) return journal.skip("signal");
    journal.counters.relevant += 1;
    journal.enqueue({
      kind: "signal",
      ts: journal.now,
      thread,
      size: 0,
      deadline: this.#threads.deadline,
      blocked: false,
      sender,
      signal: signalNumber(name),
    });
  }

  // ── calls ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #suspend(thread: Thread, name: string, text: string): void {
    // The kernel frees the number before close returns: another thread may be given it, and say so, before this call's end.
    if (callRows.get(name)?.family === "close") {
      this.#threads.release(thread);
      this.#readCall(thread, name, `${text}) = 0`, true);
      thread.pending = { name, text: "", done: true };
      return;
    }
    this.#threads.suspend(thread, name, text);
    this.#lookahead.look(thread, text);
  }

  #resume(thread: Thread, name: string, rest: string): void {
    const { pending } = thread;
    if (pending === undefined || (pending.name !== name && name !== "????")) {
      return this.#resumeUnknown(thread, name, rest);
    }
    this.#threads.release(thread);
    if (!pending.done) this.#readCall(thread, pending.name, pending.text + rest, true);
  }

  #resumeUnknown(thread: Thread, name: string, rest: string): void {
    const journal = this.#journal;
    const row = callRows.get(name);
    journal.skip("resumed call without a beginning");
    if (row === undefined) return;
    const call = parseCall(rest);
    // A child must not be lost as well.
    if (row.family === "clone" && call !== undefined) {
      return this.#threads.readFork(thread, row, name, rest, call);
    }
    journal.report("SF1202", `${name} of pid ${thread.tid} ends here, but does not begin`);
    journal.gap("truncated", `line ${journal.line}: ${name} without a beginning`, thread);
  }

  /** `) = 3`: what follows the output of the program itself, which tore the line. */
  #mend(tail: string): void {
    const torn = this.#torn;
    this.#torn = undefined;
    if (torn === undefined || this.#journal.line - torn.line > tornLines) {
      return this.#journal.skip("foreign line");
    }
    this.#readCall(torn.thread, torn.name, torn.text + tail, true);
  }

  #readCall(thread: Thread, name: string, text: string, complete: boolean): void {
    const journal = this.#journal;
    const row = callRows.get(name);
    this.#lookahead.look(thread, text);
    if (row === undefined) return this.#readOtherCall(thread, name, text);
    const noResult = journal.notation && row.family === "exit" && !text.includes("=");
    const call = parseCall(noResult ? `${text} = ?` : text);
    if (call === undefined) return this.#readTorn(thread, name, text, complete);
    if (thread.tid === 0 && name === "setsid") this.#nameMain(call);
    if (row.family === "clone") return this.#threads.readFork(thread, row, name, text, call);
    if (row.family === "exit") return this.#readExit(thread, call);
    // Interrupted and restarted by the kernel, or the process died in it: it has no result.
    if (call.result.value === undefined) return journal.skip("no result");
    if (row.name === "fcntl" && !(call.values[1] ?? "").startsWith("F_DUPFD")) {
      return journal.skip("fcntl");
    }
    if (row.family === "unshare" || row.family === "setns") noteNamespace(thread, call);
    journal.counters.relevant += 1;
    this.#enqueueCall(thread, row, call, text.length);
  }

  /** Calls that the model does not list. Two of them tell something about others. */
  #readOtherCall(thread: Thread, name: string, text: string): void {
    const journal = this.#journal;
    if (journal.notation) journal.report("SF1201", `${name} is no call that the notation knows`);
    else if (name === "getsockname") this.#readOwnAddress(thread, text);
    else if (thread.tid === 0 && ownNumber.has(name)) {
      const call = parseCall(text);
      if (call !== undefined) this.#nameMain(call);
    }
    journal.skip(name.slice(0, 32));
  }

  #nameMain(call: CallText): void {
    const { value } = call.result;
    if (value !== undefined && value > 0) this.#threads.nameMain(value);
  }

  /** Where a socket is bound, for logs without -yy. */
  #readOwnAddress(thread: Thread, text: string): void {
    const call = parseCall(text);
    const [socket = "", address = ""] = call?.values ?? [];
    const at = readAddress(address);
    const fd = readDescriptor(socket)?.fd;
    if (call?.result.value !== 0 || at?.kind !== "inet" || fd === undefined) return;
    this.#journal.enqueue({
      kind: "address",
      ts: this.#journal.now,
      thread,
      size: 0,
      deadline: this.#threads.deadline,
      blocked: false,
      fd,
      at: at.at,
    });
  }

  #enqueueCall(thread: Thread, row: CallRow, call: CallText, size: number): void {
    const entry: CallEntry = {
      kind: "call",
      ts: this.#journal.now,
      thread,
      size,
      deadline: this.#threads.deadline,
      blocked: false,
      row,
      args: call.values,
      result: call.result,
      paired: true,
      local: undefined,
      cwd: undefined,
    };
    this.#lookahead.hold(entry, call);
    this.#journal.enqueue(entry);
  }

  #readExit(thread: Thread, call: CallText): void {
    const status = ((readNumber(call.values[0] ?? "0") ?? 0) & 255) << 8;
    thread.exiting = status;
    // strace says how a thread ended on a line of its own (+++); the notation does without.
    if (this.#journal.notation) this.#threads.readEnd(thread, status);
    else this.#journal.skip("exit, counted at the end of the thread");
  }

  // ── what is not understood ─────────────────────────────────────────────────────────────────────────────────────────────

  #readTorn(thread: Thread, name: string, text: string, complete: boolean): void {
    const journal = this.#journal;
    if (!complete) {
      journal.report("SF1207", `the log ends in the middle of a line (${name})`);
      journal.gap("truncated", `line ${journal.line}`, thread);
      return;
    }
    const attached = text.indexOf("strace: Process ");
    if (attached >= 0 && text.endsWith(" attached")) {
      const tid = readNumber(text, attached + 16);
      if (tid !== undefined) this.#threads.announce(tid);
      return this.#suspend(thread, name, text.slice(0, attached));
    }
    if (this.#torn !== undefined) this.#reportTorn(this.#torn);
    this.#torn = { thread, name, text, line: journal.line };
  }

  #reportTorn(torn: Torn): void {
    const journal = this.#journal;
    journal.skip("not understood");
    journal.report("SF1201", `${torn.name}: arguments or result are not complete`, torn.line);
    journal.gap("damaged", `line ${torn.line}`, torn.thread);
  }

  /** Output of the program, or anything else between the lines. Only what carries strace's own prefix is a complaint. */
  #readForeign(line: Line, text: string): void {
    const journal = this.#journal;
    journal.skip("foreign line");
    const ours = line.stamp !== undefined || line.tid !== undefined || journal.notation;
    if (!ours) return;
    journal.counters.events += 1;
    journal.report("SF1201", `not a line of strace: ${text.slice(0, 60).trim()}`);
  }

  #finish(): void {
    this.#finished = true;
    const journal = this.#journal;
    if (this.#torn !== undefined) this.#reportTorn(this.#torn);
    this.#torn = undefined;
    // Their last lines are missing, but they said that they would end.
    for (const thread of [...this.#threads.values()]) {
      if (thread.exiting !== undefined) this.#threads.readEnd(thread, thread.exiting);
    }
    if (this.#clock.form === "order" && journal.counters.events > 0 && !journal.notation) {
      journal.report("SF1206", "the log has no times: lines are only in order");
    }
  }
}

/** Calls whose result is the caller's own id. */
const ownNumber: ReadonlySet<string> = new Set(["set_tid_address", "gettid", "getpid"]);

function noteNamespace(thread: Thread, call: CallText): void {
  const enters = call.values.some((value) => value.includes("CLONE_NEWPID"));
  if (enters && call.result.error === undefined) thread.childrenNamespaced = true;
}
