import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { corpusPath, hasCorpus } from "../../test/corpus.ts";
import { printIp } from "../base/ip.ts";
import { activityOf } from "../context/activity.ts";
import { attributes } from "../model/attribute.ts";
import type { AttributeValue } from "../model/attribute/row.ts";
import type { Container, Host, Pod } from "../model/entity.ts";
import { Op } from "../model/opflag.ts";
import { type Record, isBehaviour, isFlow } from "../model/record.ts";
import { sampleFile, sampleProcess } from "../model/sample-test.ts";
import { printTime } from "../model/time.ts";
import { SysFlowReader } from "../wire/avro/reader.ts";
import { recordJson } from "./json.ts";
import { recordId } from "./record-id.ts";

const host: Host = { id: "host" };
const base = 1_700_000_000_000_000_000n;

test("a file flow, key by key as the interface describes it", () => {
  const init = sampleProcess({ pid: 1, exe: "/sbin/init" });
  const shell = sampleProcess({ pid: 7, exe: "/usr/bin/p7", parent: init });
  const container: Container = {
    host,
    id: "0123456789ab",
    name: "shop",
    image: "shop:1",
    imageId: undefined,
    type: "docker",
    privileged: undefined,
    pod: undefined,
  };
  const node = sampleProcess({
    pid: 42,
    parent: shell,
    exe: "/usr/bin/node",
    args: "app.js",
    cwd: "/srv/",
    uid: 0,
    user: "root",
    gid: 0,
    group: "root",
    createdNs: base - 5n,
    container,
  });
  const record: Record = {
    type: "FF",
    proc: node,
    ts: 1,
    endTs: 2_000_000_000,
    tid: 43,
    ops: Op.OPEN + Op.WRITE,
    file: sampleFile("/tmp/x"),
    fd: 3,
    openFlags: 2,
    rops: 0,
    wops: 1,
    rbytes: 0,
    wbytes: 10,
  };
  const text = JSON.stringify(recordJson(record, base));
  expect(text.replace(/"id":"[0-9a-f]{20}"/, '"id":"…"')).toBe(
    '{"id":"…","ts":"2023-11-14T22:13:20.000000001Z","endTs":"2023-11-14T22:13:22.000000000Z",' +
      '"type":"FF","op":["OPEN","WRITE"],' +
      '"proc":{"key":"host/42/1699999999999999995","pid":42,"tid":43,"exe":"/usr/bin/node",' +
      '"name":"node","args":"app.js","cwd":"/srv/","tty":false,"uid":0,"user":"root","gid":0,' +
      '"group":"root","entry":false,"createdTs":"2023-11-14T22:13:19.999999995Z",' +
      '"lineage":[{"pid":7,"exe":"/usr/bin/p7"},{"pid":1,"exe":"/sbin/init"}]},' +
      '"parent":{"key":"host/7/0","pid":7,"exe":"/usr/bin/p7","name":"p7","tty":false,' +
      '"entry":false,"lineage":[{"pid":1,"exe":"/sbin/init"}]},' +
      '"file":{"path":"/tmp/x","type":"f","fd":3,"openflags":["WRONLY"]},' +
      '"flow":{"rbytes":0,"wbytes":10,"rops":0,"wops":1},' +
      '"container":{"id":"0123456789ab","name":"shop","image":"shop:1","type":"docker"},' +
      '"host":"host"}',
  );
});

test("the id is 80 bits of SHA-1 over host, type, process, object and start", () => {
  const proc = sampleProcess({ pid: 7, exe: "/usr/bin/p7", createdNs: 5n });
  const net = { sip: 0x7f000001, sport: 1, dip: 0x7f000001, dport: 80, proto: 6 };
  const record: Record = {
    type: "NF",
    proc,
    ts: 9,
    endTs: 10,
    tid: 7,
    ops: Op.CONNECT,
    net,
    fd: 3,
    rops: 0,
    wops: 0,
    rbytes: 0,
    wbytes: 0,
  };
  const parts = ["host", "NF", "host/7/5", "127.0.0.1:1>127.0.0.1:80/6:7:3", `${base + 9n}`];
  const text = parts.map((part) => `${part.length}:${part}`).join("");
  const expected = createHash("sha1").update(text).digest("hex").slice(0, 20);
  expect(recordId(record, base)).toBe(expected);
  // Not over what is known at the end only, nor over the base of the run.
  expect(recordId({ ...record, endTs: 99, rbytes: 5 }, base)).toBe(expected);
  expect(recordId({ ...record, ts: 10 }, base - 1n)).toBe(expected);
  expect(recordId({ ...record, fd: 4 }, base)).not.toBe(expected);
});

