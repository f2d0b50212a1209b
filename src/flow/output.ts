// What both modes share: the state, the entities, the open flows and the records made so far, with their counts.

import { KernelState, type ReleaseReason } from "../context/state.ts";
import type { Slot } from "../context/descriptor.ts";
import type { Host } from "../model/entity.ts";
import type { GapReason, Record, RecordType } from "../model/record.ts";
import type { TimeBase, TimeNs } from "../model/time.ts";
import { Entities } from "./entities.ts";
import type { Flow } from "./flow.ts";
import { FlowList } from "./flow.ts";
import type { Owner, ProcessThread } from "./owner.ts";

export type EngineCounters = {
  /** Records by type. */
  readonly records: { [Type in RecordType]: number };
  /** Entries dropped because a table was full. */
  readonly evictions: { [table: string]: number };
  /** Calls that made no record, by reason. */
  readonly dropped: { [reason: string]: number };
  /** Calls that the mode looks at. */
  relevant: number;
};

export type EngineHooks = {
  readonly onRelease: (slot: Slot<Flow>, why: ReleaseReason) => void;
  readonly onDuplicate: (slot: Slot<Flow>, copy: Slot<Flow>) => void;
  readonly onForget: (thread: ProcessThread) => void;
};

export class Output {
  readonly state: KernelState<Owner, Flow>;
  readonly entities: Entities;
  readonly flows = new FlowList();
  readonly counters: EngineCounters = {
    records: {
      H: 0,
      C: 0,
      P: 0,
      F: 0,
      PD: 0,
      PE: 0,
      FE: 0,
      NE: 0,
      KE: 0,
      PF: 0,
      FF: 0,
      NF: 0,
      G: 0,
    },
    evictions: { threads: 0, descriptors: 0, flows: 0, files: 0, processes: 0, containers: 0 },
    dropped: {},
    relevant: 0,
  };
  #records: Record[] = [];
  /** Time of the last input, and its whole second. */
  now: TimeNs = 0;
  second = Number.NEGATIVE_INFINITY;

  constructor(host: Host, base: TimeBase, quirks: boolean, hooks: EngineHooks) {
    this.state = new KernelState<Owner, Flow>({ quirks, ...hooks });
    this.entities = new Entities(this.state, host, base, (record) => this.push(record));
  }

  push(record: Record): void {
    const { records } = this.counters;
    // The two most common by name: a computed name is looked up anew each time.
    if (record.type === "FF") records.FF += 1;
    else if (record.type === "F") records.F += 1;
    else records[record.type] += 1;
    this.#records.push(record);
  }

  get waiting(): number {
    return this.#records.length;
  }

  take(): Record[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  drop(reason: string): void {
    this.counters.dropped[reason] = (this.counters.dropped[reason] ?? 0) + 1;
  }

  gap(
    reason: GapReason,
    lost: number,
    unit: "events" | "bytes" | "records" | "processes" | "flows",
    where: string | undefined,
  ): void {
    const host = this.entities.host;
    this.push({ type: "G", host, ts: this.now, endTs: this.now, reason, lost, unit, where });
  }

  countEvictions(): void {
    const { evictions } = this.counters;
    evictions["threads"] = this.state.threads.evicted;
    evictions["descriptors"] = this.state.descriptorsEvicted;
    evictions["files"] = this.entities.filesEvicted;
    evictions["processes"] = this.entities.processesEvicted;
    evictions["containers"] = this.state.containersEvicted + this.entities.containersEvicted;
  }
}
