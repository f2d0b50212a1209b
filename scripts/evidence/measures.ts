// How the claims of the evidence are measured: each makes a figure and says whether it is what was promised.

import { spawnSync } from "node:child_process";
import { itemsOf, memberAt } from "../../src/base/json.ts";
import { corpusPath, repositoryRoot } from "../../test/corpus.ts";

export type Verdict = "met" | "missed" | "not measured";
export type Outcome = { readonly figure: string; readonly verdict: Verdict };

export function command(line: string): {
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

export function json(line: string): unknown {
  const result = command(line);
  try {
    return JSON.parse(result.out);
  } catch {
    throw new Error(`no JSON from ${line}: ${(result.err || result.out).slice(-300)}`);
  }
}

export function verdict(met: boolean, figure: string): Outcome {
  return { figure, verdict: met ? "met" : "missed" };
}

/** A command whose exit code is the claim; the figure is its closing line. */
export function holds(line: string): () => Outcome {
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

export function tests(pattern: string): {
  readonly command: string;
  readonly measure: () => Outcome;
} {
  const line = `npx vitest run ${pattern}`;
  return { command: line, measure: holds(`${line}`) };
}

export const sysflow = "node bin/sysflow.mjs";

/** Record counts that the specification states for the three slices of the express recording. */
export const express = {
  "mon.1531776682": 19_885,
  "mon.1531776712": 7_396,
  "mon.1531776742": 22_339,
};

export function countRecords(): Outcome {
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

export function readsCompletely(): Outcome {
  const result = command(`${sysflow} stats $C/traces $C/attacks --json`);
  const inputs = itemsOf(memberAt(JSON.parse(result.out), "inputs"));
  const lost = memberAt(JSON.parse(result.out), "lost", "total");
  const met = result.status === 0 && inputs.length === 11 && lost === 0 && result.err === "";
  return verdict(met, `${inputs.length} files, ${String(lost)} lost, exit ${result.status}`);
}

export function conformance(): Outcome {
  const rows = itemsOf(memberAt(json("npm run -s conformance -- --json"), "pairs"));
  const figure = rows
    .map(
      (row) =>
        `${String(memberAt(row, "pair"))} ${(100 * Number(memberAt(row, "share"))).toFixed(1)} %`,
    )
    .join(", ");
  const met = rows.length >= 11 && rows.every((row) => memberAt(row, "pass") === true);
  return verdict(met, figure);
}

export function sizes(pick: (total: unknown) => readonly [number, boolean, string]): () => Outcome {
  return () => {
    const rows = itemsOf(json("node scripts/run.mjs scripts/sizes.ts --json"));
    const [figure, met, unit] = pick(rows.at(-1));
    return verdict(met, `${figure.toFixed(2)} ${unit}`);
  };
}

export const bytesOf = (total: unknown, key: string): number => Number(memberAt(total, key));

const benchRows = new Map<string, readonly unknown[]>();

/** Rows of a benchmark whose names match; it runs once, however many rows ask. */
export function bench(pattern: RegExp, line = "npm run -s bench -- --json"): () => Outcome {
  return () => {
    let all = benchRows.get(line);
    if (all === undefined) {
      all = itemsOf(memberAt(json(line), "rows"));
      benchRows.set(line, all);
    }
    const rows = all.filter((row) => pattern.test(String(memberAt(row, "name"))));
    if (rows.length === 0) return { figure: "", verdict: "not measured" };
    const figure = rows
      .map(
        (row) => `${Number(memberAt(row, "figure")).toFixed(2)} ${String(memberAt(row, "unit"))}`,
      )
      .join(", ");
    return verdict(
      rows.every((row) => memberAt(row, "met") === true),
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
    incidents: itemsOf(memberAt(JSON.parse(result.out || "{}"), "incidents")),
    status: result.status,
  };
}

export function ordinaryWork(): Outcome {
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

export function oneIncident(input: string): () => Outcome {
  return () => {
    const { incidents } = storyOf(input);
    const first = incidents[0];
    const steps = itemsOf(memberAt(first, "steps")).length;
    return verdict(
      incidents.length === 1,
      `${incidents.length} incident(s), ${steps} steps, score ${String(memberAt(first, "score"))}`,
    );
  };
}

export function demo(): Outcome {
  const start = process.hrtime.bigint();
  const result = command("npm run -s demo");
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const closing = result.out.trim().split("\n").at(-1) ?? "";
  const met = result.status === 0 && seconds < 60 && /^1 incident · .* · no root$/.test(closing);
  return verdict(met, closing);
}

/** CPU of one raw event after the kernel: socket bytes, decoding, flows, encoding. */
export function rawEvent(): Outcome {
  const result = command("node scripts/run.mjs bench/probe-decode.ts");
  const figure = /raw event: ([\d.]+) µs/.exec(result.out)?.[1];
  if (figure === undefined) throw new Error(result.err.slice(-200));
  return verdict(Number(figure) <= 0.4, `${figure} µs`);
}

/** What only a machine with root, BTF and the built probe can show. */
export function probeTests(pattern: string): {
  readonly command: string;
  readonly measure: () => Outcome;
} {
  const line = `npx vitest run ${pattern}`;
  return {
    command: line,
    measure: () => {
      const { figure, verdict: found } = holds(line)();
      const skipped = / ([1-9]\d*) skipped/.exec(figure)?.[1];
      return { figure, verdict: skipped === undefined ? found : "not measured" };
    },
  };
}
