// Diagnostics: numbered messages that name the thing, what was expected, what to do, and where. Wrong input makes a diagnostic,
// never an exception. The rows are split by family; docs/reference/diagnostics.md is generated from them.

import { commandDiagnostics } from "./diagnostic/command.ts";
import { inputDiagnostics } from "./diagnostic/input.ts";
import { ruleDiagnostics } from "./diagnostic/rule.ts";
import type { DiagnosticRow, Severity } from "./diagnostic/row.ts";

/**
 * SF10xx SysFlow files, SF11xx captures, SF12xx strace, SF13xx the probe, SF14xx the audit log, SF2xxx command line, SF3xxx rules, SF4xxx output,
 * SF5xxx machine, SF9xxx ours.
 */
export const diagnosticRows: readonly DiagnosticRow[] = [
  ...inputDiagnostics,
  ...commandDiagnostics,
  ...ruleDiagnostics,
];

export type DiagnosticCode =
  | (typeof inputDiagnostics)[number]["code"]
  | (typeof commandDiagnostics)[number]["code"]
  | (typeof ruleDiagnostics)[number]["code"];

/** Where in the input: a byte offset, or a line and column from 1. */
export type Place = {
  readonly path?: string | undefined;
  readonly offset?: number | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
};

export type Diagnostic = {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
  readonly place: Place;
  readonly hint?: string | undefined;
};

const rowByCode: ReadonlyMap<string, DiagnosticRow> = new Map(
  diagnosticRows.map((row) => [row.code, row]),
);

/** Builds a diagnostic from its row; the row's hint serves where none is given. */
export function diagnostic(
  code: DiagnosticCode,
  message: string,
  place: Place = {},
  hint?: string,
): Diagnostic {
  const row = rowByCode.get(code);
  return {
    code,
    severity: row?.severity ?? "error",
    message,
    place,
    hint: hint ?? row?.hint,
  };
}
