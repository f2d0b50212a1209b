// strace's text, and the test notation, as system calls: bytes → lines → calls (unfinished ones joined) → inputs in the order in
// which calls completed. It is no tracer and asks nothing but the text. The format is described in strace(1), "The trace line".

import { decodeText } from "../../base/text.ts";
import { type Diagnostic, type DiagnosticCode, diagnostic } from "../../model/diagnostic.ts";
import { limits } from "../../model/limits.ts";
import type { Input, InputCounters, SyscallReader } from "../../model/syscall.ts";
import { CloneFlag } from "../../model/syscall.ts";
import type { GapReason } from "../../model/record.ts";
import type { TimeBase, TimeNs } from "../../model/time.ts";
import { type Endpoint, readAddress, readTarget } from "./address.ts";
import { type CallRow, callRows, cloneFlagsOf } from "./calls.ts";
import { Clock } from "./clock.ts";
import { failureOf, signalNumber } from "./constants.ts";
import { cwdOf, Emitter } from "./emit.ts";
import { type Body, type CallText, type Line, parseCall, parseLine } from "./line.ts";
import { LineSplitter } from "./lines.ts";
import { memberOf, readDescriptor, readNumber } from "./scan.ts";
import { type CallEntry, type Entry, type ForkEntry, newThread, type Thread } from "./thread.ts";

export type StraceOptions = {
  readonly base?: TimeBase | undefined;
  readonly path?: string | undefined;
  /** The thread of lines that name none: `strace -ff` puts it into the file's name only. */
  readonly tid?: number | undefined;
};

/** How many lines an entry may wait for a fact that a later line tells. */
const waitForCwd = 64;
const waitForLocalSide = 256;
const waitForFork = 8192;
/** Text kept alive by waiting entries and unfinished calls. */
const heldBytesMax = 16 * 1024 * 1024;
/** A torn call's tail must come within so many lines. */
const tornLines = 64;
const connectsMax = 64;
const expectedMax = 4096;

export class StraceReader implements SyscallReader {
  readonly counters: InputCounters = { bytes: 0, events: 0, relevant: 0, skipped: new Map() };
  readonly diagnostics: Diagnostic[] = [];
  diagnosticsDropped = 0;
  readonly #path: string | undefined;
  readonly #lines = new LineSplitter(limits.textBytes.max);
  readonly #clock: Clock;
  readonly #emitter = new Emitter();
  readonly #threads = new Map<number, Thread>();
  readonly #forks = new Set<Thread>();
  readonly #connects: CallEntry[] = [];
  readonly #seenPids = new Set<number>();
  #queue: Entry[] = [];
  #queueAt = 0;
  #heldBytes = 0;
  #line = 0;
  #main: Thread | undefined;
  #last: Thread | undefined;
  #torn: { thread: Thread; name: string; text: string; line: number } | undefined;
  /** Births whose parent is not known yet, oldest first. */
  readonly #waiting = new Set<ForkEntry>();
  /** Forks whose result names the child in another pid namespace: the next new thread is theirs. */
  readonly #expected: { parent: Thread; name: string; text: string }[] = [];
  readonly #announced = new Set<number>();
  readonly #tid: number | undefined;
  #startedWithExec = false;
  #notation = false;
  #lastSecond = 0;
  #ended = false;
  #finished = false;

  constructor(options: StraceOptions = {}) {
    this.#path = options.path;
    this.#clock = new Clock(options.base);
    this.#tid = options.tid;
  }

  get base(): TimeBase | undefined {
    return this.#clock.base;
  }

  get now(): TimeNs {
    return this.#clock.now;
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
        this.#line += 1;
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
    const entry = this.#queue[this.#queueAt];
    if (entry === undefined) return false;
    const waits = entry.blocked || entry.thread.tid === 0;
    const full = this.#heldBytes > heldBytesMax;
    if (waits && !this.#finished && !full && this.#line < entry.deadline) return false;
    if (entry.thread.tid === 0) this.#nameMain(1, "SF1205");
    if (entry.kind === "fork" && entry.parent === undefined) this.#guessParent(entry);
    if (entry.kind === "call" && entry.thread.wantsCwd === entry) {
      entry.thread.wantsCwd = undefined;
    }
    this.#queueAt += 1;
    this.#heldBytes -= entry.size;
    if (this.#queueAt > 4096 || this.#queueAt === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#queueAt);
      this.#queueAt = 0;
    }
    this.#emitter.emit(entry);
    return true;
  }

  #enqueue(entry: Entry): void {
    this.#heldBytes += entry.size;
    this.#queue.push(entry);
  }

