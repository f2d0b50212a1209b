// Small rings and a reader that stands still: flows wait in the kernel and none is lost; lost control messages are told as DIRTY.
// With either safeguard switched off, the same run shows the loss.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Probe, startStopped } from "./client.ts";
import type { Fold } from "./fold.ts";
import { canProbe, program } from "./machine.ts";

const folder = canProbe ? mkdtempSync(join(tmpdir(), "sysflow-rings-")) : "";
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const flows = 10_000;
const children = 1_000;

/** The reader stands still for so long; the work is done meanwhile. */
const stallMs = Number(process.env["SYSFLOW_PROBE_STALL_MS"] ?? 10_000);

type Outcome = { readonly fold: Fold; readonly opens: number; readonly written: number };

async function stalled(name: string, ...more: readonly string[]): Promise<Outcome> {
  const probe = await Probe.start({ more: ["--control-ring", "64", ...more] });
  const path = join(folder, name);
  const command = [program("many-flows"), path, String(flows), String(children)];
  const work = await startStopped(command);
  await probe.select(work.pid);
  const answer = probe.command("stall", 0, stallMs);
  work.go();
  await work.ended;
  expect(await answer).toBe(0);
  const fold = await probe.stop();
  let opens = 0;
  let written = 0;
  for (const flow of fold.flows.values()) {
    if (fold.paths.get(flow.path) !== path) continue;
    opens += flow.opens;
    written += flow.wbytes;
  }
  return { fold, opens, written };
}

const all = flows + children;

describe.skipIf(!canProbe)("a reader that stands still", () => {
  test(`256 KiB: none of ${all} flows is lost, and control losses are told`, async () => {
    const { fold, opens, written } = await stalled("kept", "--flow-ring", "256");
    expect(fold.wrong).toEqual([]);
    expect(fold.stats["flowsLost"]).toBe(0);
    expect(fold.stats["flowsParked"]).toBeGreaterThan(flows / 2);
    expect(fold.stats["flowsCollected"]).toBe(fold.stats["flowsParked"]);
    expect({ opens, written }).toEqual({ opens: all, written: all });
    expect(fold.stats["controlLost"]).toBeGreaterThan(0);
    expect(fold.stats["dirtyLost"]).toBe(0);
    const told = fold.dirty.reduce(
      (sum, { forks, execs, exits }) => sum + forks + execs + exits,
      0,
    );
    expect(told).toBe(fold.stats["controlLost"]);
  });

  test("64 KiB: the same", async () => {
    const { fold, opens, written } = await stalled("small", "--flow-ring", "64");
    expect(fold.wrong).toEqual([]);
    expect(fold.stats["flowsLost"]).toBe(0);
    expect({ opens, written }).toEqual({ opens: all, written: all });
  });

  test("without parking, flows are lost, and counted", async () => {
    const { fold, opens } = await stalled("dropped", "--flow-ring", "256", "--no-park");
    expect(fold.stats["flowsLost"]).toBeGreaterThan(flows / 2);
    expect(opens).toBe(all - (fold.stats["flowsLost"] ?? 0));
  });

  test("without healing, nobody is told whose control messages were lost", async () => {
    const { fold } = await stalled("unhealed", "--flow-ring", "256", "--no-heal");
    expect(fold.stats["controlLost"]).toBeGreaterThan(0);
    expect(fold.dirty).toEqual([]);
  });
});
