import { expect, test } from "vitest";
import { corpusPath, hasCorpus } from "../../../test/corpus.ts";
import type { GapReason, GapRecord } from "../../model/record.ts";
import { openRecording } from "../../pipeline/recording.ts";
import { Tally } from "./tally.ts";

function gap(reason: GapReason, lost: number): GapRecord {
  const host = { id: "host" };
  return { type: "G", host, ts: 0, endTs: 0, reason, lost, unit: "events", where: undefined };
}

test("losses add up by reason; an unknown amount is not nothing", () => {
  const tally = new Tally();
  tally.add([gap("dropped", 5), gap("dropped", 7), gap("evicted", -1)], 0n);
  expect(tally.lost(0)).toEqual({ total: 13, reasons: { dropped: 12, evicted: 1 } });
});

test("damage that no gap record tells of counts once for each input", () => {
  const tally = new Tally();
  expect(tally.lost(0)).toEqual({ total: 0, reasons: {} });
  expect(tally.lost(2)).toEqual({ total: 2, reasons: { damaged: 2 } });
  tally.add([gap("truncated", 9)], 0n);
  expect(tally.lost(1)).toEqual({ total: 9, reasons: { truncated: 9 } });
});

// The totals are the specification's, counted by another reader (format spec §7.2).
test.skipIf(!hasCorpus).for([
  ["mon.1531776682.sf", 19_885],
  ["mon.1531776712.sf", 7_396],
  ["mon.1531776742.sf", 22_339],
] as const)("%s holds %i records", async ([name, total]) => {
  const recording = openRecording([corpusPath("attacks", "express", name)], {
    report: (item) => expect(item).toBeUndefined(),
  });
  const tally = new Tally();
  for await (const { records, base } of recording.batches()) tally.add(records, base);
  expect([...tally.records.values()].reduce((sum, count) => sum + count, 0)).toBe(total);
  expect(tally.lost(recording.damaged).total).toBe(0);
});
