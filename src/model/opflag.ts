// Operations: what a process did. The first 21 bits are SysFlow's own (format spec §3.1); the rest are new in schema 6.
// An OpSet is a JavaScript number with value 2^bit for each operation: flows use bits below 31 only, so they can be tested with `&`.

export type OpSet = number;

export type OpRow = {
  readonly name: string;
  readonly bit: number;
  /** The letter in the flow column of `print`; absent where no flow carries the operation. */
  readonly letter?: string;
  readonly since: 1 | 6;
  readonly doc: string;
};

export const ops = [
  { name: "CLONE", bit: 0, since: 1, doc: "a process or thread was created" },
  { name: "EXEC", bit: 1, since: 1, doc: "a program was executed" },
  { name: "EXIT", bit: 2, since: 1, doc: "a process or thread ended" },
  { name: "SETUID", bit: 3, since: 1, doc: "the user id was changed" },
  { name: "SETNS", bit: 4, letter: "N", since: 1, doc: "a namespace was entered" },
  { name: "ACCEPT", bit: 5, letter: "A", since: 1, doc: "a connection was accepted" },
  { name: "CONNECT", bit: 6, letter: "C", since: 1, doc: "a connection was made" },
  { name: "OPEN", bit: 7, letter: "O", since: 1, doc: "a file was opened" },
  { name: "READ", bit: 8, letter: "R", since: 1, doc: "data was read or received" },
  { name: "WRITE", bit: 9, letter: "W", since: 1, doc: "data was written or sent" },
  { name: "CLOSE", bit: 10, letter: "c", since: 1, doc: "the descriptor was closed" },
  {
    name: "TRUNCATE",
    bit: 11,
    letter: "T",
    since: 1,
    doc: "the flow was cut: by exit, by another thread, or by the end of the recording",
  },
  { name: "SHUTDOWN", bit: 12, letter: "S", since: 1, doc: "the socket was shut down" },
  { name: "MMAP", bit: 13, letter: "M", since: 1, doc: "the file was mapped into memory" },
  { name: "DIGEST", bit: 14, since: 1, doc: "reserved by the original, never set" },
  { name: "MKDIR", bit: 15, since: 1, doc: "a directory was made" },
  { name: "RMDIR", bit: 16, since: 1, doc: "a directory was removed" },
  { name: "LINK", bit: 17, since: 1, doc: "a hard link was made" },
  { name: "UNLINK", bit: 18, since: 1, doc: "a file was removed" },
  { name: "SYMLINK", bit: 19, since: 1, doc: "a symbolic link was made" },
  { name: "RENAME", bit: 20, since: 1, doc: "a file was renamed" },
  { name: "BIND", bit: 21, letter: "B", since: 6, doc: "a socket was bound to an address" },
  { name: "LISTEN", bit: 22, letter: "L", since: 6, doc: "a socket began to listen" },
  {
    name: "IO_URING",
    bit: 23,
    letter: "U",
    since: 6,
    doc: "an io_uring was set up, or did the I/O",
  },
  { name: "CHMOD", bit: 24, since: 6, doc: "file permissions were changed" },
  { name: "CHOWN", bit: 25, since: 6, doc: "file ownership was changed" },
  { name: "MKNOD", bit: 26, since: 6, doc: "a device, pipe or socket node was made" },
  {
    name: "FTRUNCATE",
    bit: 27,
    letter: "Z",
    since: 6,
    doc: "the file's length was set (truncate, ftruncate)",
  },
  { name: "MOUNT", bit: 28, since: 6, doc: "a file system was mounted" },
  { name: "UMOUNT", bit: 29, since: 6, doc: "a file system was unmounted" },
  { name: "SETGID", bit: 31, since: 6, doc: "the group id was changed" },
  { name: "CAPSET", bit: 32, since: 6, doc: "capabilities were changed" },
  { name: "PTRACE", bit: 33, since: 6, doc: "another process was traced or its memory written" },
  { name: "SIGNAL", bit: 34, since: 6, doc: "a signal was sent to another process" },
  { name: "MODULE", bit: 35, since: 6, doc: "a kernel module was loaded or removed" },
  { name: "BPF", bit: 36, since: 6, doc: "the bpf system call was used" },
  { name: "UNSHARE", bit: 37, since: 6, doc: "new namespaces were made" },
  { name: "CHROOT", bit: 38, since: 6, doc: "the root directory was changed (chroot, pivot_root)" },
] as const satisfies readonly OpRow[];

export type OpName = (typeof ops)[number]["name"];

/** Each operation's value as an OpSet: `Op.EXEC` is 2. */
export const Op = Object.fromEntries(ops.map((row) => [row.name, 2 ** row.bit])) as {
  readonly [Name in OpName]: OpSet;
};

/** Operations that schema 5 can say (bits 0–20). */
export const opsOfSchema5: OpSet = 2 ** 21 - 1;

export function hasOp(set: OpSet, op: OpSet): boolean {
  return Math.floor(set / op) % 2 === 1;
}

export function addOp(set: OpSet, op: OpSet): OpSet {
  return hasOp(set, op) ? set : set + op;
}

/** Names in bit order. */
export function opNames(set: OpSet): OpName[] {
  return ops.filter((row) => hasOp(set, 2 ** row.bit)).map((row) => row.name);
}

/** libscap's portable open flags (format spec §1.3), the ones that records carry. RDWR is RDONLY|WRONLY. */
export const OpenFlag = {
  RDONLY: 1,
  WRONLY: 2,
  RDWR: 3,
  CREAT: 4,
  APPEND: 8,
  DSYNC: 16,
  EXCL: 32,
  NONBLOCK: 64,
  SYNC: 128,
  TRUNC: 256,
  DIRECT: 512,
  DIRECTORY: 1024,
  LARGEFILE: 2048,
  CLOEXEC: 4096,
  TMPFILE: 8192,
  CREATED: 16384,
} as const;

export function openFlagNames(flags: number): string[] {
  const names: string[] = [];
  const access = flags & 3;
  if (access === 3) names.push("RDWR");
  else if (access === 2) names.push("WRONLY");
  else if (access === 1) names.push("RDONLY");
  for (const [name, value] of Object.entries(OpenFlag)) {
    if (value > 3 && (flags & value) !== 0) names.push(name);
  }
  return names;
}
