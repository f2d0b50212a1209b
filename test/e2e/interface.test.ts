// The outside of the program as scripts rely on it: JSON shapes, exit codes, closed pipes. The expectations are written from the
// interface's description, not from our output.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { corpusPath, hasCorpus, repositoryRoot } from "../corpus.ts";
import { needsBuild, scratchFolder, sysflow } from "./sysflow.ts";

needsBuild();
const folder = scratchFolder();

type Shape = {
  readonly [key: string]: RegExp | "number" | "boolean" | "string" | Shape | Shape[] | string[];
};

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;
const processShape: Shape = {
  key: /^.*\/\d+\/\d+$/,
  pid: "number",
  tid: "number",
  exe: "string",
  name: "string",
  args: "string",
  cwd: "string",
  tty: "boolean",
  uid: "number",
  user: "string",
  gid: "number",
  group: "string",
  entry: "boolean",
  createdTs: time,
};
const recordShape: Shape = {
  id: /^[0-9a-f]{20}$/,
  ts: time,
  endTs: time,
  type: /^(H|C|P|F|PD|PE|FE|NE|KE|PF|FF|NF|G)$/,
  ret: "number",
  state: /^(CREATED|MODIFIED|REUP)$/,
  proc: processShape,
  parent: processShape,
  file: { path: "string", newpath: "string", type: /^.$/, fd: "number" },
  net: { sip: "string", sport: "number", dip: "string", dport: "number", proto: "string" },
  flow: { rbytes: "number", wbytes: "number", rops: "number", wops: "number" },
  container: { id: "string", name: "string", image: "string", type: "string" },
  host: "string",
};

/** Complaints about the keys of the shape that the value has; keys beyond the shape are free. */
function complaints(value: unknown, shape: Shape, path = ""): string[] {
  const found: string[] = [];
  if (typeof value !== "object" || value === null) return [`${path} is no object`];
  for (const [key, expected] of Object.entries(shape)) {
    const item: unknown = Reflect.get(value, key);
    if (item === undefined) continue;
    const where = `${path}.${key}`;
    if (expected instanceof RegExp) {
      if (typeof item !== "string" || !expected.test(item))
        found.push(`${where} = ${String(item)}`);
    } else if (typeof expected === "string") {
      if (typeof item !== expected) found.push(`${where} is ${typeof item}`);
    } else if (!Array.isArray(expected)) found.push(...complaints(item, expected, where));
  }
  return found;
}

/** Absent is a missing key: never null, never "". Arguments and list items may be empty texts. */
function empties(value: unknown, path = ""): string[] {
  if (value === null) return [`${path} is null`];
  if (value === "") return [`${path} is ""`];
  if (Array.isArray(value) || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) => empties(item, `${path}.${key}`));
}

function lines(text: string): unknown[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}

test("what is not known is a missing key: a recording that names no host", () => {
  const path = join(repositoryRoot, "lab", "recording", "intrusion.sf");
  const records = lines(sysflow(["print", path, "--json"]).out);
  expect(records.length).toBeGreaterThan(1000);
  expect(records.flatMap((record) => empties(record)).slice(0, 5)).toEqual([]);
  const alerts = lines(sysflow(["detect", path, "--json"]).out);
  expect(alerts.length).toBeGreaterThan(5);
  expect(alerts.flatMap((alert) => empties(alert)).slice(0, 5)).toEqual([]);
  const story: unknown = JSON.parse(sysflow(["story", path, "--json"]).out);
  expect(story).toMatchObject({ incidents: [{ hosts: [] }] });
});

