// Blocks of every type and version, from captures that write-test.ts makes; sections; the law of chunks.

import { assert, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { scapFormat } from "./format.ts";
import { calls, read } from "./read-test.ts";
import * as w from "./write-test.ts";

const start = 1_700_000_000_000_000_000n;
const shell: w.TestProcess = {
  tid: 42,
  pid: 40,
  comm: "sh",
  exe: "sh",
  args: ["-c", "", "ls"],
  cwd: "/tmp/",
};

/** A write by thread 42, entered and left. */
function write(ts: bigint, options: w.EventOptions = {}): Uint8Array {
  return w.join([
    w.event(ts, 42, 8, [w.i64(3), w.u32(10)], options),
    w.event(ts + 5n, 42, 9, [w.i64(10), new Uint8Array(10)], options),
  ]);
}

function capture(...blocks: readonly Uint8Array[]): Uint8Array {
  return w.join([w.section(), w.machine("host-a", start - 1000n), ...blocks]);
}

test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])("a process list of version %i", (version) => {
  const { inputs } = read(
    capture(w.processes(version, [shell, { ...shell, tid: 43 }]), write(start)),
  );
  const threads = inputs.filter((input) => input.kind === "thread");
  expect(threads).toHaveLength(2);
  expect(threads[0]).toMatchObject({
    tid: 42,
    pid: 40,
    parentTid: 1,
    comm: "sh",
    argv0: "sh",
    args: ["-c", "", "ls"],
    cwd: "/tmp/",
    uid: 1000,
    gid: 100,
    exePath: version >= 7 ? "/bin/sh" : undefined,
    session: version >= 6 ? 77 : undefined,
    processGroup: version >= 8 ? 78 : undefined,
    env: version >= 3 ? ["A=1", "B=2"] : undefined,
    vtid: version >= 4 ? 7 : undefined,
    vpid: version >= 4 ? 6 : undefined,
    cgroups: version >= 4 ? ["cpu=/", "memory=/x"] : undefined,
  });
});

test.each([
  [0x8000abcd, 1],
  [0x8013abcd, 2],
  [0x8014abcd, 3],
])("the first releases' number %i of a process list", (type, version) => {
  const { inputs, reader } = read(capture(w.processes(version, [shell], type)));
  expect(inputs.filter((input) => input.kind === "thread")).toHaveLength(1);
  expect(reader.diagnostics).toEqual([]);
});

test("what later releases appended to a process is told by the bytes left", () => {
  const capabilities = [w.u64(1), w.u64(2), w.u64(0x1ff_ffff_ffffn)];
  const short = w.join([w.u32(1001), w.u8(1), ...capabilities]);
  const long = w.join([
    w.u64(9),
    w.u32(34816),
    w.u32(1001),
    w.u8(1),
    ...capabilities,
    w.u8(1),
    w.u64(555),
    w.u64(1),
    w.u64(2),
    w.u8(0),
  ]);
  const tails = [w.u32(1001), short, long].map((tail) => ({ ...shell, tail }));
  const { inputs } = read(capture(w.processes(9, tails)));
  const threads = inputs.filter((input) => input.kind === "thread");
  expect(threads.map((thread) => thread.loginUid)).toEqual([1001, 1001, 1001]);
  const effective = 0x1ff_ffff_ffffn;
  expect(threads.map((thread) => thread.capabilities)).toEqual([undefined, effective, effective]);
  expect(threads.map((thread) => thread.tty)).toEqual([undefined, undefined, 34816]);
  expect(threads.map((thread) => thread.exeInode)).toEqual([undefined, undefined, 555]);
  expect(threads.map((thread) => thread.exeUpperLayer)).toEqual([undefined, undefined, true]);
});

const six = Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
const mapped = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1]);

