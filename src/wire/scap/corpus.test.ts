// Other people's captures: their event counts as the format's specification has them, the law of chunks, and Debian's sysdig as an
// oracle for every call that is delivered: its time, thread, name, result and descriptor.

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { corpusPath, hasCorpus } from "../../../test/corpus.ts";
import { type Syscall, syscalls } from "../../model/syscall.ts";
import { toAbsolute } from "../../model/time.ts";
import { type Reading, read } from "./read-test.ts";

/** Capture, its events, and those of them that are the recorder's own samples (format spec §7.1). */
const captures: readonly (readonly [string, number, number])[] = [
  ["alpine-alpine", 8840, 8008],
  ["client-server-tcp-client-server", 2302, 2126],
  ["files-files", 2186, 1980],
  ["files-filesat", 1697, 1492],
  ["mpm-event-cold_start_capture", 3507, 838],
  ["mpm-event-full_capture", 35860, 1177],
  ["mpm-preforked-cold_start_capture", 2388, 672],
  ["objectstore-ls", 2936, 1309],
  ["objectstore-upload", 8829, 1316],
  ["rename-rename", 4525, 4144],
  ["setuid-setuid", 1973, 1815],
];

function load(name: string): Uint8Array {
  return readFileSync(corpusPath("pairs", `${name}.scap`));
}

const withCorpus = test.skipIf(!hasCorpus);
const hasSysdig = spawnSync("sysdig", ["--version"]).status === 0;

withCorpus.each(captures)("%s has %i events", (name, events, procinfo) => {
  const { reader, inputs } = read(load(name));
  expect(reader.counters.events).toBe(events);
  expect(reader.counters.skipped.get("procinfo")).toBe(procinfo);
  expect(reader.diagnostics).toEqual([]);
  const skipped = [...reader.counters.skipped.values()].reduce((sum, count) => sum + count, 0);
  expect(skipped + reader.counters.relevant).toBe(events);
  expect(inputs.some((input) => input.kind === "gap")).toBe(false);
});

withCorpus("any cut of a capture gives the same inputs", () => {
  for (const [name] of captures.slice(0, 6)) {
    const bytes = load(name);
    const whole = fingerprint(read(bytes));
    for (const chunk of name.startsWith("client") ? [1, 7, 4096, 65_536] : [4099, 65_536]) {
      expect(fingerprint(read(bytes, chunk)), `${name} in pieces of ${chunk}`).toBe(whole);
    }
  }
});

function fingerprint(reading: Reading): string {
  return JSON.stringify(reading.inputs, (_, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

/** One call as both sides can say it. */
function line(call: Syscall, base: bigint): string {
  const ts = toAbsolute(base, call.ts);
  if (call.name === "exit") return `${ts} ${call.tid} procexit`;
  if (call.name === "mmap") return `${ts} ${call.tid} mmap fd=${call.fd}`;
  const fd = comparesFd.has(call.name) && call.paired ? ` fd=${call.fd}` : "";
  // sysdig shows paths without a leading "./".
  const path = comparesPath.has(call.name) ? ` ${call.path?.replace(/^\.\//, "")}` : "";
  return `${ts} ${call.tid} ${call.name} = ${call.ret}${fd}${path}`;
}

const comparesFd = new Set(["read", "write", "writev", "readv", "close", "shutdown", "getdents"]);
const comparesPath = new Set(["mkdir", "rmdir", "unlink", "chdir", "getcwd"]);
/** sysdig's names of event pairs where they are not the call's. */
const sysdigNames: ReadonlyMap<string, string> = new Map([
  ["accept", "accept*"],
  ["accept4", "accept*"],
  ["pread64", "pread"],
  ["pwrite64", "pwrite"],
  ["umount2", "umount"],
  ["getdents64", "getdents"],
]);
const delivered = new Set<string>(syscalls.map((row) => sysdigNames.get(row.name) ?? row.name));
/** Delivered for some arguments only. */
const partly = new Set(["fcntl", "mmap"]);

test.skipIf(!hasCorpus || !hasSysdig).each(captures)("%s as sysdig reads it", (name) => {
  const { inputs, reader } = read(load(name));
  const format = "*%evt.rawtime %thread.tid %evt.dir %evt.type %evt.rawres";
  const fields = `${format} %fd.num %evt.arg.path|%evt.args`;
  const out = execFileSync("sysdig", ["-r", corpusPath("pairs", `${name}.scap`), "-p", fields], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const theirs = out.split("\n").flatMap(sysdigLine).sort();
  const ours = inputs
    .flatMap((input) => (input.kind === "call" && input.name !== "fcntl" ? [input] : []))
    .map((call) => rename(line(call, reader.base ?? 0n)))
    .sort();
  expect(ours.length).toBeGreaterThan(10);
  expect(ours).toEqual(theirs);
});

function rename(text: string): string {
  return text.replace(
    /^(\d+ \d+) (\w+)/,
    (_, head: string, call: string) => `${head} ${sysdigNames.get(call) ?? call}`,
  );
}

function sysdigLine(text: string): string[] {
  const bar = text.indexOf("|");
  const [ts, tid, dir, type, result, fd, ...path] = text.slice(0, bar).split(" ");
  if (ts === undefined || type === undefined) return [];
  if (type === "procexit") return [`${ts} ${tid} procexit`];
  if (type === "mmap") {
    const number = / fd=(\d+)/.exec(text.slice(bar))?.[1];
    return dir === ">" && number !== undefined ? [`${ts} ${tid} mmap fd=${number}`] : [];
  }
  const call = sysdigNames.get(type) ?? type.replace(/64$/, "");
  // Without a result: a call whose name the recorder took down, but none of its arguments.
  if (result === "<NA>") return [];
  if (dir !== "<" || !delivered.has(call) || partly.has(call)) return [];
  const showsFd = comparesFd.has(call) ? ` fd=${fd}` : "";
  const showsPath = comparesPath.has(call) ? ` ${path.join(" ")}` : "";
  return [`${ts} ${tid} ${call} = ${result}${showsFd}${showsPath}`];
}
