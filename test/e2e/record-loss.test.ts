// Messages about processes that found no room: who was missed is looked up and recorded all the same. With the probe's own healing
// switched off nobody is told of it, and the same process stays unknown.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Process } from "../../src/model/entity.ts";
import type { GapRecord } from "../../src/model/record.ts";
import { ProbeRecording } from "../../src/pipeline/probe-recording.ts";
import { Command } from "../../src/source/command.ts";
import { ProbeSource } from "../../src/source/probe.ts";
import { canProbe, probeBinary } from "../probe/machine.ts";
import { scratchFolder } from "./sysflow.ts";

const scratch = scratchFolder();

type Outcome = {
  readonly lost: number;
  /** Bytes written to the file, and by whom. */
  readonly written: number;
  readonly writer: Process | undefined;
  readonly gaps: readonly GapRecord[];
};

/**
 * A ring of 4 KiB that nobody empties while forty programs run: the beginning of the last process, which writes a file later, is
 * not told.
 */
async function run(name: string, more: readonly string[]): Promise<Outcome> {
  const folder = join(scratch.path, name);
  mkdirSync(folder);
  const file = join(folder, "late");
  const late = `sleep 2; echo healed > ${file}`;
  const storm = "i=0; while [ $i -lt 40 ]; do /bin/true; i=$((i + 1)); done";
  const command = await Command.start(["sh", "-c", `${storm}; sh -c '${late}' & wait`]);
  const source = new ProbeSource({
    binary: probeBinary,
    mode: "aggregate",
    owner: undefined,
    more: ["--control-ring", "4", ...more],
  });
  expect(await source.start()).toBeUndefined();
  const recording = new ProbeRecording(source, { report: () => undefined });
  let written = 0;
  let writer: Process | undefined;
  const gaps: GapRecord[] = [];
  const reading = (async () => {
    for await (const { records } of recording.batches()) {
      for (const record of records) {
        if (record.type === "G") gaps.push(record);
        if (record.type !== "FF" || record.file.path !== file) continue;
        written += record.wbytes;
        writer = record.proc;
      }
    }
  })();
  expect(await source.select({ kind: "processes", pids: [command.pid] })).toEqual([]);
  source.stall(1500);
  command.run();
  await command.ended;
  await source.stop();
  await reading;
  return { lost: source.stats.controlLost, written, writer, gaps };
}

describe.skipIf(!canProbe)("messages that found no room", () => {
  test("the process that was missed is known, and what it wrote is", async () => {
    const { lost, written, writer } = await run("healed", []);
    expect(lost).toBeGreaterThan(40);
    expect(written).toBe(7);
    expect(writer).toMatchObject({ known: true, exe: expect.stringMatching(/sh$/) });
    expect(writer?.args).toContain("echo healed");
  });

  test("without healing it is not, and the loss is told", async () => {
    const { lost, writer, gaps } = await run("not-healed", ["--no-heal"]);
    expect(lost).toBeGreaterThan(40);
    expect(writer?.args ?? "").not.toContain("sleep 2");
    expect(gaps.reduce((sum, gap) => sum + gap.lost, 0)).toBeGreaterThan(40);
  });
});
