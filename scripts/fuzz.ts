// `npm run fuzz -- [FORMAT…] [--count N] [--seed S] [--from N] [--seconds T] [--slow MS] [--out DIR]`: mutated inputs by the thousand.
// What crashes or takes too long is written to DIR and fails the run. --print N writes input number N of one format to standard output.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeInput, printReport, runFuzz } from "../test/fuzz/harness.ts";
import { fuzzTargets } from "../test/fuzz/targets.ts";

/** The share of inputs that must yield records, in per cent. */
const fruitfulMin = 60;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    seconds: { type: "string" },
    slow: { type: "string", default: "500" },
    out: { type: "string", default: ".cache/fuzz" },
    print: { type: "string" },
  },
});

const unknown = positionals.filter((name) => !fuzzTargets.some((target) => target.name === name));
if (unknown.length > 0) {
  const names = fuzzTargets.map((target) => target.name).join(", ");
  process.stderr.write(`unknown format ${unknown.join(", ")}; there are ${names}\n`);
  process.exit(2);
}
const targets = fuzzTargets.filter(
  (target) => positionals.length === 0 || positionals.includes(target.name),
);
const seed = Number(values.seed);
let failed = false;
for (const target of targets) {
  if (values.print !== undefined) {
    process.stdout.write(makeInput(target, target.seeds(), seed, Number(values.print)));
    continue;
  }
  const report = runFuzz(target, {
    seed,
    from: Number(values.from),
    count: Number(values.count),
    slowMs: Number(values.slow),
    ...(values.seconds === undefined ? {} : { seconds: Number(values.seconds) }),
    onFailure: (failure) => {
      mkdirSync(values.out, { recursive: true });
      const path = join(values.out, `${target.name}-${seed}-${failure.number}.${failure.kind}`);
      writeFileSync(path, failure.bytes);
      process.stderr.write(`${path}: ${failure.message}\n`);
    },
  });
  process.stdout.write(`${printReport(report)}\n`);
  const fruitful = (100 * report.fruitful) / Math.max(1, report.tried);
  if (report.crashes + report.slow + report.chunks > 0 || fruitful < fruitfulMin) failed = true;
}
process.exitCode = failed ? 1 : 0;
