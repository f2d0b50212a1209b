// Damaged captures: what precedes the damage is delivered, the damage is named with its offset, and reading goes on behind it.

import { assert, constantFrom, integer, property, record } from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { type Reading, calls, read } from "./read-test.ts";
import * as w from "./write-test.ts";

const start = 1_700_000_000_000_000_000n;

/** A write that says its number in its result. */
function write(number: number): Uint8Array {
  const ts = start + BigInt(number) * 10n;
  return w.join([
    w.event(ts, 42, 8, [w.i64(3), w.u32(number)]),
    w.event(ts + 5n, 42, 9, [w.i64(number), new Uint8Array(8)]),
  ]);
}

const writes = [1, 2, 3, 4, 5, 6].map(write);
const sizes = writes.map((item) => item.length);
const head = w.join([w.section(), w.machine("host-a", start)]);
const whole = w.join([head, ...writes]);
/** Offset of write number `index`. */
function offsetOf(index: number): number {
  return sizes.slice(0, index).reduce((sum, size) => sum + size, head.length);
}

function results(reading: Reading): number[] {
  return reading.inputs.flatMap((input) => (input.kind === "call" ? [input.ret] : []));
}

function codes(reading: Reading): string[] {
  return reading.reader.diagnostics.map((item) => item.code);
}

/** A copy with the 32-bit word at `at` changed. */
function withWord(at: number, value: number): Uint8Array {
  const bytes = whole.slice();
  new DataView(bytes.buffer).setUint32(at, value, true);
  return bytes;
}

