// What a mode of the engine does. There are two: what the original wrote, and what we write.

import type { Syscall } from "../model/syscall.ts";

export type Mode = {
  /** A call, before what it ends is taken out of the state. */
  handle(call: Syscall): void;
  /** Event time reached a new whole second. */
  tick(): void;
  /** Everything open is written. */
  end(): void;
};

/** Whole seconds since the epoch, so that ticks do not depend on the base. */
export function secondOf(baseRest: number, ts: number): number {
  return Math.floor((ts + baseRest) / 1e9);
}
