// The probe's stream as inputs: what each message says, that cuts do not matter, that nothing makes the reader fail.

import fc from "fast-check";
import { expect, test } from "vitest";
import { type FlowInput, FlowWhy } from "../../model/flow-input.ts";
import { Op, OpenFlag } from "../../model/opflag.ts";
import { flowFlags, flowKinds, flowReasons, probeModes } from "../../model/probe.ts";
import { CloneFlag, Family, type Input, type Syscall, noFd } from "../../model/syscall.ts";
import { sniffFormat } from "../index.ts";
import { readInputs } from "./inputs-test.ts";
import { ProbeReader } from "./reader.ts";
import {
  ProbeStream,
  accepted,
  begin,
  bootRealtime,
  bytesOf,
  concat,
  inetAddress,
  ip4,
  nul,
  second,
  type Who,
} from "./sample-test.ts";

const shell: Who = { pid: 100, start: begin - 5 * second };
const child: Who = { pid: 101, start: begin + 1000 };
const ms = 1_000_000;

function isCall(input: Input): input is Syscall {
  return input.kind === "call";
}

function isFlow(input: Input): input is FlowInput {
  return input.kind === "flow";
}

function callsIn(stream: ProbeStream): Syscall[] {
  return readInputs(stream.bytes()).inputs.filter(isCall);
}

function flowsIn(stream: ProbeStream): FlowInput[] {
  return readInputs(stream.bytes()).inputs.filter(isFlow);
}

function gapsOf(inputs: readonly Input[]): string[] {
  return inputs.flatMap((input) =>
    input.kind === "gap" ? [`${input.reason} ${input.lost} ${input.unit} ${input.where}`] : [],
  );
}

/** A little of everything. */
function sample(): ProbeStream {
  const stream = new ProbeStream();
  stream.after(ms).fork(shell, child);
  stream.after(ms).exec(child, "/usr/bin/curl", ["curl", "-s", "http://a/b c"], { euid: 33 });
  const path = stream.path("/etc/passwd");
  stream.after(ms).flow(child, "begin", { id: 7, path, ops: Op.OPEN, opens: 1, inode: 12 });
  stream.call(
    child,
    82,
    { dir1: stream.path("/srv"), dir2: stream.path("/srv") },
    nul("a"),
    nul("b"),
  );
  stream.flow(child, "close", {
    id: 7,
    path,
    ops: Op.OPEN | Op.READ | Op.CLOSE,
    rops: 3,
    rbytes: 99,
  });
  stream.flow(child, "checkpoint", {
    id: 8,
    kind: flowKinds.inet,
    mode: 0o140777,
    protocol: 6,
    sport: 40_000,
    dport: 443,
    source: ip4(10, 0, 0, 1),
    destination: ip4(10, 0, 0, 2),
    wops: 1,
    wbytes: 2 ** 33,
    ops: Op.WRITE | Op.CONNECT,
  });
  stream.add("stats", { flowsLost: 2, compatCalls: 1 });
  stream.add("dirty", { pid: 101, calls: 3, execs: 1 });
  stream.after(second).clock();
  stream.exit(child, { status: 256, failedOpens: 4, threadsCloned: 2, threadsExited: 2 });
  return stream;
}

test("times count from the clock that the stream begins with, to the nanosecond", () => {
  const stream = new ProbeStream();
  stream.after(1234).fork(shell, child);
  const { inputs, reader } = readInputs(stream.bytes());
  const [fork] = inputs.filter(isCall);
  const absolute = (reader.base ?? 0n) + BigInt(fork?.ts ?? 0);
  expect(absolute).toBe(bootRealtime + BigInt(begin) + 1234n);
  expect((reader.base ?? 0n) + BigInt(fork?.start ?? 0)).toBe(bootRealtime + BigInt(shell.start));
  expect((reader.base ?? 1n) % 1_000_000_000n).toBe(0n);
  expect(reader.precision).toBe("jiffy");
  expect(reader.now).toBe(fork?.ts);
});

