// Writes every file that is made from tables: `npm run references`. A test compares them with the tables.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pages } from "./reference/pages.ts";

const root = process.env["SYSFLOW_ROOT"] ?? ".";
// The page of the verbs asks the built program.
const built = spawnSync(process.execPath, [join(root, "scripts", "build.mjs")], {
  stdio: "inherit",
});
if (built.status !== 0) process.exit(1);
for (const { path, text } of pages) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text(root));
  process.stdout.write(`${path}\n`);
}
