// Activities and alerts in, incidents out. It keeps the graph and the alerts; what belongs together is worked out when it is
// asked, so that the answer depends on what happened and not on when anybody asked.

import type { Activity } from "../model/activity.ts";
import type { Alert } from "../model/alert.ts";
import type { Incident } from "../model/incident.ts";
import { limits } from "../model/limits.ts";
import type { TimeBase } from "../model/time.ts";
import { walkBack } from "./cause.ts";
import { type Draft, type ProcessAlert, ProgramIndex } from "./draft.ts";
import { type GraphLimits, ProvenanceGraph } from "./graph.ts";
import { habitualAlerts } from "./habit.ts";
import { heuristics } from "./heuristic/index.ts";
import { type Cluster, linkAlerts } from "./link.ts";
import { incidentScore } from "./score.ts";
import { earliest, tell } from "./tell.ts";

export type Findings = {
  /** The worst first. */
  readonly incidents: readonly Incident[];
  /** Alerts that no incident holds: too little to speak of an attack. */
  readonly unconnected: readonly Alert[];
};

export class IncidentTracker {
  readonly graph: ProvenanceGraph;
  readonly #base: TimeBase;
  #alerts: ProcessAlert[] = [];
  /** Of no process (Kubernetes events). */
  #others: Alert[] = [];
  /** Ids that an incident had, by its root; the first id stays. */
  readonly #idOfAlert = new Map<string, string>();
  /** Alerts that were not kept because there were too many. */
  alertsDropped = 0;

  constructor(base: TimeBase, graphLimits?: GraphLimits) {
    this.#base = base;
    this.graph = new ProvenanceGraph(graphLimits);
  }

  get alertCount(): number {
    return this.#alerts.length + this.#others.length;
  }

  observe(activity: Activity): void {
    this.graph.observe(activity);
  }

  alert(alert: Alert): void {
    if (this.alertCount >= limits.alerts.max) this.alertsDropped += 1;
    else if (isAboutProcess(alert)) this.#alerts.push(alert);
    else this.#others.push(alert);
  }

  /** It was told too early: what was learned since speaks against it. */
  withdraw({ id }: Alert): void {
    this.#alerts = this.#alerts.filter((alert) => alert.id !== id);
    this.#others = this.#others.filter((alert) => alert.id !== id);
  }

  findings(): Findings {
    const alerts = [...this.#alerts].sort((a, b) => a.ts - b.ts || (a.id < b.id ? -1 : 1));
    const programs = new ProgramIndex(this.graph);
    const incidents: Incident[] = [];
    const unconnected: Alert[] = [...this.#others];
    const habitual = habitualAlerts(this.graph, alerts);
    unconnected.push(...habitual);
    const odd = alerts.filter((alert) => !habitual.has(alert));
    for (const cluster of linkAlerts(this.graph, programs, odd)) {
      const incident = this.#keepId(tell(this.#draft(programs, cluster), this.#base));
      if (incident.score >= incidentScore) incidents.push(incident);
      else unconnected.push(...cluster.alerts);
    }
    incidents.sort((a, b) => b.score - a.score || a.from - b.from || (a.id < b.id ? -1 : 1));
    return { incidents, unconnected };
  }

  #draft(programs: ProgramIndex, { alerts, attack }: Cluster): Draft {
    const [firstAlert] = alerts;
    if (firstAlert === undefined) throw new Error("assertion failed: a cluster without alerts");
    const draft: Draft = {
      graph: this.graph,
      programs,
      alerts,
      firstAlert,
      attack: new Map(attack),
      entry: undefined,
      chain: [],
      start: earliest(alerts),
      dropped: [],
      commanded: undefined,
      steps: [],
      terms: new Map(),
    };
    walkBack(draft);
    for (const heuristic of heuristics) heuristic.apply(draft);
    return draft;
  }

  /** An incident keeps the oldest id under which one of its alerts was told; the ids of those it took in are in `merged`. */
  #keepId(incident: Incident): Incident {
    const before = new Set<string>();
    for (const { id } of incident.alerts) {
      const known = this.#idOfAlert.get(id);
      if (known !== undefined) before.add(known);
    }
    const [oldest = incident.id, ...others] = before;
    for (const { id } of incident.alerts) this.#idOfAlert.set(id, oldest);
    return { ...incident, id: oldest, merged: others };
  }
}

function isAboutProcess(alert: Alert): alert is ProcessAlert {
  return alert.proc !== undefined;
}
