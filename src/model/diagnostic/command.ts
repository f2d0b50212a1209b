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
    code: "SF5010",
    severity: "error",
    title: "the probe is missing",
    hint: "sudo sysflow probe install",
  },
  {
    code: "SF5011",
    severity: "error",
    title: "the probe cannot start",
    hint: "sysflow doctor says what is missing",
  },
  {
    code: "SF5012",
    severity: "error",
    title: "not allowed to record this",
    hint: "you may record your own processes; other users' processes, control groups and the host only as root",
  },
  {
    code: "SF5013",
    severity: "error",
    title: "nothing there to record",
    hint: "check the process, control group or container",
  },
  {
    code: "SF5014",
    severity: "warning",
    title: "the probe died and was started again",
    hint: "what happened meanwhile is not in the recording; a gap record says so",
  },
  {
    code: "SF5015",
    severity: "error",
    title: "the probe died and could not be started again",
    hint: "the recording ends there; what came before is complete",
  },
  {
    code: "SF5016",
    severity: "error",
    title: "the probe cannot be installed or removed",
    hint: "run it as root: sudo sysflow probe install",
  },
  {
    code: "SF9001",
    severity: "error",
    title: "defect of SysFlow",
    hint: "please report it with the output of --debug",
  },
] as const satisfies readonly DiagnosticRow[];