test("a clock that is set, back or forth, moves no time; it is told once", () => {
  const stream = new ProbeStream();
  stream
    .after(second)
    .clock(2 * ms)
    .fork(shell, child);
  stream
    .after(second)
    .clock(-3600 * second)
    .fork(shell, child);
  stream
    .after(second)
    .clock(-3600 * second)
    .fork(shell, child);
  // Suspended: the clock since boot went on, and so did the other.
  stream
    .after(7200 * second)
    .clock(-3600 * second)
    .fork(shell, child);
  const { inputs, reader } = readInputs(stream.bytes());
  const times = inputs.filter(isCall).map((call) => call.ts);
  expect(times.map((ts) => ts - (times[0] ?? 0))).toEqual([0, second, 2 * second, 7202 * second]);
  const said = reader.diagnostics.map(({ code, message }) => `${code} ${message}`);
  expect(said).toEqual(["SF1304 the clock was set by -3600.000 s"]);
  expect(gapsOf(inputs)).toEqual([]);
});

test("CLOCK right behind HELLO is more exact than HELLO itself", () => {
  const stream = new ProbeStream({ hello: { realtime: bootRealtime + BigInt(begin) + 5000n } });
  stream.fork(shell, child);
  const { inputs, reader } = readInputs(stream.bytes());
  const [fork] = inputs.filter(isCall);
  expect((reader.base ?? 0n) + BigInt(fork?.ts ?? 0)).toBe(bootRealtime + BigInt(begin));
});

test("FORK, EXEC and EXIT are the calls that captures give", () => {
  const [fork, exec, , exit] = callsIn(sample());
  expect(fork).toMatchObject({ family: Family.clone, tid: 100, ret: 101 });
  expect(fork?.childStart).toBe((fork?.start ?? 0) + 5 * second + 1000);
  expect(exec).toMatchObject({ family: Family.exec, name: "execve", tid: 101, ret: 0 });
  expect(exec?.info).toMatchObject({
    comm: "curl",
    argv0: "curl",
    args: ["-s", "http://a/b c"],
    exePath: "/usr/bin/curl",
    cwd: "/srv",
    uid: 33,
    parentTid: 1,
    loginUid: undefined,
    cgroups: undefined,
  });
  expect(exit).toMatchObject({ family: Family.exit, tid: 101, mode: 256 });
  expect(exit?.counts).toEqual({
    failedOpens: 4,
    threadsCloned: 2,
    threadsExited: 2,
    left: false,
  });
});

test("a program's control group and a deleted program are named", () => {
  const id = "0123456789abcdef".repeat(4);
  const stream = new ProbeStream();
  const exe = stream.path("/tmp/gone", { flags: 2 });
  stream.exec(child, "/x", ["x", ""], { exe }, `/system.slice/docker-${id}.scope`);
  const [exec] = callsIn(stream);
  expect(exec?.info?.cgroups).toEqual([`/system.slice/docker-${id}.scope`]);
  expect(exec?.info?.exePath).toBe("/tmp/gone (deleted)");
  expect(exec?.info?.args).toEqual([""]);
});

test("names are absolute where their directory was said, and left as they are where it was not", () => {
  const stream = new ProbeStream();
  const srv = stream.path("/srv");
  const root = stream.path("/");
  stream.call(child, 82, { dir1: srv, dir2: srv }, nul("a"), nul("/tmp/b"));
  stream.call(child, 264, { dir1: root, dir2: srv, ret: -2 }, nul("x"), nul("../y"));
  stream.call(child, 263, { arg2: 0x200, dir1: 999 }, nul("z"));
  stream.call(child, 266, { dir2: srv }, nul("../target"), nul("link"));
  stream.call(child, 91, { dir1: stream.path("/srv/script"), arg1: 0o755 });
  stream.call(child, 165, { dir1: srv, dir2: srv, arg3: 4096 }, nul("proc"), nul("mnt"));
  const [rename, renameat, unlinkat, symlinkat, fchmod, mount] = callsIn(stream);
  expect(rename).toMatchObject({ name: "rename", path: "/srv/a", newPath: "/tmp/b", ret: 0 });
  expect(renameat).toMatchObject({ path: "/x", newPath: "/srv/../y", ret: -2 });
  expect(unlinkat).toMatchObject({ name: "unlinkat", path: "z", dirfd: noFd, flags: 0x200 });
  expect(symlinkat).toMatchObject({ path: "../target", newPath: "/srv/link" });
  expect(fchmod).toMatchObject({ name: "fchmod", path: "/srv/script", mode: 0o755 });
  expect(mount).toMatchObject({ name: "mount", path: "/srv/mnt", newPath: "proc", flags: 4096 });
});