describe.skipIf(!hasCorpus)("on recordings", () => {
  const recordings = [
    corpusPath("traces", "k8s_small.sf"),
    corpusPath("traces", "v1000a-objectstore.sf"),
    corpusPath("traces", "cron.sf"),
    corpusPath("pairs", "files-filesat.scap"),
  ];

  test.for(recordings)("print --json keeps its shape: %s", (path) => {
    const ran = sysflow(["print", path, "--json"]);
    expect(ran.status).toBe(0);
    const records = lines(ran.out);
    expect(records.length).toBeGreaterThan(10);
    const wrong = records.flatMap((record) => [
      ...complaints(record, recordShape),
      ...empties(record),
    ]);
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  test("stats --json keeps its shape", () => {
    const capture = sysflow(["stats", corpusPath("pairs", "files-files.scap"), "--json"]);
    const one: unknown = JSON.parse(capture.out);
    expect(one).toMatchObject({
      inputs: [{ path: expect.any(String), format: "scap", bytes: 525_900 }],
      events: 2186,
      records: expect.any(Object),
      entities: { P: expect.any(Number), F: expect.any(Number) },
      lost: { total: 0, reasons: {} },
      from: expect.stringMatching(time),
      to: expect.stringMatching(time),
    });
    const ratios: unknown = Reflect.get(Object(one), "ratios");
    const names = Array.isArray(ratios) ? ratios.map((ratio: { name: string }) => ratio.name) : [];
    expect(names).toEqual(
      expect.arrayContaining([
        "rawBytes",
        "gzipBytes",
        "eventsToRecords",
        "relevantEventsToRecords",
      ]),
    );
    for (const ratio of Array.isArray(ratios) ? ratios : []) {
      expect(ratio.ratio).toBeCloseTo(ratio.input / ratio.output, 2);
      expect(ratio.base).toEqual(expect.any(String));
    }
    // What the engine saw and wrote no record for is counted and shown.
    const busy = corpusPath("pairs", "mpm-event-full_capture.scap");
    const unrecorded = Reflect.get(
      Object(JSON.parse(sysflow(["stats", busy, "--json"]).out)),
      "unrecorded",
    );
    expect(Reflect.get(Object(unrecorded), "unsupported descriptor")).toBeGreaterThan(0);
    expect(sysflow(["stats", busy]).out).toContain("calls without a record:");
    const flows = sysflow(["stats", corpusPath("traces", "tcp.sf"), "--json"]);
    expect(Object.keys(Object(JSON.parse(flows.out)))).not.toContain("ratios");
  });

  test("detect --json and story --json keep their shapes", () => {
    const path = corpusPath("traces", "cron.sf");
    const alerts = lines(sysflow(["detect", path, "--json"]).out);
    expect(alerts.length).toBeGreaterThan(0);
    for (const alert of alerts) {
      expect(alert).toMatchObject({
        id: expect.stringMatching(/^[0-9a-f]{64}$/),
        rule: expect.any(String),
        ruleId: expect.any(String),
        severity: expect.stringMatching(/^(info|low|medium|high|critical)$/),
        tags: expect.any(Array),
        ts: expect.stringMatching(time),
        reason: expect.any(String),
        proc: { key: expect.any(String) },
        records: expect.arrayContaining([expect.stringMatching(/^[0-9a-f]{20}$/)]),
        blind: false,
        host: expect.any(String),
      });
    }
    const story: unknown = JSON.parse(sysflow(["story", path, "--json"]).out);
    expect(story).toMatchObject({
      incidents: [
        {
          id: expect.any(String),
          merged: [],
          score: expect.any(Number),
          severity: expect.any(String),
          title: expect.any(String),
          from: expect.stringMatching(time),
          to: expect.stringMatching(time),
          hosts: [expect.any(String)],
          containers: expect.any(Array),
          root: {
            kind: expect.stringMatching(/^(connection|process|file)$/),
            proc: expect.any(Object),
          },
          impact: expect.any(Array),
          processes: expect.any(Array),
          scoreTerms: expect.any(Array),
          alerts: expect.any(Array),
        },
      ],
      unconnectedAlerts: expect.any(Array),
      lost: expect.any(Object),
    });
    const ids = new Set(
      lines(sysflow(["print", path, "--json"]).out).map((r) => Reflect.get(Object(r), "id")),
    );
    const incident = Object(Reflect.get(Object(story), "incidents")[0]);
    incident.steps.forEach(
      (
        step: { n: number; ts: string; sentence: string; because: string; records: string[] },
        i: number,
      ) => {
        expect(step.n).toBe(i + 1);
        expect(step.ts).toMatch(time);
        expect(step.sentence.length).toBeGreaterThan(10);
        expect(step.because).toMatch(
          /^(alert|ancestry|same-process|written-then-executed|written-then-read|connection)$/,
        );
        for (const id of step.records) expect(ids.has(id), id).toBe(true);
      },
    );
  });

  test("--fail-on turns findings into exit 1; without it they are exit 0", () => {
    const path = corpusPath("traces", "cron.sf");
    expect(sysflow(["detect", path]).status).toBe(0);
    expect(sysflow(["detect", path, "--fail-on", "low"]).status).toBe(1);
    expect(sysflow(["detect", corpusPath("traces", "tcp.sf"), "--fail-on", "low"]).status).toBe(0);
  });

  test("a reader that stops reading is no error", () => {
    const program = join(repositoryRoot, "bin", "sysflow.mjs");
    const input = corpusPath("attacks", "express", "mon.1531776682.sf");
    const line = `node "${program}" print "${input}" --json | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const ran = spawnSync("bash", ["-c", line], { encoding: "utf8" });
    expect(ran.stdout.trimEnd().split("\n").at(-1)).toBe("0");
    expect(ran.stderr).toBe("");
  });

  test("several inputs are one recording, in whatever order they are named", () => {
    const express = ["mon.1531776682.sf", "mon.1531776712.sf", "mon.1531776742.sf"].map((name) =>
      corpusPath("attacks", "express", name),
    );
    const ordered = sysflow(["print", ...express, "--json"]);
    const reversed = sysflow(["print", ...express.toReversed(), "--json"]);
    const asFolder = sysflow(["print", corpusPath("attacks", "express"), "--json"]);
    const asGlob = sysflow(["print", corpusPath("attacks", "express", "*.sf"), "--json"]);
    expect(lines(ordered.out).length).toBe(19_885 + 7_396 + 22_339);
    expect(reversed.out).toBe(ordered.out);
    expect(asFolder.out).toBe(ordered.out);
    expect(asGlob.out).toBe(ordered.out);
  });

  test("recordings years apart keep their times to the nanosecond", () => {
    const paths = [corpusPath("traces", "tcp.sf"), corpusPath("traces", "cron.sf")];
    const apart = paths.flatMap((path) => lines(sysflow(["print", path, "--json"]).out));
    const together = lines(sysflow(["print", ...paths, "--json"]).out);
    expect(together).toEqual(apart);
  });

  /** Without the header, whose schema, file name and id differ by intent. */
  const body = (path: string): string[] =>
    sysflow(["print", path, "--json"])
      .out.split("\n")
      .filter((line) => !line.includes('"type":"H"'));

  test("convert says the same in every schema, for what the schema can say", () => {
    const path = corpusPath("traces", "k8s_small.sf");
    expect(body(path).length).toBeGreaterThan(10);
    const out = join(folder.path, "k8s.sf");
    for (const schema of ["5", "6"]) {
      expect(sysflow(["convert", path, "-o", out, "--schema", schema, "--quiet"]).status).toBe(0);
      expect(body(out)).toEqual(body(path));
    }
  });

  test("a concatenated capture is its parts, also when they are years apart", () => {
    const parts = ["files-files.scap", "alpine-alpine.scap"].map((name) =>
      corpusPath("pairs", name),
    );
    const joined = join(folder.path, "joined.scap");
    writeFileSync(joined, Buffer.concat(parts.map((path) => readFileSync(path))));
    expect(body(joined)).toEqual([...body(parts[0] ?? "").slice(0, -1), ...body(parts[1] ?? "")]);
    const out = join(folder.path, "joined.sf");
    expect(sysflow(["convert", joined, "-o", out, "--quiet"]).status).toBe(0);
    // In one SysFlow file, times more than 104 days from the first are exact to a few nanoseconds only.
    const times = (path: string): unknown[] =>
      body(path)
        .filter((line) => line !== "")
        .map((line) => String(Reflect.get(Object(JSON.parse(line)), "ts")).slice(0, -3));
    expect(times(out)).toEqual(times(joined));
  });

  test("the same input gives the same records, whatever its name", () => {
    const bytes = readFileSync(corpusPath("pairs", "files-files.scap"));
    const bodies = ["a.scap", "b.bin"].map((name) => {
      writeFileSync(join(folder.path, name), bytes);
      const out = join(folder.path, `${name}.sf`);
      expect(sysflow(["convert", name, "-o", out, "--quiet"], { cwd: folder.path }).status).toBe(0);
      return body(out);
    });
    expect(bodies[0]?.length).toBeGreaterThan(20);
    expect(bodies[0]).toEqual(bodies[1]);
  });
});