test.each([1, 2])("a descriptor list of version %i", (version) => {
  const ip = Uint8Array.of(10, 0, 0, 1);
  const entries: w.TestDescriptor[] = [
    { fd: 0, type: 1, payload: w.short("/dev/null") },
    {
      fd: 1,
      type: 16,
      payload: w.join([w.u32(4097), w.short("/etc/x"), ...(version > 1 ? [w.u32(8)] : [])]),
    },
    { fd: 2, type: 3, payload: w.join([ip, ip, w.u16(1), w.u16(2), w.u8(2)]) },
    { fd: 3, type: 4, payload: w.join([six, six, w.u16(1), w.u16(2), w.u8(3)]) },
    { fd: 4, type: 4, payload: w.join([mapped, mapped, w.u16(1), w.u16(2), w.u8(2)]) },
    { fd: 5, type: 5, payload: w.join([ip, w.u16(80), w.u8(2)]) },
    { fd: 6, type: 6, payload: w.join([six, w.u16(80), w.u8(2)]) },
    {
      fd: 7,
      type: 8,
      payload: w.join([w.u64(0xffff_8000_0000_00abn), w.u64(0), w.short("/run/s")]),
    },
    { fd: 8, type: 7, payload: w.short("pipe:[9]") },
    { fd: 9, type: 2, payload: w.short("/tmp") },
    { fd: 10, type: 12, payload: w.short("[eventpoll]") },
    { fd: 11, type: 99, payload: w.short("?") },
  ];
  const { inputs, reader } = read(capture(w.descriptors(version, 42, entries), write(start)));
  expect(reader.diagnostics).toEqual([]);
  const found = inputs.filter((input) => input.kind === "descriptor");
  expect(found.map((item) => item.fd)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(found.every((item) => item.tid === 42 && item.inode === 4711)).toBe(true);
  const kinds = "file file ipv4 ipv6 ipv6 listening listening unix file file other other";
  expect(found.map((item) => item.type).join(" ")).toBe(kinds);
  expect(found[1]).toMatchObject({
    path: "/etc/x",
    openFlags: 4097,
    device: version > 1 ? 8 : undefined,
  });
  expect(found[2]?.tuple).toMatchObject({ family: 2, sip: 0x0a000001, sport: 1, dport: 2 });
  expect(found[2]?.proto).toBe(6);
  expect(found[3]?.tuple).toMatchObject({ family: 10, sip: "2001:db8::1", dip: "2001:db8::1" });
  expect(found[3]?.proto).toBe(17);
  expect(found[4]?.tuple).toMatchObject({ family: 2, sip: 0x0a000001, dip: 0x0a000001 });
  expect(found[5]?.tuple).toMatchObject({ sip: 0x0a000001, sport: 80, dport: 0 });
  expect(found[6]?.tuple).toMatchObject({ sip: "2001:db8::1", sport: 80 });
  expect(found[7]).toMatchObject({
    path: "/run/s",
    tuple: { sourceId: "ffff8000000000ab", peerId: "0" },
  });
  expect(found[8]).toMatchObject({ fileType: "p", path: "pipe:[9]" });
  expect(found[9]?.fileType).toBe("d");
});

test.each([1, 2])(
  "a user list of version %i, and an interface list that nobody needs",
  (version) => {
    const { inputs, reader } = read(
      capture(w.users(version), w.block(version > 1 ? 0x219 : 0x205, w.u32(0)), write(start)),
    );
    expect(inputs.slice(0, 3)).toEqual([
      { kind: "host", hostname: "host-a", bootNs: start - 1000n },
      { kind: "user", uid: 1000, name: "ann" },
      { kind: "group", gid: 100, name: "staff" },
    ]);
    expect(reader.diagnostics).toEqual([]);
  },
);

test.each(["v1", "v1+flags", "v2", "v2+flags", "large", "large+flags"] as const)(
  "events in %s blocks",
  (name) => {
    const { inputs, reader } = read(capture(write(start + 7n, { block: name })));
    expect(inputs.filter((input) => input.kind === "call")).toEqual([
      expect.objectContaining({ name: "write", tid: 42, fd: 3, ret: 10, ts: 12, paired: true }),
    ]);
    expect(reader.counters.events).toBe(2);
    expect(reader.base).toBe(start);
  },
);

test("the first releases' number of an event block", () => {
  const bytes = write(start, { block: "v1" });
  const view = new DataView(bytes.buffer);
  let at = 0;
  while (at < bytes.length) {
    view.setUint32(at, 0x8010abcd, true);
    at += view.getUint32(at + 4, true);
  }
  expect(calls(read(capture(bytes)))).toEqual(["write 10 fd=3"]);
});

test("version 1 does not say how many parameters there are: they are counted", () => {
  const open = [w.i64(5), w.text("/etc/hosts"), w.u32(1), w.u32(0)];
  const bytes = capture(
    ...[2, 3, 4].map((count) => w.event(start, 42, 3, open.slice(0, count), { block: "v1" })),
  );
  expect(calls(read(bytes))).toEqual(Array.from({ length: 3 }, () => "open 5 fd=5 /etc/hosts"));
});

test("a state-only event says so", () => {
  const { inputs } = read(capture(write(start, { block: "v2+flags", flags: 1 })));
  expect(inputs.filter((input) => input.kind === "call")).toEqual([
    expect.objectContaining({ name: "write", stateOnly: true }),
  ]);
});

test("a container description longer than 64 KiB comes in a large block", () => {
  const json = JSON.stringify({
    container: { id: "0123456789ab", name: "x".repeat(70_000), type: 0 },
  });
  const { inputs } = read(capture(w.event(start, -1, 324, [w.text(json)], { block: "large" })));
  expect(inputs.filter((input) => input.kind === "container")).toEqual([
    expect.objectContaining({ id: "0123456789ab", name: "x".repeat(70_000), complete: true }),
  ]);
});

test("unknown blocks and events are stepped over and counted", () => {
  const { inputs, reader } = read(
    capture(
      w.block(0x777, w.u64(1)),
      w.event(start, 42, 501, [w.i64(1)]),
      w.event(start, 42, 60_001),
      w.event(start, 42, 65, [w.i64(0)]),
      write(start),
    ),
  );
  expect(inputs.filter((input) => input.kind === "call")).toHaveLength(1);
  const { skipped } = reader.counters;
  expect(skipped.get("block 0x777")).toBe(1);
  expect(skipped.get("event 501")).toBe(1);
  expect(skipped.get("event 60001")).toBe(1);
  expect(skipped.get("futex")).toBe(1);
  expect(reader.diagnostics).toEqual([]);
});

const sections = (bytes: Uint8Array): string =>
  read(bytes)
    .inputs.map((input) => input.kind)
    .filter((kind) => kind !== "time")
    .join(" ");

test("captures behind each other are sections; so is metadata behind events", () => {
  const one = capture(write(start));
  expect(sections(w.join([one, one]))).toBe("host call section host call");
  expect(sections(w.join([one, w.processes(9, [shell]), write(start)]))).toBe(
    "host call section thread call",
  );
});

test("a new section forgets what was entered", () => {
  const entry = w.event(start, 42, 8, [w.i64(3), w.u32(10)]);
  const exit = w.event(start, 42, 9, [w.i64(10), new Uint8Array(10)]);
  expect(calls(read(w.join([capture(entry), capture(exit)])))).toEqual(["write 10 unpaired"]);
});

const futex = (ms: bigint): Uint8Array => w.event(start + ms * 1_000_000n, 1, 65, [w.i64(0)]);

test("time passes once a second while nothing else happens", () => {
  const { inputs } = read(capture(...[0n, 300n, 999n, 1000n, 1500n, 5200n].map(futex)));
  const times = inputs.flatMap((input) => (input.kind === "time" ? [input.ts / 1e6] : []));
  expect(times).toEqual([0, 1000, 5200]);
});

test("a given base is kept", () => {
  const { inputs, reader } = read(capture(write(start)), undefined, { base: start - 100n });
  expect(reader.base).toBe(start - 100n);
  expect(inputs.find((input) => input.kind === "call")).toMatchObject({ ts: 105 });
});

test("the base is known before anything is delivered", () => {
  const bytes = capture(w.processes(9, [shell]), write(start + 5n));
  const { inputs, reader } = read(bytes, 1);
  expect(inputs[0]?.kind).toBe("host");
  expect(reader.base).toBe(start);
});

test("any cut of the bytes gives the same inputs", () => {
  const bytes = capture(
    w.processes(9, [shell]),
    w.descriptors(2, 42, [{ fd: 0, type: 1, payload: w.short("/dev/null") }]),
    write(start),
    w.block(0x777, w.u64(1)),
    write(start + 2_000_000_000n, { block: "v1+flags" }),
  );
  const whole = read(bytes).inputs;
  assert(
    property(integer({ min: 1, max: bytes.length }), (chunk) => {
      expect(read(bytes, chunk).inputs).toEqual(whole);
    }),
  );
});

test("two pieces may be pushed before anything is taken", () => {
  const bytes = capture(write(start), write(start + 10n));
  const { reader } = read(new Uint8Array(0));
  for (let at = 0; at < bytes.length; at += 50) reader.push(bytes.slice(at, at + 50));
  let found = 0;
  for (let input = reader.next(); input !== undefined; input = reader.next()) {
    if (input.kind === "call") found += 1;
  }
  expect(found).toBe(2);
});

test("a capture is recognised by its first blocks, pcapng is not one", () => {
  expect(scapFormat.sniff(capture())).toBe(true);
  expect(scapFormat.sniff(w.section())).toBe(true);
  const interfaceBlock = w.block(1, w.u64(0));
  expect(scapFormat.sniff(w.join([w.section(), interfaceBlock]))).toBe(false);
  expect(scapFormat.sniff(new TextEncoder().encode("Obj\u0001............"))).toBe(false);
  expect(scapFormat.sniff(new Uint8Array(0))).toBe(false);
});
