// Hand-written sequences of calls, and the law of counters against a naive model that only adds up.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Op, OpenFlag, opNames } from "../model/opflag.ts";
import type { FileFlow, NetworkFlow, ProcessEvent, Record } from "../model/record.ts";
import {
  CloneFlag,
  Family,
  type Input,
  type Syscall,
  type SyscallName,
  type ThreadSnapshot,
  emptySyscall,
  noThreadInfo,
  syscalls,
} from "../model/syscall.ts";
import { second } from "../model/time.ts";
import { FlowEngine } from "./engine.ts";

type Fields = Partial<Omit<Syscall, "kind" | "family" | "name">>;

const familyOf = new Map<string, number>(syscalls.map((row) => [row.name, Family[row.family]]));

function call(name: SyscallName, tid: number, ts: number, fields: Fields = {}): Syscall {
  const family = familyOf.get(name) ?? Family.ignored;
  return { ...emptySyscall(), name, family, tid, pid: 0, ts, ...fields };
}

function process(tid: number, exePath: string, parentTid = 1, pid = tid): ThreadSnapshot {
  return {
    kind: "thread",
    ...noThreadInfo,
    tid,
    pid,
    parentTid,
    exePath,
    cwd: "/home",
    uid: 0,
    gid: 0,
  };
}

function run(inputs: readonly Input[], mode: "compat" | "native" = "native"): Record[] {
  const engine = new FlowEngine({ mode, exporter: "host", base: 1_000_000_000_000_000_000n });
  for (const input of inputs) engine.apply(input);
  engine.end();
  return engine.take();
}

function isFileFlow(record: Record): record is FileFlow {
  return record.type === "FF";
}

function isNetFlow(record: Record): record is NetworkFlow {
  return record.type === "NF";
}

function isEvent(record: Record): record is ProcessEvent {
  return record.type === "PE";
}

const at = (ms: number): number => ms * 1e6;

test("a file that is opened again and again is one flow, and every open is counted", () => {
  const inputs: Input[] = [process(10, "/bin/cat")];
  for (let i = 0; i < 5; i++) {
    const flags = i === 4 ? OpenFlag.WRONLY | OpenFlag.APPEND : OpenFlag.RDONLY;
    inputs.push(
      call("openat", 10, at(10 * i), { path: "notes", ret: 3 + i, fd: 3 + i, flags }),
      call("read", 10, at(10 * i + 1), { ret: 7, fd: 3 + i }),
      call("close", 10, at(10 * i + 2), { fd: 3 + i }),
    );
  }
  const flows = run(inputs).filter(isFileFlow);
  expect(flows).toHaveLength(1);
  const [flow] = flows;
  expect(flow?.file.path).toBe("/home/notes");
  expect(flow).toMatchObject({
    opens: 5,
    rops: 5,
    rbytes: 35,
    tid: 10,
    fd: undefined,
    final: true,
  });
  expect(opNames(flow?.ops ?? 0)).toEqual(["OPEN", "READ", "CLOSE"]);
  expect(flow?.openFlags).toBe(OpenFlag.RDONLY | OpenFlag.WRONLY | OpenFlag.APPEND);
  expect([flow?.ts, flow?.endTs]).toEqual([0, at(42)]);
});

test("the original keeps them apart", () => {
  const inputs: Input[] = [process(10, "/bin/cat")];
  for (let i = 0; i < 3; i++) {
    inputs.push(
      call("openat", 10, at(10 * i), { path: "notes", ret: 3, fd: 3, flags: OpenFlag.RDONLY }),
      call("close", 10, at(10 * i + 2), { fd: 3 }),
    );
  }
  expect(run(inputs, "compat").filter(isFileFlow)).toHaveLength(3);
});

test("a long flow is written in slices of 30 s with one id; the last one is marked, idle time is not lost", () => {
  const inputs: Input[] = [
    process(10, "/bin/tail"),
    call("openat", 10, 0, { path: "/log", ret: 3, fd: 3, flags: OpenFlag.RDONLY }),
    call("read", 10, 1, { ret: 5, fd: 3 }),
    { kind: "time", ts: 31 * second },
    // Far more than a minute of nothing: the original forgets the flow here.
    { kind: "time", ts: 200 * second },
    call("read", 10, 210 * second, { ret: 4, fd: 3 }),
    call("close", 10, 211 * second, { fd: 3 }),
  ];
  const slices = run(inputs).filter(isFileFlow);
  expect(slices.map(({ slice, final, rbytes }) => [slice, final, rbytes])).toEqual([
    [0, false, 5],
    [1, true, 4],
  ]);
  expect(slices[0]?.flowId).toBe(slices[1]?.flowId);
  expect(slices.map(({ ts, endTs }) => [ts / second, endTs / second])).toEqual([
    [0, 31],
    [210, 211],
  ]);
});

