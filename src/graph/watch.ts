// Incidents while they grow: looks at a tracker when something may have changed and work allows it, and says what is new since the
// last look. Looking costs about as much as the graph is large; how often it is done is bounded by what was observed meanwhile and by
// the time that passed. The answer to a look does not depend on earlier ones.

import type { Activity } from "../model/activity.ts";
import type { Alert } from "../model/alert.ts";
import { processKey } from "../model/entity.ts";
import type { Incident, Step } from "../model/incident.ts";
import type { IncidentTracker } from "./tracker.ts";

export type IncidentNews = {
  readonly kind: "new" | "changed" | "gone";
  /** As it is now; of one that is gone, as it was told last. */
  readonly incident: Incident;
  /** As it was told before. */
  readonly before: Incident | undefined;
  /** The steps that were not told before. */
  readonly steps: readonly Step[];
};

/** An activity that is observed pays for one node or edge looked at. */
const paidByActivity = 1;
/** A millisecond that passes pays for so many: a look takes a tenth of the time at most (measured: 0.5 to 1 µs a node or edge). */
const paidByMillisecond = 100;
/** Without a new alert, a look waits until the graph has seen so much more: this part of it, and at least so many activities. */
const growth = { part: 1 / 8, least: 256 } as const;
/** Alerts are linked with each other: one costs more than an edge. */
const alertCost = 8;

export class IncidentWatch {
  readonly #tracker: IncidentTracker;
  #told = new Map<string, Incident>();
  #alerted = false;
  /** Activities since the last look. */
  #observed = 0;
  /** What the last look cost and is not paid yet. */
  #debt = 0;
  /** Looks so far. */
  looks = 0;

  constructor(tracker: IncidentTracker) {
    this.#tracker = tracker;
  }

  observe(activities: readonly Activity[]): void {
    for (const activity of activities) this.#tracker.observe(activity);
    this.#observed += activities.length;
    this.#pay(activities.length * paidByActivity);
  }

  alert(alert: Alert): void {
    this.#tracker.alert(alert);
    this.#alerted = true;
  }

  withdraw(alert: Alert): void {
    this.#tracker.withdraw(alert);
    this.#alerted = true;
  }

  /** Time has passed, milliseconds: work that waits for it may be done. */
  passed(milliseconds: number): void {
    this.#pay(milliseconds * paidByMillisecond);
  }

  /** Whether a look is worth it, and is paid for. */
  get due(): boolean {
    if (this.#debt > 0) return false;
    if (this.#alerted) return true;
    const { alertCount } = this.#tracker;
    return alertCount > 0 && this.#observed >= Math.max(growth.least, this.#cost() * growth.part);
  }

  /** What is new since the last look, the worst first. */
  look(): IncidentNews[] {
    this.looks += 1;
    this.#alerted = false;
    this.#observed = 0;
    this.#debt = this.#cost();
    const told = new Map<string, Incident>();
    const news: IncidentNews[] = [];
    const takenIn = new Set<string>();
    for (const incident of this.#tracker.findings().incidents) {
      const before = this.#told.get(incident.id);
      told.set(incident.id, incident);
      for (const id of incident.merged) takenIn.add(id);
      if (before === undefined) {
        news.push({ kind: "new", incident, before, steps: incident.steps });
        continue;
      }
      const known = new Set(before.steps.map(stepKey));
      const steps = incident.steps.filter((step) => !known.has(stepKey(step)));
      const other = incident.score !== before.score || incident.title !== before.title;
      if (steps.length > 0 || other) news.push({ kind: "changed", incident, before, steps });
    }
    for (const [id, incident] of this.#told) {
      if (told.has(id) || takenIn.has(id)) continue;
      news.push({ kind: "gone", incident, before: incident, steps: [] });
    }
    this.#told = told;
    return news;
  }

  #cost(): number {
    const { graph, alertCount } = this.#tracker;
    return graph.nodeCount + graph.edgeCount + alertCount * alertCost;
  }

  #pay(amount: number): void {
    this.#debt = Math.max(0, this.#debt - amount);
  }
}

/** Volumes in the sentence grow; the act stays. */
function stepKey({ proc, op, object }: Step): string {
  return `${processKey(proc)} ${op} ${object.kind} ${object.value}`;
}
