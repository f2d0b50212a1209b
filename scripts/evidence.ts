// npm run evidence -- a: every promise of an issue as a row: item, command, figure, target; met, missed or not measured.
// Options: --quick leaves the benchmarks and the long fuzz out (not measured), --json, --only TEXT.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { corpusPath, hasCorpus, repositoryRoot } from "../test/corpus.ts";

export type Verdict = "met" | "missed" | "not measured";
export type Outcome = { readonly figure: string; readonly verdict: Verdict };
type Row = {
  readonly slice: number;
  readonly item: string;
  readonly command: string;
  readonly target: string;
  readonly slow?: boolean;
  readonly measure: () => Outcome;
};

const quick = process.argv.includes("--quick");

function command(line: string): {
  readonly status: number;
  readonly out: string;
  readonly err: string;
} {
  const result = spawnSync("bash", ["-c", line], {
    cwd: repositoryRoot,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, NO_COLOR: "1", C: corpusPath() },
  });
  return { status: result.status ?? -1, out: result.stdout, err: result.stderr };
}

function json(line: string): unknown {
  const result = command(line);
  try {
    return JSON.parse(result.out);
  } catch {
    throw new Error(`no JSON from ${line}: ${(result.err || result.out).slice(-300)}`);
  }
}

/** A member of an unknown value, or undefined. */
function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, key);
  }
  return found;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function verdict(met: boolean, figure: string): Outcome {
  return { figure, verdict: met ? "met" : "missed" };
}

/** A command whose exit code is the claim; the figure is its closing line. */
function holds(line: string): () => Outcome {
  return () => {
    const result = command(line);
    const closing =
      /\d+ passed, \d+ failed, \d+ skipped/.exec(result.out)?.[0] ??
      result.out.trim().split("\n").at(-1) ??
      "";
    const idle = closing.startsWith("0 passed");
    return verdict(result.status === 0 && !idle, closing || result.err.slice(-200).trim());
  };
}

function tests(pattern: string): { readonly command: string; readonly measure: () => Outcome } {
  const line = `npx vitest run ${pattern}`;
  return { command: line, measure: holds(`${line} --reporter=./test/reporter.ts`) };
}

const sysflow = "node bin/sysflow.mjs";

/** Record counts that the specification states for the three slices of the express recording. */
const express = { "mon.1531776682": 19_885, "mon.1531776712": 7_396, "mon.1531776742": 22_339 };

function countRecords(): Outcome {
  const found: string[] = [];
  let met = true;
  for (const [slice, expected] of Object.entries(express)) {
    const lines = command(
      `${sysflow} print $C/attacks/express/${slice}.sf --json | wc -l`,
    ).out.trim();
    found.push(lines);
    if (Number(lines) !== expected) met = false;
  }
  return verdict(met, found.join(" / "));
}

function readsCompletely(): Outcome {
  const result = command(`${sysflow} stats $C/traces $C/attacks --json`);
  const inputs = list(at(JSON.parse(result.out), "inputs"));
  const lost = at(JSON.parse(result.out), "lost", "total");
  const met = result.status === 0 && inputs.length === 11 && lost === 0 && result.err === "";
  return verdict(met, `${inputs.length} files, ${String(lost)} lost, exit ${result.status}`);
}

function conformance(): Outcome {
  const rows = list(at(json("npm run -s conformance -- --json"), "pairs"));
  const figure = rows
    .map((row) => `${String(at(row, "pair"))} ${(100 * Number(at(row, "share"))).toFixed(1)} %`)
    .join(", ");
  const met = rows.length >= 11 && rows.every((row) => at(row, "met") === true);
  return verdict(met, figure);
}

function sizes(pick: (total: unknown) => readonly [number, boolean, string]): () => Outcome {
  return () => {
    const rows = list(json("node scripts/run.mjs scripts/sizes.ts --json"));
    const [figure, met, unit] = pick(rows.at(-1));
    return verdict(met, `${figure.toFixed(2)} ${unit}`);
  };
}

const bytesOf = (total: unknown, key: string): number => Number(at(total, key));

