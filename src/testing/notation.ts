// Traces as text a person can write: the notation (docs/guide/strace.md) or a pasted strace log, run through the same reader and
// engine as a real recording. For tests of rules, detectors and of the program itself.

import { EventOrder } from "../flow/order.ts";
import { FlowEngine } from "../flow/engine.ts";
import type { Activity } from "../model/activity.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Record } from "../model/record.ts";
import type { Input } from "../model/syscall.ts";
import type { TimeBase } from "../model/time.ts";
import { StraceReader } from "../wire/strace/reader.ts";

export type NotationInputs = {
  readonly inputs: readonly Input[];
  readonly base: TimeBase;
  /** What was not understood; a page in a test should have none. */
  readonly diagnostics: readonly Diagnostic[];
};

export type NotationRecords = {
  readonly records: readonly Record[];
  readonly base: TimeBase;
  readonly diagnostics: readonly Diagnostic[];
};

export type NotationActivities = {
  /** In event-time order; a flow is there twice, at its begin and at its end. */
  readonly activities: readonly Activity[];
  readonly base: TimeBase;
  readonly diagnostics: readonly Diagnostic[];
};

/** The system calls of a page. */
export function readNotation(text: string): NotationInputs {
  const reader = new StraceReader();
  reader.push(new TextEncoder().encode(text));
  reader.end();
  const inputs: Input[] = [];
  for (let input = reader.next(); input !== undefined; input = reader.next()) inputs.push(input);
  return { inputs, base: reader.base ?? 0n, diagnostics: reader.diagnostics };
}

function run(text: string, exporter: string): NotationRecords {
  const { inputs, base, diagnostics } = readNotation(text);
  const engine = new FlowEngine({ mode: "native", exporter, base });
  const records: Record[] = [];
  for (const input of inputs) {
    engine.apply(input);
    records.push(...engine.take());
  }
  engine.end();
  records.push(...engine.take());
  return { records, base, diagnostics };
}

/** The host that pages come from. */
const exporterOfPages = "test";

/** What `sysflow convert` would write for the page. */
export function recordsOf(text: string): Record[] {
  return [...run(text, exporterOfPages).records];
}

/** What rules and detectors would see of the page. */
export function activitiesOf(text: string): NotationActivities {
  const { records, base, diagnostics } = run(text, exporterOfPages);
  const order = new EventOrder();
  const activities = [...order.push(records), ...order.end()];
  return { activities, base, diagnostics };
}
