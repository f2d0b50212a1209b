// Every row of the table of events with entry and exit: what must come out. The parameters are written out by hand in libscap's
// order, not taken from the table.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Family, type Syscall, syscalls } from "../../model/syscall.ts";
import { actions, eventRows } from "./events.ts";
import { one } from "./read-test.ts";
import * as w from "./write-test.ts";

const none = w.i64(-1);
const data = new Uint8Array(12);

/** Family, number of the entry event, its parameters, the exit's, and what must come out. */
type Case = readonly [string, number, Uint8Array[], Uint8Array[], Partial<Syscall>];

const cases: readonly Case[] = [
  ["close", 4, [w.i64(3)], [w.i64(0)], { fd: 3, ret: 0 }],
  ["read", 6, [w.i64(3), w.u32(12)], [w.i64(12), data], { fd: 3, ret: 12 }],
  ["write", 8, [w.i64(3), w.u32(12)], [w.i64(-32), data], { fd: 3, ret: -32 }],
  ["pread64", 112, [w.i64(3), w.u32(12), w.u64(7)], [w.i64(12), data], { fd: 3, ret: 12 }],
  ["pwrite64", 114, [w.i64(3), w.u32(12), w.u64(7)], [w.i64(12), data], { fd: 3, ret: 12 }],
  ["readv", 116, [w.i64(3)], [w.i64(12), w.u32(12), data], { fd: 3, ret: 12 }],
  ["writev", 118, [w.i64(3), w.u32(12)], [w.i64(12), data], { fd: 3, ret: 12 }],
  ["preadv", 120, [w.i64(3), w.u64(7)], [w.i64(12), w.u32(12), data], { fd: 3, ret: 12 }],
  ["pwritev", 122, [w.i64(3), w.u32(12), w.u64(7)], [w.i64(12), data], { fd: 3, ret: 12 }],
  ["getdents", 236, [w.i64(3)], [w.i64(48)], { fd: 3, ret: 48 }],
  ["getdents", 238, [w.i64(3)], [w.i64(48)], { fd: 3, ret: 48 }],
  ["send", 28, [w.i64(3), w.u32(12)], [w.i64(12), data], { fd: 3, ret: 12 }],
  ["recv", 32, [w.i64(3), w.u32(12)], [w.i64(12), data], { fd: 3, ret: 12 }],
  ["shutdown", 36, [w.i64(3), w.u8(1)], [w.i64(0)], { fd: 3, mode: 1 }],
  ["listen", 24, [w.i64(3), w.u32(128)], [w.i64(0)], { fd: 3 }],
  [
    "socket",
    18,
    [w.u32(2), w.u32(1), w.u32(6)],
    [w.i64(5)],
    { fd: 5, domain: 2, socketType: 1, protocol: 6 },
  ],
  ["dup", 124, [w.i64(3)], [w.i64(4)], { fd: 3, fd2: 4, ret: 4, flags: 0 }],
  ["dup", 366, [w.i64(3)], [w.i64(4), w.i64(3)], { fd: 3, fd2: 4, flags: 0 }],
  ["dup2", 362, [w.i64(3)], [w.i64(9), w.i64(3), w.i64(9)], { fd: 3, fd2: 9, flags: 0 }],
  [
    "dup3",
    364,
    [w.i64(3)],
    [w.i64(9), w.i64(3), w.i64(9), w.u32(4096)],
    { fd: 3, fd2: 9, flags: 0 },
  ],
  ["fcntl", 150, [w.i64(3), w.u8(1)], [w.i64(10)], { fd: 3, fd2: 10, flags: 1 }],
  ["fcntl", 150, [w.i64(3), w.u8(26)], [w.i64(10)], { fd: 3, fd2: 10, flags: 26 }],
  ["pipe", 60, [], [w.i64(0), w.i64(5), w.i64(6), w.u64(99)], { fd: 5, fd2: 6, inode: 99 }],
  [
    "pipe2",
    392,
    [],
    [w.i64(0), w.i64(5), w.i64(6), w.u64(99), w.u32(4096)],
    { fd: 5, fd2: 6, flags: 4096 },
  ],
  ["splice", 166, [w.i64(3), w.i64(4), w.u64(9), w.u32(1)], [w.i64(9)], { fd: 3, fd2: 4, ret: 9 }],
  [
    "sendfile",
    188,
    [w.i64(4), w.i64(3), w.u64(0), w.u64(9)],
    [w.i64(9), w.u64(9)],
    { fd: 3, fd2: 4, ret: 9 },
  ],
  [
    "copy_file_range",
    332,
    [w.i64(3), w.u64(0), w.u64(9)],
    [w.i64(9), w.i64(4), w.u64(0)],
    { fd: 3, fd2: 4, ret: 9 },
  ],
  ["eventfd", 62, [w.u64(0), w.u32(0)], [w.i64(7)], { fd: 7 }],
  ["eventfd", 396, [w.u64(0)], [w.i64(7), w.u16(0)], { fd: 7 }],
  ["signalfd", 126, [none, w.u32(0), w.u8(0)], [w.i64(7)], { fd: 7 }],
  ["signalfd", 398, [none, w.u32(0)], [w.i64(7), w.u16(0)], { fd: 7 }],
  ["timerfd_create", 136, [w.u8(1), w.u8(0)], [w.i64(7)], { fd: 7 }],
  ["inotify_init", 138, [w.u8(0)], [w.i64(7)], { fd: 7 }],
  ["inotify_init", 394, [], [w.i64(7), w.u16(0)], { fd: 7 }],
  ["epoll_create", 374, [w.u32(1)], [w.i64(7)], { fd: 7 }],
  ["epoll_create", 376, [w.u32(0)], [w.i64(7)], { fd: 7 }],
  ["userfaultfd", 320, [], [w.i64(7), w.u32(0)], { fd: 7 }],
  ["memfd_create", 404, [], [w.i64(7), w.text("x"), w.u32(1)], { fd: 7, path: "x", flags: 1 }],
  ["pidfd_open", 408, [], [w.i64(7), w.i64(99), w.u32(0)], { fd: 7, target: 99 }],
  ["pidfd_getfd", 406, [], [w.i64(7), w.i64(6), w.i64(2), w.u32(0)], { fd: 7, fd2: 6 }],
  [
    "io_uring_setup",
    338,
    [],
    [w.i64(7), ...Array.from({ length: 3 }, () => w.u32(1)), w.u32(2)],
    { fd: 7, flags: 2 },
  ],
  [
    "io_uring_enter",
    340,
    [],
    [w.i64(1), w.i64(7), w.u32(1), w.u32(1), w.u32(4)],
    { fd: 7, flags: 4 },
  ],
  [
    "io_uring_register",
    342,
    [],
    [w.i64(0), w.i64(7), w.u16(2), w.u64(0), w.u32(1)],
    { fd: 7, mode: 2 },
  ],
  ["chdir", 94, [], [w.i64(0), w.text("/tmp")], { path: "/tmp" }],
  ["fchdir", 96, [w.i64(3)], [w.i64(0)], { fd: 3 }],
  ["getcwd", 92, [], [w.i64(0), w.text("/tmp")], { path: "/tmp" }],
  ["chroot", 266, [], [w.i64(0), w.text("/jail")], { path: "/jail" }],
  ["mkdir", 98, [w.text("d"), w.u32(0o755)], [w.i64(0)], { path: "d", mode: 0o755 }],
  ["mkdir", 276, [w.u32(0o755)], [w.i64(0), w.text("d")], { path: "d", mode: 0o755 }],
  [
    "mkdirat",
    304,
    [],
    [w.i64(0), w.i64(3), w.text("d"), w.u32(0o755)],
    { dirfd: 3, path: "d", mode: 0o755 },
  ],
  ["rmdir", 100, [w.text("d")], [w.i64(0)], { path: "d" }],
  ["rmdir", 278, [], [w.i64(0), w.text("d")], { path: "d" }],
  ["unlink", 108, [w.text("f")], [w.i64(0)], { path: "f" }],
  ["unlink", 300, [], [w.i64(0), w.text("f")], { path: "f" }],
  ["unlinkat", 110, [w.i64(3), w.text("f")], [w.i64(0)], { dirfd: 3, path: "f" }],
  [
    "unlinkat",
    302,
    [],
    [w.i64(0), w.i64(-100), w.text("f"), w.u32(512)],
    { dirfd: -100, path: "f", flags: 512 },
  ],
  ["link", 104, [w.text("a"), w.text("b")], [w.i64(0)], { path: "a", newPath: "b" }],
  ["link", 308, [], [w.i64(0), w.text("a"), w.text("b")], { path: "a", newPath: "b" }],
  [
    "linkat",
    106,
    [w.i64(3), w.text("a"), w.i64(4), w.text("b")],
    [w.i64(0)],
    { dirfd: 3, newDirfd: 4, newPath: "b" },
  ],
  [
    "linkat",
    310,
    [],
    [w.i64(0), w.i64(3), w.text("a"), w.i64(4), w.text("b"), w.u32(0)],
    { dirfd: 3, newDirfd: 4 },
  ],
  ["rename", 174, [], [w.i64(0), w.text("a"), w.text("b")], { path: "a", newPath: "b" }],
  [
    "renameat",
    176,
    [],
    [w.i64(0), w.i64(3), w.text("a"), w.i64(4), w.text("b")],
    { dirfd: 3, newDirfd: 4 },
  ],
  [
    "renameat2",
    318,
    [],
    [w.i64(0), w.i64(3), w.text("a"), w.i64(4), w.text("b"), w.u32(1)],
    { flags: 1, newPath: "b" },
  ],
  ["symlink", 178, [], [w.i64(0), w.text("to"), w.text("link")], { path: "to", newPath: "link" }],
  [
    "symlinkat",
    180,
    [],
    [w.i64(0), w.text("to"), w.i64(4), w.text("link")],
    { newDirfd: 4, newPath: "link" },
  ],
  ["chmod", 314, [], [w.i64(0), w.text("f"), w.u32(0o777)], { path: "f", mode: 0o777 }],
  ["fchmod", 316, [], [w.i64(0), w.i64(3), w.u32(0o777)], { fd: 3, mode: 0o777 }],
  [
    "fchmodat",
    312,
    [],
    [w.i64(0), w.i64(4), w.text("f"), w.u32(0o777)],
    { dirfd: 4, path: "f", mode: 0o777 },
  ],
  ["chown", 378, [], [w.i64(0), w.text("f"), w.u32(1), w.u32(2)], { path: "f", uid: 1, gid: 2 }],
  ["lchown", 380, [], [w.i64(0), w.text("f"), w.u32(1), w.u32(2)], { path: "f", uid: 1, gid: 2 }],
  [
    "fchown",
    382,
    [],
    [w.i64(0), w.i64(3), w.u32(1), w.u32(0xffffffff)],
    { fd: 3, uid: 1, gid: -1 },
  ],
  [
    "fchownat",
    384,
    [],
    [w.i64(0), w.i64(4), w.text("f"), w.u32(1), w.u32(2), w.u32(0)],
    { dirfd: 4, uid: 1 },
  ],
  [
    "mknod",
    414,
    [],
    [w.i64(0), w.text("n"), w.u32(0o60), w.u32(8)],
    { path: "n", mode: 0o60, device: 8 },
  ],
  [
    "mknodat",
    416,
    [],
    [w.i64(0), w.i64(4), w.text("n"), w.u32(0o60), w.u32(8)],
    { dirfd: 4, path: "n", device: 8 },
  ],
  [
    "mount",
    256,
    [w.u32(4096)],
    [w.i64(0), w.text("/dev/sda"), w.text("/mnt"), w.text("ext4")],
    { path: "/mnt", newPath: "/dev/sda", flags: 4096 },
  ],
  ["umount2", 258, [w.u32(2)], [w.i64(0), w.text("/mnt")], { path: "/mnt", flags: 2 }],
  ["umount2", 386, [], [w.i64(0), w.text("/mnt")], { path: "/mnt" }],
  ["umount2", 390, [w.u32(2)], [w.i64(0), w.text("/mnt")], { path: "/mnt", flags: 2 }],
  ["setuid", 198, [w.u32(33)], [w.i64(0)], { uid: 33 }],
  ["setresuid", 192, [w.u32(0), w.u32(33), w.u32(0)], [w.i64(0)], { uid: 33 }],
  ["setreuid", 426, [], [w.i64(0), w.u32(0), w.u32(33)], { uid: 33 }],
  ["setgid", 200, [w.u32(33)], [w.i64(0)], { gid: 33 }],
  ["setresgid", 194, [w.u32(0), w.u32(33), w.u32(0)], [w.i64(0)], { gid: 33 }],
  ["setregid", 428, [], [w.i64(0), w.u32(0), w.u32(33)], { gid: 33 }],
  ["setns", 240, [w.i64(3), w.u32(32)], [w.i64(0)], { fd: 3, flags: 32 }],
  ["unshare", 284, [w.u32(32)], [w.i64(0)], { flags: 32 }],
  ["setsid", 274, [], [w.i64(42)], { ret: 42 }],
  ["setpgid", 294, [w.i64(42), w.i64(40)], [w.i64(0)], { target: 42, mode: 40 }],
  ["ptrace", 168, [w.u16(11), w.i64(99)], [w.i64(0), w.u8(0), w.u8(0)], { target: 99, mode: 11 }],
  ["process_vm_readv", 420, [], [w.i64(8), w.i64(99), data], { target: 99, ret: 8 }],
  ["process_vm_writev", 422, [], [w.i64(8), w.i64(99), data], { target: 99, ret: 8 }],
  ["kill", 128, [w.i64(99), w.u8(9)], [w.i64(0)], { target: 99, mode: 9 }],
  ["tkill", 130, [w.i64(99), w.u8(9)], [w.i64(0)], { target: 99, mode: 9 }],
  ["tgkill", 132, [w.i64(98), w.i64(99), w.u8(9)], [w.i64(0)], { target: 98, mode: 9 }],
  ["bpf", 296, [w.i64(5)], [w.join([w.u8(0), w.i64(3)])], { mode: 5 }],
  ["bpf", 368, [w.i64(5)], [w.i64(3), w.u32(5)], { mode: 5, ret: 3 }],
  ["init_module", 410, [], [w.i64(0), data, w.u64(12), w.text("a=1")], { mode: 0 }],
  ["finit_module", 412, [], [w.i64(0), w.i64(3), w.text("a=1"), w.u32(0)], { fd: 3, mode: 0 }],
  ["delete_module", 424, [], [w.i64(0), w.text("snd"), w.u32(0)], { path: "snd", mode: 1 }],
  [
    "open_by_handle_at",
    336,
    [],
    [w.i64(5), w.i64(3), w.u32(1), w.text("/x"), w.u32(8), w.u64(77)],
    { fd: 5, dirfd: 3, path: "/x", device: 8, inode: 77 },
  ],
  [
    "creat",
    58,
    [],
    [w.i64(5), w.text("/x"), w.u32(0o644), w.u32(8), w.u64(77)],
    { fd: 5, path: "/x", mode: 0o644, inode: 77 },
  ],
  [
    "openat2",
    326,
    [w.i64(3), w.text("x"), w.u32(1), w.u32(0), w.u32(0)],
    [w.i64(5), w.i64(3), w.text("x"), w.u32(1), w.u32(0), w.u32(0), w.u32(8), w.u64(77)],
    { fd: 5, dirfd: 3, path: "x", inode: 77 },
  ],
  [
    "openat",
    102,
    [w.i64(3), w.text("x"), w.u32(5), w.u32(0)],
    [w.i64(5)],
    { fd: 5, dirfd: 3, path: "x", flags: 5 },
  ],
];

