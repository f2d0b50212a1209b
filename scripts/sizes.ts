// Sizes over the recorded pairs: capture, gzipped capture, the original's file, ours in both modes. `--json` for machines.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { corpusPath, hasCorpus, repositoryRoot } from "../test/corpus.ts";

export type SizeRow = {
  readonly pair: string;
  readonly capture: number;
  readonly gzipped: number;
  readonly original: number;
  readonly ours: number;
  readonly compat: number;
};

const sysflow = join(repositoryRoot, "bin", "sysflow.mjs");

function convertedSize(input: string, output: string, ...more: readonly string[]): number {
  const args = [sysflow, "convert", input, "-o", output, "--quiet", "--exporter", "tests", ...more];
  const result = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`convert ${input}: ${result.stderr}`);
  return statSync(output).size;
}

export function measureSizes(): SizeRow[] {
  const folder = mkdtempSync(join(tmpdir(), "sysflow-sizes-"));
  try {
    return readdirSync(corpusPath("pairs"))
      .filter((name) => name.endsWith(".scap"))
      .sort()
      .map((name) => {
        const pair = name.slice(0, -".scap".length);
        const input = corpusPath("pairs", name);
        const bytes = readFileSync(input);
        return {
          pair,
          capture: bytes.length,
          gzipped: gzipSync(bytes, { level: 6 }).length,
          original: statSync(corpusPath("pairs", `${pair}.sf`)).size,
          ours: convertedSize(input, join(folder, `${pair}.6.sf`)),
          compat: convertedSize(input, join(folder, `${pair}.5.sf`), "--compat"),
        };
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function totalSizes(rows: readonly SizeRow[]): SizeRow {
  const sum = (key: Exclude<keyof SizeRow, "pair">): number =>
    rows.reduce((total, row) => total + row[key], 0);
  return {
    pair: "all",
    capture: sum("capture"),
    gzipped: sum("gzipped"),
    original: sum("original"),
    ours: sum("ours"),
    compat: sum("compat"),
  };
}

function ratio(a: number, b: number): string {
  return `${(a / b).toFixed(a / b < 3 ? 2 : 1)}×`;
}

function main(): void {
  if (!hasCorpus) {
    process.stderr.write("the corpus is not here: set SYSFLOW_TEST_CORPUS\n");
    process.exitCode = 6;
    return;
  }
  const rows = measureSizes();
  const all = [...rows, totalSizes(rows)];
  if (process.argv.includes("--json")) {
    process.stdout.write(`${JSON.stringify(all)}\n`);
    return;
  }
  const lines = [
    "| capture | bytes | gzipped | original .sf | ours | ours ÷ original | compat ÷ original | capture ÷ ours | gzipped ÷ ours |",
    "|---|---|---|---|---|---|---|---|---|",
  ];
  for (const row of all) {
    const cells = [
      row.pair,
      row.capture,
      row.gzipped,
      row.original,
      row.ours,
      ratio(row.ours, row.original),
      ratio(row.compat, row.original),
      ratio(row.capture, row.ours),
      ratio(row.gzipped, row.ours),
    ];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}

if (process.argv[1]?.includes("sizes") === true) main();
