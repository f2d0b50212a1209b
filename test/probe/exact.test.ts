// Exactness: what the probe adds up is what the program counted itself, for every process and object. Any difference fails.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Probe } from "./client.ts";
import type { Fold } from "./fold.ts";
import { canProbe, program } from "./machine.ts";
import { compareWithProbe, readTruth } from "./truth.ts";

const folder = canProbe ? mkdtempSync(join(tmpdir(), "sysflow-exact-")) : "";
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seeds = Number(process.env["SYSFLOW_PROBE_SEEDS"] ?? 6);

/** Nothing was lost, left over or broken. */
function expectSound(fold: Fold): void {
  expect(fold.wrong).toEqual([]);
  const { controlLost, flowsLost, flowsUntracked, dirtyLost, processesLost, rawLost } = fold.stats;
  expect({ controlLost, flowsLost, flowsUntracked, dirtyLost, processesLost, rawLost }).toEqual({
    controlLost: 0,
    flowsLost: 0,
    flowsUntracked: 0,
    dirtyLost: 0,
    processesLost: 0,
    rawLost: 0,
  });
}

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
});
