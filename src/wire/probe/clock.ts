// The probe's clock counts nanoseconds since boot, suspend included; records want time since 1970. The difference is taken once, at the
// beginning: a clock that is set later moves nothing, so times never go back, and durations stay true. That it was set is told.

import type { TimeBase, TimeNs } from "../../model/time.ts";

/** A difference that grew by more than this since it was told last is a step (or years of drift). */
const stepNs = 1_000_000_000n;
const word = 4_294_967_296;

export class ProbeClock {
  base: TimeBase | undefined;
  readonly #ownBase: boolean;
  /** Time since 1970 at boot, by the first pair. */
  #offset: bigint | undefined;
  #told = 0n;
  #final = false;
  #high = 0;
  #shift = 0;
  now: TimeNs = 0;

  constructor(base: TimeBase | undefined) {
    this.base = base;
    this.#ownBase = base === undefined;
  }

  /** Another boot has another clock. */
  forget(): void {
    this.#offset = undefined;
    this.#final = false;
    if (this.#ownBase) this.base = undefined;
  }

  /**
   * A pair of times; `exact` for the CLOCK right behind HELLO, which counts more than HELLO's own. Returns by how many nanoseconds
   * the clock was set, 0 when it was not.
   */
  pair(boot: bigint, realtime: bigint, exact: boolean): number {
    const offset = realtime - boot;
    if (this.#offset !== undefined && (this.#final || !exact)) {
      const step = offset - this.#told;
      if (step <= stepNs && step >= -stepNs) return 0;
      this.#told = offset;
      return Number(step);
    }
    this.#final = exact;
    this.#offset = offset;
    this.#told = offset;
    this.base ??= realtime - (realtime % 1_000_000_000n);
    const high = boot >> 32n;
    this.#high = Number(high);
    this.#shift = Number(offset + (high << 32n) - this.base);
    return 0;
  }

  /** Exact to a microsecond or so: for what is known to a clock tick. */
  timeOfBoot(boot: number): TimeNs | undefined {
    if (this.#offset === undefined) return undefined;
    return Math.round(boot - this.#high * word + this.#shift);
  }

  time(words: Int32Array, index: number): TimeNs {
    const high = (words[index + 1] as number) >>> 0;
    return (high - this.#high) * word + ((words[index] as number) >>> 0) + this.#shift;
  }
}
