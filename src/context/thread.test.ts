import fc from "fast-check";
import { expect, test } from "vitest";
import { Thread, ThreadTable } from "./thread.ts";

type PlainThread = Thread<undefined, undefined>;

test("the table is a map, but for what it forgets, and that it counts and tells", () => {
  const steps = fc.array(
    fc.record({
      tid: fc.integer({ min: 1, max: 12 }),
      op: fc.constantFrom("add", "get", "delete"),
    }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const max = 5;
      const model = new Map<number, PlainThread>();
      let replaced = 0;
      let told = 0;
      const table = new ThreadTable<undefined, undefined>(
        (thread) => {
          told += 1;
          model.delete(thread.tid);
        },
        true,
        max,
      );
      for (const { tid, op } of list) {
        if (op === "add") {
          if (model.has(tid)) replaced += 1;
          const thread = new Thread<undefined, undefined>(tid, tid);
          table.add(thread);
          model.set(tid, thread);
        } else if (op === "delete") {
          const thread = model.get(tid);
          if (thread !== undefined) table.delete(thread);
          model.delete(tid);
        } else expect(table.get(tid)).toBe(model.get(tid));
        expect(table.size).toBe(model.size);
        expect(table.size).toBeLessThanOrEqual(max);
      }
      expect(told).toBe(table.evicted + replaced);
    }),
  );
});

test("the thread that was used most recently is not the one that goes", () => {
  const gone: number[] = [];
  const table = new ThreadTable<undefined, undefined>((thread) => gone.push(thread.tid), true, 3);
  for (const tid of [1, 2, 3, 4]) table.add(new Thread<undefined, undefined>(tid, tid));
  table.get(2);
  table.add(new Thread<undefined, undefined>(5, 5));
  expect(gone).not.toContain(2);
  expect(gone).toHaveLength(2);
});

test("a leader stands for its process after it ended, where that is wanted", () => {
  for (const outlives of [true, false]) {
    const table = new ThreadTable<undefined, undefined>(() => undefined, outlives);
    const leader = new Thread<undefined, undefined>(1, 1);
    const thread = new Thread<undefined, undefined>(2, 1);
    table.add(leader);
    table.add(thread);
    expect(table.leaderOf(thread)).toBe(leader);
    table.delete(leader);
    expect(table.leaderOf(thread)).toBe(outlives ? leader : thread);
  }
});