test("compat: a flow idle for a minute vanishes, and what follows is a new one", () => {
  const inputs: Input[] = [
    process(10, "/bin/tail"),
    call("openat", 10, 0, { path: "/log", ret: 3, fd: 3, flags: OpenFlag.RDONLY }),
    { kind: "time", ts: 31 * second },
    { kind: "time", ts: 62 * second },
    call("read", 10, 70 * second, { ret: 4, fd: 3 }),
  ];
  const flows = run(inputs, "compat").filter(isFileFlow);
  expect(flows.map(({ ops }) => opNames(ops))).toEqual([["OPEN"], ["READ", "TRUNCATE"]]);
});

test("a fork is one event that names the child, whichever side is seen first", () => {
  const info = { ...noThreadInfo, tid: 11, pid: 11, parentTid: 10, vtid: 11, vpid: 11 };
  const caller = call("clone", 10, at(1), { ret: 11 });
  const child = call("clone", 11, at(2), { ret: 0, info });
  for (const order of [
    [caller, child],
    [child, { ...caller, ts: at(3) }],
  ]) {
    const events = run([process(10, "/bin/sh"), ...order]).filter(isEvent);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ ops: Op.CLONE, ret: 11, tid: 10 });
    expect(events[0]?.proc.pid).toBe(10);
    expect(events[0]?.target?.pid).toBe(11);
    expect(events[0]?.target?.parent?.pid).toBe(10);
  }
  expect(run([process(10, "/bin/sh"), caller, child], "compat").filter(isEvent)).toHaveLength(2);
});

test("in a pid namespace only the child knows its id: still one event", () => {
  const inside: Input = { ...process(10, "/bin/sh"), vtid: 1, vpid: 1 };
  const info = { ...noThreadInfo, tid: 11, pid: 11, parentTid: 10, vtid: 7, vpid: 7 };
  const caller = call("clone", 10, at(1), { ret: 7 });
  const child = call("clone", 11, at(2), { ret: 0, info });
  for (const order of [
    [caller, child],
    [child, caller],
  ]) {
    const events = run([inside, ...order]).filter(isEvent);
    expect(events.map(({ ret, target }) => [ret, target?.pid])).toEqual([[11, 11]]);
  }
  // The child is never seen: what its parent said stays.
  const alone = run([inside, caller, { kind: "time", ts: 5 * second }]).filter(isEvent);
  expect(alone.map(({ ret, target }) => [ret, target])).toEqual([[7, undefined]]);
});

test("threads are counted in a process flow, and their I/O belongs to the process", () => {
  const thread = { flags: CloneFlag.THREAD | CloneFlag.FILES, ret: 12 };
  const records = run([
    process(10, "/bin/worker"),
    call("openat", 10, at(1), { path: "/data", ret: 3, fd: 3, flags: OpenFlag.RDONLY }),
    call("clone", 10, at(2), thread),
    call("clone3", 10, at(3), { ...thread, ret: -11 }),
    call("read", 12, at(4), { ret: 100, fd: 3 }),
    call("read", 10, at(5), { ret: 50, fd: 3 }),
    call("exit", 12, at(6)),
    call("exit_group", 10, at(7), { mode: 256 }),
  ]);
  const flows = records.filter(isFileFlow);
  expect(flows).toHaveLength(1);
  expect(flows[0]).toMatchObject({ rops: 2, rbytes: 150, tid: undefined, fd: 3 });
  const counts = records.find((record) => record.type === "PF");
  expect(counts).toMatchObject({ threadsCloned: 1, threadsExited: 1, cloneErrors: 1 });
  expect(records.filter(isEvent).map(({ ops, ret }) => [ops, ret])).toEqual([[Op.EXIT, 256]]);
});

test("opens that were forbidden are told, those that found nothing are counted", () => {
  const records = run([
    process(10, "/bin/thief"),
    call("openat", 10, at(1), { path: "/etc/shadow", ret: -13, flags: OpenFlag.RDONLY }),
    call("openat", 10, at(2), { path: "/nowhere", ret: -2, flags: OpenFlag.RDONLY }),
    call("exit_group", 10, at(3)),
  ]);
  const event = records.find((record) => record.type === "FE");
  expect(event).toMatchObject({ ops: Op.OPEN, ret: -13, args: ["RDONLY"] });
  expect(event?.type === "FE" && event.file.path).toBe("/etc/shadow");
  expect(records.filter(isEvent)[0]?.failedOpens).toBe(1);
});

const tuple = { family: 2, sip: 0x0a000001, sport: 4000, dip: 0x0a000002, dport: 80, path: "" };

