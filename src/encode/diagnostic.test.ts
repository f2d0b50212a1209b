import { expect, test } from "vitest";
import { diagnostic } from "../model/diagnostic.ts";
import { printDiagnostic } from "./diagnostic.ts";

test("a message names code, place and hint", () => {
  const item = diagnostic("SF1000", "a.bin is of no known format", { path: "a.bin", offset: 12 });
  expect(printDiagnostic(item, { color: false })).toBe(
    "error[SF1000]: a.bin is of no known format\n" +
      "  a.bin, byte offset 12\n" +
      "  hint: inputs are SysFlow files, .scap captures and strace logs; --from names the format\n",
  );
});

test("the caret stands below the word, also behind wide characters", () => {
  const source = "rules:\n  - condition: 日本 and proc.nmae = sh\n";
  const column = (source.split("\n")[1] ?? "").indexOf("proc.nmae") + 1;
  const item = diagnostic("SF3001", "no such attribute", { path: "r.yaml", line: 2, column }, "x");
  expect(printDiagnostic(item, { color: false, source })).toBe(
    "error[SF3001]: no such attribute\n" +
      `  r.yaml:2:${column}\n` +
      "  2 |   - condition: 日本 and proc.nmae = sh\n" +
      `    |${" ".repeat(25)}^^^^^^^^^\n` +
      "  hint: x\n",
  );
});

test("bytes of an input cannot steer the terminal", () => {
  const item = diagnostic("SF1000", "name \u001b[2J\u0007 end", { path: "\u001b]0;x" });
  const escape = String.fromCharCode(27);
  expect(printDiagnostic(item, { color: false })).not.toContain(escape);
});

test("colours only when asked for, and the text stays the same", () => {
  const item = diagnostic("SF1001", "empty", { path: "a" });
  const colored = printDiagnostic(item, { color: true });
  expect(colored).not.toBe(printDiagnostic(item, { color: false }));
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g");
  expect(colored.replace(escapes, "")).toBe(printDiagnostic(item, { color: false }));
});
