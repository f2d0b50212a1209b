// docs/reference/diagnostics.md, made from the catalogue of messages.

import { diagnosticRows } from "../../src/model/diagnostic.ts";
import type { DiagnosticRow } from "../../src/model/diagnostic/row.ts";

const intro = `<!-- Do not edit: written by \`npm run references\` from src/model/diagnostic/. -->

# Messages

Every message has a number that does not change, a severity, and where it helps a hint. Messages stand on standard error; data on standard
output is never mixed with them. The text of a message names the thing and the place; the table says what the number means.

An *error* is about an input, a rule or a request that could not be used as it is: what was whole was used. A *warning* is about a part that
was left out. *info* says what the reader had to assume.
`;

const families: readonly (readonly [prefix: string, title: string])[] = [
  ["SF10", "Inputs, SysFlow files"],
  ["SF11", "Captures (.scap)"],
  ["SF12", "strace logs"],
  ["SF13", "The probe's stream"],
  ["SF14", "The audit log"],
  ["SF2", "Command line"],
  ["SF3", "Conditions and rules"],
  ["SF4", "Outputs"],
  ["SF5", "The machine"],
  ["SF9", "SysFlow itself"],
];

export function diagnosticReference(): string {
  const sections = families.map(([prefix, title]) => {
    const rows = diagnosticRows.filter((row) => row.code.startsWith(prefix));
    return `\n## ${title}\n\n| code | severity | what | what to do |\n|---|---|---|---|\n${rows.map(line).join("")}`;
  });
  return intro + sections.join("");
}

function line({ code, severity, title, hint }: DiagnosticRow): string {
  return `| ${code} | ${severity} | ${title} | ${hint ?? ""} |\n`;
}
