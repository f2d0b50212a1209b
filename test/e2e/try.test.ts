// sysflow try from outside: the story of a command, its streams left alone, and what happens where tracing is not possible.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { needsBuild, scratchFolder, sysflow } from "./sysflow.ts";

needsBuild();
const folder = scratchFolder();

const canTrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
const hasTracer = spawnSync("strace", ["-V"]).status === 0;

describe.skipIf(!canTrace)("where strace may trace", () => {
  test("the story names the processes, what they ran and what they wrote", () => {
    const target = join(folder.path, "written");
    const temporary = join(folder.path, "tmp");
    mkdirSync(temporary);
    const command = ["sh", "-c", `echo hello > ${target}; cat ${target}; exit 3`];
    const ran = sysflow(["try", "--", ...command], { env: { TMPDIR: temporary } });
    expect(ran.status).toBe(0);
    expect(ran.out).toMatch(/^hello\n/);
    expect(ran.out).toContain(`cat ${target}`);
    expect(ran.out).toContain("wrote");
    expect(ran.err).toContain("sh ended with 3");
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("standard input and a broken pipe inside are the command's own business", () => {
    const input = new TextEncoder().encode("a line\n");
    const ran = sysflow(["try", "--quiet", "--", "cat"], { input });
    expect(ran.status).toBe(0);
    expect(ran.out).toMatch(/^a line\n/);
    expect(ran.err).toBe("");
  });

  test("-o keeps a recording that the other verbs read", () => {
    const kept = join(folder.path, "kept.sf");
    const ran = sysflow(["try", "-o", kept, "--", "sh", "-c", "cat /etc/hostname >/dev/null"]);
    expect(ran.status).toBe(0);
    const filter = 'op = EXEC and proc.exe endswith "/cat"';
    const printed = sysflow(["print", kept, "--json", "--filter", filter]);
    expect(printed.status).toBe(0);
    const rows = printed.out
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(rows).toMatchObject([{ type: "PE", op: ["EXEC"], proc: { args: "/etc/hostname" } }]);
  });

  test("--json is one document on standard output; the command's output goes to standard error", () => {
    const ran = sysflow(["try", "--json", "--", "sh", "-c", "echo hello"]);
    expect(ran.status).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject({ incidents: [] });
    expect(ran.err).toContain("hello");
  });

  test("--exit-code says whether the command failed", () => {
    expect(sysflow(["try", "--exit-code", "--", "false"]).status).toBe(1);
    expect(sysflow(["try", "--exit-code", "--", "true"]).status).toBe(0);
    const killed = sysflow(["try", "--exit-code", "--", "sh", "-c", "kill -9 $$"]);
    expect(killed.status).toBe(1);
    expect(killed.err).toContain("sh was killed by SIGKILL");
  });

  test("under a tracer tracing is not possible: exit 6, and what would help", () => {
    const program = join(import.meta.dirname, "..", "..", "bin", "sysflow.mjs");
    const command = [process.execPath, program, "try", "--", "true"];
    const ran = spawnSync("strace", ["-f", "-e", "trace=none", "-o", "/dev/null", ...command], {
      encoding: "utf8",
    });
    expect(ran.status).toBe(6);
    expect(ran.stderr).toContain("error[SF5003]");
    expect(ran.stderr).toContain("ptrace");
  });
});

test.skipIf(!hasTracer)("a command that does not exist is a wrong command line", () => {
  const ran = sysflow(["try", "--", "no-such-command-here"]);
  expect(ran.status).toBe(2);
  expect(ran.err).toContain("error[SF2001]");
});

test("without strace: exit 6, and how to install it", () => {
  const bin = join(folder.path, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  writeFileSync(join(bin, "hello"), "#!/bin/sh\n", { mode: 0o755 });
  const ran = sysflow(["try", "--", "hello"], { env: { PATH: bin } });
  expect(ran.status).toBe(6);
  expect(ran.out).toBe("");
  expect(ran.err).toContain("error[SF5002]");
  expect(ran.err).toContain("apt install strace");
});
