// Progress of long work on stderr, at most a few times a second: what was read, of how much where that is known.

import { statSync } from "node:fs";
import { countNoun, printBytes } from "../encode/units.ts";
import type { Recording } from "../pipeline/recording.ts";
import type { Terminal } from "./verb.ts";

const intervalMs = 200;

/** Returns a function to call after every batch; it is cheap to call too often. */
export function progressOf(
  terminal: Terminal,
  recording: Recording,
  clock: () => number = Date.now,
): (records: number) => void {
  let records = 0;
  let shownAt = clock();
  return (more) => {
    records += more;
    const now = clock();
    // Short work ends before its progress would be read.
    if (now - shownAt < intervalMs) return;
    shownAt = now;
    terminal.progress(`${readSoFar(recording)}, ${countNoun(records, "record")} …`);
  };
}

function readSoFar(recording: Recording): string {
  let read = 0;
  let total = 0;
  for (const input of recording.inputs) {
    read += input.bytes;
    total += sizeOf(input.path) ?? Number.NaN;
  }
  if (Number.isNaN(total) || total === 0) return printBytes(read);
  return `${printBytes(read)} of ${printBytes(total)} (${Math.floor((100 * read) / total)} %)`;
}

/** Undefined for pipes and for what has gone. */
function sizeOf(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true ? stat.size : undefined;
}
