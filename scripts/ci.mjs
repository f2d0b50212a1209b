// Everything that must hold before a change lands: `npm test` and `npm run ci`. Sets itself up; prints the time of each part.
//   node scripts/ci.mjs [fast|full] [vitest arguments…]      fast: without oracles and lab; full: also the long fuzz, every
//   supported version of Node, and the benchmarks (whose misses do not fail the run)
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [first, ...others] = process.argv.slice(2);
const mode = first === "fast" || first === "full" ? first : "normal";
const vitestArguments = mode === "normal" && first !== undefined ? [first, ...others] : others;

const times = [];
function part(name, command, args, { fatal = true } = {}) {
  process.stdout.write(`\n== ${name}\n`);
  const start = process.hrtime.bigint();
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const ok = result.status === 0;
  times.push({ name, seconds, ok });
  if (!ok && fatal) failed = true;
  return ok;
}
let failed = false;
const bin = (name) => join(root, "node_modules", ".bin", name);

/** npm writes this file last: older than the lock file means an install is due. */
const stamp = join(root, "node_modules", ".package-lock.json");
if (
  !existsSync(stamp) ||
  statSync(stamp).mtimeMs < statSync(join(root, "package-lock.json")).mtimeMs
) {
  part("install", "npm", ["ci", "--no-audit", "--no-fund"]);
}
const strict = vitestArguments.length === 0;
if (strict) {
  part("build", process.execPath, ["scripts/build.mjs"]);
  part("lint", bin("oxlint"), ["--type-aware"]);
  part("format", bin("oxfmt"), ["--check", "."]);
  part("unused", bin("knip"), []);
  part("types", bin("tsc"), ["-p", "tsconfig.json"]);
  part("types of the pure part", bin("tsc"), ["-p", "tsconfig.pure.json"]);
  // The oracles (other people's readers) are installed where they can be; tests that miss them are counted as skipped.
  if (mode !== "fast") {
    part("oracles", "bash", ["scripts/oracles.sh"], { fatal: false });
  }
  part("probe", process.execPath, ["scripts/probe.mjs", "libbpf", "arm64"]);
}
// The long parts: the lab plays intrusions in real time.
const closingLine = join(root, ".cache", "closing-line");
rmSync(closingLine, { force: true });
const leftOut = mode === "fast" ? ["--exclude", "lab/**"] : [];
part("tests", bin("vitest"), ["run", ...vitestArguments, ...leftOut]);
if (mode === "full") {
  part("fuzz", process.execPath, ["scripts/run.mjs", "scripts/fuzz.ts", "--count", "100000"]);
  part("other versions of Node", "bash", ["scripts/node-versions.sh"]);
  part("benchmarks", process.execPath, ["scripts/run.mjs", "bench/run.ts"], { fatal: false });
}
process.stdout.write("\n");
for (const { name, seconds, ok } of times) {
  process.stdout.write(`${ok ? "ok  " : "FAIL"} ${seconds.toFixed(1).padStart(7)} s  ${name}\n`);
}
if (existsSync(closingLine)) process.stdout.write(`\n${readFileSync(closingLine, "utf8")}`);
process.exitCode = failed ? 1 : 0;
