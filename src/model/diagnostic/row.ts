// One row of the catalogue of messages.

export type Severity = "error" | "warning" | "info";

export type DiagnosticRow = {
  readonly code: `SF${number}`;
  readonly severity: Severity;
  /** What went wrong, for the catalogue. */
  readonly title: string;
  /** What to do about it. */
  readonly hint?: string;
};
