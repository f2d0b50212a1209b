// Activities: a record joined with the process as it was then. A flow is seen at its begin and at its end, so that a rule can
// fire as early as its attributes are known.

import type { Container, File, Host, Process } from "./entity.ts";
import type { BehaviourRecord, Tuple } from "./record.ts";
import type { TimeNs } from "./time.ts";

/** Events are `instant`; a flow's first slice has a `begin`, every slice an `update` or (the last one) an `end`. */
export type Phase = "begin" | "update" | "end" | "instant";

export type Activity = {
  readonly phase: Phase;
  /** Event time of the phase: the flow's start for `begin`, its end for `update` and `end`. */
  readonly at: TimeNs;
  readonly record: BehaviourRecord;
  readonly host: Host;
  /** The version in force at `at`; undefined for Kubernetes events only. */
  readonly proc: Process | undefined;
  readonly container: Container | undefined;
  readonly file: File | undefined;
  readonly newFile: File | undefined;
  readonly net: Tuple | undefined;
};
