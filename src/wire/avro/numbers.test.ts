// Numbers of entities: bounded, whatever comes; what ended is forgotten some time later.

import { expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { Numbers } from "./numbers.ts";

test("an entity keeps its number; the oldest goes when there are too many, and gets another one", () => {
  const numbers = new Numbers<string>(2);
  expect([numbers.add("a"), numbers.add("b")]).toEqual([1, 2]);
  expect(numbers.get("a")).toBe(1);
  expect(numbers.add("c")).toBe(3);
  expect(numbers.get("a")).toBeUndefined();
  expect(numbers.add("a")).toBe(4);
  expect(numbers.size).toBe(2);
});

test("what ended is known for a while, then forgotten: processes that come and go do not pile up", () => {
  const numbers = new Numbers<number>(limits.processes.max);
  const count = 3 * limits.departed.max;
  for (let key = 0; key < count; key++) {
    numbers.add(key);
    numbers.end(key);
  }
  expect(numbers.size).toBe(limits.departed.max);
  expect(numbers.get(count - 1)).toBe(count);
  expect(numbers.get(0)).toBeUndefined();
});
