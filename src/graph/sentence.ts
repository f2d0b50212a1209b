// The words of a story: names for processes, peers and times. Templates are in the heuristics; here is what they share.

import { printIp } from "../base/ip.ts";
import { printable } from "../base/text.ts";
import { programPaths } from "../context/provenance.ts";
import { printBytes, printDuration } from "../encode/units.ts";
import { type Process, processName } from "../model/entity.ts";
import type { Tuple } from "../model/record.ts";
import type { DurationNs, TimeNs } from "../model/time.ts";
import type { ProcessNode } from "./node.ts";

const commandLengthMax = 100;

/** `node`, or the script's name where an interpreter runs one. */
export function nameOf(proc: Process): string {
  // A shell that was given a command (`sh -c …`) is a shell.
  const inline = / ?-\w*c /.test(` ${proc.args ?? ""} `) && !proc.args?.startsWith("/");
  const program = inline ? proc.exe : programPaths(proc).at(-1);
  const name =
    program === undefined ? processName(proc) : program.slice(program.lastIndexOf("/") + 1);
  return printable(name === undefined || name === "" ? "a process" : name);
}

/** `node (pid 2025)`. */
export function who(proc: Process): string {
  const name = processName(proc);
  return `${printable(name === undefined || name === "" || name === "<NA>" ? "a process" : name)} (pid ${proc.pid})`;
}

/** `script.py (pid 7)`: as `who`, a script by its own name. */
export function whoRuns(proc: Process): string {
  return `${nameOf(proc)} (pid ${proc.pid})`;
}

/** The version of a process that ran its program at a moment. */
export function procAt(node: ProcessNode, at: TimeNs): Process {
  let found: Process | undefined;
  for (const exec of node.execs) if (exec.at <= at) found = exec.proc;
  return found ?? node.proc;
}

/** The command line, shortened. */
export function commandOf(proc: Process): string {
  const exe = processName(proc) ?? "?";
  const args = proc.args ?? "";
  const exeIsFirst = proc.exe !== undefined && args.startsWith(proc.exe);
  const text = printable(args === "" || exeIsFirst ? args || exe : `${exe} ${args}`);
  return text.length > commandLengthMax ? `${text.slice(0, commandLengthMax - 1)}…` : text;
}

export function clientOf(net: Tuple): string {
  return printIp(net.sip);
}

export function volume(wbytes: number, rbytes: number): string {
  return `${printBytes(wbytes)} out, ${printBytes(rbytes)} in`;
}

/** `0.3 s after`. */
export function after(duration: DurationNs): string {
  return duration < 1e6 ? "right after" : `${printDuration(duration)} after`;
}

/** `0.3 s before`. */
export function before(duration: DurationNs): string {
  return duration < 1e6 ? "just before" : `${printDuration(duration)} before`;
}

export function list(items: readonly string[], most: number): string {
  if (items.length <= most) return items.join(", ");
  return `${items.slice(0, most).join(", ")} and ${items.length - most} more`;
}
