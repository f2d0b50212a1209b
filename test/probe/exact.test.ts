// Exactness: what the probe adds up is what the program counted itself, what its raw messages add up to, and what strace saw, for
// every process and object. Any difference fails.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Probe } from "./client.ts";
import { compareWithRaw, compareWithStrace, expectSound } from "./compare.ts";
import { canProbe, canTrace, program, whyNoProbe } from "./machine.ts";
import { readStrace, straceArguments } from "./strace.ts";
import { compareWithProbe, readTruth } from "./truth.ts";
import { type Workload, compilation, diskCopies, http, redis, transfers } from "./workloads.ts";

const folder = canProbe ? mkdtempSync(join(tmpdir(), "sysflow-exact-")) : "";
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seeds = Number(process.env["SYSFLOW_PROBE_SEEDS"] ?? 5);

const roomForRaw = ["--flow-ring", "16384"];
/** Every step of strace is a ptrace call, and each is told. */
const roomForStrace = ["--control-ring", "8192"];

describe.skipIf(!canProbe)("a program that juggles descriptors", () => {
  for (let seed = 1; seed <= seeds; seed++) {
    test(`seed ${seed}: aggregate = its own truth`, async () => {
      const log = join(folder, `aggregate${seed}`);
      const probe = await Probe.start();
      await probe.run([program("fd-juggle"), String(seed), "1500", log]);
      const fold = await probe.stop();
      expectSound(fold);
      expect(compareWithProbe(readTruth(log), fold)).toEqual([]);
    });
  }

  for (const seed of [101, 102]) {
    test(`seed ${seed}: aggregate = raw = its own truth, in one run`, async () => {
      const log = join(folder, `both${seed}`);
      const probe = await Probe.start({ mode: "both", more: roomForRaw });
      await probe.run([program("fd-juggle"), String(seed), "1500", log]);
      const fold = await probe.stop();
      expectSound(fold);
      expect(compareWithProbe(readTruth(log), fold)).toEqual([]);
      expect(compareWithRaw(fold)).toEqual([]);
      expect(fold.total("raw")).toBeGreaterThan(1000);
    });
  }

  test.skipIf(!canTrace)("aggregate = strace = its own truth, in one run", async () => {
    const log = join(folder, "traced");
    const trace = join(folder, "traced.strace");
    const probe = await Probe.start({ more: roomForStrace });
    const juggle = [program("fd-juggle"), "103", "400", log];
    await probe.run(["strace", ...straceArguments, "-o", trace, "--", ...juggle]);
    const fold = await probe.stop();
    expectSound(fold);
    expect(compareWithProbe(readTruth(log), fold)).toEqual([]);
    expect(compareWithStrace(fold, readStrace(trace))).toEqual([]);
  });
});

const works: readonly (Workload | undefined)[] = canProbe
  ? [
      diskCopies(folder, 3000),
      transfers(folder),
      redis(folder, 5000),
      compilation(folder, 8),
      http(true, 2),
      http(false, 2),
    ]
  : [];

test.skipIf(!canProbe || process.env["CI"] === undefined)("nothing is left out in CI", () => {
  expect(whyNoProbe()).toBeUndefined();
  expect(canTrace).toBe(true);
  expect(works).not.toContain(undefined);
});

describe.skipIf(!canProbe)("ordinary work", () => {
  for (const work of works) {
    if (work === undefined) continue;
    test(`${work.name}: aggregate = raw for each flow`, async () => {
      const probe = await Probe.start({ mode: "both", more: roomForRaw });
      await probe.run(work.command);
      const fold = await probe.stop();
      expectSound(fold);
      expect(compareWithRaw(fold)).toEqual([]);
      expect(fold.flows.size).toBeGreaterThan(5);
    });

    test.skipIf(!canTrace)(`${work.name}: aggregate = strace for each process`, async () => {
      const trace = join(folder, `${work.name.replaceAll(/\W/g, "-")}.strace`);
      const probe = await Probe.start({ more: roomForStrace });
      await probe.run(["strace", ...straceArguments, "-o", trace, "--", ...work.command]);
      const fold = await probe.stop();
      expectSound(fold);
      const strace = readStrace(trace);
      expect(compareWithStrace(fold, strace)).toEqual([]);
      expect(strace.of.size).toBeGreaterThan(0);
    });
  }
});
