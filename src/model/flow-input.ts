// What the probe says of a flow that the kernel follows: one process, one descriptor, one opened thing. A kernel flow is finer than
// a record's flow, which joins all of a process' descriptors of one file or connection.

import { flowReasons } from "./probe.ts";
import type { Tuple } from "./record.ts";
import type { TimeNs } from "./time.ts";

/** Why the input came: a message's reason, or that one operation was seen (its counts are the operation's own). */
export const FlowWhy = { operation: 0, ...flowReasons } as const;

/** How the kernel flow stands after the input: in use; its descriptor was closed; cut by the end of its process. */
export type FlowStanding = "open" | "closed" | "cut";

/**
 * A cursor that the reader fills again and again: copy what you keep. Counts are totals since the kernel flow began, which
 * flow/delta.ts turns into differences; for `operation` they are those of one operation, and nothing below `wbytes` is set.
 */
export type FlowInput = {
  kind: "flow";
  /** When it was said. */
  ts: TimeNs;
  /** The process: thread group id and when it began, for ids are used again. */
  pid: number;
  tid: number;
  start: TimeNs;
  /** Run of the probe that counts: numbers of flows and totals mean nothing in another one. */
  run: number;
  /** Number of the kernel flow, two halves of 32 bits. */
  idHigh: number;
  idLow: number;
  /** A value of FlowWhy. */
  why: number;
  standing: FlowStanding;
  /** First and last operation; `last` is exact to a jiffy. */
  first: TimeNs;
  last: TimeNs;
  /** OpSet, below bit 31. */
  ops: number;
  opens: number;
  /** OpenFlag bits of all opens. */
  openFlags: number;
  rops: number;
  wops: number;
  rbytes: number;
  wbytes: number;
  /** noFd where there is none (io_uring). */
  fd: number;
  /** "other": nothing of interest (event counters, listening sockets). */
  what: "file" | "unix" | "net" | "other";
  /** Type of the file. */
  letter: string;
  path: string;
  /** False: nobody said the path, and `path` only tells it apart from others. */
  pathKnown: boolean;
  inode: number;
  device: number;
  generation: number;
  /** unix: the other end; 0 where unknown. */
  peerInode: number;
  net: Tuple | undefined;
  /** The server's end of a connection. */
  accepted: boolean;
};
