// The probe's stream through the engine: which records come of it, and that they add up, whatever comes first.

import fc from "fast-check";
import { expect, test } from "vitest";
import { heldOf } from "../base/garbage-test.ts";
import { Op, OpenFlag, opNames } from "../model/opflag.ts";
import { flowKinds, probeModes } from "../model/probe.ts";
import type {
  FileFlow,
  GapRecord,
  NetworkFlow,
  ProcessEvent,
  ProcessFlow,
  Record,
} from "../model/record.ts";
import { type Input, noThreadInfo } from "../model/syscall.ts";
import { ProbeReader, type ProbeReaderOptions } from "../wire/probe/reader.ts";
import {
  ProbeStream,
  begin,
  concat,
  inetAddress,
  ip4,
  nul,
  second,
  type Who,
} from "../wire/probe/sample-test.ts";
import { FlowEngine } from "./engine.ts";

const shell: Who = { pid: 100, start: begin - 5 * second };
const child: Who = { pid: 101, start: begin + 1000 };
const ms = 1_000_000;

type Run = {
  readonly records: Record[];
  readonly engine: FlowEngine;
  readonly reader: ProbeReader;
};

/** Records, the header left out. `before` is what the source read in /proc. */
function run(
  stream: ProbeStream | Uint8Array,
  options: ProbeReaderOptions = {},
  before: readonly Input[] = [],
): Run {
  const reader = new ProbeReader(options);
  reader.push(stream instanceof ProbeStream ? stream.bytes() : stream);
  reader.end();
  let input = reader.next();
  const { base = 0n } = reader;
  const engine = new FlowEngine({ mode: "native", exporter: "host", base, begins: true });
  for (const early of before) engine.apply(early);
  for (; input !== undefined; input = reader.next()) engine.apply(input);
  engine.end(reader.now);
  return { records: engine.take().filter((record) => record.type !== "H"), engine, reader };
}

const isFile = (record: Record): record is FileFlow => record.type === "FF";
const isNet = (record: Record): record is NetworkFlow => record.type === "NF";
const isProcess = (record: Record): record is ProcessEvent => record.type === "PE";
const isThreads = (record: Record): record is ProcessFlow => record.type === "PF";
const isGap = (record: Record): record is GapRecord => record.type === "G";

function sorted(rows: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return rows.toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
}

function processNamed(tid: number, exePath: string, start?: number): Input {
  const info = { ...noThreadInfo, tid, pid: tid, parentTid: 1, exePath, cwd: "/", uid: 0 };
  return { kind: "thread", ...info, tid, pid: tid, start };
}

const read = { ops: Op.OPEN | Op.READ, opens: 1, openFlags: 0o2000000 };
const connection = {
  kind: flowKinds.inet,
  mode: 0o140777,
  protocol: 6,
  sport: 40_000,
  dport: 80,
  source: ip4(10, 0, 0, 1),
  destination: ip4(10, 0, 0, 2),
};

test("a process from its fork to its exit; the last words of its flows come after it", () => {
  const stream = new ProbeStream();
  const path = stream.path("/etc/hosts");
  stream.fork(shell, child).after(ms).exec(child, "/usr/bin/cat", ["cat", "/etc/hosts"]);
  stream.flow(child, "begin", { id: 1, path, ...read, ops: Op.OPEN });
  stream.after(ms).exit(child, { status: 0, failedOpens: 3, threadsCloned: 4, threadsExited: 4 });
  stream.flow(child, "exit", { id: 1, path, ...read, rops: 2, rbytes: 77 });
  const { records } = run(stream);
  const [flow, ...more] = records.filter(isFile);
  expect(more).toEqual([]);
  expect(flow).toMatchObject({ rops: 2, rbytes: 77, opens: 1, final: true, slice: 0, tid: 101 });
  expect(flow?.openFlags).toBe(OpenFlag.RDONLY | OpenFlag.CLOEXEC);
  expect(opNames(flow?.ops ?? 0)).toEqual(["OPEN", "READ", "TRUNCATE"]);
  expect(flow?.proc.exe).toBe("/usr/bin/cat");
  const events = records.filter(isProcess);
  expect(events.map((event) => [event.ops, event.proc.pid, event.ret])).toEqual([
    [Op.CLONE, 100, 101],
    [Op.EXEC, 101, 0],
    [Op.EXIT, 101, 0],
  ]);
  expect(events[2]?.failedOpens).toBe(3);
  expect(records.filter(isThreads)).toMatchObject([{ threadsCloned: 4, threadsExited: 4 }]);
});

