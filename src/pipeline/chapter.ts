// One stretch of time that shares a base, told once it is over: records in file order → event-time order → rules and graph → what a
// story shows. `story` reads it from files; live detection keeps one to hold itself to.

import { createHash } from "node:crypto";
import type { StoryDocument } from "../encode/story-json.ts";
import type { StoryView } from "../encode/story.ts";
import { countNoun, printCount } from "../encode/units.ts";
import { EventOrder } from "../flow/order.ts";
import { incidentTree, processTree } from "../graph/process-tree.ts";
import { IncidentTracker } from "../graph/tracker.ts";
import type { Activity } from "../model/activity.ts";
import type { Alert } from "../model/alert.ts";
import type { GapRecord, Record } from "../model/record.ts";
import type { TimeBase, TimeNs } from "../model/time.ts";
import { RuleEngine } from "../rule/detect.ts";
import type { Rule } from "../rule/rule.ts";

/** One stretch of time that shares a base. */
export class Chapter {
  readonly base: TimeBase;
  readonly tracker: IncidentTracker;
  /** Another one may be made from it, which sees the same records in another order. */
  readonly engine: RuleEngine;
  readonly #rules: number;
  readonly #order = new EventOrder();
  readonly #gaps = new Map<string, number>();
  records = 0;

  constructor(base: TimeBase, rules: readonly Rule[]) {
    this.base = base;
    this.tracker = new IncidentTracker(base);
    this.engine = new RuleEngine(rules, { sha256: hashText });
    this.#rules = rules.length;
  }

  /** Event time up to which the alerts are known. */
  get watermark(): TimeNs {
    return this.#order.watermark;
  }

  /** Returns the alerts of what is now in order. */
  push(records: readonly Record[]): Alert[] {
    this.records += records.length;
    for (const record of records) if (record.type === "G") this.#gap(record);
    return this.#take(this.#order.push(records));
  }

  /** Time has passed on a silent host. */
  advance(now: TimeNs): Alert[] {
    return this.#take(this.#order.advance(now));
  }

  end(): Alert[] {
    return this.#take(this.#order.end());
  }

  #take(activities: readonly Activity[]): Alert[] {
    for (const activity of activities) this.tracker.observe(activity);
    const alerts = this.engine.push(activities, this.base);
    for (const alert of alerts) this.tracker.alert(alert);
    return alerts;
  }

  #gap(gap: GapRecord): void {
    this.engine.noteGap(gap);
    const known = this.#gaps.get(gap.reason) ?? 0;
    this.#gaps.set(gap.reason, known + Math.max(1, gap.lost));
  }

  /** Reason → how many: gaps of the recording, and what our own bounds cost. */
  get lost(): { readonly [reason: string]: number } {
    const { graph, alertsDropped } = this.tracker;
    const own: readonly (readonly [string, number])[] = [
      ["graphNodesEvicted", graph.evictedNodes],
      ["alertsDropped", alertsDropped],
      ["reorderForced", this.#order.forced],
      ["late", this.#order.late],
    ];
    return Object.fromEntries([...this.#gaps, ...own.filter(([, count]) => count > 0)]);
  }

  tell(): StoryDocument {
    const { incidents, unconnected } = this.tracker.findings();
    return { base: this.base, incidents, unconnected };
  }

  /** `inputs`: as a user would type them again; "" where there is nothing to read again. */
  view({ incidents, unconnected }: StoryDocument, inputs: string): StoryView {
    const { graph } = this.tracker;
    const trees = incidents.map((incident) => {
      const nodes = incident.processes.flatMap((proc) => graph.find(proc) ?? []);
      return { incident, tree: incidentTree(nodes, graph.find(incident.root.proc)) };
    });
    const missing = Object.entries(this.lost).map(
      ([reason, count]) => `${printCount(count)} (${reason})`,
    );
    return {
      base: this.base,
      incidents: trees,
      unconnected,
      processes: incidents.length === 0 ? processTree(graph) : [],
      looked: `${countNoun(this.records, "record")} with ${countNoun(this.#rules, "rule")}; ${countNoun(this.tracker.alertCount, "alert")}`,
      missing,
      inputs,
    };
  }
}

function hashText(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
