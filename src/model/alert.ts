// Alerts: a rule (later also a detector) and the activities that made it fire.

import type { Activity } from "./activity.ts";
import type { Host, Process } from "./entity.ts";
import type { TimeNs } from "./time.ts";

export const severities = ["info", "low", "medium", "high", "critical"] as const;
export type AlertSeverity = (typeof severities)[number];

/** What is said about a rule in its file. */
export type RuleInfo = {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly severity: AlertSeverity;
  /** `attack.t1105`, `attack.command-and-control` … */
  readonly tags: readonly string[];
};

export type Alert = {
  /** SHA-256 (hex) over rule id, rule version, host, process key, object key and start time. */
  readonly id: string;
  readonly rule: RuleInfo;
  readonly ts: TimeNs;
  readonly host: Host;
  readonly proc: Process | undefined;
  /** In event-time order; the last one completed the match. */
  readonly activities: readonly Activity[];
  /** One sentence for people. */
  readonly reason: string;
  /** True when a gap overlaps what the rule looked at. */
  readonly blind: boolean;
};
