// Incidents as the JSON document that `story --json` prints (interface.md).

import type { Alert } from "../model/alert.ts";
import { processKey } from "../model/entity.ts";
import type { Incident, Step } from "../model/incident.ts";
import { type TimeBase, printTime, toAbsolute } from "../model/time.ts";
import { type JsonObject, processJson } from "./json.ts";
import { recordId } from "./record-id.ts";

export type StoryDocument = {
  readonly base: TimeBase;
  readonly incidents: readonly Incident[];
  readonly unconnected: readonly Alert[];
};

/** Several groups of inputs, each with its own base, make one document. `lost`: reason → how many. */
export function storyJson(
  groups: readonly StoryDocument[],
  lost: Readonly<{ [reason: string]: number }>,
): JsonObject {
  return {
    incidents: groups.flatMap(({ incidents, base }) =>
      incidents.map((incident) => incidentJson(incident, base)),
    ),
    unconnectedAlerts: groups.flatMap(({ unconnected }) => unconnected.map(({ id }) => id)),
    lost,
  };
}

/** One incident, as `story --json` and `run --json` have it. */
export function incidentJson(incident: Incident, base: TimeBase): JsonObject {
  const time = (ts: number): string => printTime(toAbsolute(base, ts));
  const { root } = incident;
  return {
    id: incident.id,
    merged: incident.merged,
    score: incident.score,
    severity: incident.severity,
    title: incident.title,
    from: time(incident.from),
    to: time(incident.to),
    hosts: incident.hosts.flatMap(({ id }) => (id === "" ? [] : id)),
    containers: incident.containers.map(({ id }) => id),
    root: {
      kind: root.kind,
      proc: processJson(root.proc, undefined),
      object: root.object,
      ts: time(root.ts),
    },
    steps: incident.steps.map((step) => stepJson(step, base)),
    impact: incident.impact.map((step) => stepJson(step, base)),
    processes: [...new Set(incident.processes.map(processKey))],
    scoreTerms: incident.scoreTerms.map(({ name, value }) => ({ name, value })),
    alerts: incident.alerts.map(({ id }) => id),
  };
}

function stepJson(step: Step, base: TimeBase): JsonObject {
  return {
    n: step.n,
    ts: printTime(toAbsolute(base, step.ts)),
    endTs: step.endTs === undefined ? undefined : printTime(toAbsolute(base, step.endTs)),
    sentence: step.sentence,
    tactic: step.tactic,
    technique: step.technique,
    proc: processJson(step.proc, undefined),
    op: step.op,
    object: { kind: step.object.kind, value: step.object.value },
    because: step.because,
    records: [...new Set(step.records.map((record) => recordId(record, base)))],
    alerts: step.alerts.map(({ id }) => id),
  };
}