test("descriptors of one file are one flow, and a closed connection is written at once", () => {
  const stream = new ProbeStream();
  const path = stream.path("/srv/log");
  for (const id of [1, 2, 3]) {
    stream.after(ms).flow(child, "checkpoint", { id, fd: id, path, ...read, rops: 1, rbytes: id });
    stream.after(ms).flow(child, "close", { id, fd: id, path, ...read, rops: 2, rbytes: 10 });
  }
  stream.flow(child, "begin", { id: 9, ...connection, ops: Op.CONNECT });
  stream.flow(child, "close", { id: 9, ...connection, ops: Op.CONNECT | Op.WRITE, wops: 1 });
  const { records } = run(stream);
  expect(records.filter(isFile)).toMatchObject([{ opens: 3, rops: 6, rbytes: 30, fd: undefined }]);
  const [net] = records.filter(isNet);
  expect(net).toMatchObject({ wops: 1, final: true });
  expect(opNames(net?.ops ?? 0)).toEqual(["CONNECT", "WRITE", "CLOSE"]);
});

test("a pid that is used again: each process has what was its own, even when it is told late", () => {
  const stream = new ProbeStream();
  const path = stream.path("/srv/data");
  const later: Who = { pid: child.pid, start: child.start + second };
  stream.fork(shell, child).exec(child, "/bin/first", ["first"]);
  stream.after(ms).exit(child);
  stream.after(second).fork(shell, later).exec(later, "/bin/second", ["second"]);
  stream.flow(later, "checkpoint", { id: 2, path, ...read, rops: 1, rbytes: 1 });
  // The first one's last word found no room, and was collected now.
  stream.flow(child, "parked", { id: 1, path, ...read, rops: 1, rbytes: 1000 });
  const { records } = run(stream);
  const told = records.filter(isFile).map((flow) => [flow.proc.exe, flow.rbytes]);
  expect(sorted(told)).toEqual([
    ["/bin/first", 1000],
    ["/bin/second", 1],
  ]);
  const keys = new Set(records.filter(isFile).map((flow) => flow.proc.createdNs));
  expect(keys.size).toBe(2);
});

test("a process whose exit was lost ends when its pid is used again", () => {
  const stream = new ProbeStream();
  const path = stream.path("/srv/data");
  const later: Who = { pid: child.pid, start: child.start + second };
  stream.exec(child, "/bin/first", ["first"]);
  stream.flow(child, "checkpoint", { id: 1, path, ...read, rops: 1, rbytes: 5 });
  stream.after(second).flow(later, "checkpoint", { id: 2, path, ...read, rops: 1, rbytes: 6 });
  stream.after(ms).flow(child, "exit", { id: 1, path, ...read, rops: 2, rbytes: 7 });
  const { records } = run(stream);
  const told = records.filter(isFile).map((flow) => [flow.proc.exe ?? "?", flow.rbytes]);
  expect(sorted(told)).toEqual([
    ["/bin/first", 2],
    ["/bin/first", 5],
    ["?", 6],
  ]);
});

test("what /proc says of a process belongs to the one that began then", () => {
  const stream = new ProbeStream();
  const path = stream.path("/srv/data");
  stream.flow(shell, "scan", { id: 1, path, flags: 1 });
  stream.after(ms).flow(shell, "checkpoint", { id: 1, path, ops: Op.READ, rops: 1, flags: 1 });
  const { reader } = run(stream);
  const start = reader.timeOfBoot(Math.floor(shell.start / 1e7) * 1e7 - 1e7);
  const same = run(stream, {}, [processNamed(100, "/bin/sh", start)]).records.filter(isFile);
  expect(same[0]?.proc.exe).toBe("/bin/sh");
  // It is told when it began although it is older than the recording.
  expect(same[0]?.proc.createdNs).toBe((reader.base ?? 0n) + BigInt(startOf(reader)));
  const old = reader.timeOfBoot(shell.start - 3600 * second);
  const other = run(stream, {}, [processNamed(100, "/bin/old", old)]).records.filter(isFile);
  expect(other[0]?.proc.exe).toBeUndefined();
});