test("failures that matter: an open, a connection, an exec, a clone", () => {
  const stream = new ProbeStream();
  const etc = stream.path("/etc");
  stream.call(child, 257, { ret: -13, dir1: etc, arg2: 0o102 }, nul("shadow"));
  stream.call(child, 42, { ret: -111, arg0: 5, flags: 4 }, inetAddress([10, 0, 0, 9], 8080));
  stream.call(child, 59, { ret: -2, dir1: etc }, nul("nothing"));
  stream.call(child, 56, { ret: -11, arg0: 0x10900 });
  // What succeeded has a flow of its own.
  stream.call(child, 257, { ret: 3, dir1: etc }, nul("hosts"));
  const [open, connect, exec, clone, more] = callsIn(stream);
  expect(open).toMatchObject({ path: "/etc/shadow", ret: -13 });
  expect(open?.flags).toBe(OpenFlag.RDWR | OpenFlag.CREAT);
  expect(connect?.tuple).toMatchObject({ family: 2, dip: 0x0a000009, dport: 8080, sip: 0 });
  expect(exec).toMatchObject({ family: Family.exec, path: "/etc/nothing", ret: -2 });
  expect(clone?.flags).toBe(CloneFlag.VM | CloneFlag.THREAD);
  expect(more).toBeUndefined();
});

test("who a process is after it changed that, whom it signals, what it traces", () => {
  const stream = new ProbeStream();
  stream.call(child, 117, { arg0: 0, arg1: 0, arg2: 0, uid: 0, euid: 7 });
  stream.call(child, 105, { ret: -1, arg0: 0, euid: 33 });
  stream.call(child, 126, { capabilities: 0x2000n });
  stream.call(child, 62, { arg0: 100, arg1: 9 });
  stream.call(child, 234, { arg0: 100, arg1: 102, arg2: 15 });
  stream.call(child, 101, { arg0: 16, arg1: 100 });
  stream.call(child, 176, {}, nul("module"));
  const [setresuid, setuid, capset, kill, tgkill, ptrace, module] = callsIn(stream);
  expect(setresuid).toMatchObject({ family: Family.setuid, uid: 7, ret: 0 });
  expect(setuid).toMatchObject({ uid: 0, ret: -1 });
  expect(capset?.info?.capabilities).toBe(0x2000n);
  expect(kill).toMatchObject({ family: Family.signal, target: 100, mode: 9 });
  expect(tgkill).toMatchObject({ family: Family.signal, target: 100, mode: 15 });
  expect(ptrace).toMatchObject({ family: Family.ptrace, mode: 16, target: 100 });
  expect(module).toMatchObject({ family: Family.module, mode: 1, path: "module" });
});

test("a socket that is bound, or listens: where, and for which protocol; abstract names begin with @", () => {
  const stream = new ProbeStream();
  const any = inetAddress([0, 0, 0, 0], 80);
  stream.call(child, 49, { arg0: 4, arg4: 17, flags: 4 }, any);
  stream.call(child, 50, { arg0: 4, arg1: 128, arg4: 6, flags: 4 }, any);
  stream.call(child, 50, { arg0: 5 });
  stream.call(child, 49, { arg0: 6, arg4: 255, flags: 4 }, bytesOf("\u0001\u0000\0hidden"));
  const [bind, listen, elsewhere, unix] = callsIn(stream);
  expect(bind).toMatchObject({ family: Family.bind, protocol: 17 });
  expect(listen).toMatchObject({ family: Family.listen, protocol: 6 });
  expect(listen?.tuple).toMatchObject({ sip: 0, sport: 80, dport: 0 });
  expect(elsewhere?.tuple).toBeUndefined();
  expect(unix).toMatchObject({ protocol: 254, tuple: { family: 1, path: "@hidden" } });
});

