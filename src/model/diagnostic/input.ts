// Messages about inputs: SysFlow files (SF10xx), captures (SF11xx), strace logs (SF12xx).

import type { DiagnosticRow } from "./row.ts";

export const inputDiagnostics = [
  {
    code: "SF1000",
    severity: "error",
    title: "unknown format",
    hint: "inputs are SysFlow files, .scap captures and strace logs; --from names the format",
  },
  {
    code: "SF1001",
    severity: "error",
    title: "empty input",
    hint: "the file has no bytes; was the recording interrupted before anything was written?",
  },
  {
    code: "SF1002",
    severity: "error",
    title: "input cannot be read",
    hint: "check that the file exists and that you may read it",
  },
  {
    code: "SF1003",
    severity: "error",
    title: "directory without recordings",
    hint: "a folder is searched for SysFlow files, captures and strace logs",
  },
] as const satisfies readonly DiagnosticRow[];
