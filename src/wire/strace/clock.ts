// Times of a log as TimeNs: seconds since 1970 (-ttt), since midnight (-t, -tt; the day is not known), since the line before (-r),
// or none at all, when lines are only in order.

import { type TimeBase, type TimeNs, timeNsMax } from "../../model/time.ts";
import type { TimePrecision } from "../../model/record.ts";
import type { Stamp } from "./line.ts";

const secondNs = 1e9;
/** The year 5138: what is beyond is no time. */
const secondsMax = 1e11;
const dayNs = 86_400 * secondNs;
/** A clock that was set back by less than this is not followed: time stands still until it is caught up. */
const backMax = secondNs;
/** Without times, one line is as far from the next as the clock of strace can tell. */
const orderStep: TimeNs = 1000;

export type ClockForm = "epoch" | "day" | "relative" | "order";

export class Clock {
  #base: TimeBase | undefined;
  #form: ClockForm | undefined;
  #now: TimeNs = 0;
  #started = false;
  #days = 0;
  #digits: number | undefined;

  constructor(base: TimeBase | undefined) {
    this.#base = base;
  }

  get base(): TimeBase | undefined {
    return this.#base;
  }

  get now(): TimeNs {
    return this.#now;
  }

  /** By the digits behind the point of the first time. */
  get precision(): TimePrecision | undefined {
    if (this.#digits === undefined) return undefined;
    if (this.#digits >= 9) return "ns";
    if (this.#digits >= 6) return "us";
    return this.#digits >= 3 ? "ms" : "s";
  }

  get form(): ClockForm | undefined {
    return this.#form;
  }

  /** Moves to a line's time; never backwards by a little. */
  move(stamp: Stamp | undefined): TimeNs {
    if (stamp === undefined) {
      if (this.#form === undefined) this.#form = "order";
      this.#base ??= 0n;
      if (this.#form === "order") this.#now += orderStep;
      return this.#now;
    }
    this.#form ??= formOf(stamp);
    this.#digits ??= stamp.digits;
    if (this.#form === "relative") return this.#advance(stamp);
    const time = this.#toTime(stamp);
    if (Math.abs(time) > timeNsMax) return this.#now;
    const behind = this.#now - time;
    if (!this.#started || behind <= 0 || behind > backMax) this.#now = time;
    this.#started = true;
    return this.#now;
  }

  #advance(stamp: Stamp): TimeNs {
    this.#base ??= 0n;
    const next = this.#now + stamp.seconds * secondNs + stamp.nanos;
    if (next <= timeNsMax) this.#now = next;
    return this.#now;
  }

  #toTime(stamp: Stamp): TimeNs {
    this.#base ??=
      stamp.form === "epoch" ? BigInt(Math.min(stamp.seconds, secondsMax)) * 1_000_000_000n : 0n;
    const base = this.#base;
    const baseSeconds = Number(base / 1_000_000_000n);
    const baseNanos = Number(base % 1_000_000_000n);
    const time = (stamp.seconds - baseSeconds) * secondNs + stamp.nanos - baseNanos;
    if (stamp.form === "epoch") return time;
    // A time of day that falls by hours has passed midnight.
    if (this.#started && this.#now - (time + this.#days * dayNs) > dayNs / 2) this.#days += 1;
    return time + this.#days * dayNs;
  }
}

/** -r prints six digits and more, and a log of -r begins within its first second. */
function formOf(stamp: Stamp): ClockForm {
  if (stamp.form === "day") return "day";
  return stamp.seconds === 0 && stamp.digits >= 6 ? "relative" : "epoch";
}
