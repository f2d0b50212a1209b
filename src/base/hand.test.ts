// The hand of a bounded map: it goes round, and holds nothing while it rests.

import { expect, test } from "vitest";
import { heldOf } from "./garbage-test.ts";
import { Hand } from "./hand.ts";

test("it goes round, over what was added meanwhile, and never over what is gone", () => {
  const map = new Map([
    [1, "a"],
    [2, "b"],
    [3, "c"],
  ]);
  const hand = new Hand(map);
  expect([hand.next(), hand.next()]).toEqual(["a", "b"]);
  map.delete(3);
  map.set(4, "d");
  hand.added();
  expect([hand.next(), hand.next(), hand.next()]).toEqual(["d", "a", "b"]);
  map.clear();
  expect(hand.next()).toBeUndefined();
});

test("while nobody has to go, what comes and goes is not held", async () => {
  const map = new Map<number, object>();
  const hand = new Hand(map);
  map.set(-1, {});
  hand.next();
  const watched: WeakRef<object>[] = [];
  for (let i = 0; i < 100_000; i++) {
    const entry = { i };
    if (i % 1000 === 0) watched.push(new WeakRef(entry));
    map.set(i, entry);
    hand.added();
    map.delete(i - 100);
  }
  expect(await heldOf(watched)).toBeLessThanOrEqual(5);
  expect(hand.next()).toBeDefined();
});
