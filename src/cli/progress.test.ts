import { expect, test } from "vitest";
import type { Recording } from "../pipeline/recording.ts";
import { progressOf } from "./progress.ts";
import type { Terminal } from "./verb.ts";

function terminalOf(shown: (string | undefined)[]): Terminal {
  return {
    write: () => Promise.resolve(),
    note: () => undefined,
    report: () => undefined,
    progress: (text) => shown.push(text),
    color: false,
    columns: 80,
    isTerminal: false,
    debug: false,
    quiet: false,
    interrupted: { aborted: false },
  };
}

test("progress is rare, and counts what was passed over", () => {
  const shown: (string | undefined)[] = [];
  let now = 0;
  const input = { path: "/no/such/file", bytes: 2_000_000 };
  const recording = { inputs: [input] } as unknown as Recording;
  const progress = progressOf(terminalOf(shown), recording, () => now);
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
