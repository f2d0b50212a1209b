// Counts over records as they pass: how many of each type, when the first and the last behaviour was, what was lost and why.

import type { Record, RecordType } from "../../model/record.ts";
import { type TimeBase, type TimeNs, toAbsolute } from "../../model/time.ts";

export type Lost = {
  readonly total: number;
  readonly reasons: { readonly [reason: string]: number };
};

export class Tally {
  readonly records = new Map<RecordType, number>();
  readonly #reasons = new Map<string, number>();
  from: bigint | undefined;
  to: bigint | undefined;

  add(records: readonly Record[], base: TimeBase): void {
    let from: TimeNs = Number.POSITIVE_INFINITY;
    let to: TimeNs = Number.NEGATIVE_INFINITY;
    for (const record of records) {
      this.records.set(record.type, (this.records.get(record.type) ?? 0) + 1);
      switch (record.type) {
        case "H":
        case "C":
        case "P":
        case "F":
        case "PD":
          break;
        case "G": {
          // An amount that nobody knows counts as one: it is not nothing.
          const lost = record.lost < 0 ? 1 : record.lost;
          this.#reasons.set(record.reason, (this.#reasons.get(record.reason) ?? 0) + lost);
          break;
        }
        case "PE":
        case "FE":
        case "NE":
        case "KE":
          from = Math.min(from, record.ts);
          to = Math.max(to, record.ts);
          break;
        default:
          from = Math.min(from, record.ts);
          to = Math.max(to, record.endTs);
      }
    }
    if (from > to) return;
    const first = toAbsolute(base, from);
    const last = toAbsolute(base, to);
    if (this.from === undefined || first < this.from) this.from = first;
    if (this.to === undefined || last > this.to) this.to = last;
  }

  /** Damaged inputs of which no gap record tells count one each. */
  lost(damagedInputs: number): Lost {
    const reasons = new Map(this.#reasons);
    const told = reasons.has("damaged") || reasons.has("truncated");
    if (damagedInputs > 0 && !told) reasons.set("damaged", damagedInputs);
    const total = [...reasons.values()].reduce((sum, count) => sum + count, 0);
    return { total, reasons: Object.fromEntries(reasons) };
  }
}