function startOf(reader: ProbeReader): number {
  return reader.timeOfBoot(shell.start) ?? 0;
}

test("what is open when the recording begins is a flow when it is used, and not before", () => {
  const stream = new ProbeStream();
  const path = stream.path("/srv/data");
  stream.flow(shell, "scan", { id: 1, path, flags: 1 });
  stream.flow(shell, "scan", { id: 2, path: stream.path("/srv/idle"), flags: 1, fd: 4 });
  stream.after(ms).flow(shell, "checkpoint", { id: 1, path, ops: Op.WRITE, wops: 2, wbytes: 8 });
  const flows = run(stream).records.filter(isFile);
  expect(flows.map((flow) => [flow.file.path, flow.wbytes])).toEqual([["/srv/data", 8]]);
});

test("a process that is told only by its flows is a process all the same, and its fork names it later", () => {
  const stream = new ProbeStream();
  const path = stream.path("/srv/data");
  stream.after(ms).flow(child, "checkpoint", { id: 1, path, ops: Op.WRITE, wops: 1, wbytes: 1 });
  stream.fork(shell, child);
  stream.after(ms).flow(child, "close", { id: 1, path, ops: Op.WRITE, wops: 2, wbytes: 2 });
  const { records } = run(stream);
  expect(records.filter(isFile)).toMatchObject([{ wbytes: 2 }]);
  const [clone] = records.filter(isProcess);
  expect(clone?.target?.identity).toBe(records.filter(isFile)[0]?.proc.identity);
  expect(clone?.target?.parent?.pid).toBe(100);
  expect(clone?.target?.createdNs).toBe(records.filter(isFile)[0]?.proc.createdNs);
});

test("an exec that was lost: /proc is asked again, and the process has a new version", () => {
  const stream = new ProbeStream();
  stream.exec(child, "/bin/first", ["first"]).exec(shell, "/bin/sh", ["sh"]);
  const { reader, engine, records } = run(stream);
  expect(records.filter((record) => record.type === "P").length).toBeGreaterThan(1);
  const late = new FlowEngine({ mode: "native", exporter: "host", base: reader.base ?? 0n });
  const again = new ProbeReader();
  again.push(stream.bytes());
  for (let input = again.next(); input !== undefined; input = again.next()) late.apply(input);
  const start = again.timeOfBoot(child.start);
  late.apply(processNamed(child.pid, "/bin/healed", start));
  late.end();
  const versions = late.take().flatMap((record) => (record.type === "P" ? [record.process] : []));
  const healed = versions.find((process) => process.exe === "/bin/healed");
  expect(healed?.state).toBe("MODIFIED");
  expect(healed?.previous?.exe).toBe("/bin/first");
  expect(engine.counters.dropped).toEqual({});
});

test("names, identities and failures are the events that captures give", () => {
  const stream = new ProbeStream();
  const srv = stream.path("/srv");
  stream.exec(child, "/bin/x", ["x"]);
  stream.call(child, 82, { dir1: srv, dir2: srv }, nul("a"), nul("b"));
  stream.call(child, 257, { ret: -13, dir1: srv, arg2: 2 }, nul("secret"));
  const peer = inetAddress([10, 0, 0, 9], 8080);
  stream.call(child, 42, { ret: -111, arg0: 5, arg4: 17, flags: 4 }, peer);
  stream.call(child, 49, { arg0: 6, flags: 4 }, inetAddress([0, 0, 0, 0], 80));
  stream.call(child, 50, { arg0: 6, arg4: 6, flags: 4 }, inetAddress([0, 0, 0, 0], 80));
  stream.call(child, 105, { arg0: 33, euid: 33 });
  stream.call(child, 91, { arg1: 0o755, dir1: stream.path("/srv/tool") });
  stream.call(child, 62, { arg0: 100, arg1: 9 });
  const { records } = run(stream);
  const told = records.flatMap((record) => {
    if (record.type === "FE") {
      return [`${opNames(record.ops).join()} ${record.file.path} ${record.newFile?.path ?? ""}`];
    }
    if (record.type === "NE") {
      const { sport, dport, proto } = record.net;
      return [`${opNames(record.ops).join()} ${sport} ${dport} ${proto} ${record.ret}`];
    }
    return record.type === "PE" ? [`${opNames(record.ops).join()} ${record.args.join()}`] : [];
  });
  expect(told).toEqual([
    "EXEC ",
    "RENAME /srv/a /srv/b",
    "OPEN /srv/secret ",
    "CONNECT 0 8080 17 -111",
    "BIND 80 0 undefined 0",
    "LISTEN 80 0 6 0",
    "SETUID 33",
    "CHMOD /srv/tool ",
    "SIGNAL 9,100",
  ]);
});