test("a connection ends with its last descriptor; a refused one is an event; one in progress is no failure", () => {
  const socket = (ts: number, fd: number): Syscall =>
    call("socket", 10, ts, { ret: fd, fd, domain: 2, socketType: 1 });
  const records = run([
    process(10, "/bin/curl"),
    socket(at(1), 3),
    call("connect", 10, at(2), { ret: -115, fd: 3, tuple }),
    call("dup", 10, at(3), { ret: 4, fd: 3, fd2: 4 }),
    call("sendto", 10, at(4), { ret: 10, fd: 3 }),
    call("close", 10, at(5), { fd: 3 }),
    call("recvfrom", 10, at(6), { ret: 20, fd: 4 }),
    call("close", 10, at(7), { fd: 4 }),
    socket(at(8), 3),
    call("connect", 10, at(9), { ret: -111, fd: 3, tuple: { ...tuple, dport: 81 } }),
  ]);
  const flows = records.filter(isNetFlow);
  expect(flows).toHaveLength(1);
  expect(flows[0]).toMatchObject({ wbytes: 10, rbytes: 20, final: true, endTs: at(7) });
  expect(flows[0]?.net).toMatchObject({ sport: 4000, dport: 80, proto: 6 });
  const refused = records.find((record) => record.type === "NE");
  expect(refused).toMatchObject({ ops: Op.CONNECT, ret: -111 });
});

test("a process that talks to itself has both ends of the connection", () => {
  const socket = call("socket", 10, at(1), { ret: 3, fd: 3, domain: 2, socketType: 1 });
  const flows = run([
    process(10, "/bin/loop"),
    socket,
    call("connect", 10, at(2), { ret: 0, fd: 3, tuple }),
    call("accept", 10, at(3), { ret: 5, fd: 5, fd2: 4, tuple }),
    call("write", 10, at(4), { ret: 7, fd: 3 }),
    call("read", 10, at(5), { ret: 7, fd: 5 }),
  ]).filter(isNetFlow);
  expect(
    flows.map(({ ops, rbytes, wbytes }) => [opNames(ops).slice(0, 2), rbytes, wbytes]),
  ).toEqual([
    [["CONNECT", "WRITE"], 0, 7],
    [["ACCEPT", "READ"], 7, 0],
  ]);
});

test("IPv6 is recorded, and is not for the original", () => {
  const v6 = { ...tuple, family: 10, sip: "fd00::1", dip: "fd00::2" };
  const inputs: Input[] = [
    process(10, "/bin/curl"),
    call("socket", 10, at(1), { ret: 3, fd: 3, domain: 10, socketType: 1 }),
    call("connect", 10, at(2), { ret: 0, fd: 3, tuple: v6 }),
    call("close", 10, at(3), { fd: 3 }),
  ];
  expect(run(inputs).filter(isNetFlow)[0]?.net).toMatchObject({ dip: "fd00::2", proto: 6 });
  expect(run(inputs, "compat").filter(isNetFlow)).toEqual([]);
});

test("exec makes a version; what was done before stays with the one before", () => {
  const info = { ...noThreadInfo, tid: 10, pid: 10, argv0: "id", args: ["-u"], exePath: "/bin/id" };
  const records = run([
    process(10, "/bin/sh"),
    call("openat", 10, at(1), { path: "/a", ret: 3, fd: 3, flags: OpenFlag.RDONLY }),
    call("execve", 10, at(2), { path: "/bin/id", info }),
    call("execve", 10, at(3), { path: "/bin/none", ret: -2 }),
  ]);
  const versions = records.flatMap((record) => (record.type === "P" ? [record.process] : []));
  const own = versions.filter(({ pid }) => pid === 10);
  expect(own.map(({ state, exe }) => [state, exe])).toEqual([
    ["REUP", "/bin/sh"],
    ["MODIFIED", "/bin/id"],
  ]);
  expect(own[1]?.previous).toBe(own[0]);
  expect(own[1]?.argv).toEqual(["id", "-u"]);
  expect(records.filter(isEvent).map(({ ret, args }) => [ret, args])).toEqual([
    [0, []],
    [-2, ["/bin/none"]],
  ]);
});

test("sendfile reads one file and writes another", () => {
  const open = (fd: number, path: string): Syscall =>
    call("openat", 10, at(1), { path, ret: fd, fd, flags: OpenFlag.RDWR });
  const flows = run([
    process(10, "/bin/cp"),
    open(3, "/from"),
    open(4, "/to"),
    call("sendfile", 10, at(2), { ret: 99, fd: 3, fd2: 4 }),
  ]).filter(isFileFlow);
  expect(flows.map(({ file, rbytes, wbytes }) => [file.path, rbytes, wbytes])).toEqual([
    ["/from", 99, 0],
    ["/to", 0, 99],
  ]);
});

