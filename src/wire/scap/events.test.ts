// How entries and exits are joined, and what producers old and new leave out. Parameters by hand in libscap's order.

import { expect, test } from "vitest";
import type { Syscall } from "../../model/syscall.ts";
import { calls, one, read, run } from "./read-test.ts";
import * as w from "./write-test.ts";

const start = 1_700_000_000_000_000_000n;
const tid = 42;
const data = new Uint8Array(12);
const t4 = w.tuple4("10.0.0.1", 4000, "10.0.0.2", 80);

const mapEntry = (fd: number): [number, ...Uint8Array[]] => [
  160,
  w.u64(0),
  w.u64(4096),
  w.u32(1),
  w.u32(2),
  w.i64(fd),
  w.u64(0),
];
const connect = (tuple: Uint8Array): Syscall =>
  one([22, w.i64(3), w.address4("10.0.0.9", 9)], [23, w.i64(-115), tuple]);
const writeExit = (thread: number): Uint8Array => w.event(start, thread, 9, [w.i64(1), w.u8(0)]);

test("an exit without its entry is unpaired, and its descriptor unknown", () => {
  expect(one([7, w.i64(12), data])).toMatchObject({
    paired: false,
    entered: false,
    fd: -1,
    ret: 12,
  });
});

test("a second exit lost its entry, though the thread's last entry has its number", () => {
  const found = run([8, w.i64(3), w.u32(12)], [9, w.i64(12), data], [9, w.i64(5), data]);
  expect(found).toMatchObject([
    { ret: 12, fd: 3, paired: true, entered: true },
    { ret: 5, fd: 3, paired: false, entered: true },
  ]);
});

test("the last entry of any kind counts, not the last of the same call", () => {
  const write: [number, ...Uint8Array[]] = [8, w.i64(3), w.u32(12)];
  expect(one(write, [64], [9, w.i64(12), data])).toMatchObject({ paired: false });
  // Scheduler samples are no entries of the thread.
  expect(one(write, [152], [234], [9, w.i64(12), data])).toMatchObject({ paired: true, fd: 3 });
});

test.each([
  ["close", [5, w.i64(0), w.i64(3)]],
  ["read", [7, w.i64(12), data, w.i64(3), w.u32(12)]],
  ["write", [9, w.i64(12), data, w.i64(3), w.u32(12)]],
  ["pread64", [113, w.i64(12), data, w.i64(3), w.u32(12), w.u64(0)]],
  ["readv", [117, w.i64(12), w.u32(12), data, w.i64(3)]],
  ["sendto", [31, w.i64(12), data, w.i64(3), w.u32(12), t4]],
  ["recvmsg", [53, w.i64(12), w.u32(12), data, t4, data, w.i64(3)]],
  ["sendmmsg", [51, w.i64(12), w.i64(3), w.u32(12), data, t4]],
  ["recvmmsg", [55, w.i64(12), w.i64(3), w.u32(12), data, t4, data]],
  ["connect", [23, w.i64(0), t4, w.i64(3), w.address4("10.0.0.2", 80)]],
  ["shutdown", [37, w.i64(0), w.i64(3), w.u8(1)]],
  ["fchdir", [97, w.i64(0), w.i64(3)]],
  ["setns", [241, w.i64(0), w.i64(3), w.u32(32)]],
  [
    "mmap",
    [
      161,
      w.u64(0),
      w.u32(1),
      w.u32(1),
      w.u32(1),
      w.u64(0),
      w.u64(9),
      w.u32(1),
      w.u32(2),
      w.i64(3),
      w.u64(0),
    ],
  ],
] as readonly (readonly [string, [number, ...Uint8Array[]]])[])(
  "%s of a producer that writes no entries",
  (name, exit) => {
    expect(one(exit)).toMatchObject({ name, paired: true, entered: false, fd: 3 });
  },
);

test("mmap is delivered at its entry, once, and only with a file behind it", () => {
  const exit: [number, ...Uint8Array[]] = [
    161,
    w.u64(0x7f00_0000_0000n),
    w.u32(1),
    w.u32(1),
    w.u32(1),
  ];
  expect(run(mapEntry(-1), exit)).toEqual([]);
  expect(one(mapEntry(3), exit)).toMatchObject({ name: "mmap", ts: 0, fd: 3, flags: 2, mode: 1 });
});

