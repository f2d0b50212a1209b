// Runs a TypeScript script of this repository: bundles it into .cache/ and imports it. `node scripts/run.mjs bench/codec.ts …`.
import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write("usage: node scripts/run.mjs SCRIPT.ts [ARGUMENT…]\n");
  process.exit(2);
}
const folder = join(root, ".cache", "scripts");
mkdirSync(folder, { recursive: true });
const outfile = join(folder, `${basename(script, ".ts")}.mjs`);
await build({
  entryPoints: [script],
  outfile,
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  define: { SYSFLOW_ROOT: JSON.stringify(root) },
  logLevel: "warning",
});
process.argv.splice(1, process.argv.length, script, ...args);
process.env["SYSFLOW_ROOT"] ??= root;
await import(`${pathToFileURL(outfile).href}?run`);
