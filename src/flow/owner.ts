// What the engine knows of one process: its identity, whether its newest version was written, and the flows open on it.

import type { Thread } from "../context/thread.ts";
import type { Process, ProcessIdentity } from "../model/entity.ts";
import type { TimeNs } from "../model/time.ts";
import type { Flow } from "./flow.ts";

export type ProcessThread = Thread<Owner, Flow>;

export class Owner {
  readonly key: string;
  readonly pid: number;
  readonly createdAt: TimeNs | undefined;
  /** Undefined until the process is first described. */
  identity: ProcessIdentity | undefined = undefined;
  /** The newest version is in the output. */
  written = false;
  /** Open flows: of files by descriptor and path, of connections by descriptor and ends (native: without the descriptor). */
  readonly files = new Map<string, Flow[]>();
  readonly nets = new Map<string, Flow[]>();
  /** Native mode: threads since the last process flow, and the whole life's failed opens. */
  threadsCloned = 0;
  threadsExited = 0;
  cloneErrors = 0;
  threadsSince: TimeNs = 0;
  threadsSecond = 0;
  failedOpens = 0;
  exited = false;
  /** When it may be forgotten. */
  readonly pendingClones: { readonly ret: number; readonly ts: TimeNs; readonly tid: number }[] =
    [];
  readonly seenChildren: number[] = [];

  constructor(key: string, pid: number, createdAt: TimeNs | undefined) {
    this.key = key;
    this.pid = pid;
    this.createdAt = createdAt;
  }

  get current(): Process | undefined {
    return this.identity?.current;
  }
}
