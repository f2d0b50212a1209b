// Records as they arrive → activities at once, for whoever cannot wait for event-time order (order.ts): a flow's begin as soon as the
// engine knows of it, its slices when they are written. What comes late is judged late; nothing is held back.

import { activityOf } from "../context/activity.ts";
import type { Activity } from "../model/activity.ts";
import { limits } from "../model/limits.ts";
import { type FileFlow, type NetworkFlow, type Record, isBehaviour } from "../model/record.ts";
import { isLast } from "./order.ts";
import { FirstSlices } from "./slices.ts";

export class LiveOrder {
  readonly #slices = new FirstSlices();
  /** Flows whose begin was told and whose first slice is still to be written. Oldest first. */
  readonly #begun = new Set<number>();
  /** Begins forgotten because there were too many: they are told again with the first slice. */
  forgotten = 0;

  /**
   * What arrived together. `begins` are flows as they are at their begin (first slice, operations so far), each once; `records`
   * come in file order. The answer is in event-time order as far as it can be within what arrived.
   */
  push(begins: readonly (FileFlow | NetworkFlow)[], records: readonly Record[]): Activity[] {
    const out: Activity[] = [];
    // Another recording counts its flows anew.
    if (records[0]?.type === "H") this.#begun.clear();
    for (const flow of begins) {
      if (flow.flowId !== undefined) this.#begin(flow.flowId);
      out.push(activityOf(flow, "begin", flow.ts));
    }
    for (const record of records) {
      if (!isBehaviour(record)) continue;
      switch (record.type) {
        case "FF":
        case "NF":
          if (this.#slices.isFirst(record) && !this.#wasTold(record)) {
            out.push(activityOf(record, "begin", record.ts));
          }
          out.push(activityOf(record, isLast(record) ? "end" : "update", record.endTs));
          break;
        case "PF":
          out.push(activityOf(record, isLast(record) ? "end" : "update", record.endTs));
          break;
        default:
          out.push(activityOf(record, "instant", record.ts));
      }
    }
    return out.sort((a, b) => a.at - b.at);
  }

  #begin(id: number): void {
    this.#begun.add(id);
    if (this.#begun.size <= limits.flows.max) return;
    const oldest = this.#begun.keys().next();
    if (oldest.done !== true) this.#begun.delete(oldest.value);
    this.forgotten += 1;
  }

  #wasTold({ flowId }: FileFlow | NetworkFlow): boolean {
    return flowId !== undefined && this.#begun.delete(flowId);
  }
}
