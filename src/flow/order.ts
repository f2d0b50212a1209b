// Records in file order → activities in event-time order. A flow is written when it ends, up to the export interval after it
// began, so a file is not in event-time order: records are held back for that long, and a flow is seen twice, at its begin and
// at its end. Not a merge of files: pipeline/recording.ts does that.

import { activityOf } from "../context/activity.ts";
import type { Activity, Phase } from "../model/activity.ts";
import { limits } from "../model/limits.ts";
import { Op } from "../model/opflag.ts";
import {
  type BehaviourRecord,
  type FileFlow,
  type NetworkFlow,
  type ProcessFlow,
  type Record,
  isBehaviour,
} from "../model/record.ts";
import { type DurationNs, type TimeNs, second } from "../model/time.ts";
import { FirstSlices } from "./slices.ts";

/** Flows are exported every 30 s (format spec §3.5), checked once a second; the rest is slack for clocks and threads. */
export const holdBackNs: DurationNs = 33 * second;

const ending = Op.CLOSE | Op.TRUNCATE;

type Flow = FileFlow | NetworkFlow | ProcessFlow;

export type EventOrderOptions = {
  readonly holdBackNs?: DurationNs | undefined;
  /** At most so many activities are held back. */
  readonly max?: number | undefined;
};

/**
 * Every record is looked at alone, so the activities that come out, and their order, do not depend on how records were batched.
 */
export class EventOrder {
  readonly #holdBackNs: DurationNs;
  readonly #max: number;
  readonly #heap: Held[] = [];
  #sequence = 0;
  #newest: TimeNs = Number.NEGATIVE_INFINITY;
  #released: TimeNs = Number.NEGATIVE_INFINITY;
  readonly #slices = new FirstSlices();
  /** Activities released before their time because too many were held back. */
  forced = 0;
  /** Activities that came after later ones had been released: out of order, but not dropped. */
  late = 0;
  constructor(options: EventOrderOptions = {}) {
    this.#holdBackNs = options.holdBackNs ?? holdBackNs;
    this.#max = options.max ?? limits.reorder.max;
  }

  /** Nothing older than this will come out, but what arrives too late. */
  get watermark(): TimeNs {
    return this.#released;
  }

  push(records: readonly Record[]): Activity[] {
    const out: Activity[] = [];
    for (const record of records) {
      if (!isBehaviour(record)) continue;
      this.#take(record);
      this.#release(this.#newest - this.#holdBackNs, out);
      while (this.#heap.length > this.#max) {
        this.forced += 1;
        this.#emit(out);
      }
    }
    return out;
  }

  /** Time has passed on a silent host. */
  advance(watermark: TimeNs): Activity[] {
    const out: Activity[] = [];
    if (watermark > this.#newest) this.#newest = watermark;
    this.#release(this.#newest - this.#holdBackNs, out);
    return out;
  }

  end(): Activity[] {
    const out: Activity[] = [];
    this.#release(Number.POSITIVE_INFINITY, out);
    return out;
  }

  #take(record: BehaviourRecord): void {
    switch (record.type) {
      case "FF":
      case "NF":
        if (this.#slices.isFirst(record)) this.#hold(record, "begin", record.ts);
        this.#hold(record, isLast(record) ? "end" : "update", record.endTs);
        return;
      case "PF":
        this.#hold(record, isLast(record) ? "end" : "update", record.endTs);
        return;
      default:
        this.#hold(record, "instant", record.ts);
    }
  }

  #hold(record: BehaviourRecord, phase: Phase, at: TimeNs): void {
    if (at < this.#released) this.late += 1;
    pushHeap(this.#heap, { at, sequence: this.#sequence++, record, phase });
    // A flow's begin lies in the past; only the moment of writing tells how far the file is.
    if (at > this.#newest) this.#newest = at;
  }

  #release(until: TimeNs, out: Activity[]): void {
    for (let top = this.#heap[0]; top !== undefined && top.at <= until; top = this.#heap[0]) {
      this.#emit(out);
    }
  }

  #emit(out: Activity[]): void {
    const held = popHeap(this.#heap);
    if (held === undefined) return;
    if (held.at > this.#released) this.#released = held.at;
    out.push(activityOf(held.record, held.phase, held.at));
  }
}

/** No slice of the flow follows. */
export function isLast(flow: Flow): boolean {
  const cut = (flow.ops & ending) !== 0;
  return flow.type === "PF" ? cut : (flow.final ?? cut);
}

type Held = {
  readonly at: TimeNs;
  readonly sequence: number;
  readonly record: BehaviourRecord;
  readonly phase: Phase;
};

function isBefore(a: Held, b: Held): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

function pushHeap(heap: Held[], item: Held): void {
  let at = heap.length;
  heap.push(item);
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up];
    if (parent === undefined || !isBefore(item, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = item;
}

function popHeap(heap: Held[]): Held | undefined {
  const top = heap[0];
  const item = heap.pop();
  if (item === undefined || heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let down = 2 * at + 1;
    const left = heap[down];
    if (left === undefined) break;
    const right = heap[down + 1];
    let child = left;
    if (right !== undefined && isBefore(right, left)) {
      child = right;
      down += 1;
    }
    if (!isBefore(child, item)) break;
    heap[at] = child;
    at = down;
  }
  heap[at] = item;
  return top;
}
