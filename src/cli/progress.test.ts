import { expect, test } from "vitest";
import type { InputSummary } from "../pipeline/input.ts";
import type { Recording } from "../pipeline/recording.ts";
import { progressOf } from "./progress.ts";
import { silentTerminal } from "./terminal-test.ts";

async function* nothing(): ReturnType<Recording["batches"]> {
  // A recording whose records do not matter here.
}

test("progress is rare, and counts what was passed over", () => {
  const shown: (string | undefined)[] = [];
  let now = 0;
  const input: InputSummary = {
    path: "/no/such/file",
    format: "scap",
    bytes: 2_000_000,
    counters: undefined,
    unrecorded: new Map(),
    records: 0,
    diagnostics: 0,
    state: "whole",
  };
  const recording: Recording = {
    batches: nothing,
    inputs: [input],
    unreadable: 0,
    damaged: 0,
  };
  const progress = progressOf(
    silentTerminal({ progress: (text) => shown.push(text) }),
    recording,
    () => now,
  );
  for (let i = 0; i < 1000; i++) {
    now = i;
    progress(3);
  }
  // A thousand calls in a second of which each 200 ms shows one.
  expect(shown).toEqual([
    "2.00 MB, 603 records …",
    "2.00 MB, 1 203 records …",
    "2.00 MB, 1 803 records …",
    "2.00 MB, 2 403 records …",
  ]);
});
