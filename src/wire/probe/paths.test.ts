// Paths by number: put together from their components, and bounded.

import { expect, test } from "vitest";
import { probeFrame } from "../../model/probe.ts";
import { PathTable, pathOf } from "./paths.ts";
import { bytesOf, message } from "./sample-test.ts";

function learn(table: PathTable, id: number, text: string): boolean {
  const components = bytesOf(text);
  const frame = message("path", { id, bytes: components.length }, components);
  const words = new Int32Array(frame.buffer, 0, frame.length >> 2);
  return table.learn(frame, words, probeFrame.size, frame.length);
}

test("components come leaf first; none is the root; a beginning that was too far up is said to be missing", () => {
  const bytes = bytesOf("c\0b\0a\0");
  expect(pathOf(bytes, 0, bytes.length)).toBe("/a/b/c");
  expect(pathOf(bytes, 0, 0)).toBe("/");
  expect(pathOf(bytes, 0, bytes.length, true)).toBe(".../a/b/c");
});

test("a text that is longer than its message is refused", () => {
  const table = new PathTable();
  const frame = message("path", { id: 1, bytes: 100 }, bytesOf("a\0"));
  const words = new Int32Array(frame.buffer);
  expect(table.learn(frame, words, probeFrame.size, frame.length)).toBe(false);
  expect(table.get(1)).toBeUndefined();
});

test("the table is bounded: what is used stays, what is forgotten is counted and unknown", () => {
  const table = new PathTable(100);
  for (let id = 1; id <= 1000; id++) {
    expect(learn(table, id, `f${id}\0`)).toBe(true);
    expect(table.get(1)?.path).toBe("/f1");
  }
  expect(table.size).toBeLessThanOrEqual(100);
  expect(table.evicted).toBeGreaterThanOrEqual(890);
  expect(table.unknown).toBe(0);
  expect(table.get(500)).toBeUndefined();
  expect(table.unknown).toBe(1);
});
