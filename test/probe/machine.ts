// What this machine allows, and the small programs of the judge, built on the spot.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../corpus.ts";

export const probeBinary =
  process.env["SYSFLOW_PROBE"] ?? join(repositoryRoot, "probe", "build", "sysflow-probe");
const programs = join(repositoryRoot, "test", "probe", "programs");
const built = join(repositoryRoot, ".cache", "probe-programs");

export function tool(name: string, ...args: readonly string[]): boolean {
  return spawnSync(name, args, { stdio: "ignore" }).status === 0;
}

const hasCompiler = tool("gcc", "--version");

/** Why the probe cannot run here; undefined when it can. */
export function whyNoProbe(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return "not x86-64 Linux";
  if (process.getuid?.() !== 0) return "not root";
  if (!existsSync("/sys/kernel/btf/vmlinux")) return "the kernel has no BTF";
  if (!existsSync(probeBinary)) return "the probe is not built";
  return hasCompiler ? undefined : "no gcc";
}

/** True where the probe's tests run. In CI they must, wherever root and BTF exist: then a missing binary fails them. */
export const canProbe =
  whyNoProbe() === undefined ||
  (process.env["CI"] !== undefined &&
    process.arch === "x64" &&
    process.getuid?.() === 0 &&
    existsSync("/sys/kernel/btf/vmlinux"));

export const canTrace = hasCompiler && tool("strace", "-f", "-o", "/dev/null", "true");

/** Path of a built program of test/probe/programs or bench/probe. */
export function program(name: string, folder = programs): string {
  mkdirSync(built, { recursive: true });
  const source = join(folder, `${name}.c`);
  const target = join(built, name);
  const newest = Math.max(
    statSync(source).mtimeMs,
    name === "fd-juggle" ? statSync(join(programs, "truth.h")).mtimeMs : 0,
  );
  if (!existsSync(target) || statSync(target).mtimeMs < newest) {
    // Built beside and moved, for two workers may build the same.
    const fresh = `${target}.${process.pid}`;
    const script = 'gcc -O2 -Wall -static -pthread "$1" -o "$2" && mv "$2" "$3"';
    const result = spawnSync("sh", ["-c", script, "sh", source, fresh, target], {
      encoding: "utf8",
    });
    if (result.status !== 0) throw new Error(`gcc ${name}.c: ${result.stderr}`);
  }
  return target;
}

/** The command in a network namespace of its own with a loopback device; the same process to the end. */
export function isolated(command: readonly string[]): readonly string[] {
  return [program("isolate"), ...command];
}