test("a flow's totals, file and connection", () => {
  const [open, close, connection] = flowsIn(sample());
  expect(open).toMatchObject({
    why: FlowWhy.begin,
    standing: "open",
    pid: 101,
    idLow: 7,
    idHigh: 0,
    ops: Op.OPEN,
    opens: 1,
    openFlags: OpenFlag.RDONLY,
    what: "file",
    letter: "f",
    path: "/etc/passwd",
    pathKnown: true,
    inode: 12,
    fd: 3,
  });
  expect(close).toMatchObject({ why: FlowWhy.close, standing: "closed", rops: 3, rbytes: 99 });
  expect(connection).toMatchObject({ what: "net", wbytes: 2 ** 33, accepted: false });
  expect(connection?.net).toEqual({
    sip: 0x0a000001,
    sport: 40_000,
    dip: 0x0a000002,
    dport: 443,
    proto: 6,
  });
});

test("pipes, unix sockets and files without a path are told apart by their inode", () => {
  const stream = new ProbeStream();
  const socket = { kind: flowKinds.unix, mode: 0o140777, inode: 6 };
  const peer = new Uint8Array(16);
  peer[0] = 77;
  stream.flow(child, "checkpoint", { id: 1, kind: flowKinds.pipe, mode: 0o010600, inode: 5 });
  stream.flow(child, "checkpoint", { id: 2, ...socket, source: peer });
  stream.flow(child, "checkpoint", { id: 3, ...socket, path: stream.path("/run/db.sock") });
  stream.flow(child, "checkpoint", { id: 4, path: 4711, inode: 9, device: (8 << 20) | 1 });
  const { inputs, reader } = readInputs(stream.bytes());
  const [pipe, unnamed, named, lost] = inputs.filter(isFlow);
  expect(pipe).toMatchObject({ what: "file", letter: "p", path: "pipe:[5]", pathKnown: true });
  expect(unnamed).toMatchObject({ what: "unix", path: "socket:[6]", peerInode: 77 });
  expect(named).toMatchObject({ what: "unix", letter: "u", path: "/run/db.sock" });
  expect(lost).toMatchObject({ path: "unknown:[9]", pathKnown: false, device: 0x801 });
  expect(reader.counters.skipped.get("path that was not said")).toBe(1);
});

test("an accepted connection over IPv6; a listening socket is no flow; io_uring has no descriptor", () => {
  const stream = new ProbeStream();
  const loop = Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0));
  const net = { kind: flowKinds.inet6, protocol: 6, source: loop, destination: loop };
  stream.flow(child, "begin", { id: 1, ...net, sport: 5, dport: 80, flags: accepted });
  stream.flow(child, "begin", { id: 2, ...net, state: 10 });
  stream.flow(child, "begin", { id: 3, fd: 0x80000123, flags: flowFlags.uring, ops: Op.READ });
  const [connection, listening, uring] = flowsIn(stream);
  expect(connection?.net).toEqual({ sip: "::1", sport: 5, dip: "::1", dport: 80, proto: 6 });
  expect(connection?.accepted).toBe(true);
  expect(listening?.what).toBe("other");
  expect(uring).toMatchObject({ fd: noFd, ops: Op.READ | Op.IO_URING });
});

test("reasons say how a flow stands", () => {
  const stream = new ProbeStream();
  for (const why of Object.keys(flowReasons) as (keyof typeof flowReasons)[]) {
    stream.flow(child, why, { id: stream.nextFlow(), ops: Op.READ });
  }
  stream.flow(child, "parked", { id: 99, ops: Op.READ | Op.CLOSE });
  const standings = flowsIn(stream).map((flow) => flow.standing);
  expect(standings).toEqual([
    ...["open", "open", "closed", "cut", "closed", "closed", "cut", "open"],
    "closed",
  ]);
});

test("single operations: what each does to its flow", () => {
  const stream = new ProbeStream({ mode: probeModes.raw });
  stream.flow(child, "begin", { id: 1, fd: 3 }).flow(child, "begin", { id: 2, fd: 4 });
  stream.raw(child, 0, 1, 512).raw(child, 1, 2, -11).raw(child, 257, 1, 3, { arg2: 0o1101 });
  stream.raw(child, 40, 2, 100, { arg0: 4, arg1: 3 });
  stream.raw(child, 0, 0, -9).raw(child, 3, 1, 0).raw(child, 299, 1, 2);
  const { inputs, reader } = readInputs(stream.bytes());
  const told = inputs
    .filter(isFlow)
    .filter((flow) => flow.why === FlowWhy.operation)
    .map(({ idLow, ops, rops, wops, rbytes, wbytes }) => [idLow, ops, rops, wops, rbytes, wbytes]);
  expect(told).toEqual([
    [1, Op.READ, 1, 0, 512, 0],
    [2, Op.WRITE, 0, 1, 0, 0],
    [1, Op.OPEN, 0, 0, 0, 0],
    [1, Op.READ, 1, 0, 100, 0],
    [2, Op.WRITE, 0, 1, 0, 100],
    [1, Op.CLOSE, 0, 0, 0, 0],
    [1, Op.READ, 1, 0, 0, 0],
  ]);
  expect(reader.counters.skipped.get("operation without a flow")).toBe(1);
  expect(reader.precision).toBe("ns");
});