let benchRows: readonly unknown[] | undefined;
function bench(pattern: RegExp): () => Outcome {
  return () => {
    benchRows ??= list(at(json("npm run -s bench -- --json"), "rows"));
    const rows = benchRows.filter((row) => pattern.test(String(at(row, "name"))));
    if (rows.length === 0) return { figure: "", verdict: "not measured" };
    const figure = rows
      .map((row) => `${Number(at(row, "figure")).toFixed(2)} ${String(at(row, "unit"))}`)
      .join(", ");
    return verdict(
      rows.every((row) => at(row, "met") === true),
      figure,
    );
  };
}

function storyOf(input: string): {
  readonly incidents: readonly unknown[];
  readonly status: number;
} {
  const result = command(`${sysflow} story ${input} --json`);
  return {
    incidents: list(at(JSON.parse(result.out || "{}"), "incidents")),
    status: result.status,
  };
}

function ordinaryWork(): Outcome {
  const claims: string[] = [];
  const names = command("ls $C/traces").out.trim().split("\n");
  for (const name of names.filter((file) => file !== "cron.sf")) {
    const { incidents } = storyOf(`$C/traces/${name}`);
    if (incidents.length > 0) claims.push(name);
  }
  return verdict(
    claims.length === 0,
    `${names.length - 1} files, ${claims.length} claims ${claims.join(" ")}`,
  );
}

function oneIncident(input: string): () => Outcome {
  return () => {
    const { incidents } = storyOf(input);
    const first = incidents[0];
    const steps = list(at(first, "steps")).length;
    return verdict(
      incidents.length === 1,
      `${incidents.length} incident(s), ${steps} steps, score ${String(at(first, "score"))}`,
    );
  };
}

function demo(): Outcome {
  const start = process.hrtime.bigint();
  const result = command("npm run -s demo");
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const closing = result.out.trim().split("\n").at(-1) ?? "";
  const met = result.status === 0 && seconds < 60 && /^1 incident · .* · no root$/.test(closing);
  return verdict(met, closing);
}

