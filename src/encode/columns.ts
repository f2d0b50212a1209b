// Columns on a terminal: how wide each becomes, and lines made of them. What is in the cells is table.ts' business.

import { displayWidth, fit, fitStart, padEnd, padStart } from "./width.ts";

export type Column = {
  readonly title: string;
  readonly right?: boolean;
  /** Cells that it may take at most; the rest is cut. */
  readonly max: number;
  /** Cells that it keeps when there is too little room. */
  readonly min: number;
  /** Gets what is left over, and gives first. */
  readonly grows?: boolean;
  /** Cut at the end instead of in the middle. */
  readonly cutEnd?: boolean;
};

export type Cell = {
  readonly text: string;
  readonly paint?: ((text: string) => string) | undefined;
  /** Cut at the end, whatever its column does: a command line. */
  readonly cutEnd?: boolean;
};

/** Widths for the rows seen so far; columns that are empty in all of them get 0 and are left out. */
export function measure(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  total: number,
  gap: number,
): readonly number[] {
  const widths = columns.map((column, i) => {
    const wanted = Math.max(0, ...rows.map((row) => displayWidth(row[i]?.text ?? "")));
    if (wanted === 0) return 0;
    return Math.min(column.max, Math.max(wanted, displayWidth(column.title), column.min));
  });
  let over = sum(widths) + gap * (widths.filter((width) => width > 0).length - 1) - total;
  // The growing columns give first, then the others from the right.
  const givers = [...columns.keys()].sort(
    (a, b) => Number(columns[b]?.grows ?? false) - Number(columns[a]?.grows ?? false) || b - a,
  );
  for (const i of givers) {
    const width = widths[i] ?? 0;
    // A number cut short would be another number.
    const spare = columns[i]?.right === true ? 0 : Math.max(0, width - (columns[i]?.min ?? 0));
    const give = Math.min(spare, Math.max(0, over));
    widths[i] = width - give;
    over -= give;
  }
  const growing = columns.findLastIndex((column) => column.grows === true);
  if (over < 0 && growing >= 0) {
    // Later rows may hold longer texts than the ones measured.
    widths[growing] = (widths[growing] ?? 0) - over;
  }
  return widths;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function printLine(
  columns: readonly Column[],
  widths: readonly number[],
  cells: readonly Cell[],
  gap: number,
): string {
  const parts: string[] = [];
  columns.forEach((column, i) => {
    const width = widths[i] ?? 0;
    if (width === 0) return;
    const cell: Cell = cells[i] ?? { text: "" };
    const cutEnd = cell.cutEnd ?? column.cutEnd === true;
    const text = cutEnd ? fitStart(cell.text, width) : fit(cell.text, width);
    const painted = cell.paint === undefined ? text : cell.paint(text);
    const blank = column.right === true ? padStart("", width - displayWidth(text)) : "";
    const rest = column.right === true ? "" : padEnd("", width - displayWidth(text));
    parts.push(`${blank}${painted}${rest}`);
  });
  return `${parts.join(" ".repeat(gap)).trimEnd()}\n`;
}
