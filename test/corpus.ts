// Where other people's captures, traces and rules lie; tests that need them are skipped, and counted as skipped, without them.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Bundled scripts lie elsewhere and are told. */
export const repositoryRoot =
  process.env["SYSFLOW_ROOT"] ?? dirname(dirname(fileURLToPath(import.meta.url)));

const root = resolve(
  repositoryRoot,
  process.env["SYSFLOW_TEST_CORPUS"] ?? join("..", "shared", "corpus"),
);

export const hasCorpus = existsSync(root);

export function corpusPath(...parts: readonly string[]): string {
  return join(root, ...parts);
}
