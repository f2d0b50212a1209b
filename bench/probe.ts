// npm run bench -- probe: what the kernel probe costs those it watches and those it does not, and what it carries to user space.
// Options: --rounds N, --seconds N (of the raw rate, 30 in full), --json, --write (a chapter of docs/reference/performance.md),
// --peer libs PATH (bench/probe/peer.ts). Needs root, BTF, gcc and the built probe; records only what it starts.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whyNoProbe } from "../test/probe/machine.ts";
import { addedTime } from "./probe/added.ts";
import { carried, textOfTheSameRun } from "./probe/carried.ts";
import { size } from "./probe/size.ts";
import { keepAlive, rawRate } from "./probe/throughput.ts";
import { type Row, machine, table, writeChapter } from "./row.ts";

/** Figures to standard output; the exit code says whether all targets were met. */
export async function benchProbe(options: readonly string[]): Promise<number> {
  const valueOf = (name: string): string | undefined => {
    const at = options.indexOf(name);
    return at < 0 ? undefined : options[at + 1];
  };
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const why = whyNoProbe();
  if (why !== undefined) {
    say(`the probe cannot be measured here: ${why}`);
    return 1;
  }
  const rounds = Number(valueOf("--rounds") ?? 7);
  const seconds = Number(valueOf("--seconds") ?? 30);
  const peer = valueOf("--peer") === "libs" ? options[options.indexOf("--peer") + 2] : undefined;
  const folder = mkdtempSync(join(tmpdir(), "sysflow-bench-"));
  const file = join(folder, "read");
  writeFileSync(file, "x");
  const rows: Row[] = [];
  const skipped: string[] = [
    "bytes as audit text: no audit daemon that writes about these processes alone",
  ];
  try {
    say("added time …");
    rows.push(...(await addedTime(file, rounds, peer, skipped)));
    say("messages …");
    rows.push(...(await carried(folder, skipped)));
    rows.push(...(await textOfTheSameRun(folder, skipped)));
    say("throughput …");
    rows.push(...(await keepAlive(rounds, skipped)));
    rows.push(await rawRate(seconds));
    rows.push(...(await size()));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (options.includes("--json")) {
    process.stdout.write(`${JSON.stringify({ machine, rounds, seconds, rows, skipped })}\n`);
  } else process.stdout.write(`${table(rows)}\n\n${machine}; ${rounds} interleaved rounds\n`);
  for (const reason of skipped) say(`not measured: ${reason}`);
  if (options.includes("--write")) {
    const missing = skipped.map((reason) => `Not measured: ${reason}.`).join("\n");
    writeChapter("probe", table(rows), `${machine}; ${rounds} rounds.\n\n${missing}`);
  }
  return rows.every((row) => row.met) ? 0 : 1;
}