test.each(cases)("%s (entry event %i)", (name, entry, before, after, expected) => {
  const call = one([entry, ...before], [entry + 1, ...after]);
  const row = syscalls.find((item) => item.name === name);
  expect(call).toMatchObject({ name, tid: 42, ts: 1, paired: true, entered: true, ...expected });
  expect(call.family).toBe(Family[row?.family ?? "ignored"]);
});

test("every row of the table has a case", () => {
  const covered = new Set(cases.map(([, entry]) => entry + 1));
  const elsewhere = [
    3, 16, 186, 307, 161, 163, 21, 23, 27, 57, 247, 249, 389, 31, 35, 49, 53, 51, 55, 43,
  ];
  const others = new Set([...elsewhere, 353]);
  const missing = eventRows.filter(
    (row) => row.thread === undefined && !covered.has(row.id) && !others.has(row.id),
  );
  expect(missing.map((row) => row.id)).toEqual([]);
  expect(eventRows.every((row) => actions[row.id] !== 0)).toBe(true);
});

/** Event numbers that Debian's sysdig knows. */
const sysdigEventsMax = 336;
const sysdigNames: ReadonlyMap<string, string> = new Map([
  ["pread64", "pread"],
  ["pwrite64", "pwrite"],
  ["umount2", "umount"],
]);

