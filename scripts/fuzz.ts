// `npm run fuzz -- [FORMAT…] [--count N] [--seed S] [--from N] [--seconds T] [--slow MS] [--hang S] [--out DIR]`: mutated inputs by the
// thousand. What crashes, hangs or takes too long is written to DIR and fails the run. --print N writes input number N of one format to
// standard output. The work is done in a thread, so that a hang is seen.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker, isMainThread, workerData } from "node:worker_threads";
import { type FuzzTarget, makeInput, printReport, runFuzz } from "../test/fuzz/harness.ts";
import { fuzzTargets } from "../test/fuzz/targets.ts";

/** The share of inputs that must yield records, in per cent. */
const fruitfulMin = 60;
const watchEveryMs = 500;

const { values, positionals } = parseArgs({
  args: isMainThread ? process.argv.slice(2) : workerData.args,
  allowPositionals: true,
  options: {
    count: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    seconds: { type: "string" },
    slow: { type: "string", default: "500" },
    hang: { type: "string", default: "30" },
    out: { type: "string", default: ".cache/fuzz" },
    print: { type: "string" },
  },
});
const seed = Number(values.seed);

function save(target: FuzzTarget, number: number, kind: string, message: string): void {
  mkdirSync(values.out, { recursive: true });
  const path = join(values.out, `${target.name}-${seed}-${number}.${kind}`);
  writeFileSync(path, makeInput(target, target.seeds(), seed, number));
  process.stderr.write(`${path}: ${message}\n`);
}

/** Runs one format; true: nothing failed. */
function work(target: FuzzTarget, progress: Int32Array): boolean {
  const report = runFuzz(target, {
    seed,
    from: Number(values.from),
    count: Number(values.count),
    slowMs: Number(values.slow),
    ...(values.seconds === undefined ? {} : { seconds: Number(values.seconds) }),
    onStart: (number) => Atomics.store(progress, 0, number),
    onFailure: (failure) => save(target, failure.number, failure.kind, failure.message),
  });
  process.stdout.write(`${printReport(report)}\n`);
  const fruitful = (100 * report.fruitful) / Math.max(1, report.tried);
  return report.crashes + report.slow + report.chunks === 0 && fruitful >= fruitfulMin;
}

/** Starts the thread for one format and watches it; false: something failed, or it had to be stopped. */
function watch(target: FuzzTarget): Promise<boolean> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  Atomics.store(progress, 0, -1);
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { args: process.argv.slice(2), name: target.name, progress },
  });
  return new Promise((resolve) => {
    let last = -1;
    let since = performance.now();
    const timer = setInterval(() => {
      const number = Atomics.load(progress, 0);
      if (number !== last) {
        last = number;
        since = performance.now();
      } else if (number >= 0 && performance.now() - since > Number(values.hang) * 1000) {
        clearInterval(timer);
        save(target, number, "hang", `no end after ${values.hang} s`);
        void worker.terminate().then(() => resolve(false));
      }
    }, watchEveryMs);
    worker.on("error", (error) => {
      process.stderr.write(`${target.name}: ${error.stack ?? error.message}\n`);
    });
    worker.on("exit", (code) => {
      clearInterval(timer);
      resolve(code === 0);
    });
  });
}

async function main(): Promise<void> {
  const unknown = positionals.filter((name) => !fuzzTargets.some((target) => target.name === name));
  if (unknown.length > 0) {
    const names = fuzzTargets.map((target) => target.name).join(", ");
    process.stderr.write(`unknown format ${unknown.join(", ")}; there are ${names}\n`);
    process.exitCode = 2;
    return;
  }
  for (const target of fuzzTargets) {
    if (positionals.length > 0 && !positionals.includes(target.name)) continue;
    if (values.print !== undefined) {
      process.stdout.write(makeInput(target, target.seeds(), seed, Number(values.print)));
    } else if (!(await watch(target))) process.exitCode = 1;
  }
}

if (isMainThread) await main();
else {
  const target = fuzzTargets.find((item) => item.name === workerData.name);
  if (target === undefined || !work(target, workerData.progress)) process.exitCode = 1;
}
