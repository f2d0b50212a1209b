// npm run evidence -- a: every promise of an issue as a row: item, command, figure, target; met, missed or not measured.
// Options: --quick leaves the benchmarks and the long fuzz out (not measured), --json, --only TEXT.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasCorpus, repositoryRoot } from "../test/corpus.ts";
import { type Outcome, command } from "./evidence/measures.ts";
import { probeRows } from "./evidence/probe-rows.ts";
import { type Row, rows as spineRows } from "./evidence/rows.ts";

const rows: readonly Row[] = [...spineRows, ...probeRows];
const quick = process.argv.includes("--quick");

function run(row: Row): Outcome {
  if (row.slow === true && quick) return { figure: "", verdict: "not measured" };
  if (/\$C|conformance|sizes/.test(row.command) && !hasCorpus) {
    return { figure: "corpus missing", verdict: "not measured" };
  }
  try {
    return row.measure();
  } catch (error) {
    return { figure: error instanceof Error ? error.message.slice(0, 200) : "", verdict: "missed" };
  }
}

function main(): void {
  const issue = process.argv[2] ?? "";
  if (issue !== "a") {
    process.stderr.write("usage: npm run evidence -- a [--quick] [--json] [--only TEXT]\n");
    process.exitCode = 2;
    return;
  }
  if (!existsSync(join(repositoryRoot, "dist", "sysflow.mjs"))) command("node scripts/build.mjs");
  const only = process.argv.includes("--only")
    ? process.argv[process.argv.indexOf("--only") + 1]
    : undefined;
  const asJson = process.argv.includes("--json");
  const results: object[] = [];
  if (!asJson)
    process.stdout.write(
      "| slice | item | command | figure | target | |\n|---|---|---|---|---|---|\n",
    );
  let missed = 0;
  for (const row of rows) {
    if (only !== undefined && !row.item.includes(only) && String(row.slice) !== only) continue;
    const outcome = run(row);
    if (outcome.verdict !== "met") missed += 1;
    const { slice, item, target } = row;
    results.push({ slice, item, command: row.command, target, ...outcome });
    if (!asJson) {
      const cells = [slice, item, `\`${row.command}\``, outcome.figure, target, outcome.verdict];
      process.stdout.write(`| ${cells.join(" | ")} |\n`);
    }
  }
  if (asJson) process.stdout.write(`${JSON.stringify({ issue, rows: results })}\n`);
  else process.stdout.write(`\n${results.length - missed} of ${results.length} met\n`);
  process.exitCode = missed === 0 ? 0 : 1;
}

main();
