// Size of the probe, and how soon it is there.

import { readFileSync, readdirSync, statSync } from "node:fs";
import { Probe, statusOf } from "../../test/probe/client.ts";
import { probeBinary } from "../../test/probe/machine.ts";
import { type Row, bound } from "../row.ts";

function mapBytes(pid: number): number {
  let bytes = 0;
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
    if (/^map_id:/m.test(info)) bytes += Number(/^memlock:\s*(\d+)/m.exec(info)?.[1] ?? 0);
  }
  return bytes;
}

export async function size(): Promise<Row[]> {
  let best = Number.POSITIVE_INFINITY;
  let resident = 0;
  let maps = 0;
  let wall = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 5; tries++) {
    const probe = await Probe.start();
    const { pid } = probe;
    const running = Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]);
    best = Math.min(best, running / 1e9);
    wall = Math.min(wall, probe.startMs / 1000);
    await probe.run(["true"]);
    resident = Math.max(resident, Number.parseInt(statusOf(pid, "VmHWM"), 10) / 1024);
    maps = Math.max(maps, mapBytes(pid) / 2 ** 20);
    await probe.stop();
  }
  return [
    bound("probe, binary", statSync(probeBinary).size / 1024, 300, "KiB", "static, stripped"),
    bound("probe, peak memory", resident, 4, "MB", "resident"),
    bound("probe, kernel maps", maps, 32, "MB", "as locked memory"),
    bound("probe, start to attached, CPU", best, 0.3, "s", `best of 5; ${wall.toFixed(2)} s wall`),
  ];
}
