// Converts every capture of the corpus' pairs as the original did (`--compat`) and compares with the file that the original wrote.
// One row per pair; exit code 1 when a pair is under its floor. `--json` for machines, `--show N` prints differences.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type Comparison,
  compareRecords,
  convertCapture,
  floorOf,
  readSysFlow,
} from "../test/conformance/compare.ts";
import { corpusPath } from "../test/corpus.ts";

type Row = Comparison & {
  readonly pair: string;
  readonly ours: number;
  readonly floor: number;
  readonly pass: boolean;
};

function rowOf(folder: string, pair: string): Row {
  const { records, base } = convertCapture(join(folder, `${pair}.scap`), {
    mode: "compat",
    exporter: "tests",
  });
  const golden = readSysFlow(join(folder, `${pair}.sf`), base);
  const comparison = compareRecords(records, golden, base);
  const floor = floorOf(pair);
  return { ...comparison, pair, ours: records.length, floor, pass: comparison.share >= floor };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share === 1 ? 0 : 2)} %`;
}

function main(args: readonly string[]): number {
  const folder = corpusPath("pairs");
  if (!existsSync(folder)) {
    process.stderr.write(
      `no pairs: ${folder} does not exist (SYSFLOW_TEST_CORPUS names the corpus)\n`,
    );
    return 3;
  }
  const wanted = args.filter((word, i) => !word.startsWith("-") && args[i - 1] !== "--show");
  const rows: Row[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith(".scap")) continue;
    const pair = name.slice(0, -".scap".length);
    if (wanted.length > 0 && !wanted.some((word) => pair.includes(word))) continue;
    if (existsSync(join(folder, `${pair}.sf`))) rows.push(rowOf(folder, pair));
  }
  const pass = rows.length > 0 && rows.every((row) => row.pass);
  if (args.includes("--json")) {
    const pairs = rows.map(({ missing, extra, ...row }) => ({
      ...row,
      missing: missing.length,
      extra: extra.length,
    }));
    process.stdout.write(`${JSON.stringify({ pairs, pass })}\n`);
    return pass ? 0 : 1;
  }
  printRows(rows);
  const show = args.includes("--show") ? Number(args[args.indexOf("--show") + 1] ?? 10) : 0;
  for (const row of rows) {
    for (const line of row.missing.slice(0, show)) process.stdout.write(`- ${line}\n`);
    for (const line of row.extra.slice(0, show)) process.stdout.write(`+ ${line}\n`);
  }
  return pass ? 0 : 1;
}

function printRows(rows: readonly Row[]): void {
  const width = Math.max(4, ...rows.map((row) => row.pair.length));
  const head = `${"pair".padEnd(width)}  golden    ours   equal     share    floor  verdict\n`;
  process.stdout.write(head);
  for (const { pair, golden, ours, equal, share, floor, pass } of rows) {
    const cells = [golden, ours, equal].map((count) => String(count).padStart(6)).join("  ");
    const shares = `${percent(share).padStart(8)} ${percent(floor).padStart(8)}`;
    process.stdout.write(`${pair.padEnd(width)}  ${cells}  ${shares}  ${pass ? "pass" : "FAIL"}\n`);
  }
}

process.exitCode = main(process.argv.slice(2));