test("a recycled pid is another process", () => {
  const records = run([
    process(10, "/bin/first"),
    call("mkdir", 10, at(1), { path: "/a" }),
    call("exit_group", 10, at(2)),
    call("mkdir", 10, at(3), { path: "/b" }),
  ]);
  const [first, second] = records.filter((record) => record.type === "FE");
  expect(first?.type === "FE" && second?.type === "FE").toBe(true);
  if (first?.type !== "FE" || second?.type !== "FE") return;
  expect(first.proc.identity).not.toBe(second.proc.identity);
  expect(second.proc.exe).toBeUndefined();
});

type Step = {
  tid: number;
  op: "open" | "read" | "write" | "close" | "wait";
  path: number;
  n: number;
};

const steps = fc.array(
  fc.record({
    tid: fc.constantFrom(10, 11, 20),
    op: fc.constantFrom("open", "read", "write", "close", "wait"),
    path: fc.integer({ min: 0, max: 3 }),
    n: fc.integer({ min: -11, max: 5000 }),
  }),
  { maxLength: 120 },
);

/** Threads 10 and 11 are one process; every path has a descriptor number of its own. */
function inputsOf(list: readonly Step[]): Input[] {
  const inputs: Input[] = [process(10, "/a"), process(11, "/a", 1, 10), process(20, "/b")];
  let ts = 0;
  for (const { tid, op, path, n } of list) {
    ts += op === "wait" ? Math.abs(n) * 20_000_000 : 1000;
    const fd = 3 + path;
    if (op === "wait") inputs.push({ kind: "time", ts });
    else if (op === "open") {
      inputs.push(call("openat", tid, ts, { path: `/f${path}`, ret: fd, fd, flags: 1 }));
    } else inputs.push(call(op, tid, ts, { fd, ret: op === "close" ? 0 : n }));
  }
  return inputs;
}

/** Adds up what happened on open descriptors, by process and path. */
function naive(list: readonly Step[]): Map<string, readonly number[]> {
  const open = new Set<string>();
  const sums = new Map<string, number[]>();
  for (const { tid, op, path, n } of list) {
    const key = `${tid === 20 ? 20 : 10} /f${path}`;
    if (op === "open") open.add(key);
    if (op === "wait" || !open.has(key)) continue;
    const sum = sums.get(key) ?? [0, 0, 0, 0, 0];
    sums.set(key, sum);
    if (op === "open") sum[4] = (sum[4] ?? 0) + 1;
    if (op === "read") {
      sum[0] = (sum[0] ?? 0) + 1;
      sum[2] = (sum[2] ?? 0) + Math.max(0, n);
    }
    if (op === "write") {
      sum[1] = (sum[1] ?? 0) + 1;
      sum[3] = (sum[3] ?? 0) + Math.max(0, n);
    }
    if (op === "close") open.delete(key);
  }
  return sums;
}

test("flow totals are the exact sums of their calls", () => {
  fc.assert(
    fc.property(steps, (list) => {
      const flows = run(inputsOf(list)).filter(isFileFlow);
      const sums = new Map<string, number[]>();
      const finals = new Map<number, number>();
      for (const flow of flows) {
        const key = `${flow.proc.pid} ${flow.file.path}`;
        const { rops, wops, rbytes, wbytes, opens = 0 } = flow;
        const sum = sums.get(key) ?? [0, 0, 0, 0, 0];
        [rops, wops, rbytes, wbytes, opens].forEach((value, i) => {
          sum[i] = (sum[i] ?? 0) + value;
        });
        sums.set(key, sum);
        expect(flow.endTs).toBeGreaterThanOrEqual(flow.ts);
        if (flow.final === true) {
          finals.set(flow.flowId ?? 0, (finals.get(flow.flowId ?? 0) ?? 0) + 1);
        }
      }
      expect(sums).toEqual(naive(list));
      for (const count of finals.values()) expect(count).toBe(1);
    }),
    { numRuns: 300 },
  );
});

test("compat: the same, but for what vanishes when idle", () => {
  fc.assert(
    fc.property(steps, (list) => {
      const busy = list.filter(({ op }) => op !== "wait");
      const sums = new Map<string, number[]>();
      for (const flow of run(inputsOf(busy), "compat").filter(isFileFlow)) {
        const key = `${flow.proc.pid} ${flow.file.path}`;
        const { rops, wops, rbytes, wbytes } = flow;
        const sum = sums.get(key) ?? [0, 0, 0, 0];
        [rops, wops, rbytes, wbytes].forEach((value, i) => {
          sum[i] = (sum[i] ?? 0) + value;
        });
        sums.set(key, sum);
      }
      const expected = [...naive(busy)].map(([key, sum]) => [key, sum.slice(0, 4)] as const);
      expect(sums).toEqual(new Map(expected));
    }),
    { numRuns: 200 },
  );
});
