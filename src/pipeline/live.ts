// Detection while it happens. Two readings of the same records: one at once, in the order of arrival, which tells alerts and
// incidents as they appear; one in event-time order, half a minute behind, which is what replaying the recording gives. What the
// second finds and the first did not is told then; what it does not confirm is withdrawn. So the alerts told, less those withdrawn,
// are the alerts of the recording, and the incidents at the end are those of `story`.

import { type IncidentNews, IncidentWatch } from "../graph/watch.ts";
import { IncidentTracker } from "../graph/tracker.ts";
import { LiveOrder } from "../flow/live.ts";
import { holdBackNs } from "../flow/order.ts";
import type { Alert } from "../model/alert.ts";
import type { Activity } from "../model/activity.ts";
import { limits } from "../model/limits.ts";
import type { FileFlow, NetworkFlow, Record } from "../model/record.ts";
import { type DurationNs, type TimeBase, type TimeNs, second } from "../model/time.ts";
import { RuleEngine } from "../rule/detect.ts";
import type { Rule } from "../rule/rule.ts";
import { Chapter } from "./chapter.ts";

export type LiveNews = {
  readonly alerts: readonly Alert[];
  /** Told before; replaying the recording does not find them. */
  readonly withdrawn: readonly Alert[];
};

/** A flow that an alert's beginning speaks of is written an export interval later, and judged when it is in order. */
const confirmedWithin: DurationNs = holdBackNs + 5 * second;

export class LiveDetection {
  readonly base: TimeBase;
  /** What the recording says, as far as it is in order. */
  readonly chapter: Chapter;
  readonly #order = new LiveOrder();
  readonly #engine: RuleEngine;
  readonly #watch: IncidentWatch;
  /** Alerts told at once and not confirmed yet, by id; oldest first. */
  readonly #told = new Map<string, Alert>();
  /** Alerts told, withdrawn, and told without being confirmed because too many waited. */
  readonly counters = { alerts: 0, withdrawn: 0, unconfirmed: 0 };

  constructor(base: TimeBase, rules: readonly Rule[]) {
    this.base = base;
    this.chapter = new Chapter(base, rules);
    this.#engine = new RuleEngine(this.chapter.engine);
    this.#watch = new IncidentWatch(new IncidentTracker(base));
  }

  /** `begins`: flows that began, as they are now; each comes again as records. */
  push(begins: readonly (FileFlow | NetworkFlow)[], records: readonly Record[]): LiveNews {
    for (const record of records) if (record.type === "G") this.#engine.noteGap(record);
    const early = this.#early(this.#order.push(begins, records));
    return this.#settle(early, this.chapter.push(records));
  }

  /** Event time has passed in which nothing happened. */
  advance(now: TimeNs): LiveNews {
    return this.#settle([], this.chapter.advance(now));
  }

  /** Nothing more will come: every alert is confirmed or withdrawn. */
  end(): LiveNews {
    return this.#settle([], this.chapter.end(), Number.POSITIVE_INFINITY);
  }

  /** Milliseconds have passed: work that waited for it may be done. */
  passed(milliseconds: number): void {
    this.#watch.passed(milliseconds);
  }

  /** What is new of the incidents, where it is time to look. */
  incidents(): readonly IncidentNews[] {
    return this.#watch.due ? this.#watch.look() : [];
  }

  /** Reason → how many: what the chapter lost, and what our own bounds cost. */
  get lost(): { readonly [reason: string]: number } {
    const own: readonly (readonly [string, number])[] = [
      ["alertsUnconfirmed", this.counters.unconfirmed],
      ["beginsForgotten", this.#order.forgotten],
    ];
    return { ...this.chapter.lost, ...Object.fromEntries(own.filter(([, count]) => count > 0)) };
  }

  get looks(): number {
    return this.#watch.looks;
  }

  #early(activities: readonly Activity[]): Alert[] {
    this.#watch.observe(activities);
    const alerts = this.#engine.push(activities, this.base);
    for (const alert of alerts) {
      this.#watch.alert(alert);
      this.#told.set(alert.id, alert);
    }
    for (const [id] of this.#told) {
      if (this.#told.size <= limits.alerts.max) break;
      this.#told.delete(id);
      this.counters.unconfirmed += 1;
    }
    return alerts;
  }

  #settle(early: readonly Alert[], settled: readonly Alert[], until?: TimeNs): LiveNews {
    const alerts = [...early];
    for (const alert of settled) {
      if (this.#told.delete(alert.id)) continue;
      alerts.push(alert);
      this.#watch.alert(alert);
    }
    const withdrawn: Alert[] = [];
    const now = until ?? this.chapter.watermark - confirmedWithin;
    for (const [id, alert] of this.#told) {
      if (alert.ts > now) break;
      this.#told.delete(id);
      this.#watch.withdraw(alert);
      withdrawn.push(alert);
    }
    this.counters.alerts += alerts.length;
    this.counters.withdrawn += withdrawn.length;
    return { alerts, withdrawn };
  }
}