test.skipIf(spawnSync("sysdig", ["--version"]).status !== 0)(
  "sysdig gives the event numbers the same names",
  () => {
    const known = cases.filter(([name, entry]) => entry < sysdigEventsMax && name !== "bpf");
    const start = 1_700_000_000_000_000_000n;
    const blocks = known.flatMap(([, entry, before, after], i) => [
      w.event(start + BigInt(2 * i), 42, entry, before),
      w.event(start + BigInt(2 * i + 1), 42, entry + 1, after),
    ]);
    const process = { tid: 42, pid: 42, comm: "a", exe: "a", args: [], cwd: "/" };
    const lists = [w.machine("host-a", start), w.processes(9, [process]), w.users(2)];
    const folder = mkdtempSync(join(tmpdir(), "sysflow-scap-"));
    try {
      const path = join(folder, "calls.scap");
      writeFileSync(path, w.join([w.section(), ...lists, ...blocks]));
      const format = "*%evt.num %evt.dir %evt.type %evt.rawtime.ns";
      const { stdout } = spawnSync("sysdig", ["-r", path, "-p", format], { encoding: "utf8" });
      const theirs = stdout
        .trim()
        .split("\n")
        .filter((text) => text.includes(" < "));
      expect(theirs.map((text) => text.split(" ")[2]?.replace("getdents64", "getdents"))).toEqual(
        known.map(([name]) => sysdigNames.get(name) ?? name),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
