// A short run of the fuzzer on every format, and whether the fuzzer itself can be trusted. `npm run fuzz` runs it for longer.

import { expect, test } from "vitest";
import { type FuzzFailure, type FuzzTarget, makeInput, runFuzz } from "./harness.ts";
import { parseCapture, printCapture } from "./scap.ts";
import { generatedCaptures } from "./scap-seeds.ts";
import { fuzzTargets } from "./targets.ts";

const count = 800;

test.each(fuzzTargets)(
  "$name: nothing crashes, hangs, or depends on how the bytes are cut",
  (target) => {
    const failures: string[] = [];
    const report = runFuzz(target, {
      seed: 20,
      count,
      slowMs: 1000,
      onFailure: (failure) =>
        failures.push(`#${failure.number} ${failure.kind}: ${failure.message}`),
    });
    expect(failures).toEqual([]);
    expect(report.tried).toBe(count);
    expect(report.fruitful / report.tried).toBeGreaterThan(0.6);
  },
);

test.each(fuzzTargets)("$name: a number names the same input everywhere", (target) => {
  const seeds = target.seeds();
  expect(makeInput(target, seeds, 3, 77)).toEqual(makeInput(target, target.seeds(), 3, 77));
  expect(makeInput(target, seeds, 3, 77)).not.toEqual(makeInput(target, seeds, 3, 78));
});

test("an untouched capture is put together as it was taken apart", () => {
  for (const capture of generatedCaptures())
    expect(printCapture(parseCapture(capture))).toEqual(capture);
});

test("the fuzzer notices a reader that throws, one that is slow, and one that looks at pieces", () => {
  const target = fuzzTargets[0];
  if (target === undefined) throw new Error("no target");
  const broken = (open: FuzzTarget["format"]["open"]): FuzzFailure["kind"][] => {
    const kinds: FuzzFailure["kind"][] = [];
    const format = { ...target.format, open };
    const onFailure = (failure: FuzzFailure): void => void kinds.push(failure.kind);
    runFuzz({ ...target, format }, { seed: 1, count: 3, slowMs: 20, onFailure });
    return [...new Set(kinds)];
  };
  expect(
    broken(() => {
      throw new Error("broken on purpose");
    }),
  ).toEqual(["crash"]);
  const slow = broken((options) => {
    const before = process.cpuUsage();
    while (process.cpuUsage(before).user < 30_000);
    return target.format.open(options);
  });
  expect(slow).toContain("slow");
  const pieces = broken((options) => {
    const opened = target.format.open(options);
    if (opened.kind === "syscalls") {
      const { reader } = opened;
      const push = reader.push.bind(reader);
      reader.push = (bytes) => push(bytes.length < 100 ? bytes.slice(1) : bytes);
    }
    return opened;
  });
  expect(pieces).toContain("chunks");
});
