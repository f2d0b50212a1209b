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
  {
    code: "SF1010",
    severity: "error",
    title: "not a SysFlow file",
    hint: "a SysFlow file is an Avro object container and begins with Obj\\x01",
  },
  {
    code: "SF1011",
    severity: "error",
    title: "damaged file header",
    hint: "without its header (schema, codec, sync marker) a file cannot be read",
  },
  {
    code: "SF1012",
    severity: "error",
    title: "unknown block codec",
    hint: "rewrite the file with the codec deflate",
  },
  {
    code: "SF1013",
    severity: "error",
    title: "the schema is not SysFlow's",
    hint: "the file is an Avro file of another kind",
  },
  {
    code: "SF1014",
    severity: "error",
    title: "block cannot be unpacked",
    hint: "the block is left out and reading goes on behind it",
  },
  {
    code: "SF1015",
    severity: "error",
    title: "damaged block",
    hint: "what comes before is kept; reading goes on at the next sync marker",
  },
  {
    code: "SF1016",
    severity: "error",
    title: "truncated file",
    hint: "the file was cut; everything before is kept",
  },
  {
    code: "SF1100",
    severity: "error",
    title: "not a capture",
    hint: "a .scap capture begins with a section header block",
  },
  {
    code: "SF1101",
    severity: "error",
    title: "damaged block",
    hint: "reading goes on at the next block that is whole",
  },
  {
    code: "SF1102",
    severity: "error",
    title: "truncated capture",
    hint: "the recording was cut; everything before is kept",
  },
  {
    code: "SF1103",
    severity: "warning",
    title: "damaged event",
    hint: "the event is left out",
  },
  {
    code: "SF1104",
    severity: "warning",
    title: "damaged list",
    hint: "the rest of this list of processes, descriptors or users is left out",
  },
  {
    code: "SF1105",
    severity: "error",
    title: "capture of a big-endian machine",
    hint: "record on a little-endian machine, or convert the capture with a tool that runs there",
  },
  {
    code: "SF1106",
    severity: "warning",
    title: "container or Kubernetes description cannot be parsed",
    hint: "the description is left out",
  },
  {
    code: "SF1201",
    severity: "warning",
    title: "line of an strace log is not understood",
    hint: "record into a file (strace -o), so that the program's own output does not mix in",
  },
  {
    code: "SF1202",
    severity: "warning",
    title: "call of an strace log ends without a beginning",
    hint: "the recording began in the middle of it",
  },
  {
    code: "SF1203",
    severity: "error",
    title: "line of an strace log is too long",
    hint: "record with a smaller -s; 4096 is plenty",
  },
  {
    code: "SF1204",
    severity: "warning",
    title: "process of an strace log has no origin",
    hint: "record with -f, so that children are followed from their first moment",
  },
  {
    code: "SF1205",
    severity: "info",
    title: "strace log names no process",
    hint: "record with -f -o FILE, so that every line carries its pid",
  },
  {
    code: "SF1206",
    severity: "info",
    title: "strace log has no times",
    hint: "record with -ttt",
  },
  {
    code: "SF1207",
    severity: "error",
    title: "strace log ends in the middle of a line",
    hint: "the recording was cut off; what came before is complete",
  },
] as const satisfies readonly DiagnosticRow[];
