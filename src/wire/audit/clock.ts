// Times of the log. A record carries the time at which its call began, to the millisecond, but is written when the call has ended: a
// call that waited an hour for a connection is told with a time of an hour ago.

import { second, type TimeBase, type TimeNs, timeNsMax } from "../../model/time.ts";

const millisecond = 1e6;
/** So many calls in a row that do not wait, all earlier than what was told before: the clock was set back. */
const backCalls = 64;

export class AuditClock {
  #base: TimeBase | undefined;
  #baseSeconds = 0;
  #baseNanos = 0;
  #now: TimeNs = 0;
  #started = false;
  #behind = 0;

  constructor(base: TimeBase | undefined) {
    if (base !== undefined) this.#setBase(base);
  }

  get base(): TimeBase | undefined {
    return this.#base;
  }

  get now(): TimeNs {
    return this.#now;
  }

  #setBase(base: TimeBase): void {
    this.#base = base;
    this.#baseSeconds = Number(base / 1_000_000_000n);
    this.#baseNanos = Number(base % 1_000_000_000n);
  }

  /** Moves to the end of a call that began then, as far as the log shows it: not before what was told already. */
  move(seconds: number, millis: number, waits: boolean): TimeNs {
    if (this.#base === undefined) this.#setBase(BigInt(seconds) * 1_000_000_000n);
    const time = (seconds - this.#baseSeconds) * second + millis * millisecond - this.#baseNanos;
    if (Math.abs(time) > timeNsMax) return this.#now;
    if (!this.#started || time >= this.#now) {
      this.#started = true;
      this.#behind = 0;
      this.#now = time;
      return time;
    }
    if (waits || this.#now - time <= second) return this.#now;
    this.#behind += 1;
    if (this.#behind < backCalls) return this.#now;
    this.#behind = 0;
    this.#now = time;
    return time;
  }
}
