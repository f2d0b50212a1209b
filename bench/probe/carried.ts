// What one run is in messages and bytes: folded in the kernel, as raw messages of both ends of every call, and as strace's text.

import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { Probe, type ProbeMode, sleep, startStopped, statusOf } from "../../test/probe/client.ts";
import { type Workload, compilation, http, redis } from "../../test/probe/workloads.ts";
import { canTrace } from "../../test/probe/machine.ts";
import { type Row, bound, floor } from "../row.ts";

/** wrk's count; 1 for work that is always the same. */
export function requestsOf(output: string): number {
  return Number(/(\d+) requests in/.exec(output)?.[1] ?? 1);
}

type Carried = { readonly records: number; readonly requests: number };

async function run(work: Workload, mode: ProbeMode): Promise<Carried> {
  const probe = await Probe.start({ mode });
  const done = await probe.run(work.command);
  const fold = await probe.stop();
  const lost = (fold.stats["rawLost"] ?? 0) + (fold.stats["controlLost"] ?? 0);
  if (lost > 0) throw new Error(`${work.name}: ${lost} messages were lost`);
  // What a logger would send: the calls, and nothing of what only our raw mode adds.
  const raw = fold.total("raw") + fold.total("rawEnter");
  return {
    records: mode === "aggregate" ? fold.records : raw,
    requests: requestsOf(done.output()),
  };
}

export async function carried(folder: string, skipped: string[]): Promise<Row[]> {
  const works: readonly [Workload | undefined, number, string][] = [
    [redis(folder, 40_000), 1000, "redis-benchmark"],
    [http(true, 3), 1000, "HTTP keep-alive"],
    [compilation(folder, 30), 8, "make"],
    [http(false, 3), 10, "one connection per request"],
  ];
  const rows: Row[] = [];
  for (const [work, target, name] of works) {
    if (work === undefined) {
      skipped.push(`${name}: not installed`);
      continue;
    }
    const ours = await run(work, "aggregate");
    const raw = await run(work, "raw-enter");
    const ratio = raw.records / raw.requests / (ours.records / ours.requests);
    const detail = `${ours.records} messages for ${ours.requests} requests; raw ${raw.records} for ${raw.requests}`;
    rows.push(floor(`raw enter + exit ÷ aggregate, messages, ${name}`, ratio, target, "×", detail));
  }
  return rows;
}

export async function textOfTheSameRun(folder: string, skipped: string[]): Promise<Row[]> {
  const work = compilation(folder, 30);
  if (work === undefined || !canTrace) {
    skipped.push("strace's text of the same run: make or strace is missing");
    return [];
  }
  const log = join(folder, "strace.text");
  const probe = await Probe.start();
  const started = await startStopped(work.command);
  await probe.select(started.pid);
  // Beside it, not inside: what strace itself does is no part of the run.
  const tracing = ["-f", "-y", "-ttt", "-q", "-o", log, "-p", String(started.pid)];
  const strace = spawn("strace", tracing, { stdio: "ignore" });
  const traced = new Promise<void>((resolve) => strace.on("close", () => resolve()));
  for (let tries = 0; tries < 500 && statusOf(started.pid, "TracerPid") === "0"; tries++) {
    await sleep(10);
  }
  started.go();
  await started.ended;
  await traced;
  await probe.stop();
  const text = statSync(log).size;
  const detail = `${(probe.bytes / 1e6).toFixed(2)} MB beside ${(text / 1e6).toFixed(2)} MB`;
  return [
    bound("bytes of make ÷ strace's text of it", (probe.bytes / text) * 100, 25, "%", detail),
  ];
}
