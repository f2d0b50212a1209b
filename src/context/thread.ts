// Threads that live, by id. A thread of a process shares its leader's descriptors, working directory and environment. Bounded:
// the threads that were quiet longest go first (second chance), and are counted.

import { Hand } from "../base/hand.ts";
import { limits } from "../model/limits.ts";
import type { TimeNs } from "../model/time.ts";
import { DescriptorTable } from "./descriptor.ts";

/** `Owner` is what the flow engine knows of the process, `Flow` of its descriptors. */
export class Thread<Owner, Flow> {
  readonly tid: number;
  /** Leader's id; −1 where nothing described the thread. */
  pid: number;
  parentTid = -1;
  vtid = -1;
  vpid = -1;
  argv0: string | undefined = undefined;
  exePath: string | undefined = undefined;
  args: readonly string[] = [];
  comm: string | undefined = undefined;
  /** Ends with "/"; "" where unknown. */
  cwd = "";
  env: readonly string[] = [];
  uid: number | undefined = undefined;
  gid: number | undefined = undefined;
  tty = 0;
  session: number | undefined = undefined;
  processGroup: number | undefined = undefined;
  loginUid: number | undefined = undefined;
  capabilities: bigint | undefined = undefined;
  exeInode: number | undefined = undefined;
  exeUpperLayer: boolean | undefined = undefined;
  networkNamespace: number | undefined = undefined;
  containerId: string | undefined = undefined;
  /** When it was created; undefined when it is older than the recording, or its creation was missed. */
  createdAt: TimeNs | undefined = undefined;
  /** The probe: when it began, which with the pid is its identity; see identity.ts. */
  start: TimeNs | undefined = undefined;
  /** The kernel said `start`; a list of processes knows it to a clock tick only. */
  startExact = false;
  /** Its user was set by an event of the recording, not by the list at its start. */
  userFromEvent = false;
  /** Some source described it; false for ids that merely appeared. */
  described = false;
  readonly descriptors = new DescriptorTable<Flow>();
  owner: Owner | undefined = undefined;
  /** The leader, once found. */
  leader: Thread<Owner, Flow> | undefined = undefined;
  alive = true;
  recent = true;

  constructor(tid: number, pid: number) {
    this.tid = tid;
    this.pid = pid;
  }
}

export class ThreadTable<Owner, Flow> {
  readonly #threads = new Map<number, Thread<Owner, Flow>>();
  readonly #hand = new Hand(this.#threads);
  #last: Thread<Owner, Flow> | undefined;
  readonly #max: number;
  /** A leader stands for its process as long as other threads of it live. */
  readonly #outlives: boolean;
  evicted = 0;
  readonly #onForget: (thread: Thread<Owner, Flow>) => void;

  constructor(
    onForget: (thread: Thread<Owner, Flow>) => void,
    outlives: boolean,
    max: number = limits.threads.max,
  ) {
    this.#outlives = outlives;
    this.#max = max;
    this.#onForget = onForget;
  }

  get size(): number {
    return this.#threads.size;
  }

  values(): IterableIterator<Thread<Owner, Flow>> {
    return this.#threads.values();
  }

  get(tid: number): Thread<Owner, Flow> | undefined {
    const last = this.#last;
    if (last !== undefined && last.tid === tid) return last;
    const thread = this.#threads.get(tid);
    if (thread === undefined) return undefined;
    thread.recent = true;
    this.#last = thread;
    return thread;
  }

  /** The leader, or the thread itself when its leader is not known. */
  leaderOf(thread: Thread<Owner, Flow>): Thread<Owner, Flow> {
    if (thread.tid === thread.pid) return thread;
    const known = thread.leader;
    if (known !== undefined && known.alive) return known;
    const leader = thread.pid < 0 ? undefined : this.#threads.get(thread.pid);
    if (leader === undefined) return this.#outlives && known !== undefined ? known : thread;
    thread.leader = leader;
    return leader;
  }

  add(thread: Thread<Owner, Flow>): void {
    const old = this.#threads.get(thread.tid);
    if (old !== undefined) {
      // Its exit was missed: the id is used again.
      this.#onForget(old);
      this.delete(old);
    }
    if (this.#threads.size >= this.#max) this.#evict();
    this.#threads.set(thread.tid, thread);
    this.#hand.added();
    this.#last = thread;
  }

  delete(thread: Thread<Owner, Flow>): void {
    if (this.#last === thread) this.#last = undefined;
    thread.alive = false;
    // An older process may end here whose pid another one has by now.
    if (this.#threads.get(thread.tid) === thread) this.#threads.delete(thread.tid);
  }

  clear(): void {
    this.#threads.clear();
    this.#last = undefined;
  }

  /** The hand goes round: whoever was used since it last passed stays. */
  #evict(): void {
    for (let thread = this.#hand.next(); thread !== undefined; thread = this.#hand.next()) {
      if (thread.recent) {
        thread.recent = false;
        continue;
      }
      this.evicted += 1;
      this.#onForget(thread);
      this.delete(thread);
      return;
    }
  }
}
