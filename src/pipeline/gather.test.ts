import { expect, test } from "vitest";
import type { Record } from "../model/record.ts";
import { sampleProcess } from "../model/sample-test.ts";
import { type Arrival, gather } from "./gather.ts";

const proc = sampleProcess({ host: { id: "h" }, pid: 7 });

function event(ts: number): Record {
  return { type: "PE", proc, ts, tid: 7, ops: 0, args: [], ret: 0 };
}

/** A source that is asked by hand. */
class Hand {
  #waiting: ((result: IteratorResult<Arrival>) => void)[] = [];
  #ready: IteratorResult<Arrival>[] = [];

  give(base: bigint, ...times: number[]): void {
    this.#settle({ done: false, value: { records: times.map(event), begins: [], base } });
  }

  end(): void {
    this.#settle({ done: true, value: undefined });
  }

  #settle(result: IteratorResult<Arrival>): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#ready.push(result);
    else waiting(result);
  }

  async *batches(): AsyncGenerator<Arrival> {
    for (;;) {
      const ready = this.#ready.shift();
      const result =
        ready ??
        (await new Promise<IteratorResult<Arrival>>((resolve) => {
          this.#waiting.push(resolve);
        }));
      if (result.done === true) return;
      yield result.value;
    }
  }
}

function timesOf(result: IteratorResult<Arrival>): number[] | undefined {
  if (result.done === true) return undefined;
  return result.value.records.map((record) => ("ts" in record ? record.ts : 0));
}

test("what comes in one moment is one batch; the end, and another base, begin a new one", async () => {
  const hand = new Hand();
  const gathered = gather(hand.batches(), { quietMs: 30, mostMs: 1000 });
  hand.give(0n, 1, 2);
  hand.give(0n, 3);
  hand.give(9n, 4);
  hand.end();
  expect(timesOf(await gathered.next())).toEqual([1, 2, 3]);
  expect(timesOf(await gathered.next())).toEqual([4]);
  expect(timesOf(await gathered.next())).toBeUndefined();
});

test("a batch does not wait for one that does not come", async () => {
  const hand = new Hand();
  const gathered = gather(hand.batches(), { quietMs: 1, mostMs: 1000 });
  hand.give(0n, 1);
  expect(timesOf(await gathered.next())).toEqual([1]);
  const second = gathered.next();
  hand.give(0n, 2);
  hand.end();
  expect(timesOf(await second)).toEqual([2]);
});

test("a stream that never pauses is cut all the same", async () => {
  async function* endless(): AsyncGenerator<Arrival> {
    for (let i = 0; ; i++) yield { records: [event(i)], begins: [], base: 0n };
  }
  const gathered = gather(endless(), { quietMs: 5, mostMs: 5 });
  const first = timesOf(await gathered.next()) ?? [];
  const second = timesOf(await gathered.next()) ?? [];
  // Nothing is lost between the two.
  expect(second[0]).toBe(first.length);
});
