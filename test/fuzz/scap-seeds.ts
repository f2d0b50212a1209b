// Captures made for fuzzing: every version of every block, and a small story with files, programs and sockets.

import * as w from "../../src/wire/scap/write-test.ts";
import type { Bytes } from "./mutate.ts";

const start = 1_700_000_000_000_000_000n;
const shell: w.TestProcess = {
  tid: 42,
  pid: 42,
  comm: "sh",
  exe: "sh",
  args: ["-c", "ls"],
  cwd: "/tmp/",
};
const tail = w.join([
  w.u64(9),
  w.u32(34816),
  w.u32(1001),
  w.u8(1),
  w.u64(1),
  w.u64(2),
  w.u64(3),
  w.u8(1),
  w.u64(555),
]);
const six = Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

type Row = readonly [number, ...Bytes[]];

/** A program starts a child that reads a file, talks to the network and ends. */
function story(options: w.EventOptions): Bytes {
  const clone = (ret: number): Bytes[] => [
    ...[
      w.i64(ret),
      w.text("sh"),
      w.list(["-c", "ls"]),
      w.i64(ret === 0 ? 43 : 42),
      w.i64(ret === 0 ? 43 : 42),
      w.i64(42),
    ],
    ...[
      w.text("/tmp/"),
      w.i64(1024),
      w.u64(1),
      w.u64(2),
      w.u32(3),
      w.u32(4),
      w.u32(5),
      w.text("sh"),
    ],
    ...[w.list(["cpu=/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"])],
    ...[w.u32(0), w.u32(1000), w.u32(100), w.i64(43), w.i64(43), w.u64(0)],
  ];
  const t4 = w.tuple4("10.0.0.1", 4000, "10.0.0.2", 80);
  const parent: Row[] = [[222], [223, ...clone(43)]];
  const child: Row[] = [
    [223, ...clone(0)],
    [292, w.text("/bin/ls")],
    [
      293,
      ...clone(0).slice(0, 13),
      w.text("ls"),
      w.list(["cpu=/"]),
      w.list(["A=1"]),
      w.u32(34816),
      w.i64(42),
      w.u32(1000),
      w.u32(1),
      w.u64(0),
      w.u64(0),
      w.u64(9),
      w.u64(77),
      w.u64(1),
      w.u64(2),
      w.u32(0),
      w.text("/bin/ls"),
    ],
    [306, w.i64(-100), w.text("data/x"), w.u32(1), w.u32(0)],
    [307, w.i64(3), w.i64(-100), w.text("data/x"), w.u32(1), w.u32(0), w.u32(8), w.u64(99)],
    [6, w.i64(3), w.u32(100)],
    [7, w.i64(10), new Uint8Array(10)],
    [160, w.u64(0), w.u64(4096), w.u32(1), w.u32(2), w.i64(3), w.u64(0)],
    [4, w.i64(3)],
    [5, w.i64(0)],
    [18, w.u32(2), w.u32(1), w.u32(6)],
    [19, w.i64(4)],
    [22, w.i64(4), w.address4("10.0.0.2", 80)],
    [23, w.i64(0), t4, w.i64(4)],
    [30, w.i64(4), w.u32(5), t4],
    [31, w.i64(5), new Uint8Array(5)],
    [34, w.i64(4), w.u32(50)],
    [35, w.i64(7), new Uint8Array(7), w.tuple6(six, 1, six, 2)],
    [246],
    [247, w.i64(6), t4, w.u8(0), w.u32(0), w.u32(128)],
    [42, w.u32(1), w.u32(1), w.u32(0)],
    [43, w.i64(0), w.i64(7), w.i64(8), w.u64(0xabn), w.u64(0xcdn)],
    [60],
    [61, w.i64(0), w.i64(9), w.i64(10), w.u64(5)],
    [362, w.i64(9)],
    [363, w.i64(1), w.i64(9), w.i64(1)],
    [94],
    [95, w.i64(0), w.text("../etc")],
    [304],
    [305, w.i64(0), w.i64(-100), w.text("d"), w.u32(493)],
    [318],
    [319, w.i64(0), w.i64(-100), w.text("a"), w.i64(-100), w.text("b"), w.u32(0)],
    [302],
    [303, w.i64(0), w.i64(-100), w.text("b"), w.u32(0)],
    [198, w.u32(0)],
    [199, w.i64(0)],
    [240, w.i64(3), w.u32(32)],
    [241, w.i64(0)],
    [272, w.text('{"container":{"id":"0123456789ab","name":"web","image":"nginx:1","type":0}}')],
    [354, w.u32(33), w.u32(33), w.text("www"), w.text("/"), w.text("/bin/sh"), w.text("")],
    [260, w.text('{"kind":"Pod"}')],
    [186, w.i64(0), w.i64(0), w.u8(0), w.u8(0), w.i64(1)],
  ];
  let time = start;
  const blocks = [
    ...parent.map((row) => [42, row] as const),
    ...child.map((row) => [43, row] as const),
  ];
  return w.join(
    blocks.map(([tid, [type, ...parameters]]) => {
      time += 700_000_000n;
      return w.event(time, tid, type, parameters, options);
    }),
  );
}

/** One capture for each version of the lists and of the events. */
export function generatedCaptures(): Bytes[] {
  const ip = Uint8Array.of(10, 0, 0, 1);
  const kinds = ["v1", "v1+flags", "v2", "v2+flags", "large", "large+flags"] as const;
  return Array.from({ length: 9 }, (_, i) => {
    const version = i + 1;
    const list = version > 1 ? 2 : 1;
    const entries: w.TestDescriptor[] = [
      { fd: 0, type: 1, payload: w.short("/dev/null") },
      { fd: 1, type: 3, payload: w.join([ip, ip, w.u16(1), w.u16(2), w.u8(2)]) },
      { fd: 2, type: 8, payload: w.join([w.u64(171), w.u64(0), w.short("/run/s")]) },
      { fd: 5, type: 4, payload: w.join([six, six, w.u16(1), w.u16(2), w.u8(3)]) },
    ];
    return w.join([
      w.section(),
      w.machine("host-a", start),
      w.processes(version, [
        shell,
        { ...shell, tid: 1, pid: 1, ...(version >= 9 ? { tail } : {}) },
      ]),
      w.descriptors(list, 42, entries),
      w.users(list),
      story({ block: kinds[i % kinds.length] ?? "v2" }),
    ]);
  });
}