test("an untouched capture yields everything", () => {
  expect(results(read(whole))).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each([0, 1, 11, 0x7fff_ffff, 0xffff_ffff, limits.blockBytes.max, 4096, 37])(
  "an event block that claims %i bytes costs itself only",
  (length) => {
    const at = offsetOf(2);
    const reading = read(withWord(at + 4, length));
    // The entry is lost: its exit is there nevertheless, and says that its descriptor cannot be trusted.
    expect(results(reading)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(calls(reading)[2]).toBe("write 3 fd=3 unpaired");
    expect(codes(reading)).toEqual(["SF1101"]);
    expect(reading.reader.diagnostics[0]?.place.offset).toBe(at);
    expect(reading.inputs.filter((input) => input.kind === "gap")).toEqual([
      expect.objectContaining({ reason: "damaged", unit: "bytes", lost: 56, where: `byte ${at}` }),
    ]);
  },
);

test("a list block that claims too much, or does not repeat its length", () => {
  for (const bytes of [withWord(28 + 4, 0xffff_ffff), withWord(head.length - 4, 7)]) {
    const reading = read(bytes);
    expect(results(reading)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(codes(reading)).toEqual(["SF1101"]);
    expect(reading.inputs.some((input) => input.kind === "host")).toBe(false);
  }
});

test("a list block that claims more than there is swallows nothing", () => {
  const reading = read(withWord(28 + 4, 1 << 20));
  expect(results(reading)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(codes(reading)).toEqual(["SF1101"]);
});

test("a capture cut anywhere yields what was whole, and says that it was cut", () => {
  for (let length = 29; length < whole.length; length++) {
    const reading = read(whole.slice(0, length));
    const complete = [1, 2, 3, 4, 5, 6].filter((number) => offsetOf(number) <= length);
    expect(results(reading), `cut at ${length}`).toEqual(complete);
    const isBetweenBlocks = isBoundary(length);
    expect(codes(reading), `cut at ${length}`).toEqual(isBetweenBlocks ? [] : ["SF1102"]);
  }
});

function isBoundary(length: number): boolean {
  const view = new DataView(whole.buffer);
  let at = 0;
  while (at < length) at += view.getUint32(at + 4, true);
  return at === length;
}

test("bytes that belong to no block are stepped over", () => {
  const bytes = w.join([
    head,
    ...writes.slice(0, 3),
    new Uint8Array(1001).fill(0xa5),
    ...writes.slice(3),
  ]);
  const reading = read(bytes);
  expect(results(reading)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(reading.inputs.filter((input) => input.kind === "gap")).toEqual([
    expect.objectContaining({ lost: 1001, where: `byte ${offsetOf(3)}` }),
  ]);
});

test("parameters that overrun their event cost that event", () => {
  const at = offsetOf(2) + w.event(start, 42, 8, [w.i64(3), w.u32(1)]).length;
  const bytes = whole.slice();
  // Length of the exit's first parameter; then the number of parameters.
  for (const [offset, value] of [
    [at + 36, 0xffff],
    [at + 32, 0xffff_ffff],
  ] as const) {
    const copy = bytes.slice();
    if (value === 0xffff) new DataView(copy.buffer).setUint16(offset, value, true);
    else new DataView(copy.buffer).setUint32(offset, value, true);
    const reading = read(copy);
    expect(codes(reading)).toEqual(["SF1103"]);
    expect(results(reading)).toEqual([1, 2, 4, 5, 6]);
  }
});

test("a time that no clock shows costs its event", () => {
  const bytes = whole.slice();
  new DataView(bytes.buffer).setUint32(offsetOf(2) + 14, 0xf000_0000, true);
  const reading = read(bytes);
  expect(codes(reading)).toEqual(["SF1103"]);
  expect(results(reading)).toEqual([1, 2, 3, 4, 5, 6]);
});

test("an entry that overruns its list costs the rest of the list", () => {
  const process = { tid: 1, pid: 1, comm: "a", exe: "a", args: [], cwd: "/" };
  const list = w.processes(9, [process, { ...process, tid: 2 }, { ...process, tid: 3 }]);
  const second = 8 + new DataView(list.buffer).getUint32(8, true);
  for (const length of [3, 20, 0xffff_ffff]) {
    const copy = list.slice();
    new DataView(copy.buffer).setUint32(second, length, true);
    const reading = read(w.join([head, copy, ...writes]));
    expect(codes(reading)).toEqual(["SF1104"]);
    const threads = reading.inputs.flatMap((input) => (input.kind === "thread" ? [input.tid] : []));
    expect(threads).toEqual([1]);
    expect(results(reading)).toEqual([1, 2, 3, 4, 5, 6]);
  }
});

test("what is no capture is refused, and searched for events all the same", () => {
  const reading = read(w.join([new TextEncoder().encode("not a capture"), ...writes]));
  expect(codes(reading)).toEqual(["SF1100"]);
  expect(reading.reader.diagnostics[0]?.place.offset).toBe(0);
  expect(results(reading)).toEqual([1, 2, 3, 4, 5, 6]);
  const wrongMagic = read(withWord(8, 0x01020304));
  expect(codes(wrongMagic)).toEqual(["SF1100"]);
  expect(results(wrongMagic)).toEqual([1, 2, 3, 4, 5, 6]);
});

test("a capture of a big-endian machine is refused as one", () => {
  const bytes = whole.slice();
  new DataView(bytes.buffer).setUint32(4, 28, false);
  new DataView(bytes.buffer).setUint32(8, 0x1a2b3c4d, false);
  const reading = read(bytes, 100);
  expect(codes(reading)).toEqual(["SF1105"]);
  expect(results(reading)).toEqual([]);
});

test("nothing, and next to nothing", () => {
  expect(read(new Uint8Array(0)).inputs).toEqual([]);
  for (const length of [1, 7, 8, 11, 12, 27]) {
    const reading = read(whole.slice(0, length));
    expect(results(reading)).toEqual([]);
    expect(codes(reading).length).toBeGreaterThan(0);
  }
});

test("diagnostics are bounded, and the rest is counted", () => {
  const damaged = Array.from({ length: 300 }, (_, i) =>
    w.join([new Uint8Array(16).fill(0xa5), write(i)]),
  );
  const { reader } = read(w.join([head, ...damaged]));
  expect(reader.diagnostics).toHaveLength(limits.diagnostics.max);
  expect(reader.diagnosticsDropped).toBe(300 - limits.diagnostics.max);
});

test("damage does not depend on how the bytes are cut", () => {
  const words = constantFrom(0, 11, 36, 64, 4096, 0xffff, 0xffff_ffff, 0x216, 0x215, 0x0a0d0d0a);
  const edit = record({ at: integer({ min: 0, max: whole.length - 4 }), value: words });
  assert(
    property(edit, edit, integer({ min: 1, max: 90 }), (first, second, chunk) => {
      const bytes = withWord(first.at, first.value);
      new DataView(bytes.buffer).setUint32(second.at, second.value, true);
      const one = read(bytes);
      const other = read(bytes, chunk);
      expect(other.inputs).toEqual(one.inputs);
      expect(other.reader.diagnostics).toEqual(one.reader.diagnostics);
      expect(other.reader.counters.events).toBe(one.reader.counters.events);
    }),
    { numRuns: 2000, seed: 7 },
  );
});

test("so many diagnostics are kept; the rest is counted", () => {
  const broken = Array.from({ length: 150 }, (_, i) => write(i));
  for (const item of broken) new DataView(item.buffer).setUint32(14, 0xf000_0000, true);
  const { reader } = read(w.join([head, ...broken]));
  expect(reader.diagnostics.length).toBe(limits.diagnostics.max);
  expect(reader.diagnosticsDropped).toBe(150 - limits.diagnostics.max);
});
