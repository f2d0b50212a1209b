// Threads of processes, counted: runtimes make them by the hundred, and a record for each would say nothing more.

import { Op } from "../model/opflag.ts";
import type { ExitCounts } from "../model/syscall.ts";
import type { TimeNs } from "../model/time.ts";
import { exportSeconds } from "./compat.ts";
import type { Output } from "./output.ts";
import type { Owner, ThreadCounts } from "./owner.ts";

export class ThreadTally {
  readonly #output: Output;
  /** Processes with threads to report, oldest count first. */
  readonly #threaded = new Set<Owner>();

  constructor(output: Output) {
    this.#output = output;
  }

  of(owner: Owner, ts: TimeNs): ThreadCounts {
    owner.threads ??= { since: ts, second: this.#output.second, cloned: 0, exited: 0, errors: 0 };
    this.#threaded.add(owner);
    return owner.threads;
  }

  /** What the kernel counted over the life of the process. */
  add(owner: Owner, counts: ExitCounts, ts: TimeNs): void {
    if (counts.threadsCloned + counts.threadsExited === 0) return;
    const threads = this.of(owner, owner.createdAt ?? ts);
    threads.cloned += counts.threadsCloned;
    threads.exited += counts.threadsExited;
  }

  tell(owner: Owner, endTs: TimeNs): void {
    const { threads } = owner;
    if (threads === undefined) return;
    owner.threads = undefined;
    this.#threaded.delete(owner);
    this.#output.entities.ensure(owner);
    const ops =
      (threads.cloned + threads.errors > 0 ? Op.CLONE : 0) + (threads.exited > 0 ? Op.EXIT : 0);
    this.#output.push({
      type: "PF",
      proc: owner.current,
      ts: threads.since,
      endTs,
      ops,
      threadsCloned: threads.cloned,
      threadsExited: threads.exited,
      cloneErrors: threads.errors,
    });
  }

  tick(): void {
    const { second, now } = this.#output;
    for (const owner of this.#threaded) {
      if (owner.threads === undefined || second - owner.threads.second < exportSeconds) break;
      this.tell(owner, now);
    }
  }

  end(): void {
    for (const owner of [...this.#threaded]) this.tell(owner, this.#output.now);
  }
}
