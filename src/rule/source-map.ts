// Offsets into a YAML scalar's value → line and column of the file. Folding and indentation change white space only, so the
// characters that are not white space are counted.

import type { Place } from "../model/diagnostic.ts";

export type Lines = { readonly text: string; readonly starts: readonly number[] };

export function linesOf(text: string): Lines {
  const starts = [0];
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return { text, starts };
}

/** Line and column, both from 1. */
export function placeAt(lines: Lines, offset: number, path: string | undefined): Place {
  let low = 0;
  let high = lines.starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lines.starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return { path, offset, line: low + 1, column: offset - (lines.starts[low] ?? 0) + 1 };
}

/** Where the character at `offset` of the value stands in the file; `start` and `end` are the scalar's borders there. */
export function offsetInFile(
  text: string,
  start: number,
  end: number,
  value: string,
  offset: number,
): number {
  let from = start;
  const first = text.charAt(start);
  if (first === "|" || first === ">") from = text.indexOf("\n", start) + 1;
  else if (first === '"' || first === "'") from = start + 1;
  let wanted = 0;
  for (let i = 0; i < offset; i++) if (!/\s/.test(value.charAt(i))) wanted += 1;
  for (let i = from; i < end; i++) {
    if (/\s/.test(text.charAt(i))) continue;
    if (wanted === 0) return i;
    wanted -= 1;
  }
  return Math.max(from, end - 1);
}
