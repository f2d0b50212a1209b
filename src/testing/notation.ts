// The text notation of system calls → activities, as a recording of them would give: what tests of rules are written in.

import type { Activity } from "../model/activity.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Record } from "../model/record.ts";
import type { TimeBase } from "../model/time.ts";
import { encodeText, textLength } from "../base/text.ts";
import { FlowEngine } from "../flow/engine.ts";
import { EventOrder } from "../flow/order.ts";
import { StraceReader } from "../wire/strace/reader.ts";

export type NotationRecords = {
  readonly records: readonly Record[];
  readonly base: TimeBase;
  readonly diagnostics: readonly Diagnostic[];
};

export type NotationActivities = {
  readonly activities: readonly Activity[];
  readonly base: TimeBase;
  readonly diagnostics: readonly Diagnostic[];
};

/** Records of a text in the notation (or of a strace log), in file order. */
export function recordsOf(notation: string): NotationRecords {
  const reader = new StraceReader();
  const bytes = new Uint8Array(textLength(notation));
  encodeText(notation, bytes, 0);
  reader.push(bytes);
  reader.end();
  let engine: FlowEngine | undefined;
  for (let input = reader.next(); input !== undefined; input = reader.next()) {
    engine ??= new FlowEngine({ mode: "native", exporter: "test", base: reader.base ?? 0n });
    engine.apply(input);
  }
  engine?.end();
  return {
    records: engine?.take() ?? [],
    base: reader.base ?? 0n,
    diagnostics: reader.diagnostics,
  };
}

/** Activities of a text in the notation (or of a strace log), in event-time order. */
export function activitiesOf(notation: string): NotationActivities {
  const { records, base, diagnostics } = recordsOf(notation);
  const order = new EventOrder();
  return { activities: [...order.push(records), ...order.end()], base, diagnostics };
}
