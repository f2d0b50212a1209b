// Running totals → differences: the one place. The kernel never sets its counts back, so a message that is lost costs nothing, one
// that comes twice or late adds nothing, and what was added is in the end exactly the greatest total that was said.

import { Hand } from "../base/hand.ts";
import type { FlowInput } from "../model/flow-input.ts";
import { limits } from "../model/limits.ts";
import { Op, type OpSet } from "../model/opflag.ts";

/**
 * One kernel flow. Two witnesses may count the same operations: messages with totals, and operations told one by one. What has
 * been given on is the greater of the two, so that neither the one nor the other is counted twice, and the one heals the other.
 */
export class RunningTotals<Subject> {
  readonly idHigh: number;
  readonly idLow: number;
  subject: Subject;
  /** Its last word was said. */
  ended = false;
  recent = false;
  // What has been given on.
  ops: OpSet = 0;
  opens = 0;
  rops = 0;
  wops = 0;
  rbytes = 0;
  wbytes = 0;
  // The sums of single operations.
  seenOpens = 0;
  seenRops = 0;
  seenWops = 0;
  seenRbytes = 0;
  seenWbytes = 0;

  constructor(idHigh: number, idLow: number, subject: Subject) {
    this.idHigh = idHigh;
    this.idLow = idLow;
    this.subject = subject;
  }
}

/** What one message added. One object, filled anew each time. */
export type Delta = {
  /** Operations that happened, as far as the counts tell, or that were not said before. */
  ops: OpSet;
  opens: number;
  openFlags: number;
  rops: number;
  wops: number;
  rbytes: number;
  wbytes: number;
};

export type DeltaLimits = { readonly open: number; readonly ended: number };
const deltaLimits: DeltaLimits = { open: limits.kernelFlows.max, ended: limits.endedFlows.max };

/** Looked at before the table: busy flows are few. A power of two. */
const nearSlots = 256;
/** Above, a number and its half no longer fit one exact double. */
const exactHigh = 1 << 21;
const noFlow = undefined;