test("what is not known is a missing key, and 64 bits stay exact", () => {
  const stub = sampleProcess({
    pid: 9,
    known: false,
    exe: undefined,
    capabilities: 0x1ffffffffffffffn,
  });
  const json = recordJson(
    { type: "PE", proc: stub, ts: 0, tid: undefined, ops: Op.EXIT, args: [], ret: 256 },
    base,
  );
  expect(JSON.parse(JSON.stringify(json))).toEqual({
    id: expect.any(String),
    ts: expect.any(String),
    type: "PE",
    op: ["EXIT"],
    ret: 256,
    proc: { key: "host/9/0", pid: 9, capabilities: "144115188075855871" },
    host: "host",
  });
});

function gapOf(record: Record): unknown {
  return JSON.parse(JSON.stringify(recordJson(record, base))).gap;
}

test("gaps say what was lost; an unknown amount is absent", () => {
  const gap: Record = {
    type: "G",
    host,
    ts: 0,
    endTs: 5,
    reason: "dropped",
    lost: -1,
    unit: "events",
    where: undefined,
  };
  expect(gapOf(gap)).toEqual({ reason: "dropped", unit: "events" });
  expect(gapOf({ ...gap, lost: 3, where: "block at 12" })).toEqual({
    reason: "dropped",
    lost: 3,
    unit: "events",
    where: "block at 12",
  });
});

test("bytes that are no text stay distinguishable in JSON", () => {
  const proc = sampleProcess({ pid: 1, exe: "/tmp/\udcff" });
  const text = JSON.stringify(recordJson({ type: "P", process: proc }, base));
  expect(text).toContain("/tmp/\\udcff");
});

test("a pod's addresses are words in memory order", () => {
  const pod: Pod = {
    host,
    ts: 0,
    id: "u",
    name: "web",
    nodeName: "n",
    namespace: "shop",
    restartCount: 0,
    // 10.0.0.9, and 2001:db8::1 as two words.
    hostIp: [0x0900000an],
    internalIp: [0xb80d0120n, 1n << 56n],
    labels: new Map(),
    selectors: new Map(),
    services: [],
  };
  const json = JSON.parse(JSON.stringify(recordJson({ type: "PD", pod }, base)));
  expect(json.pod).toMatchObject({ hostIp: "10.0.0.9", internalIp: "2001:db8::1", restarts: 0 });
});

function readAll(path: string): { records: Record[]; base: bigint } {
  const reader = new SysFlowReader({ inflate: (bytes) => inflateRawSync(bytes) });
  reader.push(readFileSync(path));
  reader.end();
  const records: Record[] = [];
  for (let some = reader.read(); some.length > 0; some = reader.read()) records.push(...some);
  return { records, base: reader.base ?? 0n };
}

function shown(type: string, value: AttributeValue): unknown {
  if (typeof value === "bigint") return type === "time" ? printTime(value) : value.toString();
  if (type === "ip" && typeof value !== "boolean" && typeof value !== "object")
    return printIp(value);
  return value;
}

function at(json: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (value, key) =>
        typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined,
      json,
    );
}

test.skipIf(!hasCorpus).for(["k8s_small", "cron", "apache"])(
  "one vocabulary: JSON and attributes agree on every record of %s",
  (name) => {
    const { records, base: origin } = readAll(corpusPath("traces", `${name}.sf`));
    const facts = { base: origin, provenance: undefined };
    const compared = new Set<string>();
    const wrong: string[] = [];
    for (const record of records.filter(isBehaviour).slice(0, 1500)) {
      const json: unknown = JSON.parse(JSON.stringify(recordJson(record, origin)));
      const flow = isFlow(record);
      const when = flow ? record.endTs : record.ts;
      const activity = activityOf(record, flow ? "end" : "instant", when);
      for (const row of attributes) {
        const said = at(json, row.name);
        const value = row.get(activity, facts);
        if (said === undefined || (typeof said === "object" && !Array.isArray(said))) continue;
        compared.add(row.name);
        const expected = value === undefined ? undefined : shown(row.type, value);
        if (JSON.stringify(said) !== JSON.stringify(expected))
          wrong.push(`${row.name}: ${String(said)}`);
      }
    }
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(compared.size).toBeGreaterThan(25);
  },
);