  #skipLongLine(): void {
    this.counters.events += 1;
    this.#skip("line too long");
    const max = limits.textBytes.max;
    this.#report("SF1203", `line ${this.#line} is longer than ${max} bytes and was skipped`);
    this.#gap("damaged", `line ${this.#line}`);
  }

  #gap(reason: GapReason, where: string): void {
    const ts = this.#clock.now;
    const thread = this.#last ?? nobody;
    const deadline = this.#deadline();
    this.#enqueue({ kind: "gap", ts, thread, size: 0, deadline, blocked: false, reason, where });
  }

  #readLine(text: string, complete: boolean): void {
    const line = parseLine(text, signalNumber);
    const body = line.body;
    if (body.kind === "blank") return;
    if (body.kind === "other") return this.#readForeign(line, text);
    if (body.kind === "attached") {
      if (this.#announced.size < limits.threads.max) this.#announced.add(body.tid);
      if (!this.#startedWithExec) this.#threadOf(body.tid, undefined, this.#clock.now);
      return;
    }
    if (this.#isForeign(line)) return this.#readForeign(line, text);
    if (this.counters.events === 0) {
      this.#notation = line.notation;
      this.#emitter.notation = line.notation;
    }
    this.counters.events += 1;
    const ts = this.#clock.move(line.stamp);
    const thread = this.#findThread(line, ts, body);
    this.#last = thread;
    this.#readBody(thread, body, ts, complete);
    const second = Math.floor(ts / 1e9);
    if (second > this.#lastSecond) {
      this.#lastSecond = second;
      if (this.#queueAt === this.#queue.length) {
        this.#enqueue({ kind: "time", ts, thread, size: 0, deadline: 0, blocked: false });
      }
    }
  }

  /** The program's own output can look like a line of strace, but it lacks what strace puts before each. */
  #isForeign(line: Line): boolean {
    if (this.counters.events === 0 || line.body.kind === "tail") return false;
    const form = this.#clock.form;
    const timed = form !== undefined && form !== "order";
    return this.#notation ? false : line.notation || (timed && line.stamp === undefined);
  }

  #readBody(thread: Thread, body: Body, ts: TimeNs, complete: boolean): void {
    switch (body.kind) {
      case "call":
        return this.#readCall(thread, body.name, body.text, ts, complete);
      case "unfinished":
        if (thread.pending !== undefined) this.#skip("unfinished call without an end");
        return this.#suspend(thread, body.name, body.text, ts);
      case "resumed":
        return this.#resume(thread, body.name, body.text, ts);
      case "tail":
        return this.#mend(body.text, ts);
      case "exited":
        return this.#readEnd(thread, body.status, ts);
      case "superseded":
        return this.#supersede(thread, body.by, ts);
      case "signal":
        return this.#readSignal(thread, body.name, body.text, ts);
      default:
        return;
    }
  }

  // ── who ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #findThread(line: Line, ts: TimeNs, body: Body): Thread {
    if (line.tid !== undefined) return this.#threadOf(line.tid, line.comm, ts, body);
    // Without a prefix strace follows one thread only: the one that is left, or the first.
    const alive = this.#last?.alive === true ? this.#last : undefined;
    if (this.#main?.alive === true) return this.#main;
    if (alive !== undefined) return alive;
    for (const thread of this.#threads.values()) if (thread.alive) return thread;
    if (this.#main === undefined || this.#main.tid !== 0) {
      const tid = this.#tid;
      this.#main = tid === undefined ? newThread(0, undefined) : this.#addThread(tid, undefined);
      this.#main.leader = this.#main;
      if (body.kind === "call" && body.name === "execve") this.#startedWithExec = true;
    }
    return this.#main;
  }

  #threadOf(tid: number, comm: string | undefined, ts: TimeNs, body?: Body): Thread {
    const known = this.#threads.get(tid);
    if (known?.alive === true) {
      if (comm !== undefined) known.comm = comm;
      return known;
    }
    // The first pid that is nobody's child names the thread whose lines had none.
    const announced = this.#announced.size > 0 && !this.#announced.has(tid);
    if (this.#main?.tid === 0 && (this.#forks.size === 0 || announced)) {
      this.#nameMain(tid, undefined);
      return this.#main;
    }
    const first = this.#threads.size === 0 && this.#main === undefined;
    const thread = this.#addThread(tid, comm);
    if (first && body !== undefined && "name" in body && body.name === "execve") {
      this.#startedWithExec = true;
    }
    if (this.#forks.size > 0 || this.#expected.length > 0) this.#bear(thread, ts);
    else {
      thread.leader = thread;
      if (!first && this.#startedWithExec && !this.#notation) this.#reportLost(thread);
    }
    return thread;
  }

  #addThread(tid: number, comm: string | undefined): Thread {
    if (this.#threads.size >= limits.threads.max) {
      for (const oldest of this.#threads.keys()) {
        this.#threads.delete(oldest);
        this.#skip("thread evicted");
        break;
      }
    }
    const thread = newThread(tid, comm);
    this.#threads.delete(tid);
    this.#threads.set(tid, thread);
    if (this.#seenPids.size < limits.threads.max) this.#seenPids.add(tid);
    return thread;
  }

  #nameMain(tid: number, code: DiagnosticCode | undefined): void {
    const main = this.#main;
    if (main === undefined || main.tid !== 0) return;
    main.tid = tid;
    this.#threads.set(tid, main);
    this.#seenPids.add(tid);
    if (code !== undefined) {
      this.#report(code, "no line names the process: it is called 1 here");
    }
  }

  #reportLost(thread: Thread): void {
    this.#report("SF1204", `pid ${thread.tid} appears without the call that made it`);
    this.#gap("lost-process", `line ${this.#line}: pid ${thread.tid}`);
  }

  // ── births and deaths ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A new thread shows up while forks are under way: the clone's own line comes later, but the child must exist now. */
  #bear(child: Thread, ts: TimeNs): void {
    const [first] = this.#forks;
    const only = this.#forks.size === 1 && first?.pending !== undefined ? first : undefined;
    const entry: ForkEntry = {
      kind: "fork",
      ts,
      thread: child,
      size: 0,
      deadline: this.#line + waitForFork,
      blocked: only === undefined,
      parent: undefined,
      row: undefined,
      flags: 0,
      child,
    };
    child.origin = entry;
    const expected = this.#expected.shift();
    if (expected !== undefined) this.#settle(entry, expected.parent, expected.name, expected.text);
    else if (only !== undefined) {
      this.#settle(entry, only, only.pending?.name ?? "", only.pending?.text);
      only.gaveBirth = true;
    } else this.#waiting.add(entry);
    this.#enqueue(entry);
  }

  #settle(entry: ForkEntry, parent: Thread, name: string, text: string | undefined): void {
    entry.parent = parent;
    entry.row = callRows.get(name);
    entry.flags = cloneFlagsOf(name, text ?? "");
    entry.blocked = false;
    entry.child.forked = true;
    this.#waiting.delete(entry);
    entry.child.namespaced =
      parent.namespaced || parent.childrenNamespaced || (entry.flags & CloneFlag.NEWPID) !== 0;
    const isThread = (entry.flags & CloneFlag.THREAD) !== 0;
    entry.child.leader = isThread ? (parent.leader ?? parent) : entry.child;
    if (entry.child.comm === undefined) entry.child.comm = parent.comm;
    this.#forks.delete(parent);
    this.counters.relevant += 1;
  }

  /** The queue cannot wait longer: the oldest fork under way is the best guess. */
  #guessParent(entry: ForkEntry): void {
    for (const thread of this.#forks) {
      if (thread.pending === undefined) continue;
      return this.#settle(entry, thread, thread.pending.name, thread.pending.text);
    }
    entry.child.leader ??= entry.child;
    this.#waiting.delete(entry);
    entry.blocked = false;
  }

  #readFork(parent: Thread, row: CallRow, name: string, text: string, call: CallText, ts: TimeNs) {
    const open = this.#forks.delete(parent);
    const { result } = call;
    const translated = pidOfStrace(result.text);
    const value = translated ?? result.value ?? 0;
    const tid = result.error === undefined ? value : failureOf(result.error);
    const base = { ts, thread: parent, size: 0, deadline: this.#deadline(), blocked: false };
    if (tid < 0) {
      this.counters.relevant += 1;
      this.#enqueue({ ...base, kind: "failedFork", row, ret: tid });
      return;
    }
    // "= ?": the parent was killed inside; the child, if any, showed itself.
    if (tid === 0) return this.#skip("fork without result");
    // What a fork returns is a number of the caller's pid namespace.
    if (parent.namespaced && translated === undefined)
      return this.#readForeignFork(parent, name, text, open);
    const known = this.#threads.get(tid);
    if (known?.alive === true && known.origin !== undefined) {
      const waiting = known.origin.parent === undefined;
      if (waiting) this.#settle(known.origin, parent, name, text);
      known.origin = undefined;
      return;
    }
    if (known?.alive === true && known.tid === parent.tid) return this.#skip("fork without result");
    // It may have lived and died before the clone's own line.
    if (known?.alive === false && known.origin !== undefined) {
      if (known.origin.parent === undefined) this.#settle(known.origin, parent, name, text);
      known.origin = undefined;
      this.#threads.delete(tid);
      return;
    }
    const child = this.#addThread(tid, undefined);
    const entry: ForkEntry = { ...base, kind: "fork", parent, row, flags: 0, child };
    this.#settle(entry, parent, name, text);
    this.#enqueue(entry);
  }

  /** The child goes by another number here: it is the one that has shown up, or the next that will. */
  #readForeignFork(parent: Thread, name: string, text: string, open: boolean): void {
    // The call was under way when its child showed up, and got it then.
    if (!open && parent.gaveBirth) {
      parent.gaveBirth = false;
      return;
    }
    for (const entry of this.#waiting) return this.#settle(entry, parent, name, text);
    if (this.#expected.length < expectedMax) this.#expected.push({ parent, name, text });
  }

  #readEnd(thread: Thread, status: number, ts: TimeNs): void {
    if (!thread.alive) return;
    this.#forks.delete(thread);
    thread.alive = false;
    this.#release(thread);
    this.counters.relevant += 1;
    this.#enqueue({
      kind: "exit",
      ts,
      thread,
      size: 0,
      deadline: this.#deadline(),
      blocked: false,
      status,
    });
    // Kept while its birth is unsettled; a recycled tid gets a thread of its own either way.
    if (thread.origin === undefined && this.#main !== thread) this.#threads.delete(thread.tid);
  }

  /** A thread that is no leader executes a program: it takes over the leader's tid, and its call resumes under it. */
  #supersede(leader: Thread, by: number, ts: TimeNs): void {
    const caller = this.#threads.get(by);
    if (caller === undefined || caller === leader) return;
    leader.pending = caller.pending;
    caller.pending = undefined;
    this.#readEnd(caller, 0, ts);
  }

  #readSignal(thread: Thread, name: string, text: string, ts: TimeNs): void {
    const sender = readNumber(memberOf(text, "si_pid") ?? "") ?? 0;
    const code = memberOf(text, "si_code") ?? "";
    const sent = code === "SI_USER" || code === "SI_TKILL" || code === "SI_QUEUE";
    // A traced sender has a line of its own for it.
    if (!sent || sender <= 0 || this.#seenPids.has(sender)) return this.#skip("signal");
    this.counters.relevant += 1;
    this.#enqueue({
      kind: "signal",
      ts,
      thread,
      size: 0,
      deadline: this.#deadline(),
      blocked: false,
      sender,
      signal: signalNumber(name),
    });
  }

  // ── calls ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #suspend(thread: Thread, name: string, text: string, ts: TimeNs): void {
    this.#release(thread);
    const row = callRows.get(name);
    // The kernel frees the number before close returns: another thread may be given it, and say so, before this call's end.
    if (row?.family === "close") {
      this.#readCall(thread, name, `${text}) = 0`, ts, true);
      thread.pending = { name, text: "", done: true };
      return;
    }
    const kept = this.#heldBytes + text.length > heldBytesMax ? "" : text;
    this.#heldBytes += kept.length;
    thread.pending = { name, text: kept, done: false };
    thread.gaveBirth = false;
    if (row?.family === "clone") this.#forks.add(thread);
    this.#look(thread, text);
  }

  #release(thread: Thread): void {
    this.#heldBytes -= thread.pending?.text.length ?? 0;
    thread.pending = undefined;
  }

  #resume(thread: Thread, name: string, rest: string, ts: TimeNs): void {
    const pending = thread.pending;
    if (pending === undefined || (pending.name !== name && name !== "????")) {
      const row = callRows.get(name);
      this.#skip("resumed call without a beginning");
      if (row === undefined) return;
      // Its child, if it made one, must not be lost as well.
      const call = parseCall(rest);
      if (row.family === "clone" && call !== undefined) {
        return this.#readFork(thread, row, name, rest, call, ts);
      }
      this.#report("SF1202", `${name} of pid ${thread.tid} ends here, but does not begin`);
      if (row.family !== "ignored") {
        this.#gap("truncated", `line ${this.#line}: ${name} without a beginning`);
      }
      return;
    }
    this.#release(thread);
    if (pending.done) return;
    const text = pending.text === "" ? rest : joinArguments(pending.text, rest);
    this.#readCall(thread, pending.name, text, ts, true);
  }

  /** `) = 3`: what follows the output of the program itself, which tore the line. */
  #mend(tail: string, ts: TimeNs): void {
    const torn = this.#torn;
    this.#torn = undefined;
    if (torn === undefined || this.#line - torn.line > tornLines) return this.#skip("foreign line");
    this.#readCall(torn.thread, torn.name, torn.text + tail, ts, true);
  }

  #readCall(thread: Thread, name: string, text: string, ts: TimeNs, complete: boolean): void {
    const row = callRows.get(name);
    if (thread.tid === 0 && namesCaller(name)) this.#nameFromResult(text);
    this.#look(thread, text);
    if (row === undefined) {
      if (name === "getsockname") this.#readOwnAddress(thread, text, ts);
      if (this.#notation) this.#report("SF1201", `${name} is no call that the notation knows`);
      return this.#skip(name.slice(0, 32));
    }
    const noResult = this.#notation && row.family === "exit" && !text.includes("=");
    const call = parseCall(noResult ? `${text} = ?` : text);
    if (call === undefined) return this.#readTorn(thread, name, text, ts, complete);
    if (row.family === "clone") return this.#readFork(thread, row, name, text, call, ts);
    if (row.family === "exit") return this.#readExit(thread, call, ts);
    // Interrupted and restarted by the kernel, or the process died in it: it has no result.
    if (call.result.value === undefined) return this.#skip("no result");
    if (row.name === "fcntl" && !(call.values[1] ?? "").startsWith("F_DUPFD")) {
      return this.#skip("fcntl");
    }
    if (row.family === "unshare" || row.family === "setns") noteNamespace(thread, call);
    this.counters.relevant += 1;
    this.#enqueueCall(thread, row, call, ts, text.length);
  }

  /** The model has no such call, but it tells where a socket is bound. */
  #readOwnAddress(thread: Thread, text: string, ts: TimeNs): void {
    const call = parseCall(text);
    const [socket = "", address = ""] = call?.values ?? [];
    const at = readAddress(address);
    const fd = readDescriptor(socket)?.fd;
    if (call?.result.value !== 0 || at?.kind !== "inet" || fd === undefined) return;
    const deadline = this.#deadline();
    this.#enqueue({
      kind: "address",
      ts,
      thread,
      size: 0,
      deadline,
      blocked: false,
      fd,
      at: at.at,
    });
  }

  #enqueueCall(thread: Thread, row: CallRow, call: CallText, ts: TimeNs, size: number): void {
    const entry: CallEntry = {
      kind: "call",
      ts,
      thread,
      size,
      deadline: this.#deadline(),
      blocked: false,
      row,
      args: call.values,
      result: call.result,
      paired: true,
      local: undefined,
      cwd: undefined,
    };
    if (wantsLocalSide(row, call)) {
      entry.blocked = true;
      entry.deadline = this.#line + waitForLocalSide;
      if (this.#connects.length >= connectsMax) this.#connects.shift();
      this.#connects.push(entry);
    } else if (row.family === "exec" && thread.group?.described !== true) this.#holdExec(entry);
    this.#enqueue(entry);
  }

  /** The first exec of a process that nobody forked: its directory is on one of the next lines, if -y was given. */
  #holdExec(entry: CallEntry): void {
    const { thread, result } = entry;
    if (thread.forked || thread.origin !== undefined || this.#notation) return;
    if (thread.leader !== thread || result.error !== undefined || thread.wantsCwd) return;
    entry.blocked = true;
    entry.deadline = this.#line + waitForCwd;
    thread.wantsCwd = entry;
  }

  #deadline(): number {
    return this.#main?.tid === 0 ? this.#line + waitForFork : this.#line;
  }

  #readExit(thread: Thread, call: CallText, ts: TimeNs): void {
    // strace says how a thread ended on a line of its own (+++); the notation does without.
    const status = ((readNumber(call.values[0] ?? "0") ?? 0) & 255) << 8;
    thread.exiting = status;
    if (!this.#notation) return this.#skip("exit, counted at the end of the thread");
    this.#readEnd(thread, status, ts);
  }

  /** A later line may tell what an earlier entry waits for. */
  #look(thread: Thread, text: string): void {
    const exec = thread.wantsCwd;
    if (exec !== undefined) {
      // Only what stands before the first string: a program can write anything into strings.
      const from = beforeStrings(text).indexOf("AT_FDCWD<");
      exec.cwd = from < 0 ? undefined : cwdOf([text.slice(from)]);
      if (exec.cwd !== undefined) {
        exec.blocked = false;
        thread.wantsCwd = undefined;
      }
    }
    for (let i = 0; i < this.#connects.length; i++) {
      const entry = this.#connects[i];
      if (entry === undefined) continue;
      const same = thread.leader !== undefined && entry.thread.leader === thread.leader;
      const local = same ? localSideIn(text, entry) : undefined;
      const expired = entry.deadline <= this.#line;
      if (local === undefined && !expired) continue;
      entry.local = local;
      entry.blocked = false;
      this.#connects.splice(i, 1);
      i -= 1;
    }
  }

  #nameFromResult(text: string): void {
    const result = parseCall(text)?.result.value;
    if (result !== undefined && result > 0) this.#nameMain(result, undefined);
  }

  // ── what is not understood ─────────────────────────────────────────────────────────────────────────────────────────────

  #readTorn(thread: Thread, name: string, text: string, ts: TimeNs, complete: boolean): void {
    if (!complete) {
      this.#report("SF1207", `the log ends in the middle of a line (${name})`);
      this.#gap("truncated", `line ${this.#line}`);
      return;
    }
    const attached = text.indexOf("strace: Process ");
    if (attached >= 0 && text.endsWith(" attached")) {
      const tid = readNumber(text, attached + 16);
      if (tid !== undefined && this.#announced.size < limits.threads.max) this.#announced.add(tid);
      return this.#suspend(thread, name, text.slice(0, attached), ts);
    }
    if (this.#torn !== undefined) this.#reportUnparsed(this.#torn.line, this.#torn.name);
    this.#torn = { thread, name, text, line: this.#line };
  }

  #reportUnparsed(line: number, name: string): void {
    this.#skip("not understood");
    this.#report("SF1201", `${name}: arguments or result are not complete`, line);
    this.#gap("damaged", `line ${line}`);
  }

  /** Output of the program, or anything else between the lines. Only what carries strace's own prefix is a complaint. */
  #readForeign(line: Line, text: string): void {
    this.#skip("foreign line");
    const ours = line.stamp !== undefined || line.tid !== undefined || this.#notation;
    if (!ours) return;
    this.counters.events += 1;
    this.#report("SF1201", `not a line of strace: ${text.slice(0, 60).trim()}`);
  }

  #finish(): void {
    this.#finished = true;
    if (this.#torn !== undefined) this.#reportUnparsed(this.#torn.line, this.#torn.name);
    this.#torn = undefined;
    for (const thread of this.#threads.values()) {
      // Its last line is missing, but it said that it would end.
      if (thread.alive && thread.exiting !== undefined) {
        this.#readEnd(thread, thread.exiting, this.#clock.now);
      }
    }
    if (this.#clock.form === "order" && this.counters.events > 0 && !this.#notation) {
      this.#report("SF1206", "the log has no times: lines are only in order");
    }
  }

  #skip(reason: string): void {
    const skipped = this.counters.skipped;
    const key = skipped.has(reason) || skipped.size < 1024 ? reason : "other";
    skipped.set(key, (skipped.get(key) ?? 0) + 1);
  }

  #report(code: DiagnosticCode, message: string, line = this.#line): void {
    if (this.diagnostics.length >= limits.diagnostics.max) {
      this.diagnosticsDropped += 1;
      return;
    }
    this.diagnostics.push(diagnostic(code, message, { path: this.#path, line }));
  }
}

/** Where no thread has been seen yet. */
const nobody = newThread(-1, undefined);

/** --decode-pids=pidns adds a comment to the result: `2 (26429 in strace's PID NS)`, between comment marks. */
function pidOfStrace(result: string): number | undefined {
  if (!result.endsWith(" in strace's PID NS */")) return undefined;
  const at = result.indexOf("/* ");
  return at < 0 ? undefined : readNumber(result, at + 3);
}

function noteNamespace(thread: Thread, call: CallText): void {
  const enters = call.values.some((value) => value.includes("CLONE_NEWPID"));
  if (enters && call.result.error === undefined) thread.childrenNamespaced = true;
}

/** Calls whose result is the caller's own id. */
function namesCaller(name: string): boolean {
  return name === "set_tid_address" || name === "gettid" || name === "getpid" || name === "setsid";
}

/** `3, ` + `"abc", 5) = 3`; strace leaves the comma on the first line. */
function joinArguments(start: string, rest: string): string {
  return start + rest;
}

/** A connect, or the first datagram of a socket, whose descriptor -yy shows without an own address yet. */
function wantsLocalSide(row: CallRow, call: CallText): boolean {
  const datagram = row.name === "sendto" || row.name === "sendmsg";
  if (row.family !== "connect" && !datagram) return false;
  const { error } = call.result;
  if (error !== undefined && (datagram || error !== "EINPROGRESS")) return false;
  const target = readDescriptor(call.values[0] ?? "")?.target;
  const read = target === undefined ? undefined : readTarget(target);
  if (read?.kind !== "inet" || read.remote !== undefined || read.local !== undefined) return false;
  return (call.values[datagram && row.name === "sendto" ? 4 : 1] ?? "").includes("port=");
}

function beforeStrings(text: string): string {
  const quote = text.indexOf('"');
  return text.slice(0, Math.min(quote < 0 ? text.length : quote, 4096));
}

/** Finds `3<TCP:[local->remote]>` of the entry's descriptor in a later line of its process. */
function localSideIn(text: string, entry: CallEntry): Endpoint | undefined {
  const fd = readDescriptor(entry.args[0] ?? "")?.fd;
  if (fd === undefined) return undefined;
  const needle = `${fd}<`;
  const at = beforeStrings(text).indexOf(needle);
  if (at < 0 || (at > 0 && /\d/.test(text.charAt(at - 1)))) return undefined;
  const target = readDescriptor(text.slice(at, at + 160))?.target;
  const read = target === undefined ? undefined : readTarget(target);
  if (read?.kind !== "inet") return undefined;
  if (entry.row.family === "connect" && read.remote === undefined) return undefined;
  return read.local;
}
