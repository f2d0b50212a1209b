// The fuzzer's truth is held to strace first, without the probe: a judge that errs would clear the guilty.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { canTrace, program } from "./machine.ts";
import { readStrace, straceArguments } from "./strace.ts";
import { type Sums, type Truth, print, readTruth, withFailures } from "./truth.ts";

const folder = canTrace ? mkdtempSync(join(tmpdir(), "sysflow-truth-")) : "";
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function addTo(table: Map<string, Sums>, key: string, sums: Sums): void {
  const entry = table.get(key) ?? { rops: 0, wops: 0, rbytes: 0, wbytes: 0 };
  table.set(key, entry);
  entry.rops += sums.rops;
  entry.wops += sums.wops;
  entry.rbytes += sums.rbytes;
  entry.wbytes += sums.wbytes;
}

/** What strace's words for a descriptor say as well as the truth can: files as a whole, pipes and sockets one by one. */
function fromTruth(truth: Truth): Map<string, Sums> {
  const table = new Map<string, Sums>();
  for (const count of truth.counts) {
    const object = truth.objects[count.of];
    if (object === undefined) continue;
    const { kind, inode } = object;
    const words = { file: "files", memory: "memory", pipe: `pipe:[${inode}]`, event: "event" };
    const word = kind in words ? words[kind as "file"] : `socket:[${inode}]`;
    addTo(table, `${count.pid} ${word}`, withFailures(count));
  }
  return table;
}

function fromStrace(log: string, truth: Truth): Map<string, Sums> {
  const sums = readStrace(log);
  expect(sums.unread).toEqual([]);
  const table = new Map<string, Sums>();
  for (const [tid, targets] of sums.of) {
    const pid = truth.threads.get(tid);
    for (const [target, entry] of targets) {
      if (/^(pipe|socket):/.test(target)) addTo(table, `${pid} ${target}`, entry);
      else if (target.startsWith(`${truth.folder}/`)) addTo(table, `${pid} files`, entry);
      else if (target.startsWith("/memfd:")) addTo(table, `${pid} memory`, entry);
      else if (target === "anon_inode:[eventfd]") addTo(table, `${pid} event`, entry);
    }
  }
  return table;
}

const any = (sums: Sums): boolean => sums.rops + sums.wops > 0;

describe.skipIf(!canTrace)("the juggling program's truth", () => {
  for (const seed of [1, 3, 4, 5, 6]) {
    test(`seed ${seed} agrees with strace, for each process and object`, () => {
      const log = join(folder, `log${seed}`);
      const trace = join(folder, `trace${seed}`);
      const juggle = [program("fd-juggle"), String(seed), "600", log];
      execFileSync("strace", [...straceArguments, "-o", trace, "--", ...juggle]);
      const truth = readTruth(log);
      const own = fromTruth(truth);
      const other = fromStrace(trace, truth);
      const wrong: string[] = [];
      for (const key of new Set([...own.keys(), ...other.keys()])) {
        const [a, b] = [own.get(key), other.get(key)];
        if (a === undefined ? b === undefined || !any(b) : b === undefined && !any(a)) continue;
        if (print(a) !== print(b)) wrong.push(`${key}: truth ${print(a)}; strace ${print(b)}`);
      }
      expect(wrong).toEqual([]);
      expect(truth.counts.length).toBeGreaterThan(20);
    });
  }
});