export class Deltas<Subject> {
  readonly #totals = new Map<number | string, RunningTotals<Subject>>();
  readonly #hand = new Hand(this.#totals);
  readonly #near: (RunningTotals<Subject> | undefined)[] = Array.from(
    { length: nearSlots },
    () => noFlow,
  );
  /** Flows with their last word said, as a ring: the oldest place is used again. */
  readonly #ended: RunningTotals<Subject>[] = [];
  #endedAt = 0;
  readonly #max: DeltaLimits;
  readonly #onEvict: (totals: RunningTotals<Subject>) => void;
  /** Flows that had to go before their last word: what comes of them is counted from its beginning again. */
  evicted = 0;
  readonly delta: Delta = {
    ops: 0,
    opens: 0,
    openFlags: 0,
    rops: 0,
    wops: 0,
    rbytes: 0,
    wbytes: 0,
  };

  constructor(onEvict: (totals: RunningTotals<Subject>) => void, max: DeltaLimits = deltaLimits) {
    this.#onEvict = onEvict;
    this.#max = max;
  }

  get size(): number {
    return this.#totals.size;
  }

  find(idHigh: number, idLow: number): RunningTotals<Subject> | undefined {
    const near = this.#near[idLow & (nearSlots - 1)];
    if (near !== undefined && near.idLow === idLow && near.idHigh === idHigh) {
      near.recent = true;
      return near;
    }
    const totals = this.#totals.get(keyOf(idHigh, idLow));
    if (totals === undefined) return undefined;
    totals.recent = true;
    this.#near[idLow & (nearSlots - 1)] = totals;
    return totals;
  }

  begin(idHigh: number, idLow: number, subject: Subject): RunningTotals<Subject> {
    if (this.#totals.size - this.#ended.length >= this.#max.open) this.#evict();
    const totals = new RunningTotals(idHigh, idLow, subject);
    this.#totals.set(keyOf(idHigh, idLow), totals);
    this.#hand.added();
    return totals;
  }

  /** The flow's last word was said; its totals are kept for a while, for what may come late. */
  end(totals: RunningTotals<Subject>): void {
    if (totals.ended) return;
    totals.ended = true;
    if (this.#ended.length < this.#max.ended) {
      this.#ended.push(totals);
      return;
    }
    const oldest = this.#ended[this.#endedAt];
    if (oldest !== undefined) this.#forget(oldest);
    this.#ended[this.#endedAt] = totals;
    this.#endedAt = (this.#endedAt + 1) % this.#max.ended;
  }

  /** Another run of the probe counts from zero, under numbers of its own. */
  clear(): void {
    for (const totals of this.#totals.values()) if (!totals.ended) this.#onEvict(totals);
    this.#totals.clear();
    this.#near.fill(noFlow);
    this.#ended.length = 0;
    this.#endedAt = 0;
  }

  /** Totals since the flow began; `delta` is what they add. False: nothing. */
  total(totals: RunningTotals<Subject>, said: FlowInput): boolean {
    const { delta } = this;
    delta.opens = Math.max(0, said.opens - totals.opens);
    delta.rops = Math.max(0, said.rops - totals.rops);
    delta.wops = Math.max(0, said.wops - totals.wops);
    delta.rbytes = Math.max(0, said.rbytes - totals.rbytes);
    delta.wbytes = Math.max(0, said.wbytes - totals.wbytes);
    delta.openFlags = delta.opens > 0 ? said.openFlags : 0;
    return this.#give(totals, said.ops & ~totals.ops);
  }

  /** One operation; what totals have said already adds nothing. */
  operation(totals: RunningTotals<Subject>, said: FlowInput): boolean {
    const { delta } = this;
    totals.seenOpens += said.opens;
    totals.seenRops += said.rops;
    totals.seenWops += said.wops;
    totals.seenRbytes += said.rbytes;
    totals.seenWbytes += said.wbytes;
    delta.opens = Math.max(0, totals.seenOpens - totals.opens);
    delta.rops = Math.max(0, totals.seenRops - totals.rops);
    delta.wops = Math.max(0, totals.seenWops - totals.wops);
    delta.rbytes = Math.max(0, totals.seenRbytes - totals.rbytes);
    delta.wbytes = Math.max(0, totals.seenWbytes - totals.wbytes);
    delta.openFlags = delta.opens > 0 ? said.openFlags : 0;
    return this.#give(totals, said.ops & ~totals.ops);
  }

  /** Operations that were said before happened again where their counts grew. */
  #give(totals: RunningTotals<Subject>, fresh: OpSet): boolean {
    const { delta } = this;
    const { opens, rops, wops, rbytes, wbytes } = delta;
    let ops = fresh;
    if (opens > 0) ops |= Op.OPEN;
    if (rops > 0) ops |= Op.READ;
    if (wops > 0) ops |= Op.WRITE;
    delta.ops = ops;
    if (ops === 0 && rbytes === 0 && wbytes === 0) return false;
    totals.ops |= ops;
    totals.opens += opens;
    totals.rops += rops;
    totals.wops += wops;
    totals.rbytes += rbytes;
    totals.wbytes += wbytes;
    return true;
  }

  #forget(totals: RunningTotals<Subject>): void {
    this.#totals.delete(keyOf(totals.idHigh, totals.idLow));
    const slot = totals.idLow & (nearSlots - 1);
    if (this.#near[slot] === totals) this.#near[slot] = noFlow;
  }

  /** The hand goes round: what was looked up since it last passed stays. */
  #evict(): void {
    for (let totals = this.#hand.next(); totals !== undefined; totals = this.#hand.next()) {
      if (totals.ended) continue;
      if (totals.recent) {
        totals.recent = false;
        continue;
      }
      this.evicted += 1;
      this.#forget(totals);
      this.#onEvict(totals);
      return;
    }
  }
}

/** Two halves as one key: an exact double, or a text where the number is too large for one. */
function keyOf(idHigh: number, idLow: number): number | string {
  return idHigh < exactHigh ? idHigh * 4_294_967_296 + idLow : `${idHigh}/${idLow}`;
}
