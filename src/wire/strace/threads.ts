// Who a line is about, who made whom, who has ended. A child's lines may come before its parent's clone returns, several forks may be
// under way at once, and inside a pid namespace forks return other numbers than those that strace prints.

import { limits } from "../../model/limits.ts";
import { CloneFlag } from "../../model/syscall.ts";
import type { TimeNs } from "../../model/time.ts";
import { type CallRow, callRows, cloneFlagsOf } from "./calls.ts";
import { failureOf } from "./constants.ts";
import { heldBytesMax, type Journal } from "./journal.ts";
import type { Body, CallText, Line } from "./line.ts";
import { readNumber } from "./scan.ts";
import { type ForkEntry, newThread, type Thread } from "./thread.ts";

/** A child waits so many lines for the line that names its parent. */
const linesForFork = 8192;
const expectedMax = 4096;

export class Threads {
  readonly #journal: Journal;
  readonly #threads = new Map<number, Thread>();
  /** Pids that the log has shown: they send signals by lines of their own. */
  readonly #seen = new Set<number>();
  /** Pids that strace said it attached to. */
  readonly #announced = new Set<number>();
  /** Threads inside fork, clone or vfork whose child has not shown up. */
  readonly #forks = new Set<Thread>();
  /** Births whose parent is not known yet, oldest first. */
  readonly #waiting = new Set<ForkEntry>();
  /** Forks that returned a number of another pid namespace: the next new thread is theirs. */
  readonly #expected: { parent: Thread; name: string; text: string }[] = [];
  /** The thread of lines that name none, from the file's name. */
  readonly #tid: number | undefined;
  /** The thread of lines without a pid; its tid is 0 while nothing has named it. */
  #main: Thread | undefined;
  #startedWithExec = false;
  /** strace attached to a process of several threads: so many that show up are its. */
  #siblings: { leader: Thread; left: number } | undefined;
  /** The thread of the line read last. */
  last: Thread | undefined;

  constructor(journal: Journal, tid: number | undefined) {
    this.#journal = journal;
    this.#tid = tid;
  }

  hasSeen(pid: number): boolean {
    return this.#seen.has(pid);
  }

  get(tid: number): Thread | undefined {
    return this.#threads.get(tid);
  }

  values(): IterableIterator<Thread> {
    return this.#threads.values();
  }

  /** Lines about a thread that has no name yet wait until one names it. */
  get deadline(): number {
    return this.#main?.tid === 0 ? this.#journal.line + linesForFork : this.#journal.line;
  }

