// Messages about conditions and rules (SF3xxx).

import type { DiagnosticRow } from "./row.ts";

export const ruleDiagnostics = [
  { code: "SF3001", severity: "error", title: "condition cannot be parsed" },
] as const satisfies readonly DiagnosticRow[];
