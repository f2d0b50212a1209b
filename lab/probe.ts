// How the lab records with the kernel's probe: our own program around what the victim starts, as strace is around it otherwise.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { findProbe } from "../src/source/probe-binary.ts";
import { machineBelow } from "../src/cli/doctor/machine.ts";
import { whyNotHere } from "../src/cli/doctor/verdict.ts";
import { labFolder } from "./stage.ts";

export type ProbeRecorder = {
  /** `record` keeps the recording; `run` also says what it finds while it happens. */
  readonly verb: "record" | "run";
  /** The probe to run, where not the one that the program finds. */
  readonly binary?: string | undefined;
  /** `run` speaks JSON. */
  readonly json?: boolean | undefined;
  /** Where its words go; `file` is the recording as the recorded host sees it. Without it they are kept for an error's message. */
  readonly show?: ((text: string, file: string) => void) | undefined;
};

/** The built program. */
export function programFile(): string {
  return join(dirname(labFolder()), "bin", "sysflow.mjs");
}

/** Files that the recorded host must see. */
export function probeFiles({ binary }: ProbeRecorder): readonly string[] {
  const probe = findProbe(binary);
  return [programFile(), ...(typeof probe === "string" ? [probe] : [])];
}

/** Words before the recorded command; `file` is where the recording goes, as the recorded host sees it. */
export function probeArguments(
  { verb, binary, json }: ProbeRecorder,
  file: string,
  exporter: string,
): readonly string[] {
  const probe = binary === undefined ? [] : ["--probe", binary];
  const color = process.stdout.isTTY && process.env["NO_COLOR"] === undefined ? "always" : "never";
  const form = json === true ? ["--json"] : [];
  const words = ["--color", color, ...form, "--exporter", exporter, ...probe, "-o", file, "--"];
  return [process.execPath, programFile(), verb, ...words];
}

/** What keeps the probe from recording here, or undefined. */
export function probeObstacle(binary?: string): string | undefined {
  if (process.getuid?.() !== 0)
    return "the probe's lab needs root: its hosts are network namespaces";
  const found = findProbe(binary);
  if (typeof found !== "string") return `${found.message} (${found.hint ?? "npm run probe"})`;
  if (!existsSync(join(dirname(labFolder()), "dist", "sysflow.mjs"))) {
    return "the program is not built (npm run build)";
  }
  return whyNotHere(machineBelow("/"));
}
