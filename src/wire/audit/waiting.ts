// Events that wait for their last records, in the order of their first ones; who of them made a process, and whose they are.

import { limits } from "../../model/limits.ts";
import { callRows } from "../strace/calls.ts";
import { addRecord, type AuditEvent, callName, decimal, newEvent } from "./event.ts";
import type { AuditLine } from "./line.ts";
import type { Facts } from "./processes.ts";

/** Text that is kept alive. */
const heldMax = 16 * 1024 * 1024;

export class Waiting {
  readonly #events = new Map<string, AuditEvent>();
  /** Calls that made a process or thread, by its number. */
  readonly #births = new Map<number, AuditEvent>();
  /** How many of the events are of a process. */
  readonly #pids = new Map<number, number>();
  #held = 0;

  get size(): number {
    return this.#events.size;
  }

  /** No more can be held: the oldest has to go, whole or not. */
  get full(): boolean {
    return this.#events.size > limits.auditEvents.max || this.#held > heldMax;
  }

  get oldest(): AuditEvent | undefined {
    for (const event of this.#events.values()) return event;
    return undefined;
  }

  has(key: string): boolean {
    return this.#events.has(key);
  }

  /** Adds a record to its event, which is begun where there is none. */
  add(line: AuditLine, number: number): void {
    let event = this.#events.get(line.key);
    if (event === undefined) {
      event = newEvent(line, number);
      this.#events.set(line.key, event);
    }
    const before = event.size;
    const known = event.call;
    addRecord(event, line);
    this.#held += event.size - before;
    if (event.call !== known && known === undefined) this.#index(event);
  }

  #index(event: AuditEvent): void {
    const { call } = event;
    if (call === undefined) return;
    const pid = decimal(call.get("pid"));
    if (pid !== undefined) this.#pids.set(pid, (this.#pids.get(pid) ?? 0) + 1);
    const made = decimal(call.get("exit")) ?? 0;
    if (made <= 0 || callRows.get(callName(call))?.family !== "clone") return;
    if (!this.#births.has(made)) this.#births.set(made, event);
  }

  remove(event: AuditEvent): void {
    this.#events.delete(event.key);
    this.#held -= event.size;
    const pid = decimal(event.call?.get("pid"));
    const made = decimal(event.call?.get("exit"));
    if (made !== undefined && this.#births.get(made) === event) this.#births.delete(made);
    if (pid === undefined) return;
    const left = (this.#pids.get(pid) ?? 1) - 1;
    if (left > 0) this.#pids.set(pid, left);
    else this.#pids.delete(pid);
  }

  /** Nothing more will come for any of them. */
  closeAll(): void {
    for (const event of this.#events.values()) event.closed = true;
  }

  /** The call further on that made the process, unless it was told already. */
  birthOf(facts: Facts): AuditEvent | undefined {
    const event = this.#births.get(facts.pid);
    const mother = decimal(event?.call?.get("pid"));
    return event === undefined || event.told || mother !== facts.ppid ? undefined : event;
  }

  hasPid(pid: number): boolean {
    return this.#pids.has(pid);
  }
}
