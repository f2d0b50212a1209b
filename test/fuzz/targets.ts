// The formats that are fuzzed.

import type { FuzzTarget } from "./harness.ts";
import { scapTarget } from "./scap.ts";

export const fuzzTargets: readonly FuzzTarget[] = [scapTarget];
