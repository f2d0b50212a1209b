// What each thread entered last. An exit belongs to it when its number is one more; what the entry event said is kept until then.

import { limits } from "../../model/limits.ts";
import { type Syscall, emptySyscall, noFd } from "../../model/syscall.ts";

export class Pending {
  readonly tid: number;
  /** Number of the last entry event, whatever it was; −1 for none. */
  type = -1;
  /** Its descriptor, where that is all it said. */
  fd: number = noFd;
  /** Everything else it said. */
  saved: Syscall | undefined = undefined;
  /** The call was already delivered at its entry. */
  delivered = false;
  /** Its exit was seen: another exit of the same call lost its entry. */
  consumed = false;

  constructor(tid: number) {
    this.tid = tid;
  }

  fields(): Syscall {
    this.saved ??= emptySyscall();
    return this.saved;
  }
}

const cacheSlots = 4096;

/** Bounded; the threads that were quiet longest go first. A direct-mapped cache in front saves the hash of the busy ones. */
export class PendingCalls {
  readonly #half: number;
  #young = new Map<number, Pending>();
  #old = new Map<number, Pending>();
  readonly #cache: (Pending | undefined)[] = Array.from({ length: cacheSlots }, () => undefined);
  /** Threads forgotten because of the limit. */
  evicted = 0;

  constructor(max: number = limits.pendingCalls.max) {
    this.#half = Math.max(1, max >> 1);
  }

  /** The thread's entry, made where there is none. */
  of(tid: number): Pending {
    const slot = tid & (cacheSlots - 1);
    const cached = this.#cache[slot];
    if (cached !== undefined && cached.tid === tid) return cached;
    let pending = this.#young.get(tid);
    if (pending === undefined) {
      pending = this.#old.get(tid) ?? new Pending(tid);
      this.#old.delete(tid);
      this.#young.set(tid, pending);
      if (this.#young.size >= this.#half) this.#turn();
    }
    this.#cache[slot] = pending;
    return pending;
  }

  /** Young become old, old are forgotten: least recently used first without a list to keep. */
  #turn(): void {
    this.evicted += this.#old.size;
    this.#old = this.#young;
    this.#young = new Map();
    this.#cache.fill(undefined);
  }

  delete(tid: number): void {
    this.#young.delete(tid);
    this.#old.delete(tid);
    const slot = tid & (cacheSlots - 1);
    if (this.#cache[slot]?.tid === tid) this.#cache[slot] = undefined;
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#cache.fill(undefined);
  }
}
