// clone and execve in all their ages, and the two ends of a process. Parameters by hand in libscap's order.

import { expect, test } from "vitest";
import { Family } from "../../model/syscall.ts";
import { one } from "./read-test.ts";
import * as w from "./write-test.ts";

// In libscap's order: result, exe, args, tid, pid, ptid, cwd, fdlimit.
const start8 = (ret: number): Uint8Array[] => [
  w.i64(ret),
  w.text("sh"),
  w.list(["-c", "", "ls"]),
  w.i64(43),
  w.i64(43),
  w.i64(42),
  w.text("/tmp/"),
  w.i64(1024),
];
const memory5 = [w.u64(1), w.u64(2), w.u32(3), w.u32(4), w.u32(5)];
const identity3 = [w.u32(0x2000), w.u32(1000), w.u32(100)];
const cgroups = w.list(["cpu=/docker/0123456789abcdef", "memory=/"]);
const clone20 = [...memory5, w.text("sh"), cgroups, ...identity3, w.i64(7), w.i64(6), w.u64(0)];
const clones: readonly (readonly [number, string, Uint8Array[]])[] = [
  [15, "clone", identity3],
  [157, "clone", [...memory5, ...identity3]],
  [183, "fork", [...memory5, ...identity3]],
  [185, "vfork", [...memory5, ...identity3]],
  [217, "clone", [...memory5, w.text("sh"), ...identity3]],
  [219, "fork", [...memory5, w.text("sh"), ...identity3]],
  [221, "vfork", [...memory5, w.text("sh"), ...identity3]],
  [223, "clone", clone20],
  [225, "fork", clone20],
  [227, "vfork", clone20],
  [335, "clone3", clone20],
];

test.each(clones)("event %i is %s, seen by parent and child", (id, name, rest) => {
  for (const ret of [43, 0]) {
    const call = one([id - 1], [id, ...start8(ret), ...rest]);
    expect(call).toMatchObject({ name, family: Family.clone, ret, flags: 0x2000, paired: true });
    expect(call.info).toMatchObject({
      tid: 43,
      pid: 43,
      parentTid: 42,
      argv0: "sh",
      args: ["-c", "", "ls"],
      cwd: "/tmp/",
      uid: 1e3,
      gid: 100,
      vtid: id >= 223 ? 7 : undefined,
      vpid: id >= 223 ? 6 : undefined,
      comm: id >= 217 ? "sh" : undefined,
    });
    expect(call.info?.cgroups).toEqual(
      id >= 223 ? ["cpu=/docker/0123456789abcdef", "memory=/"] : undefined,
    );
  }
});

const env = w.list(["A=1"]);
const capabilities = [w.u64(0), w.u64(0), w.u64(1n << 21n)];
const exec19 = [...start8(0), ...memory5, w.text("sh"), cgroups, env, w.u32(34816), w.i64(40)];
const programs: readonly (readonly [number, Uint8Array[], object])[] = [
  [13, start8(0), { env: undefined, tty: undefined }],
  [155, [...start8(0), ...memory5], { env: undefined }],
  [173, [...start8(0), ...memory5, env], { env: ["A=1"], comm: undefined }],
  [
    215,
    [...start8(0), ...memory5, w.text("sh"), env],
    { env: ["A=1"], comm: "sh", cgroups: undefined },
  ],
  [231, [...start8(0), ...memory5, w.text("sh"), cgroups, env], { env: ["A=1"], tty: undefined }],
  [283, [...start8(0), ...memory5, w.text("sh"), cgroups, env, w.u32(34816)], { tty: 34816 }],
  [289, [...start8(0), ...memory5, w.text("sh"), cgroups, env, w.u32(34816)], { tty: 34816 }],
  [293, exec19, { tty: 34816, processGroup: 40, loginUid: undefined, capabilities: undefined }],
  [293, [...exec19, w.u32(1000)], { loginUid: 1000, exeUpperLayer: undefined }],
  [
    293,
    [...exec19, w.u32(0xffffffff), w.u32(2), ...capabilities],
    { loginUid: undefined, exeUpperLayer: true, capabilities: 1n << 21n, exeInode: undefined },
  ],
  [
    293,
    [
      ...exec19,
      w.u32(1),
      w.u32(0),
      ...capabilities,
      w.u64(77),
      w.u64(1),
      w.u64(2),
      w.u32(33),
      w.text("/bin/dash"),
    ],
    { exeInode: 77, uid: 33, exePath: "/bin/dash", exeUpperLayer: false },
  ],
];

test.each(programs)("event %i executes a program (%#)", (id, exit, expected) => {
  const hasName = id === 289 || id === 293;
  const call = one(hasName ? [id - 1, w.text("/bin/sh")] : [id - 1], [id, ...exit]);
  expect(call).toMatchObject({ name: "execve", family: Family.exec, ret: 0 });
  expect(call.path).toBe(hasName ? "/bin/sh" : undefined);
  expect(call.info).toMatchObject({ tid: 43, argv0: "sh", args: ["-c", "", "ls"], ...expected });
});

test("the program's name is unknown where the entry is lost or could not be read", () => {
  expect(one([293, ...exec19]).path).toBeUndefined();
  expect(one([292, w.text("<NA>")], [293, ...exec19]).path).toBeUndefined();
});

test("execveat has its directory and flags", () => {
  const call = one([330, w.i64(3), w.text("sh"), w.u32(0x1000)], [331, ...exec19]);
  expect(call).toMatchObject({ name: "execveat", dirfd: 3, path: "sh", flags: 0x1000 });
});

test("the end of a process is an event of its own, in both ages", () => {
  expect(one([16])).toMatchObject({ name: "exit", family: Family.exit, paired: true });
  expect(one([186, w.i64(256)])).toMatchObject({ mode: 256 });
  expect(one([186, w.i64(9), w.i64(0), w.u8(9), w.u8(0), w.i64(1)])).toMatchObject({ mode: 9 });
});
