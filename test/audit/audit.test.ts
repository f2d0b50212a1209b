// A real log of the kernel (record.sh made it): the whole program on it, and what ausearch says of the same text.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import type { Input, Syscall } from "../../src/model/syscall.ts";
import { AuditReader } from "../../src/wire/audit/reader.ts";
import { repositoryRoot } from "../corpus.ts";
import { needsBuild, scratchFolder, sysflow } from "../e2e/sysflow.ts";

const packed = join(repositoryRoot, "test", "audit", "intrusion.log.gz");
const log = gunzipSync(readFileSync(packed)).toString("utf8");

function inputsOf(text: string): { inputs: Input[]; reader: AuditReader } {
  const reader = new AuditReader();
  reader.push(new TextEncoder().encode(text));
  reader.end();
  const inputs: Input[] = [];
  for (let input = reader.next(); input !== undefined; input = reader.next()) inputs.push(input);
  return { inputs, reader };
}

function callsOf(text: string): Syscall[] {
  return inputsOf(text).inputs.filter((input) => input.kind === "call");
}

describe("the program on an audit log", () => {
  needsBuild();

  test("rules fire, and the attack is told from its entry to its impact", () => {
    const { out, status } = sysflow(["story", packed, "--json"]);
    expect(status).toBe(0);
    const text = sysflow(["story", packed]).out;
    expect(text).toMatch(/CRITICAL .*exploited/);
    expect(text).toMatch(/perl \(pid \d+\) took a request from 127\.0\.0\.1/);
    expect(text).toMatch(/wrote \/tmp\/\.cache-update; the file was run later/);
    expect(text).toMatch(/Dropped program connects out/);
    expect(text).toContain("127.0.0.1:8124");
    expect(out).toContain("id_rsa");
  });

  test("detect names the rules; without the log's second half there is nothing to name", () => {
    const { out } = sysflow(["detect", packed]);
    for (const rule of [
      "Dropped program is executed",
      "Dropped program reads secrets",
      "Program deletes itself",
    ]) {
      expect(out).toContain(rule);
    }
    const before = log.slice(0, log.indexOf("syscall=288"));
    const start = before.slice(0, before.lastIndexOf("\n") + 1);
    const quiet = sysflow(["detect", "-"], { input: new TextEncoder().encode(start) });
    expect(quiet.out).not.toContain("Dropped");
  });

  test("print shows what the log says, and leaves out what it does not", () => {
    const { out } = sysflow(["print", packed, "--json"]);
    const records = out.trimEnd().split("\n");
    expect(records.length).toBeGreaterThan(100);
    expect(out).toContain("/etc/shadow");
    // The rules of that log asked for no reads: none is made up.
    expect(out).not.toMatch(/"READ"/);
  });
});

test("the header says that times are exact to the millisecond", () => {
  const { reader } = inputsOf(log);
  expect(reader.precision).toBe("ms");
  expect(reader.diagnostics).toEqual([]);
  expect(reader.counters.skipped).toEqual(new Map());
});

test("the processes hang together: every program was started by a process of the log, but the first", () => {
  const born = new Set<number>();
  let strangers = 0;
  for (const call of callsOf(log)) {
    if (call.name === "execve" && !born.has(call.pid)) strangers += 1;
    if (call.family === 16 && call.ret > 0) born.add(call.ret);
    if (call.name === "execve") born.add(call.pid);
  }
  expect(strangers).toBe(1);
});

/** Installed, or unpacked by scripts/oracles.sh. */
const unpacked = join(repositoryRoot, ".cache", "audit");
const isUnpacked = existsSync(join(unpacked, "sbin", "ausearch"));

function ausearch(args: readonly string[]): string {
  const program = isUnpacked ? join(unpacked, "sbin", "ausearch") : "ausearch";
  const libraries = ["lib", "usr/lib"].map((folder) => join(unpacked, folder, "x86_64-linux-gnu"));
  const result = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    // Its words for times are in the zone of whoever asks.
    env: {
      ...process.env,
      TZ: "UTC",
      ...(isUnpacked ? { LD_LIBRARY_PATH: libraries.join(":") } : {}),
    },
  });
  return result.stdout;
}
const hasAusearch = isUnpacked || spawnSync("ausearch", ["--version"]).error === undefined;

describe.skipIf(!hasAusearch)("against ausearch", () => {
  const folder = scratchFolder();
  let path = "";
  beforeAll(() => {
    path = join(folder.path, "audit.log");
    writeFileSync(path, log);
  });

  /** What an input says, whatever the order of events that took the same millisecond. */
  const sorted = (text: string): string[] =>
    callsOf(text)
      .filter((call) => call.name !== "chdir")
      .map((call) =>
        JSON.stringify({ ...call, ts: 0 }, (_, value: unknown) =>
          typeof value === "bigint" ? `${value}` : value,
        ),
      )
      .sort();

  test("what it prints reads like the log itself, in every form that keeps the numbers", () => {
    expect(sorted(ausearch(["--raw", "-if", path]))).toEqual(sorted(log));
    expect(sorted(ausearch(["-if", path]))).toEqual(sorted(log));
  });

  test("it interprets calls, results, names and programs' arguments as we do", () => {
    const events = ausearch(["-i", "-if", path])
      .split(/^----\n/m)
      .filter((text) => text.includes("type=SYSCALL"));
    const calls = callsOf(log).filter((call) => call.paired && call.name !== "chdir");
    expect(events.length).toBe(calls.length);
    const theirs = events.map((text) => {
      const field = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? "";
      const name = field(/ syscall=(\S+)/);
      const failed = text.includes("success=no");
      const argv = / argc=\d+ (.*)/
        .exec(text)?.[1]
        ?.trimEnd()
        .replaceAll(/(?:^| )a\d+=/g, " ")
        .trim();
      return [
        field(/ pid=(\d+)/),
        name,
        failed ? "failed" : "",
        name === "execve" ? argv : "",
      ].join(" ");
    });
    const ours = calls.map((call) => {
      const { info, name, pid, ret } = call;
      const argv = name === "execve" ? [info?.argv0, ...(info?.args ?? [])].join(" ").trim() : "";
      return [pid, name, ret < 0 ? "failed" : "", argv].join(" ");
    });
    expect(ours.sort()).toEqual(theirs.sort());
    const words = callsOf(events.join("----\n"));
    const names = (list: readonly Syscall[]): string[] =>
      list
        .map(
          (call) =>
            `${call.pid} ${call.name} ${call.path} ${call.newPath} ${call.flags} ${call.mode}`,
        )
        .sort();
    const kept = (list: readonly Syscall[]): Syscall[] =>
      list.filter((call) => call.paired && call.name !== "chdir");
    expect(names(kept(words))).toEqual(names(kept(callsOf(log))));
  });
});
