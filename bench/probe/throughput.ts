// Work done per second of processor time with and without the probe, and the rate that raw mode carries without a loss.

import { Probe, startStopped } from "../../test/probe/client.ts";
import { program } from "../../test/probe/machine.ts";
import { http } from "../../test/probe/workloads.ts";
import { median } from "../measure.ts";
import { type Row, bound, floor } from "../row.ts";
import { stormFolder } from "./added.ts";
import { requestsOf } from "./carried.ts";

type Served = { readonly requests: number; readonly perCpuSecond: number };

async function serve(watched: boolean): Promise<Served> {
  const work = http(true, 3);
  if (work === undefined) throw new Error("wrk is missing");
  const probe = watched ? await Probe.start() : undefined;
  const started = await startStopped(work.command);
  await probe?.select(started.pid);
  started.go();
  await started.ended;
  await probe?.stop();
  const output = started.output();
  const requests = requestsOf(output);
  // The server's own /proc/PID/stat: user and system time in hundredths of a second.
  const line = output.split("\n").find((text) => /^\d+ \(/.test(text)) ?? "";
  const stat = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const cpu = (Number(stat[11]) + Number(stat[12])) / 100;
  return { requests, perCpuSecond: requests / cpu };
}

export async function keepAlive(rounds: number, skipped: string[]): Promise<Row[]> {
  if (http(true, 1) === undefined) {
    skipped.push("HTTP keep-alive throughput: wrk is missing");
    return [];
  }
  const cpu: number[] = [];
  const wall: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = await serve(round % 2 === 1);
    const second = await serve(round % 2 === 0);
    const [without, watched] = round % 2 === 1 ? [second, first] : [first, second];
    cpu.push(1 - watched.perCpuSecond / without.perCpuSecond);
    wall.push(1 - watched.requests / without.requests);
  }
  const detail = `median of ${rounds} pairs; by the clock on the wall ${(median(wall) * 100).toFixed(1)} %`;
  return [
    bound(
      "HTTP keep-alive, requests per CPU-second of the server lost",
      median(cpu) * 100,
      5,
      "%",
      detail,
    ),
  ];
}

/** Two threads of calls, one for each processor, and a reader beside them. */
export async function rawRate(seconds: number): Promise<Row> {
  const probe = await Probe.start({ mode: "raw-enter", passOver: true });
  const command = [program("storm", stormFolder), "for", String(seconds)];
  const works = [await startStopped(command), await startStopped(command)];
  for (const work of works) await probe.select(work.pid);
  const begin = performance.now();
  for (const work of works) work.go();
  await Promise.all(works.map((work) => work.ended));
  const took = (performance.now() - begin) / 1000;
  const fold = await probe.stop();
  const sent = fold.stats["rawSent"] ?? 0;
  const lost = fold.stats["rawLost"] ?? 0;
  const row = floor(
    `raw mode, messages per second for ${seconds} s without a loss`,
    sent / took / 1e6,
    1,
    "M/s",
    `${(sent / 1e6).toFixed(1)} M messages, ${lost} lost`,
  );
  return { ...row, met: row.met && lost === 0 };
}
