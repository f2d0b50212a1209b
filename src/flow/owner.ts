// What the engine knows of one process: its versions, whether the newest is in the output, and the flows open on it.

import { assertDefined } from "../base/assert.ts";
import type { Thread } from "../context/thread.ts";
import type { Process, ProcessIdentity } from "../model/entity.ts";
import type { TimeNs } from "../model/time.ts";
import { FileFlows } from "./file-flows.ts";
import type { Flow } from "./flow.ts";

export type ProcessThread = Thread<Owner, Flow>;

/** Threads of a process since its last process flow. */
export type ThreadCounts = {
  readonly since: TimeNs;
  readonly second: number;
  cloned: number;
  exited: number;
  errors: number;
};

/** By thread. */
export type FlowGroup = Map<number, Flow>;

export class Owner implements ProcessIdentity {
  readonly key: string;
  readonly pid: number;
  readonly createdAt: TimeNs | undefined;
  /** Undefined until the process is first described. */
  version: Process | undefined = undefined;
  /** The newest version is in the output. */
  written = false;
  exited = false;
  /** Compat: open flows by descriptor and path, or by descriptor and ends; one per thread. */
  readonly files = new Map<string, FlowGroup>();
  readonly nets = new Map<string, FlowGroup>();
  readonly byThread = new Map<number, Set<Flow>>();
  /** Native: one flow per file and per connection. */
  readonly fileFlows = new FileFlows(this);
  readonly netFlows = new Map<string, Flow>();
  threads: ThreadCounts | undefined = undefined;
  failedOpens = 0;
  /** What was reported once and is not repeated: ptrace requests. */
  reported: Set<string> | undefined = undefined;

  constructor(key: string, pid: number, createdAt: TimeNs | undefined) {
    this.key = key;
    this.pid = pid;
    this.createdAt = createdAt;
  }

  get current(): Process {
    return assertDefined(this.version, "a process that is referred to has been described");
  }

  set current(process: Process) {
    this.version = process;
  }
}