test("a flow that goes on is written every half minute; slices add up", () => {
  const stream = new ProbeStream();
  const path = stream.path("/srv/log");
  stream.exec(child, "/bin/x", ["x"]);
  for (let i = 1; i <= 100; i++) {
    const totals = { ops: Op.WRITE, wops: i, wbytes: 10 * i };
    stream.after(second).flow(child, "checkpoint", { id: 1, path, ...totals, first: begin });
  }
  stream.after(ms).exit(child);
  const flows = run(stream).records.filter(isFile);
  expect(flows.length).toBeGreaterThanOrEqual(3);
  expect(new Set(flows.map((flow) => flow.flowId)).size).toBe(1);
  expect(flows.map((flow) => flow.slice)).toEqual(flows.map((_, i) => i));
  expect(flows.reduce((sum, flow) => sum + flow.wbytes, 0)).toBe(1000);
  for (const [i, flow] of flows.entries()) {
    expect(flow.ts).toBeLessThanOrEqual(flow.endTs);
    const before = flows[i - 1];
    if (before !== undefined) expect(flow.ts).toBeGreaterThanOrEqual(before.endTs - second);
  }
});

test("a flow is known from its begin: once, with what happened so far, under the number of its record", () => {
  const stream = new ProbeStream();
  const path = stream.path("/etc/shadow");
  stream.exec(child, "/bin/x", ["x"]);
  stream.flow(child, "begin", { id: 1, path, ...read, ops: Op.OPEN });
  stream.flow(child, "begin", { id: 2, ...connection, fd: 4, ops: Op.CONNECT });
  const reader = new ProbeReader();
  reader.push(stream.bytes());
  const first = reader.next();
  const { base = 0n } = reader;
  const engine = new FlowEngine({ mode: "native", exporter: "host", base, begins: true });
  for (let input = first; input !== undefined; input = reader.next()) engine.apply(input);
  const [file, net, ...more] = engine.takeBegins();
  expect(more).toEqual([]);
  expect(file).toMatchObject({ type: "FF", ops: Op.OPEN, opens: 1, slice: 0, final: false });
  expect(net).toMatchObject({ type: "NF", ops: Op.CONNECT, slice: 0 });
  expect(engine.takeBegins()).toEqual([]);
  engine.end();
  const records = engine.take();
  expect(records.filter(isFile)[0]?.flowId).toBe(file?.flowId);
  expect(records.filter(isNet)[0]?.flowId).toBe(net?.flowId);
  // Without the option nothing is kept.
  expect(new FlowEngine({ mode: "native", base }).takeBegins()).toEqual([]);
});

test("a connection whose client port becomes known goes on under its full name", () => {
  const stream = new ProbeStream();
  const early = { ...connection, sport: 0, source: ip4(0, 0, 0, 0) };
  stream.flow(child, "begin", { id: 1, ...early, ops: Op.CONNECT });
  stream
    .after(ms)
    .flow(child, "close", { id: 1, ...connection, ops: Op.CONNECT | Op.READ, rops: 1 });
  const [flow, ...more] = run(stream).records.filter(isNet);
  expect(more).toEqual([]);
  expect(flow?.net).toMatchObject({ sip: 0x0a000001, sport: 40_000, dport: 80 });
  expect(flow?.rops).toBe(1);
});