test("losses are told once, as they grow; what heals makes no gap", () => {
  const stream = new ProbeStream();
  stream.add("stats", { flowsLost: 2, rawLost: 5, flowsParked: 9, controlLost: 4 });
  stream.add("dirty", { pid: 101, calls: 3, paths: 1 });
  stream.after(second).add("stats", { flowsLost: 2, rawLost: 6, controlLost: 4, faults: 8 });
  stream.after(second).add("stats", { flowsLost: 2, rawLost: 6, controlLost: 5, processesLost: 1 });
  const { inputs, reader } = readInputs(stream.bytes());
  expect(gapsOf(inputs)).toEqual([
    "dropped 2 flows probe: every table full",
    "dropped 5 events probe: full ring of raw events",
    "dropped 3 events probe: calls of process 101",
    "dropped 1 events probe: full ring of raw events",
    "lost-process 1 processes probe: full table of processes",
    "dropped 1 events probe: messages of processes that could not be noted",
  ]);
  expect(reader.counters.skipped.get("text in user memory that could not be read")).toBe(8);
});

test("event time goes on while nothing happens", () => {
  const stream = new ProbeStream();
  stream.after(5 * second).add("stats", {});
  stream.after(5 * second).clock();
  const times = readInputs(stream.bytes()).inputs.flatMap((input) =>
    input.kind === "time" ? [input.ts] : [],
  );
  expect(times.slice(-2).map((ts) => ts - (times[0] ?? 0))).toEqual([5 * second, 10 * second]);
});

test("whoever leaves the selection is told as a gap, not as an end", () => {
  const stream = new ProbeStream();
  stream.exit(child, { left: 1 });
  const { inputs } = readInputs(stream.bytes());
  expect(inputs.filter(isCall)[0]?.counts?.left).toBe(true);
  expect(gapsOf(inputs)).toEqual([
    "lost-process 1 processes process 101: another user's by now, not recorded further",
  ]);
});

test.each([
  ["version", { version: 2 }, "SF1301", "it has version 2, expected 1"],
  ["sizes", { flowSize: 168 }, "SF1301", "168, expected 160"],
  ["machine", { machine: 40 }, "SF1301", "machine 40 is not known"],
  ["magic", { magic: 0n }, "SF1300", "the greeting is not the probe's"],
])("a probe that cannot be understood is refused: %s", (_what, hello, code, text) => {
  const stream = new ProbeStream({ hello });
  stream.fork(shell, child);
  const { inputs, reader } = readInputs(stream.bytes());
  expect(inputs.map((input) => input.kind)).toEqual(["gap"]);
  expect(reader.diagnostics[0]?.code).toBe(code);
  expect(reader.diagnostics[0]?.message).toContain(text);
});

test("a stream without a greeting is refused", () => {
  const stream = new ProbeStream();
  stream.parts.shift();
  const { inputs, reader } = readInputs(stream.bytes());
  expect(inputs.map((input) => input.kind)).toEqual(["gap"]);
  expect(reader.diagnostics[0]?.code).toBe("SF1300");
});

test("another probe of the same boot goes on in the same time; numbers of paths and flows are new", () => {
  const stream = new ProbeStream();
  const path = stream.path("/old");
  stream.flow(child, "checkpoint", { id: 1, path });
  const later = new ProbeStream({ hello: { realtime: bootRealtime + BigInt(begin) + 900n } });
  later.flow(child, "checkpoint", { id: 1, path });
  const { inputs } = readInputs(concat([stream.bytes(), later.bytes()]));
  const [first, again] = inputs.filter(isFlow);
  expect(again?.start).toBe(first?.start);
  expect([first?.run, again?.run]).toEqual([1, 2]);
  expect([first?.pathKnown, again?.pathKnown]).toEqual([true, false]);
  expect(gapsOf(inputs)).toEqual(["dropped -1 events the probe began again"]);
});

