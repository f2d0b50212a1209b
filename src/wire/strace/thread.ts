// What the reader knows about threads and their processes, and the queue's entries: lines that are understood but not yet handed on.

import type { GapReason } from "../../model/record.ts";
import type { TimeNs } from "../../model/time.ts";
import type { Endpoint } from "./address.ts";
import type { CallRow } from "./calls.ts";
import type { Result } from "./line.ts";

/** A call whose line ended in `<unfinished ...>`. */
export type Pending = {
  readonly name: string;
  readonly text: string;
  /** Its effect was told at its beginning already. */
  readonly done: boolean;
};

export type Thread = {
  /** 0: not known yet (lines without a pid, before anything names it). */
  tid: number;
  comm: string | undefined;
  pending: Pending | undefined;
  /** The process' first thread; itself where it is one. Undefined while its clone is not settled. */
  leader: Thread | undefined;
  /** Its birth, as an entry of the queue. */
  origin: ForkEntry | undefined;
  alive: boolean;
  /** Its clone is in the log. */
  forked: boolean;
  /** Its fork under way has its child already. */
  gaveBirth: boolean;
  /** It lives in a pid namespace of its own: what its forks return are not strace's pids. */
  namespaced: boolean;
  /** Its children will: unshare or setns with CLONE_NEWPID. */
  childrenNamespaced: boolean;
  /** exit or exit_group was called with this status. */
  exiting: number | undefined;
  /** Shared by the threads of a process; set when the first of its entries is handed on. */
  group: Group | undefined;
  /** The first exec of a process whose working directory is not known waits here for it. */
  wantsCwd: CallEntry | undefined;
};

/** A process, as far as the reader must know it to describe what strace leaves to the reader. */
export type Group = {
  pid: number;
  cwd: string | undefined;
  readonly descriptors: Set<number>;
  /** Own addresses of sockets, from bind and getsockname: what accept and connect do not print without -yy. */
  readonly bound: Map<number, Endpoint>;
  described: boolean;
};

type EntryBase = {
  readonly ts: TimeNs;
  readonly thread: Thread;
  /** Bytes of text that it keeps alive. */
  readonly size: number;
  /** Not handed on before this line, unless `blocked` is taken away. */
  deadline: number;
  blocked: boolean;
};

export type CallEntry = EntryBase & {
  readonly kind: "call";
  readonly row: CallRow;
  readonly args: readonly string[];
  readonly result: Result;
  readonly paired: boolean;
  /** A connect's local side, found on a later line. */
  local: Endpoint | undefined;
  /** An exec's working directory, found on a later line. */
  cwd: string | undefined;
};

export type ForkEntry = EntryBase & {
  readonly kind: "fork";
  /** Undefined: several forks are under way, and which one made the child is not known yet. */
  parent: Thread | undefined;
  row: CallRow | undefined;
  flags: number;
  readonly child: Thread;
};

export type Entry =
  | CallEntry
  | ForkEntry
  | (EntryBase & { readonly kind: "failedFork"; readonly row: CallRow; readonly ret: number })
  | (EntryBase & { readonly kind: "exit"; readonly status: number })
  | (EntryBase & { readonly kind: "signal"; readonly sender: number; readonly signal: number })
  | (EntryBase & { readonly kind: "gap"; readonly reason: GapReason; readonly where: string })
  | (EntryBase & { readonly kind: "address"; readonly fd: number; readonly at: Endpoint })
  | (EntryBase & { readonly kind: "time" });

export function newThread(tid: number, comm: string | undefined): Thread {
  return {
    tid,
    comm,
    pending: undefined,
    leader: undefined,
    origin: undefined,
    alive: true,
    forked: false,
    gaveBirth: false,
    namespaced: false,
    childrenNamespaced: false,
    exiting: undefined,
    group: undefined,
    wantsCwd: undefined,
  };
}