test("a path that was lost and is said later names what follows", () => {
  const stream = new ProbeStream();
  stream.flow(child, "checkpoint", { id: 1, path: 0, inode: 5, ops: Op.READ, rops: 1, rbytes: 1 });
  const path = stream.path("/srv/found");
  stream
    .after(ms)
    .flow(child, "close", { id: 1, path, inode: 5, ops: Op.READ, rops: 2, rbytes: 3 });
  const told = run(stream)
    .records.filter(isFile)
    .map((flow) => [flow.file.path, flow.rbytes]);
  expect(sorted(told)).toEqual([
    ["/srv/found", 2],
    ["unknown:[5]", 1],
  ]);
});

test("what comes behind a last word is counted, and holds nothing open", () => {
  const stream = new ProbeStream();
  const path = stream.path("/srv/a");
  stream.flow(child, "close", { id: 1, path, ops: Op.READ | Op.CLOSE, rops: 1, rbytes: 5 });
  stream.flow(child, "checkpoint", { id: 1, path, ops: Op.READ, rops: 1, rbytes: 5 });
  stream.flow(child, "checkpoint", { id: 1, path, ops: Op.READ, rops: 2, rbytes: 9 });
  const flows = run(stream).records.filter(isFile);
  expect(flows).toMatchObject([{ rops: 2, rbytes: 9, ops: Op.READ | Op.CLOSE }]);
});

test("another run of the probe counts from zero, and nothing of it is taken for the old one's", () => {
  const totals = { ops: Op.WRITE, wops: 5, wbytes: 50 };
  const stream = new ProbeStream();
  stream.flow(child, "checkpoint", { id: 1, path: stream.path("/srv/a"), ...totals });
  const next = new ProbeStream();
  next.flow(child, "checkpoint", { id: 1, path: next.path("/srv/a"), ...totals, wbytes: 7 });
  const { records } = run(concat([stream.bytes(), next.bytes()]));
  expect(records.filter(isFile).reduce((sum, flow) => sum + flow.wbytes, 0)).toBe(57);
  expect(records.filter(isGap)).toMatchObject([{ lost: -1, where: "the probe began again" }]);
});

test("single operations know with which flags a file was opened, though its flow was told before", () => {
  const stream = new ProbeStream({ mode: probeModes.raw });
  const path = stream.path("/srv/new");
  stream.flow(child, "begin", { id: 1, path, ops: Op.OPEN, opens: 1, openFlags: 1 });
  stream.raw(child, 257, 1, 3, { arg2: 0o1101 });
  const [flow] = run(stream).records.filter(isFile);
  expect(flow?.opens).toBe(1);
  expect(flow?.openFlags).toBe(OpenFlag.WRONLY | OpenFlag.CREAT | OpenFlag.TRUNC);
});

test("a flow's file is known by more than its path", () => {
  const stream = new ProbeStream();
  const path = stream.path("/srv/a");
  const more = { inode: 12, device: (8 << 20) | 3, generation: 99 };
  stream.flow(child, "close", { id: 1, path, ops: Op.READ, rops: 1, ...more });
  expect(run(stream).records.filter(isFile)[0]?.file).toMatchObject({
    type: "f",
    inode: 12,
    device: 0x803,
    generation: 99,
  });
});

const operation = fc.record({
  flow: fc.integer({ min: 1, max: 5 }),
  write: fc.boolean(),
  ret: fc.oneof(fc.nat(5000), fc.constant(-11)),
  checkpoint: fc.boolean(),
  close: fc.nat(9),
});