const rows: readonly Row[] = [
  {
    slice: 1,
    item: "express slices hold the specification's record counts",
    command: "sysflow print F --json | wc -l",
    target: "19885 / 7396 / 22339",
    measure: countRecords,
  },
  {
    slice: 1,
    item: "every file of traces/ and attacks/ reads completely",
    command: "sysflow stats $C/traces $C/attacks --json",
    target: "11 files, 0 lost, exit 0",
    measure: readsCompletely,
  },
  {
    slice: 1,
    item: "codec: avsc agrees, decode → encode is the identity, damage is survived",
    ...tests("src/wire/avro test/format"),
    target: "all pass",
  },
  {
    slice: 1,
    item: "tidy: ranks, purity, nothing knows the test data",
    ...tests("test/tidy.test.ts"),
    target: "all pass",
  },
  {
    slice: 2,
    item: "captures: every block, every chunking, sysdig agrees",
    ...tests("src/wire/scap"),
    target: "all pass",
  },
  {
    slice: 2,
    item: "conformance with the original's files",
    command: "npm run conformance",
    target: "100 % (mpm-event full ≥ 99.7 %)",
    measure: conformance,
  },
  {
    slice: 2,
    item: "Python's sysflow-tools prints our schema 5 as it prints the original's",
    ...tests("test/format/sysflow-tools.test.ts"),
    target: "all pairs equal",
  },
  {
    slice: 3,
    item: "no behaviour of --compat is missing in the default mode",
    ...tests("test/conformance/native.test.ts"),
    target: "all pairs",
  },
  {
    slice: 3,
    item: "default output ÷ original's bytes, all pairs",
    command: "node scripts/run.mjs scripts/sizes.ts",
    target: "≤ 0.6",
    measure: sizes((t) => {
      const r = bytesOf(t, "ours") / bytesOf(t, "original");
      return [r, r <= 0.6, "×"];
    }),
  },
  {
    slice: 3,
    item: "--compat output ÷ original's bytes, all pairs",
    command: "node scripts/run.mjs scripts/sizes.ts",
    target: "≤ 1.0",
    measure: sizes((t) => {
      const r = bytesOf(t, "compat") / bytesOf(t, "original");
      return [r, r <= 1, "×"];
    }),
  },
  {
    slice: 3,
    item: "gzipped captures ÷ default output, all pairs",
    command: "node scripts/run.mjs scripts/sizes.ts",
    target: "≥ 10",
    measure: sizes((t) => {
      const r = bytesOf(t, "gzipped") / bytesOf(t, "ours");
      return [r, r >= 10, "×"];
    }),
  },
  {
    slice: 3,
    item: "fastavro and Java's avro read schema 6",
    ...tests("test/format"),
    target: "all pass",
  },
  {
    slice: 3,
    item: "strace: every shape, every chunking, a program's own truth",
    ...tests("src/wire/strace src/testing"),
    target: "all pass",
  },
  {
    slice: 4,
    item: "rules: compiled = interpreted, packs pass their tests",
    ...tests("src/rule"),
    target: "all pass",
  },
  {
    slice: 4,
    item: "story on attacks/express: one path, steps of spec §8.1",
    ...tests("src/graph test/e2e/story.test.ts"),
    target: "all pass",
  },
  {
    slice: 4,
    item: "attacks/express is one incident",
    command: "sysflow story $C/attacks/express --json",
    target: "1 incident",
    measure: oneIncident("$C/attacks/express"),
  },
  {
    slice: 4,
    item: "attacks/shellshock.sf is one incident",
    command: "sysflow story $C/attacks/shellshock.sf --json",
    target: "1 incident",
    measure: oneIncident("$C/attacks/shellshock.sf"),
  },
  {
    slice: 4,
    item: "traces/cron.sf is one incident",
    command: "sysflow story $C/traces/cron.sf --json",
    target: "1 incident",
    measure: oneIncident("$C/traces/cron.sf"),
  },
  {
    slice: 4,
    item: "ordinary work claims no attack",
    command: "sysflow story $C/traces/X --json",
    target: "0 claims",
    measure: ordinaryWork,
  },
  {
    slice: 4,
    item: "lab: seeds change names, ports, language; the verdict stays",
    ...tests("lab"),
    target: "all pass",
  },
  {
    slice: 4,
    item: "demo",
    command: "npm run demo",
    target: "< 60 s; 1 incident · … · no root",
    measure: demo,
  },
  {
    slice: 4,
    item: "the outside of the program: exit codes, bad input, JSON shapes",
    ...tests("test/e2e"),
    target: "all pass",
  },
  {
    slice: 5,
    item: "convert ÷ sysdig CPU, 10 M events, default codec",
    command: "npm run bench",
    target: "≤ 1.5 (aim 1.0)",
    slow: true,
    measure: bench(/default codec/),
  },
  {
    slice: 5,
    item: "convert ÷ sysdig CPU, every open a new path",
    command: "npm run bench",
    target: "≤ 3 (aim 1.75)",
    slow: true,
    measure: bench(/new path/),
  },
  {
    slice: 5,
    item: "peak memory",
    command: "npm run bench",
    target: "≤ 100 MB (aim 70)",
    slow: true,
    measure: bench(/peak memory$/),
  },
  {
    slice: 5,
    item: "peak memory, 10 M ÷ 2.5 M events",
    command: "npm run bench",
    target: "≤ 1.15",
    slow: true,
    measure: bench(/of the long capture/),
  },
  {
    slice: 5,
    item: "decode ÷ avsc",
    command: "npm run bench",
    target: "≥ 3",
    slow: true,
    measure: bench(/^decode/),
  },
  {
    slice: 5,
    item: "encode ÷ avsc",
    command: "npm run bench",
    target: "≥ 4",
    slow: true,
    measure: bench(/^encode/),
  },
  {
    slice: 5,
    item: "start-up beyond bare node",
    command: "npm run bench",
    target: "≤ 80 ms (aim 50)",
    slow: true,
    measure: bench(/^start-up/),
  },
  {
    slice: 5,
    item: "mutated inputs: no crash, no hang, ≥ 60 % yield a record",
    command: "npm run fuzz -- --count 3000",
    target: "0 crashes, ≥ 60 %",
    measure: holds("npm run -s fuzz -- --count 3000"),
  },
  {
    slice: 5,
    item: "tests pass on Node 20.19, 22 and 24",
    command: "bash scripts/node-versions.sh",
    target: "3 versions pass",
    slow: true,
    measure: holds("bash scripts/node-versions.sh"),
  },
];

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