  announce(tid: number): void {
    if (this.#announced.size < limits.threads.max) this.#announced.add(tid);
  }

  /** `strace: Process 12 attached with 3 threads`. */
  attach(tid: number, count: number): void {
    this.announce(tid);
    if (this.#startedWithExec) return;
    const leader = this.#threadOf(tid, undefined, this.#journal.now, undefined);
    if (count > 1) this.#siblings = { leader, left: count - 1 };
  }

  find(line: Line, ts: TimeNs): Thread {
    const thread = this.#find(line, ts);
    this.last = thread;
    return thread;
  }

  #find(line: Line, ts: TimeNs): Thread {
    const { body } = line;
    if (line.tid !== undefined) return this.#threadOf(line.tid, line.comm, ts, body);
    // Without a prefix strace follows one thread only: the one that is left, or the first.
    if (this.#main?.alive === true) return this.#main;
    if (this.last?.alive === true) return this.last;
    for (const thread of this.#threads.values()) if (thread.alive) return thread;
    if (this.#main === undefined || this.#main.tid !== 0) {
      const tid = this.#tid;
      this.#main = tid === undefined ? newThread(0, undefined) : this.#add(tid, undefined);
      this.#main.leader = this.#main;
      this.#startedWithExec ||= isExec(body);
    }
    return this.#main;
  }

  #threadOf(tid: number, comm: string | undefined, ts: TimeNs, body: Body | undefined): Thread {
    const known = this.#threads.get(tid);
    if (known?.alive === true) {
      if (comm !== undefined) known.comm = comm;
      return known;
    }
    // The first pid that is nobody's child names the thread whose lines had none.
    const announced = this.#announced.size > 0 && !this.#announced.has(tid);
    if (this.#main?.tid === 0 && (this.#forks.size === 0 || announced)) {
      this.nameMain(tid);
      return this.#main;
    }
    const first = this.#threads.size === 0 && this.#main === undefined;
    const thread = this.#add(tid, comm);
    if (first) this.#startedWithExec ||= isExec(body);
    if (this.#forks.size > 0 || this.#expected.length > 0) this.#bear(thread, ts);
    else if (this.#siblings !== undefined && this.#siblings.left > 0) {
      this.#siblings.left -= 1;
      thread.leader = this.#siblings.leader;
    } else {
      thread.leader = thread;
      if (!first && this.#startedWithExec && !this.#journal.notation) this.#reportLost(thread);
    }
    return thread;
  }

  #add(tid: number, comm: string | undefined): Thread {
    if (this.#threads.size >= limits.threads.max) {
      for (const oldest of this.#threads.keys()) {
        this.#threads.delete(oldest);
        this.#journal.skip("thread evicted");
        break;
      }
    }
    const thread = newThread(tid, comm);
    this.#threads.delete(tid);
    this.#threads.set(tid, thread);
    if (this.#seen.size < limits.threads.max) this.#seen.add(tid);
    return thread;
  }

  nameMain(tid: number): void {
    const main = this.#main;
    if (main === undefined || main.tid !== 0) return;
    main.tid = tid;
    this.#threads.set(tid, main);
    this.#seen.add(tid);
  }

  #reportLost(thread: Thread): void {
    const { line } = this.#journal;
    const message = `pid ${thread.tid} appears without the call that made it`;
    this.#journal.report("SF1204", message);
    this.#journal.gap("lost-process", `line ${line}: pid ${thread.tid}`, thread);
  }

  // ── calls under way ────────────────────────────────────────────────────────────────────────────────────────────────────

  suspend(thread: Thread, name: string, text: string): void {
    this.release(thread);
    const journal = this.#journal;
    const kept = journal.heldBytes + text.length > heldBytesMax ? "" : text;
    journal.heldBytes += kept.length;
    thread.pending = { name, text: kept, done: false };
    thread.gaveBirth = false;
    if (callRows.get(name)?.family === "clone") this.#forks.add(thread);
  }

  release(thread: Thread): void {
    this.#journal.heldBytes -= thread.pending?.text.length ?? 0;
    thread.pending = undefined;
  }

  // ── births ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A new thread shows up while forks are under way: the clone's own line comes later, but the child must exist now. */
  #bear(child: Thread, ts: TimeNs): void {
    const [first] = this.#forks;
    const only = this.#forks.size === 1 && first?.pending !== undefined ? first : undefined;
    const entry: ForkEntry = {
      kind: "fork",
      ts,
      thread: child,
      size: 0,
      deadline: this.#journal.line + linesForFork,
      blocked: true,
      parent: undefined,
      row: undefined,
      flags: 0,
      child,
    };
    child.origin = entry;
    const expected = this.#expected.shift();
    if (expected !== undefined) this.#settle(entry, expected.parent, expected.name, expected.text);
    else if (only !== undefined) {
      this.#settle(entry, only, only.pending?.name ?? "", only.pending?.text ?? "");
      only.gaveBirth = true;
    } else this.#waiting.add(entry);
    this.#journal.enqueue(entry);
  }

  #settle(entry: ForkEntry, parent: Thread, name: string, text: string): void {
    const { child } = entry;
    entry.parent = parent;
    entry.row = callRows.get(name);
    entry.flags = cloneFlagsOf(name, text);
    entry.blocked = false;
    this.#waiting.delete(entry);
    this.#forks.delete(parent);
    child.forked = true;
    child.namespaced =
      parent.namespaced || parent.childrenNamespaced || (entry.flags & CloneFlag.NEWPID) !== 0;
    const isThread = (entry.flags & CloneFlag.THREAD) !== 0;
    child.leader = isThread ? (parent.leader ?? parent) : child;
    child.comm ??= parent.comm;
    this.#journal.counters.relevant += 1;
  }

  /** The queue cannot wait longer: the oldest fork under way is the best guess. */
  guessParent(entry: ForkEntry): void {
    for (const thread of this.#forks) {
      if (thread.pending === undefined) continue;
      return this.#settle(entry, thread, thread.pending.name, thread.pending.text);
    }
    entry.child.leader ??= entry.child;
    this.#waiting.delete(entry);
    entry.blocked = false;
  }

  /** A fork, vfork, clone or clone3 that has returned. */
  readFork(parent: Thread, row: CallRow, name: string, text: string, call: CallText): void {
    const open = this.#forks.delete(parent);
    const journal = this.#journal;
    const { result } = call;
    const translated = pidOfStrace(result.text);
    const value = translated ?? result.value ?? 0;
    const tid = result.error === undefined ? value : failureOf(result.error);
    const ts = journal.now;
    const base = { ts, thread: parent, size: 0, deadline: this.deadline, blocked: false };
    if (tid < 0) {
      journal.counters.relevant += 1;
      journal.enqueue({ ...base, kind: "failedFork", row, ret: tid });
      return;
    }
    // "= ?": the parent was killed inside; the child, if any, showed itself.
    if (tid === 0 || tid === parent.tid) return journal.skip("fork without result");
    // What a fork returns is a number of the caller's pid namespace.
    if (parent.namespaced && translated === undefined) {
      return this.#readNamespacedFork(parent, name, text, open);
    }
    const known = this.#threads.get(tid);
    if (known?.origin !== undefined) {
      if (known.origin.parent === undefined) this.#settle(known.origin, parent, name, text);
      known.origin = undefined;
      // It may have lived and died before the clone's own line.
      if (!known.alive) this.#threads.delete(tid);
      return;
    }
    const child = this.#add(tid, undefined);
    const entry: ForkEntry = { ...base, kind: "fork", parent, row, flags: 0, child };
    this.#settle(entry, parent, name, text);
    journal.enqueue(entry);
  }

  /** The child goes by another number here: it is the one that has shown up, or the next that will. */
  #readNamespacedFork(parent: Thread, name: string, text: string, open: boolean): void {
    // The call was under way when its child showed up, and got it then.
    if (!open && parent.gaveBirth) {
      parent.gaveBirth = false;
      return;
    }
    for (const entry of this.#waiting) return this.#settle(entry, parent, name, text);
    if (this.#expected.length < expectedMax) this.#expected.push({ parent, name, text });
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  readEnd(thread: Thread, status: number): void {
    if (!thread.alive) return;
    const journal = this.#journal;
    this.#forks.delete(thread);
    thread.alive = false;
    this.release(thread);
    journal.counters.relevant += 1;
    journal.enqueue({
      kind: "exit",
      ts: journal.now,
      thread,
      size: 0,
      deadline: this.deadline,
      blocked: false,
      status,
    });
    // Kept while its birth is unsettled; a recycled tid gets a thread of its own either way.
    if (thread.origin === undefined && this.#main !== thread) this.#threads.delete(thread.tid);
  }

  /** A thread that is no leader executes a program: it takes over the leader's tid, and its call resumes under it. */
  supersede(leader: Thread, by: number): void {
    const caller = this.#threads.get(by);
    if (caller === undefined || caller === leader) return;
    leader.pending = caller.pending;
    caller.pending = undefined;
    this.readEnd(caller, 0);
  }
}

function isExec(body: Body | undefined): boolean {
  return body !== undefined && "name" in body && body.name === "execve";
}

/** --decode-pids=pidns adds a comment to the result: `2`, then `26429 in strace's PID NS` between comment marks. */
function pidOfStrace(result: string): number | undefined {
  if (!result.endsWith(" in strace's PID NS */")) return undefined;
  const at = result.indexOf("/* ");
  return at < 0 ? undefined : readNumber(result, at + 3);
}