/** The same work as totals and as single operations, in one stream; what it should add up to. */
function bothWays(
  operations: readonly (typeof operation extends fc.Arbitrary<infer T> ? T : never)[],
): {
  readonly stream: ProbeStream;
  readonly truth: Map<string, readonly number[]>;
} {
  const stream = new ProbeStream({ mode: probeModes.both });
  const truth = new Map<string, readonly number[]>();
  const totals = new Map<number, { id: number; ops: number; counts: number[] }>();
  stream.exec(child, "/bin/x", ["x"]);
  for (const { flow, write, ret, checkpoint, close } of operations) {
    const path = `/srv/${flow % 3}`;
    stream.after(ms);
    let now = totals.get(flow);
    const say = (why: "begin" | "checkpoint" | "close"): void => {
      const [rops = 0, wops = 0, rbytes = 0, wbytes = 0] = now?.counts ?? [];
      const counts = { rops, wops, rbytes, wbytes, ops: now?.ops ?? 0 };
      stream.flow(child, why, { id: now?.id ?? 0, fd: flow, path: stream.path(path), ...counts });
    };
    if (now === undefined) {
      now = { id: stream.nextFlow(), ops: 0, counts: [0, 0, 0, 0] };
      totals.set(flow, now);
      say("begin");
    }
    const bytes = Math.max(0, ret);
    const more = write ? [0, 1, 0, bytes] : [1, 0, bytes, 0];
    now.ops |= write ? Op.WRITE : Op.READ;
    now.counts = now.counts.map((count, i) => count + (more[i] ?? 0));
    const sum = truth.get(path) ?? [0, 0, 0, 0];
    truth.set(
      path,
      sum.map((count, i) => count + (more[i] ?? 0)),
    );
    if (checkpoint) say("checkpoint");
    stream.raw(child, write ? 1 : 0, now.id, ret);
    if (close === 0) {
      say("close");
      totals.delete(flow);
    }
  }
  for (const [flow, now] of totals) {
    const [rops = 0, wops = 0, rbytes = 0, wbytes = 0] = now.counts;
    const counts = { rops, wops, rbytes, wbytes, ops: now.ops };
    const path = stream.path(`/srv/${flow % 3}`);
    stream.flow(child, "exit", { id: now.id, fd: flow, path, ...counts });
  }
  return { stream, truth };
}

test("totals, single operations, and both: the same records' sums, and the truth", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const { stream, truth } = bothWays(operations);
      for (const witness of ["totals", "operations", undefined] as const) {
        const sums = new Map<string, readonly number[]>();
        for (const flow of run(stream, { witness }).records.filter(isFile)) {
          const { rops, wops, rbytes, wbytes } = flow;
          const sum = sums.get(flow.file.path) ?? [0, 0, 0, 0];
          const own = [rops, wops, rbytes, wbytes];
          sums.set(
            flow.file.path,
            sum.map((count, i) => count + (own[i] ?? 0)),
          );
        }
        expect(sorted([...sums])).toEqual(sorted([...truth]));
      }
    }),
    { numRuns: 150 },
  );
});

test("short processes by the ten thousand leave nothing behind", async () => {
  const engine = new FlowEngine({ mode: "native", exporter: "host", base: 0n, begins: true });
  const reader = new ProbeReader({ base: 1_699_999_999_000_000_000n });
  reader.push(new ProbeStream().bytes());
  const totals = { ops: Op.READ | Op.OPEN, opens: 1, rops: 1, rbytes: 1 };
  const early: WeakRef<object>[] = [];
  const rounds = 30;
  let flows = 0;
  for (let round = 0; round < rounds; round++) {
    const stream = new ProbeStream();
    stream.parts.length = 0;
    stream.after(round * second);
    const path = stream.path("/etc/hosts");
    for (let i = 0; i < 1000; i++) {
      const pid = 1000 + ((round * 1000 + i) % 7_000);
      const who = { pid, start: stream.now };
      stream.after(1000).fork(shell, who).exec(who, "/bin/true", ["true"]).exit(who);
      stream.flow(who, "exit", { id: round * 1000 + i + 1, path, ...totals });
    }
    reader.push(stream.bytes());
    for (let input = reader.next(); input !== undefined; input = reader.next()) engine.apply(input);
    engine.takeBegins();
    const told = engine.take().filter(isFile);
    flows += told.length;
    if (round < 10) for (const flow of told) early.push(new WeakRef(flow.proc));
  }
  // Ended processes are remembered for a while; by now these are not.
  expect(early.length).toBeGreaterThan(9000);
  expect(await heldOf(early)).toBeLessThanOrEqual(10);
  engine.end();
  expect(flows + engine.take().filter(isFile).length).toBe(1000 * rounds);
  expect(engine.counters.evictions["flows"]).toBe(0);
});
