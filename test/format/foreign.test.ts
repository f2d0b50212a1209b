// Other people's Avro libraries read our files as they are: Python's fastavro and Apache's Java library (scripts/oracles.sh sets
// them up; a test is skipped, and says so, where its tool is missing).

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Record } from "../../src/model/record.ts";
import { corpusPath, hasCorpus, repositoryRoot } from "../corpus.ts";
import { readFile, writeAll } from "./files.ts";
import { sampleRecords } from "./sample.ts";

const cache = join(repositoryRoot, ".cache");
const python = join(cache, "python", "bin", "python");
const hasPython = existsSync(python) && spawnSync(python, ["-c", "import fastavro"]).status === 0;
const hasJava =
  existsSync(join(cache, "java", "Dump.class")) && spawnSync("java", ["-version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "sysflow-format-"));

function fileOf(name: string, records: readonly Record[], schema: 5 | 6): string {
  const path = join(folder, name);
  writeFileSync(path, writeAll(records, schema, { blockBytes: 4000 }).bytes);
  return path;
}

function run(command: string, args: readonly string[]): string[] {
  const result = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`${command}: ${result.stderr}`);
  return result.stdout.trimEnd().split("\n");
}

const readers: readonly (readonly [string, boolean, (path: string) => string[]])[] = [
  ["fastavro", hasPython, (path) => run(python, [join("test", "format", "dump.py"), path])],
  [
    "Java's avro",
    hasJava,
    (path) =>
      run("java", ["-cp", `${join(cache, "java", "*")}:${join(cache, "java")}`, "Dump", path]),
  ],
];

// By hand from sample.ts: absolute times, unsigned ids, bytes that are not UTF-8, 16-byte addresses.
const sampleLines = [
  "Header version=6 base=1700000000000000000 host=host-1 ip=192.0.2.7 file=a.sf clock=us boot=0d9c-boot",
  "Container n=1 state=0 seen=1700000000000000009 id=c0ffee000001 name=web image=shop:1 imageId=sha256:aa type=podman privileged=0 pod=pod-uid",
  "Process n=2 state=0 ts=1700000000000002000 pid=4242 start=1700000000000001234 parent=1 exe=/bin/sh argv=[sh, -c, true] args=null comm=sh uid=0 user=root gid=4294967294 group=nobody tty=true entry=true container=1 cwd=/srv/ env=[A=1, B=\ufffd] session=4000 pgrp=4001 login=1000 caps=2199023255551 inode=998 upper=1 netns=4026531840",
  "File n=1 state=0 ts=1700000000000003000 type=f path=/tmp/ü-\ufffd.txt container=1 dev=64769 inode=12345678901 gen=7 mntns=4026531841 peer=55",
  "Event proc=2 ts=1700000000000004000 tid=4243 ops=17179869184 ret=-1 args=[9] file=0 file2=0 net=null target=1 failed=-1",
  "Event proc=2 ts=1700000000000004300 tid=4242 ops=64 ret=-111 args=[] file=0 file2=0 net={Net sip=20010db8000000000000000000000001 sport=40000 dip=20010db8000000000000000000000002 dport=443 proto=6} target=0 failed=-1",
  "Flow proc=2 tid=-1 ops=640 open=4358 fd=-1 opens=2 id=17 slice=1 final=false net=null rops=0 wops=3 rbytes=0 wbytes=5000000000 file=1 ts=1700000000000004400 end=1700000009000000000",
  "Flow proc=2 tid=4242 ops=288 open=0 fd=4 opens=-1 id=18 slice=2 final=true net={Net sip=c0000207 sport=1 dip=ffffffff dport=65535 proto=-1} rops=1 wops=0 rbytes=10 wbytes=0 file=0 ts=1700000000000004350 end=1700000000000004500",
  'Note ts=1700000000000004900 kind=gap json={"endNs":100,"reason":"dropped","lost":42,"unit":"events","where":"cpu 1"}',
];

describe.each(readers)("%s", (_name, hasTool, dump) => {
  test.skipIf(!hasTool)("prints every field of schema 6", () => {
    const lines = dump(fileOf("sample.sf", sampleRecords, 6));
    for (const line of sampleLines) expect(lines).toContain(line);
  });

  test.skipIf(!hasTool || !hasCorpus)("gets as many records and the same times as we do", () => {
    const path = corpusPath("pairs", "mpm-event-full_capture.sf");
    const { records, reader } = readFile(path);
    const lines = dump(fileOf("full.sf", records, 6));
    expect(lines.length).toBe(records.length);
    const times = lines
      .filter((line) => line.startsWith("Flow "))
      .flatMap((line) => [/ ts=(-?\d+)/, / end=(-?\d+)/].map((field) => field.exec(line)?.[1]));
    const ours = records.flatMap((record) =>
      record.type === "FF" || record.type === "NF"
        ? [record.ts, record.endTs].map((time) => String((reader.base ?? 0n) + BigInt(time)))
        : [],
    );
    expect(times).toEqual(ours);
  });

  test.skipIf(!hasTool || !hasCorpus)("reads our schema 5", () => {
    const { records } = readFile(corpusPath("pairs", "objectstore-upload.sf"));
    const lines = dump(fileOf("five.sf", records, 5));
    expect(lines.length).toBe(records.length);
    expect(lines[0]).toMatch(/SFHeader version=5 exporter=tests /);
  });
});
