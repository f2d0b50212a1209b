// How the lab records: strace restricted to the system calls that SysFlow uses, as the table of the model says them.

import { spawnSync } from "node:child_process";
import { syscalls } from "../src/model/syscall.ts";

/** The calls that are recorded; a name that this machine's strace does not know is passed over by the question mark. */
export const tracedCalls: readonly string[] = syscalls.flatMap((row) => [
  row.name,
  ...("aliases" in row ? row.aliases : []),
]);

/** `-f` the children too, `-ttt` wall-clock times, `-y -yy` paths and peers of descriptors. */
export function straceArguments(log: string): readonly string[] {
  const calls = tracedCalls.map((name) => `?${name}`).join(",");
  const filter = seccompWorks() ? ["--seccomp-bpf"] : [];
  return ["-f", "-ttt", "-y", "-yy", "-s", "256", ...filter, "-e", `trace=${calls}`, "-o", log];
}

let known: boolean | undefined;

/** Older strace and some containers cannot stop at chosen calls only; then every call is stopped at, more slowly. */
function seccompWorks(): boolean {
  known ??=
    spawnSync("strace", ["-f", "--seccomp-bpf", "-e", "trace=execve", "-o", "/dev/null", "true"], {
      stdio: "ignore",
    }).status === 0;
  return known;
}

/** What keeps strace from working here, or undefined. */
export function traceObstacle(): string | undefined {
  const result = spawnSync("strace", ["-o", "/dev/null", "true"], { encoding: "utf8" });
  if (result.error !== undefined) return "strace is missing (apt install strace)";
  if (result.status !== 0) return `strace does not work here: ${result.stderr.trim()}`;
  return undefined;
}
