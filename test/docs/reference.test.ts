// Generated files are what the tables say now; every message of the catalogue can be said, every bound is used.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pages } from "../../scripts/reference/pages.ts";
import { diagnosticRows } from "../../src/model/diagnostic.ts";
import { limits } from "../../src/model/limits.ts";
import { repositoryRoot } from "../corpus.ts";
import { needsBuild } from "../e2e/sysflow.ts";

needsBuild();

test.for(pages)("$path is not stale (npm run references)", ({ path, text }) => {
  expect(readFileSync(join(repositoryRoot, path), "utf8")).toBe(text(repositoryRoot));
});

/** The text of the product without its tests; `except` leaves the tables themselves out. */
function product(except: RegExp): string {
  const files = ["src", "bin"].flatMap((folder) =>
    readdirSync(join(repositoryRoot, folder), { recursive: true }).map((file) =>
      join(folder, String(file)),
    ),
  );
  return files
    .filter((path) => /\.(ts|mjs)$/.test(path) && !/[.-]test\.ts$/.test(path) && !except.test(path))
    .map((path) => readFileSync(join(repositoryRoot, path), "utf8"))
    .join("\n");
}

test("every message of the catalogue is said somewhere, and its code stands in one row", () => {
  const text = product(/^src\/model\/diagnostic/);
  const codes = diagnosticRows.map((row) => row.code);
  expect(codes.filter((code) => !text.includes(code))).toEqual([]);
  expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
  const page = readFileSync(join(repositoryRoot, "docs", "reference", "diagnostics.md"), "utf8");
  for (const code of codes) expect(page.split(`| ${code} |`).length, code).toBe(2);
});

test("every bound is used where something could grow", () => {
  const text = product(/^src\/model\/limits/);
  const unused = Object.keys(limits).filter(
    (name) => !new RegExp(`\\blimits\\.${name}\\b`).test(text),
  );
  expect(unused).toEqual([]);
});
