// What the probe lost, from its running counts: what was not said before becomes a gap. What heals by itself makes none: a parked
// flow is collected, a lost path is said again, a process whose messages were lost is looked up in /proc.

import type { GapReason } from "../../model/record.ts";
import type { Input } from "../../model/syscall.ts";
import type { TimeNs } from "../../model/time.ts";
import { dirtyAt, statsAt, u32, wide64 } from "./layout.ts";

type Unit = "events" | "processes" | "flows";
type LossRow = {
  readonly count: keyof typeof statsAt;
  readonly reason: GapReason;
  readonly unit: Unit;
  readonly where: string;
};

const rows: readonly LossRow[] = [
  { count: "flowsLost", reason: "dropped", unit: "flows", where: "probe: every table full" },
  {
    count: "flowsUntracked",
    reason: "dropped",
    unit: "events",
    where: "probe: operations of flows that had no room",
  },
  { count: "rawLost", reason: "dropped", unit: "events", where: "probe: full ring of raw events" },
  { count: "compatCalls", reason: "unsupported", unit: "events", where: "32-bit system calls" },
  {
    count: "processesLost",
    reason: "lost-process",
    unit: "processes",
    where: "probe: full table of processes",
  },
  {
    count: "peersLost",
    reason: "evicted",
    unit: "events",
    where: "probe: datagrams to more peers than are told apart",
  },
];

type Gap = Extract<Input, { kind: "gap" }>;

export class Losses {
  readonly #told = new Map<string, number>();
  /** Lost control messages that a DIRTY message named, of whatever kind. */
  #named = 0;
  #controlLost = 0;
  #faults = 0;

  /** User memory that could not be read: texts that are missing. */
  get faults(): number {
    return this.#faults;
  }

  /** Another run of the probe counts anew. */
  restart(): void {
    this.#told.clear();
    this.#named = 0;
    this.#controlLost = 0;
  }

  /** A STATS message at byte `at`: gaps for what is new. */
  stats(words: Int32Array, at: number, ts: TimeNs): Gap[] {
    const count = (name: keyof typeof statsAt): number => wide64(words, (at + statsAt[name]) >> 2);
    const gaps: Gap[] = [];
    for (const { count: name, reason, unit, where } of rows) {
      const lost = this.#grown(name, count(name));
      if (lost > 0) gaps.push({ kind: "gap", ts, reason, lost, unit, where });
    }
    this.#faults += this.#grown("faults", count("faults"));
    // Processes are named up to a moment after the loss: judged is what had been lost at the STATS before.
    const unnamed = this.#unnamed(ts);
    if (unnamed !== undefined) gaps.push(unnamed);
    this.#controlLost = count("controlLost");
    return gaps;
  }

  /** A DIRTY message: what cannot be asked for again. */
  dirty(words: Int32Array, at: number, pid: number, ts: TimeNs): Gap | undefined {
    const count = (name: keyof typeof dirtyAt): number => u32(words, (at + dirtyAt[name]) >> 2);
    const calls = count("calls");
    this.#named += count("forks") + count("execs") + count("exits") + count("paths") + calls;
    if (calls === 0) return undefined;
    const where = `probe: calls of process ${pid}`;
    return { kind: "gap", ts, reason: "dropped", lost: calls, unit: "events", where };
  }

  /** No more will come. */
  end(ts: TimeNs): Gap | undefined {
    return this.#unnamed(ts);
  }

  #unnamed(ts: TimeNs): Gap | undefined {
    const lost = this.#grown("unnamed", this.#controlLost - this.#named);
    if (lost <= 0) return undefined;
    const where = "probe: messages of processes that could not be noted";
    return { kind: "gap", ts, reason: "dropped", lost, unit: "events", where };
  }

  #grown(name: string, now: number): number {
    const before = this.#told.get(name) ?? 0;
    if (now <= before) return 0;
    this.#told.set(name, now);
    return now - before;
  }
}
