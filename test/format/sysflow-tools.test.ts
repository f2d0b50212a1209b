// The original's own Python library (sysflow-tools) is the oracle: it must print the same events and flows from our schema 5 as
// from the file that the original collector wrote.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { corpusPath, hasCorpus, repositoryRoot } from "../corpus.ts";
import { needsBuild, scratchFolder, sysflow } from "../e2e/sysflow.ts";

needsBuild();
const folder = scratchFolder();
const python = join(repositoryRoot, ".cache", "python", "bin", "python");
const script = join(repositoryRoot, "test", "format", "flows.py");
const hasTools = spawnSync(python, ["-c", "import sysflow"]).status === 0;

function flowsOf(path: string): string[] {
  const result = spawnSync(python, [script, path], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(result.stderr);
  return result.stdout.trimEnd().split("\n");
}

/** Lines of a that are not in b, each as often as it is missing. */
function missing(a: readonly string[], b: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of b) left.set(line, (left.get(line) ?? 0) + 1);
  return a.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}

const pairs = hasCorpus
  ? readdirSync(corpusPath("pairs"))
      .filter((name) => name.endsWith(".scap"))
      .map((name) => name.slice(0, -5))
  : [];

/** The one pair where the original's own versions differ (format spec §7.4). */
const shareMin = (pair: string): number => (pair.includes("full") ? 0.997 : 1);

test.skipIf(!hasTools || !hasCorpus).for(pairs)("%s", (pair) => {
  const ours = join(folder.path, `${pair}.sf`);
  const input = corpusPath("pairs", `${pair}.scap`);
  const args = ["convert", input, "-o", ours, "--compat", "--exporter", "tests", "--quiet"];
  expect(sysflow(args).status).toBe(0);
  const golden = flowsOf(corpusPath("pairs", `${pair}.sf`));
  const printed = flowsOf(ours);
  const lost = missing(golden, printed);
  const extra = missing(printed, golden);
  if (shareMin(pair) === 1) {
    expect({ lost, extra }).toEqual({ lost: [], extra: [] });
  }
  expect(lost.length).toBeLessThanOrEqual(golden.length * (1 - shareMin(pair)));
  expect(extra.length).toBeLessThanOrEqual(golden.length * (1 - shareMin(pair)));
});
