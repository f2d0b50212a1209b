// Messages about the command line (SF2xxx), outputs (SF4xxx), the machine (SF5xxx) and ourselves (SF9xxx).

import type { DiagnosticRow } from "./row.ts";

export const commandDiagnostics = [
  { code: "SF2001", severity: "error", title: "command line is wrong", hint: "see --help" },
  {
    code: "SF2002",
    severity: "error",
    title: "unknown field",
    hint: "fields are attribute names such as ts, op, proc.exe, file.path, net.dip",
  },
  {
    code: "SF2003",
    severity: "error",
    title: "attribute needs the records in event-time order",
    hint: "print shows records as they were written; detect and story know it",
  },
  {
    code: "SF4001",
    severity: "error",
    title: "output cannot be written",
    hint: "what was there before is intact",
  },
  {
    code: "SF5001",
    severity: "error",
    title: "not possible on this machine",
    hint: "sysflow doctor says what is missing",
  },
  {
    code: "SF5002",
    severity: "error",
    title: "strace is missing",
    hint: "install the package strace",
  },
  {
    code: "SF5003",
    severity: "error",
    title: "strace may not trace",
    hint: "tracing needs the ptrace permission; sysflow doctor says what stands in the way",
  },
  {
    code: "SF9001",
    severity: "error",
    title: "defect of SysFlow",
    hint: "please report it with the output of --debug",
  },
] as const satisfies readonly DiagnosticRow[];
