// One measured figure with its target, and the page that holds them: docs/reference/performance.md, a chapter for each benchmark.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "../test/corpus.ts";

export type Row = {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  /** "≤ 1.5" or "≥ 3". */
  readonly target: string;
  readonly met: boolean;
  readonly detail: string;
};

export const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Linux ${release()}, Node ${process.version}`;

export function bound(
  name: string,
  figure: number,
  limit: number,
  unit: string,
  detail: string,
): Row {
  return { name, figure, unit, target: `≤ ${limit}`, met: figure <= limit, detail };
}

export function floor(
  name: string,
  figure: number,
  limit: number,
  unit: string,
  detail: string,
): Row {
  return { name, figure, unit, target: `≥ ${limit}`, met: figure >= limit, detail };
}

function digits({ figure, unit }: Row): number {
  if (unit === "×" || Math.abs(figure) < 10) return 2;
  return Math.abs(figure) < 100 && unit === "%" ? 1 : 0;
}

export function table(rows: readonly Row[]): string {
  const lines = ["| measure | figure | target | | detail |", "|---|---|---|---|---|"];
  for (const row of rows) {
    const figure = `${row.figure.toFixed(digits(row))} ${row.unit}`;
    lines.push(
      `| ${row.name} | ${figure} | ${row.target} | ${row.met ? "met" : "missed"} | ${row.detail} |`,
    );
  }
  return lines.join("\n");
}

const titles = {
  captures: "",
  probe: "## The probe",
} as const;

const introductions = {
  captures: [
    "# Performance",
    "",
    "Written by `npm run bench -- --write` and `npm run bench -- probe --write`; do not edit. Ratios are medians of round-by-round ratios",
    "in one interleaved run; absolute figures are for orientation.",
  ],
  probe: [
    titles.probe,
    "",
    "Added time is processor time of the traced thread: the tenth percentile of equal slices, paired with a run without a probe in the",
    "same round; the median of the rounds.",
  ],
} as const;

/** Replaces one chapter of the page; the other stays as it was measured. */
export function writeChapter(name: keyof typeof titles, rows: string, closing: string): void {
  const path = join(repositoryRoot, "docs", "reference", "performance.md");
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const at = before.indexOf(titles.probe);
  const captures = at < 0 ? before : before.slice(0, at);
  const probe = at < 0 ? "" : before.slice(at);
  const chapter = `${[...introductions[name], "", rows, "", closing].join("\n")}\n`;
  const chapters = name === "captures" ? [chapter, probe] : [captures, chapter];
  writeFileSync(
    path,
    `${chapters
      .map((text) => text.trim())
      .filter((text) => text !== "")
      .join("\n\n")}\n`,
  );
}
