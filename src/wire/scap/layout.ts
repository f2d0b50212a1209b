// How the parameters of one event are written down in the tables of events/: a row's text names the fields in order, and this file
// compiles it. `.` is a parameter nobody needs; what follows `|` is what newer producers append to the exit instead of an entry event.

import type { SyscallName } from "../../model/syscall.ts";

/** What a parameter fills. The numbers are what extract.ts switches on. */
export const parameterCodes = {
  ".": 0,
  /** Result, or −errno: 64 bits. */
  ret: 1,
  fd: 2,
  /** The result is the new descriptor. */
  newFd: 3,
  path: 4,
  flags: 5,
  mode: 6,
  tuple: 7,
  fd2: 8,
  /** The result of dup: the second descriptor of the call. */
  newFd2: 9,
  dirfd: 10,
  newDirfd: 11,
  newPath: 12,
  /** Only where the entry event did not say it. */
  "path?": 13,
  /** The bits that only the kernel knows are added to what the entry event said. */
  "flags+": 14,
  flags8: 15,
  mode8: 16,
  mode16: 17,
  /** 64 bits of which the low 32 are meant. */
  mode64: 18,
  domain: 19,
  type: 20,
  protocol: 21,
  /** An address without its peer: bind's own, connect's other side. */
  local: 22,
  remote: 23,
  /** The two ends of a socket pair. */
  source: 24,
  peer: 25,
  uid: 26,
  gid: 27,
  device: 28,
  inode: 29,
  target: 30,
  capabilities: 31,
  /** As `tuple`, but an empty one does not replace what the entry event said. */
  "tuple?": 32,
} as const;

export type EventRow = {
  /** Number of the exit event; its entry event is one less. With `at: "entry"` the number of the event itself. */
  readonly id: number;
  readonly call: SyscallName;
  /** Parameters of the entry event. */
  readonly entry?: string;
  /** With fewer parameters the entry event says nothing. */
  readonly entryMin?: number;
  readonly exit: string;
  /** Delivered when it is entered; there may be no exit. */
  readonly at?: "entry";
  /** The exit describes a thread: names of threadParameters. */
  readonly thread?: true;
  /** A fixed `mode`. */
  readonly mode?: number;
};

export type Layout = {
  /** One code for each parameter up to the last that is needed. */
  readonly codes: Uint8Array;
  /** Parameters of the newest producer: what version 1 counts against. */
  readonly size: number;
  /** Index of the first appended parameter; = size where there is none. */
  readonly appended: number;
};

const { fd, fd2, dirfd, newDirfd, path, newPath, target, uid, gid, domain, remote, tuple } =
  parameterCodes;
const essential: readonly number[] = [
  fd,
  fd2,
  dirfd,
  newDirfd,
  path,
  newPath,
  target,
  uid,
  gid,
  domain,
  remote,
  tuple,
];
/** Parameters of an exit that serve for another of the entry. */
const substitutes: ReadonlyMap<number, readonly number[]> = new Map([
  [path, [parameterCodes["path?"]]],
  [remote, [tuple, parameterCodes["tuple?"]]],
]);

/** Whether the exit alone, as the oldest producers write it, says everything that matters of what the entry said. */
export function isSelfContained(entry: Layout, exit: Layout): boolean {
  const own = [...exit.codes.subarray(0, exit.appended)];
  return [...entry.codes].every(
    (code) =>
      !essential.includes(code) ||
      own.includes(code) ||
      (substitutes.get(code) ?? []).some((other) => own.includes(other)),
  );
}

export function compileLayout(text: string): Layout {
  const words = text.split(" ").filter((word) => word !== "");
  const bar = words.indexOf("|");
  const names = words.filter((word) => word !== "|");
  const codes = names.map((name) => {
    for (const [key, code] of Object.entries(parameterCodes)) if (key === name) return code;
    throw new Error(`assertion failed: no parameter is called ${name}`);
  });
  let needed = codes.length;
  while (needed > 0 && codes[needed - 1] === 0) needed--;
  return {
    codes: Uint8Array.from(codes.slice(0, needed)),
    size: names.length,
    appended: bar < 0 ? names.length : bar,
  };
}
