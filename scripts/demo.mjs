// npm run demo: replays a recorded intrusion with the commands a user would type. Sets itself up; needs neither root nor network
// once installed.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, "bin", "sysflow.mjs");
const recording = join("lab", "recording", "intrusion.strace.gz");

function fail(message, hint, code) {
  process.stderr.write(`error: ${message}\n  hint: ${hint}\n`);
  process.exit(code);
}

function setUp(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, "inherit"] });
  if (result.status !== 0) fail(`${command} ${args.join(" ")} failed`, "see the lines above", 1);
}

if (process.argv.includes("--live")) {
  fail(
    "the live demo needs the kernel probe, which is not part of this version",
    "npm run demo",
    6,
  );
}
if (!existsSync(join(root, "node_modules", ".package-lock.json"))) {
  setUp("npm", ["ci", "--no-audit", "--no-fund"]);
}
if (!existsSync(join(root, "dist", "sysflow.mjs"))) setUp(process.execPath, ["scripts/build.mjs"]);

const start = process.hrtime.bigint();
const bold = (text) =>
  process.stdout.isTTY && !process.env["NO_COLOR"] ? `\u001b[1m${text}\u001b[0m` : text;

/** Shows the command as a user would type it, then its output as it is. */
function show(verb, ...args) {
  const shown = args.map((arg) => (/[^\w./=:-]/.test(arg) ? `'${arg}'` : arg)).join(" ");
  const line = `$ npx sysflow ${verb} ${recording}${shown === "" ? "" : ` ${shown}`}`;
  process.stdout.write(`${bold(line)}\n`);
  const result = spawnSync(process.execPath, [program, verb, recording, ...args], {
    cwd: root,
    stdio: "inherit",
  });
  if (result.status !== 0) fail(`sysflow ${verb} ended with ${result.status}`, "npm test", 1);
  process.stdout.write("\n");
}

function ask(verb, ...args) {
  const result = spawnSync(
    process.execPath,
    [program, verb, recording, "--json", "--quiet", ...args],
    {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    },
  );
  if (result.status !== 0) fail(`sysflow ${verb} ended with ${result.status}`, result.stderr, 1);
  return JSON.parse(result.stdout);
}

show("print", "--filter", "op = EXEC and ret = 0", "--limit", "8");
show("detect");
show("story");

const stats = ask("stats");
const { incidents } = ask("story");
const records = Object.values(stats.records).reduce((sum, count) => sum + count, 0);
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
const count = `${incidents.length} incident${incidents.length === 1 ? "" : "s"}`;
const score = incidents.map((incident) => incident.score).join(", ") || "nothing found";
const user = "no root";
process.stdout.write(
  `${count} · ${score} · ${records} records from ${stats.events} system calls · ${seconds.toFixed(1)} s · ${user}\n`,
);
