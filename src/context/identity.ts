// Which process the probe speaks of: a pid and the moment at which the process began. Pids are used again, and the last words about
// a process' flows come after its exit: neither may reach whoever has the pid by then.

import { limits } from "../model/limits.ts";
import type { Syscall } from "../model/syscall.ts";
import type { TimeNs } from "../model/time.ts";
import type { KernelState } from "./state.ts";
import { describe, inherit } from "./thread-event.ts";
import { Thread } from "./thread.ts";

/** What /proc says of a process' beginning is exact to a hundredth of a second; twice that, for rounding on both sides. */
const tickNs = 20_000_000;

/** Processes that ended, by pid and beginning; the longest gone are forgotten first. */
export class Departed<Owner, Flow> {
  readonly #threads = new Map<string, Thread<Owner, Flow>>();

  get size(): number {
    return this.#threads.size;
  }

  get(pid: number, start: TimeNs): Thread<Owner, Flow> | undefined {
    return this.#threads.get(keyOf(pid, start));
  }

  /** Threads whose beginning nobody said are of no source that could speak of them later. */
  add(thread: Thread<Owner, Flow>): void {
    if (thread.start === undefined || !thread.startExact) return;
    this.#threads.set(keyOf(thread.tid, thread.start), thread);
    if (this.#threads.size <= limits.departed.max) return;
    const oldest = this.#threads.keys().next();
    if (oldest.done !== true) this.#threads.delete(oldest.value);
  }

  clear(): void {
    this.#threads.clear();
  }
}

function keyOf(pid: number, start: TimeNs): string {
  return `${pid}/${start}`;
}

/** True when `start` is another process' beginning than that of the thread that has the pid in the table. */
export function replaces<Owner, Flow>(
  known: Thread<Owner, Flow>,
  start: TimeNs | undefined,
): boolean {
  return start !== undefined && known.start !== undefined && !isSame(known, start, tickNs);
}

function isSame<Owner, Flow>(
  thread: Thread<Owner, Flow>,
  start: TimeNs,
  toleranceNs: number,
): boolean {
  return thread.start === undefined || Math.abs(thread.start - start) <= toleranceNs;
}

/** The thread group leader; made where nothing is known of it. */
export function identify<Owner, Flow>(
  state: KernelState<Owner, Flow>,
  pid: number,
  start: TimeNs,
): Thread<Owner, Flow> {
  const known = state.threads.get(pid);
  if (known !== undefined) {
    if (known.start === start) return known;
    if (!known.startExact && isSame(known, start, tickNs)) return begin(known, start);
  }
  const gone = state.departed.get(pid, start);
  if (gone !== undefined) return gone;
  const thread = begin(new Thread<Owner, Flow>(pid, pid), start);
  enter(state, thread, known, start);
  return thread;
}

/** Into the table; or, when the pid is a newer process' already, straight to those that ended. */
function enter<Owner, Flow>(
  state: KernelState<Owner, Flow>,
  thread: Thread<Owner, Flow>,
  known: Thread<Owner, Flow> | undefined,
  start: TimeNs,
): void {
  if (known?.start !== undefined && known.start > start) state.departed.add(thread);
  else state.threads.add(thread);
}

function begin<Owner, Flow>(thread: Thread<Owner, Flow>, start: TimeNs): Thread<Owner, Flow> {
  thread.start = start;
  thread.startExact = true;
  // Once records name the process its creation time, known or not, is part of what it is called.
  if (thread.owner === undefined) thread.createdAt = start;
  return thread;
}

/** The child of a fork as the probe tells it; its own messages may have come before. */
export function applyFork<Owner, Flow>(
  state: KernelState<Owner, Flow>,
  call: Syscall,
  childStart: TimeNs,
): Thread<Owner, Flow> {
  const parent = state.thread;
  const pid = call.ret;
  const known = state.threads.get(pid);
  const existing =
    known?.startExact === true && known.start === childStart
      ? known
      : state.departed.get(pid, childStart);
  const child = existing ?? begin(new Thread<Owner, Flow>(pid, pid), childStart);
  if (!child.described) {
    inherit(state, child, parent, false);
    child.exePath = parent.exePath;
  }
  child.parentTid = parent.tid;
  child.vtid = pid;
  child.vpid = pid;
  if (call.info !== undefined) describe(child, call.info);
  child.userFromEvent = true;
  if (existing === undefined) enter(state, child, known, childStart);
  return child;
}
