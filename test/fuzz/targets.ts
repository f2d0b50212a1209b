// The formats that are fuzzed.

import { auditTarget } from "./audit.ts";
import { avroTarget } from "./avro.ts";
import type { FuzzTarget } from "./harness.ts";
import { probeTarget } from "./probe.ts";
import { scapTarget } from "./scap.ts";
import { straceTarget } from "./strace.ts";

export const fuzzTargets: readonly FuzzTarget[] = [
  scapTarget,
  avroTarget,
  straceTarget,
  probeTarget,
  auditTarget,
];