test("fcntl is a call of interest only where it duplicates", () => {
  expect(run([150, w.i64(3), w.u8(4)], [151, w.i64(2)])).toEqual([]);
});

test("the name of a file to open comes from the entry where that has one", () => {
  const exit: [number, ...Uint8Array[]] = [
    3,
    w.i64(5),
    w.text("/exit"),
    w.u32(0x4005),
    w.u32(0o600),
    w.u32(8),
    w.u64(77),
  ];
  const open = (...entry: Uint8Array[]): Syscall => one([2, ...entry], exit);
  expect(open()).toMatchObject({ path: "/exit", flags: 0x4005, mode: 0o600, device: 8, inode: 77 });
  expect(open(w.text("/entry"))).toMatchObject({ path: "/exit" });
  expect(open(w.text("/entry"), w.u32(1), w.u32(0))).toMatchObject({
    path: "/entry",
    flags: 0x4001,
  });
  expect(open(w.text("<NA>"), w.u32(1), w.u32(0))).toMatchObject({ path: "/exit" });
  expect(open(w.text(""), w.u32(1), w.u32(0))).toMatchObject({ path: "/exit" });
  const at: [number, ...Uint8Array[]] = [
    307,
    w.i64(-2),
    w.i64(-100),
    w.text("exit"),
    w.u32(1),
    w.u32(0),
  ];
  expect(one([306], at)).toMatchObject({ path: "exit", dirfd: -100, fd: -1, ret: -2 });
  expect(one([306, w.i64(4), w.text("entry"), w.u32(1), w.u32(0)], at)).toMatchObject({
    path: "entry",
  });
});

test("sockets: tuples of both families, mapped addresses, unix paths, empty ones", () => {
  const six = Uint8Array.from([0x20, 1, 0xd, 0xb8, ...Array.from({ length: 11 }, () => 0), 1]);
  const mapped = Uint8Array.from([...Array.from({ length: 10 }, () => 0), 255, 255, 10, 0, 0, 1]);
  expect(connect(t4)).toMatchObject({
    fd: 3,
    ret: -115,
    tuple: { family: 2, sip: 0x0a000001, sport: 4000, dip: 0x0a000002, dport: 80 },
  });
  expect(connect(w.tuple6(six, 1, six, 2)).tuple).toMatchObject({
    family: 10,
    sip: "2001:db8::1",
    dport: 2,
  });
  expect(connect(w.tuple6(mapped, 1, mapped, 2)).tuple).toMatchObject({
    family: 2,
    dip: 0x0a000001,
  });
  expect(connect(w.tupleUnix(0xffff_9000_0000_0001n, 0n, "/run/x")).tuple).toMatchObject({
    family: 1,
    path: "/run/x",
    sourceId: "ffff900000000001",
    peerId: "0",
  });
  // Nothing in the exit: what the entry asked for stays.
  expect(connect(new Uint8Array(0)).tuple).toMatchObject({ sip: 0, dip: 0x0a000009, dport: 9 });
  const bind = one([20, w.i64(3)], [21, w.i64(0), w.address6(six, 80)]);
  expect(bind).toMatchObject({ fd: 3, tuple: { family: 10, sip: "2001:db8::1", sport: 80 } });
  expect(one([20, w.i64(3)], [21, w.i64(0), w.addressUnix("/run/y")]).tuple).toMatchObject({
    family: 1,
    path: "/run/y",
  });
});

test.each([
  [247, "accept", [w.u8(0), w.u32(0), w.u32(128)]],
  [249, "accept4", [w.u8(0), w.u32(0), w.u32(128)]],
  [389, "accept4", [w.u8(0), w.u32(0), w.u32(128)]],
  [27, "accept", [w.u8(0)]],
  [57, "accept4", [w.u8(0)]],
] as const)("accept, event %i", (exit, name, rest) => {
  expect(one([exit - 1], [exit, w.i64(5), t4, ...rest])).toMatchObject({
    name,
    fd: 5,
    tuple: { dport: 80 },
  });
});

