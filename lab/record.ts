// Turns a run into files that can be kept: the strace log packed, the SysFlow file made from it where the program is built, and the
// truth beside them.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { recordBenign } from "./benign.ts";
import { runIntrusion } from "./intrusion.ts";
import type { ProbeRecorder } from "./probe.ts";
import { labFolder, type StageMode } from "./stage.ts";

type Say = (line: string) => void;

export type RecordOptions = {
  readonly seed: number;
  readonly twoHosts: boolean;
  readonly mode?: StageMode;
  readonly out: string;
  readonly say: Say;
  /** With the probe instead of strace. */
  readonly probe?: ProbeRecorder;
};

/** Above this a packed strace log is no longer kept in the repository; its SysFlow file is. */
const packedBytesMax = 1_000_000;

function size(path: string): string {
  return `${(readFileSync(path).length / 1000).toFixed(0)} kB`;
}

/** `name.strace` → `name.strace.gz` in the folder. */
function pack(log: string, path: string, say: Say): void {
  writeFileSync(path, gzipSync(readFileSync(log), { level: 9 }));
  say(`${path}: ${size(path)}`);
}

/** Our own program over the log; without a build the log is all there is. */
export function convertLog(log: string, out: string, say: Say): boolean {
  const program = join(dirname(labFolder()), "bin", "sysflow.mjs");
  const result = spawnSync(process.execPath, [program, "convert", log, "-o", out], {
    encoding: "utf8",
  });
  if (result.status !== 0 || !existsSync(out)) {
    say(`not converted (${result.stderr.trim().split("\n")[0] ?? "no reason"}): ${log}`);
    return false;
  }
  say(`${out}: ${size(out)}`);
  return true;
}

/**
 * Plays and records the intrusion. One host: intrusion.strace.gz, intrusion.sf and truth.json, or intrusion-probe.sf; two: the same for
 * either host under its name.
 */
export async function recordIntrusion(options: RecordOptions): Promise<boolean> {
  const { out, say, twoHosts, probe } = options;
  const scratch = mkdtempSync(join(tmpdir(), "sysflow-record-"));
  try {
    const result = await runIntrusion({ ...options, trace: probe === undefined, out: scratch });
    mkdirSync(out, { recursive: true });
    for (const step of result.incomplete) say(`did not happen: ${step}`);
    if (probe !== undefined) {
      for (const file of result.logs) {
        const name = twoHosts ? basename(file, ".sf") : "intrusion";
        copyFileSync(file, join(out, `${name}-probe.sf`));
        say(`${join(out, `${name}-probe.sf`)}: ${size(file)}`);
      }
      return result.incomplete.length === 0 && result.logs.length > 0;
    }
    for (const log of result.logs) {
      const name = twoHosts ? basename(log, ".strace") : "intrusion";
      pack(log, join(out, `${name}.strace.gz`), say);
      convertLog(log, join(out, `${name}.sf`), say);
    }
    copyFileSync(join(scratch, "truth.json"), join(out, "truth.json"));
    return result.incomplete.length === 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Plays and records ordinary work. The log is large: it stays in `work`, and only its SysFlow file goes to `out`. */
export async function recordOrdinary(options: {
  readonly seed: number;
  readonly minutes: number;
  readonly work: string;
  readonly out: string;
  readonly say: Say;
}): Promise<void> {
  const { work, out, say } = options;
  mkdirSync(work, { recursive: true });
  mkdirSync(out, { recursive: true });
  const log = join(work, "benign.strace");
  const result = await recordBenign({ ...options, log });
  for (const part of result.parts) say(`played: ${part}`);
  for (const part of result.skipped) say(`not played: ${part}`);
  say(`visits: ${result.visits}`);
  convertLog(log, join(out, "benign.sf"), say);
  pack(log, join(work, "benign.strace.gz"), say);
  const packed = join(work, "benign.strace.gz");
  if (readFileSync(packed).length <= packedBytesMax) {
    copyFileSync(packed, join(out, "benign.strace.gz"));
  }
}
