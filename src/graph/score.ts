// How sure and how bad: a sum of named terms, at most 100, and the severity that follows from it.

import type { AlertSeverity } from "../model/alert.ts";
import type { Draft } from "./draft.ts";

const severityValue: { readonly [Name in AlertSeverity]: number } = {
  info: 0,
  low: 4,
  medium: 12,
  high: 22,
  critical: 30,
};

/** The order in which attacks go through the tactics (ATT&CK, Enterprise matrix). */
export const tactics = [
  "reconnaissance",
  "resource-development",
  "initial-access",
  "execution",
  "persistence",
  "privilege-escalation",
  "defense-evasion",
  "credential-access",
  "discovery",
  "lateral-movement",
  "collection",
  "command-and-control",
  "exfiltration",
  "impact",
] as const;

/** Below this, alerts stay alerts. */
export const incidentScore = 40;

export type Term = { readonly name: string; readonly value: number };

export function scoreTerms(draft: Draft, stepTactics: readonly (string | undefined)[]): Term[] {
  const worst = Math.max(...draft.alerts.map(({ rule }) => severityValue[rule.severity]));
  const rules = new Set(draft.alerts.map(({ rule }) => rule.id)).size;
  const terms: Term[] = [
    { name: "worst alert", value: worst },
    { name: "several rules", value: Math.min(12, 4 * (rules - 1)) },
    { name: "kill chain", value: Math.min(30, 5 * Math.max(0, longestChain(stepTactics) - 1)) },
  ];
  for (const [name, value] of draft.terms) terms.push({ name, value });
  const sum = terms.reduce((total, { value }) => total + value, 0);
  if (sum >= incidentScore && worst < severityValue.high && !isStrong(draft, worst)) {
    terms.push({ name: "nothing certain", value: incidentScore - 1 - sum });
  }
  return terms.filter(({ value }) => value !== 0);
}

/** Many weak signs are an ordinary day on an unusual path: without a strong alert something must have been done. */
function isStrong({ terms }: Draft, worst: number): boolean {
  if (["foothold", "files replaced", "command injection"].some((name) => terms.has(name)))
    return true;
  // Services send much on their own; a warning must say that this is not their own.
  if (terms.has("exfiltration") && worst >= severityValue.medium) return true;
  // A server that is no more than a server, and ran a shell's command line that it does not run every day.
  if ((terms.get("command through a server") ?? 0) >= 20) return true;
  return terms.has("credentials read") && terms.has("command and control");
}

/** Length of the longest run of different tactics that come in the order of an attack; others may lie between them. */
function longestChain(names: readonly (string | undefined)[]): number {
  const best = tactics.map(() => 0);
  for (const name of names) {
    const at = tactics.findIndex((tactic) => tactic === name);
    if (at < 0) continue;
    const before = Math.max(0, ...best.slice(0, at));
    best[at] = Math.max(best[at] ?? 0, before + 1);
  }
  return Math.max(0, ...best);
}

export function severityOf(score: number): AlertSeverity {
  if (score >= 80) return "critical";
  if (score >= 60) return "high";
  if (score >= 40) return "medium";
  return score >= 20 ? "low" : "info";
}