test.each([
  ["sendto", 30, [w.i64(3), w.u32(12), t4], [w.i64(12), data]],
  ["sendmsg", 48, [w.i64(3), w.u32(12), t4], [w.i64(12), data]],
  ["recvfrom", 34, [w.i64(3), w.u32(12)], [w.i64(12), data, t4]],
  ["recvmsg", 52, [w.i64(3)], [w.i64(12), w.u32(12), data, t4]],
] as readonly (readonly [string, number, Uint8Array[], Uint8Array[]])[])(
  "%s brings its tuple",
  (name, entry, before, after) => {
    const call = one([entry, ...before], [entry + 1, ...after]);
    expect(call).toMatchObject({ name, fd: 3, ret: 12, tuple: { dport: 80 } });
  },
);

test("sendmmsg and recvmmsg of older producers say nothing", () => {
  expect(run([50], [51], [54], [55])).toEqual([]);
});

test("a socket pair knows both ends", () => {
  const call = one(
    [42, w.u32(1), w.u32(1), w.u32(0)],
    [43, w.i64(0), w.i64(5), w.i64(6), w.u64(0xabn), w.u64(0xcdn)],
  );
  expect(call).toMatchObject({ fd: 5, fd2: 6, domain: 1, tuple: { sourceId: "ab", peerId: "cd" } });
});

test("capset brings the effective capabilities", () => {
  const call = one([352], [353, w.i64(0), w.u64(1), w.u64(2), w.u64(1n << 40n)]);
  expect(call.info?.capabilities).toBe(1n << 40n);
});

test("a thread that ended is forgotten", () => {
  expect(
    calls(
      read(
        w.join([
          w.section(),
          w.event(start, tid, 8, [w.i64(3), w.u32(1)]),
          w.event(start, tid, 186, [w.i64(0)]),
          w.event(start, tid, 9, [w.i64(1), w.u8(0)]),
        ]),
      ),
    ),
  ).toEqual(["exit 0", "write 1 unpaired"]);
});

test("containers, users, groups and Kubernetes come as the recorder says them", () => {
  const json = {
    container: {
      id: "0123456789ab",
      name: "web",
      image: "nginx:1",
      imageid: "ff",
      imagetag: "1",
      type: 0,
      privileged: true,
    },
  };
  expect(
    run(
      [272, w.text(`${JSON.stringify(json)}\n`)],
      [228, w.text("ba9876543210"), w.u32(1), w.text("lxc-a"), w.text("")],
      [354, w.u32(33), w.u32(33), w.text("www"), w.text("/"), w.text("/bin/sh"), w.text("")],
      [
        354,
        w.u32(34),
        w.u32(34),
        w.text("inner"),
        w.text("/"),
        w.text("/bin/sh"),
        w.text("0123456789ab"),
      ],
      [358, w.u32(33), w.text("www"), w.text("")],
      [260, w.text('{"kind":"Pod"}')],
    ),
  ).toEqual([
    {
      kind: "container",
      id: "0123456789ab",
      name: "web",
      image: "nginx:1",
      imageId: "ff",
      imageTag: "1",
      type: 0,
      privileged: true,
      complete: true,
    },
    {
      kind: "container",
      id: "ba9876543210",
      name: "lxc-a",
      image: "",
      imageId: undefined,
      imageTag: undefined,
      type: 1,
      privileged: undefined,
      complete: true,
    },
    { kind: "user", uid: 33, name: "www" },
    { kind: "group", gid: 33, name: "www" },
    { kind: "kubernetes", ts: 5, json: '{"kind":"Pod"}' },
  ]);
});

test("a description that is no JSON is a diagnostic, and nothing else is lost", () => {
  const bytes = w.join([
    w.section(),
    ...["{", "[]", "{}", '{"container":{"id":5}}', "[".repeat(60_000)].map((json) =>
      w.event(start, -1, 272, [w.text(json)]),
    ),
    w.event(start, tid, 186),
  ]);
  const { inputs, reader } = read(bytes);
  expect(reader.diagnostics.map((item) => item.code)).toEqual(
    Array.from({ length: 5 }, () => "SF1106"),
  );
  expect(inputs.filter((input) => input.kind === "call")).toHaveLength(1);
});

test("the threads that were quiet longest are forgotten first", () => {
  const entries = Array.from({ length: 70_000 }, (_, i) =>
    w.event(start, 100 + i, 8, [w.i64(3), w.u32(1)]),
  );
  const reading = read(w.join([w.section(), ...entries, writeExit(100), writeExit(100 + 69_999)]));
  expect(calls(reading)).toEqual(["write 1 unpaired", "write 1 fd=3"]);
  expect(reading.reader.pendingEvicted).toBeGreaterThan(0);
});
