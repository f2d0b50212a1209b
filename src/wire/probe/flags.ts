// The kernel's bits as the model numbers them: flags of open (which differ between machines) and clone, device numbers, file types.

import { OpenFlag } from "../../model/opflag.ts";
import { CloneFlag } from "../../model/syscall.ts";
import { Machine } from "./numbers.ts";

/** include/uapi/asm-generic/fcntl.h; O_LARGEFILE is left out: the kernel sets it for every open of a 64-bit program. */
const openRows: readonly (readonly [kernel: number, model: number])[] = [
  [0o100, OpenFlag.CREAT],
  [0o200, OpenFlag.EXCL],
  [0o1000, OpenFlag.TRUNC],
  [0o2000, OpenFlag.APPEND],
  [0o4000, OpenFlag.NONBLOCK],
  [0o10000, OpenFlag.DSYNC],
  [0o2000000, OpenFlag.CLOEXEC],
  [0o4010000, OpenFlag.SYNC],
];
const openRowsX64 = [
  ...openRows,
  [0o40000, OpenFlag.DIRECT],
  [0o200000, OpenFlag.DIRECTORY],
  [0o20200000, OpenFlag.TMPFILE],
] as const;
/** arch/arm64/include/uapi/asm/fcntl.h */
const openRowsArm64 = [
  ...openRows,
  [0o200000, OpenFlag.DIRECT],
  [0o40000, OpenFlag.DIRECTORY],
  [0o20040000, OpenFlag.TMPFILE],
] as const;

export function openFlagsOf(kernel: number, machine: number): number {
  const access = kernel & 3;
  let flags = access === 0 ? OpenFlag.RDONLY : access === 1 ? OpenFlag.WRONLY : OpenFlag.RDWR;
  for (const [bits, flag] of machine === Machine.arm64 ? openRowsArm64 : openRowsX64) {
    if ((kernel & bits) === bits) flags |= flag;
  }
  return flags;
}

/** creat(2) is open(2) with these. */
export const creatFlags = OpenFlag.WRONLY | OpenFlag.CREAT | OpenFlag.TRUNC;

/** include/uapi/linux/sched.h */
const cloneRows: readonly (readonly [kernel: number, model: number])[] = [
  [0x100, CloneFlag.VM],
  [0x200, CloneFlag.FS],
  [0x400, CloneFlag.FILES],
  [0x4000, CloneFlag.VFORK],
  [0x8000, CloneFlag.PARENT],
  [0x10000, CloneFlag.THREAD],
  [0x20000, CloneFlag.NEWNS],
  [0x20000000, CloneFlag.NEWPID],
  [0x40000000, CloneFlag.NEWNET],
];

export function cloneFlagsOf(kernel: number): number {
  let flags = 0;
  for (const [bits, flag] of cloneRows) if ((kernel & bits) !== 0) flags |= flag;
  return flags;
}

/** The kernel's own number of a device → the one that stat(2) gives (include/linux/kdev_t.h). */
export function deviceOf(kernel: number): number {
  const major = kernel >>> 20;
  const minor = kernel & 0xfffff;
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** The letter of an inode's type. */
export function letterOf(mode: number): string {
  switch (mode & 0o170000) {
    case 0o100000:
      return "f";
    case 0o040000:
      return "d";
    case 0o020000:
      return "c";
    case 0o060000:
      return "b";
    case 0o010000:
      return "p";
    case 0o120000:
      return "l";
    case 0o140000:
      return "u";
    default:
      return "?";
  }
}