test("a restart that the source announced: half a message is left out, and the gap is the source's", () => {
  const stream = sample().bytes();
  const whole = readInputs(stream).inputs.length;
  const probe = new ProbeReader();
  const counted = [stream.subarray(0, stream.length - 13), stream].map((bytes) => {
    probe.restart();
    probe.push(bytes);
    let count = 0;
    while (probe.next() !== undefined) count += 1;
    return count;
  });
  // The exit was cut off.
  expect(counted).toEqual([whole - 1, whole]);
  expect(probe.diagnostics).toEqual([]);
});

test("another boot is another recording", () => {
  const other = new ProbeStream({ hello: { bootId: new Uint8Array(16).fill(9) } });
  other.fork(shell, child);
  const { inputs } = readInputs(concat([sample().bytes(), other.bytes()]));
  expect(inputs.filter((input) => input.kind === "section")).toHaveLength(1);
  expect(gapsOf(inputs).some((gap) => gap.includes("began again"))).toBe(false);
});

test("sniffed by its greeting, whatever the version", () => {
  expect(sniffFormat(new ProbeStream({ hello: { version: 9 } }).bytes())?.name).toBe("probe");
  expect(sniffFormat(new ProbeStream({ hello: { magic: 0n } }).bytes())?.name).not.toBe("probe");
});

test("any cut of the bytes gives the same inputs", () => {
  const bytes = sample().bytes();
  const whole = readInputs(bytes).inputs;
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 9 }),
      (sizes) => {
        expect(readInputs(bytes, sizes).inputs).toEqual(whole);
      },
    ),
    { numRuns: 300 },
  );
});

test("damage costs what it hits: the rest is read, and every byte is accounted for", () => {
  const stream = sample();
  const parts = stream.parts.slice();
  const broken = parts[3]?.slice() ?? new Uint8Array(0);
  new DataView(broken.buffer).setUint32(0, 0x7fffffff, true);
  const { inputs, reader } = readInputs(concat([...parts.slice(0, 3), broken, ...parts.slice(4)]));
  const whole = readInputs(stream.bytes()).inputs;
  expect(gapsOf(inputs)[0]).toContain(`damaged ${broken.length} bytes`);
  expect(reader.diagnostics.map((item) => item.code)).toEqual(["SF1302"]);
  expect(inputs.length).toBeGreaterThan(whole.length - 3);
});

test("a stream that is cut anywhere: everything before, then a truncation", () => {
  const bytes = sample().bytes();
  for (let length = 300; length < bytes.length; length += 7) {
    const { inputs, reader } = readInputs(bytes.subarray(0, length));
    const codes = reader.diagnostics.map((item) => item.code);
    expect(codes.length, `${length}`).toBeLessThanOrEqual(1);
    if (codes[0] === "SF1303") expect(gapsOf(inputs).at(-1)).toContain("truncated");
  }
});

test("no bytes make the reader fail, and cuts never matter", () => {
  const bytes = sample().bytes();
  const mutation = fc.record({
    at: fc.nat(bytes.length - 1),
    value: fc.nat(255),
    cut: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(mutation, { maxLength: 6 }),
      fc.integer({ min: 1, max: 50 }),
      (changes, size) => {
        let mutated: Uint8Array = bytes.slice();
        for (const { at, value, cut } of changes) {
          if (cut) mutated = concat([mutated.subarray(0, at), mutated.subarray(at + (value % 24))]);
          else if (at < mutated.length) mutated[at] = value;
        }
        const whole = readInputs(mutated);
        expect(readInputs(mutated, [size]).inputs).toEqual(whole.inputs);
        expect(readInputs(mutated, [8 * size, 3]).inputs).toEqual(whole.inputs);
      },
    ),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (noise) => {
      const behind = concat([new ProbeStream().bytes(), noise]);
      expect(readInputs(behind, [17]).inputs).toEqual(readInputs(behind).inputs);
      readInputs(noise);
    }),
  );
});
