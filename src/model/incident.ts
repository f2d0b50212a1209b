// Incidents: alerts that one cause connects, told as ordered steps.

import type { Alert, AlertSeverity } from "./alert.ts";
import type { Container, Host, Process } from "./entity.ts";
import type { BehaviourRecord } from "./record.ts";
import type { TimeNs } from "./time.ts";

/** Why a step is in the story. */
export type Because =
  | "alert"
  | "ancestry"
  | "same-process"
  | "written-then-executed"
  | "written-then-read"
  | "connection";

export type Step = {
  readonly n: number;
  readonly ts: TimeNs;
  readonly endTs?: TimeNs | undefined;
  readonly sentence: string;
  /** ATT&CK tactic (`initial-access`) and technique (`T1190`) where a rule or a heuristic named one. */
  readonly tactic: string | undefined;
  readonly technique: string | undefined;
  readonly proc: Process;
  /** What was done: an operation's name, or a phrase such as "FETCH" for joined ones. */
  readonly op: string;
  readonly object: { readonly kind: "file" | "peer" | "process"; readonly value: string };
  readonly because: Because;
  readonly records: readonly BehaviourRecord[];
  readonly alerts: readonly Alert[];
};

export type Incident = {
  readonly id: string;
  readonly merged: readonly string[];
  readonly score: number;
  readonly severity: AlertSeverity;
  readonly title: string;
  readonly from: TimeNs;
  readonly to: TimeNs;
  readonly hosts: readonly Host[];
  readonly containers: readonly Container[];
  readonly root: {
    readonly kind: "connection" | "process" | "file";
    readonly proc: Process;
    readonly object: string;
    readonly ts: TimeNs;
  };
  readonly steps: readonly Step[];
  /** The steps that did damage: credential access, collection, exfiltration, impact. */
  readonly impact: readonly Step[];
  readonly processes: readonly Process[];
  readonly scoreTerms: readonly { readonly name: string; readonly value: number }[];
  readonly alerts: readonly Alert[];
};
