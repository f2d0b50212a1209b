// What arrives almost together, as one batch: the probe says calls and flows through two rings, one after the other, so that a program
// is told to run a moment before it is told who wrote it. Batches of one moment can be put in order; batches one by one cannot.

import { setTimeout as sleep } from "node:timers/promises";
import type { FileFlow, NetworkFlow, Record } from "../model/record.ts";
import type { TimeBase } from "../model/time.ts";

export type Arrival = {
  readonly records: readonly Record[];
  readonly begins: readonly (FileFlow | NetworkFlow)[];
  readonly base: TimeBase;
};

export type GatherTimes = {
  /** A batch waits for the next one so long, milliseconds … */
  readonly quietMs: number;
  /** … and altogether so long. */
  readonly mostMs: number;
};

/** Both rings are emptied in one go, in far less. */
const usual: GatherTimes = { quietMs: 5, mostMs: 20 };

/** The same records and begins in the same order, in fewer batches. */
export async function* gather(
  batches: AsyncGenerator<Arrival>,
  { quietMs, mostMs }: GatherTimes = usual,
): AsyncGenerator<Arrival> {
  let next = batches.next();
  for (;;) {
    const first = await next;
    if (first.done === true) return;
    const { base } = first.value;
    const records = [...first.value.records];
    const begins = [...first.value.begins];
    const until = Date.now() + mostMs;
    next = batches.next();
    while (Date.now() < until) {
      const more = await Promise.race([next, sleep(quietMs)]);
      // The last one, and one of another time, are for the next turn.
      if (more === undefined || more.done === true || more.value.base !== base) break;
      for (const record of more.value.records) records.push(record);
      for (const begin of more.value.begins) begins.push(begin);
      next = batches.next();
    }
    yield { records, begins, base };
  }
}
