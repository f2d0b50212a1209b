// npm run demo: replays a recorded intrusion with the commands a user would type. Sets itself up; needs neither root nor network
// once installed. With --live the intrusion happens now, in network namespaces under the kernel's probe: that needs root.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, "bin", "sysflow.mjs");
const live = process.argv.includes("--live");
const recording = live
  ? join(".cache", "lab", "intrusion-probe.sf")
  : join("lab", "recording", "intrusion.strace.gz");

function fail(message, hint, code) {
  process.stderr.write(`error: ${message}\n  hint: ${hint}\n`);
  process.exit(code);
}

function setUp(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, "inherit"] });
  if (result.status !== 0) fail(`${command} ${args.join(" ")} failed`, "see the lines above", 1);
}

if (!existsSync(join(root, "node_modules", ".package-lock.json"))) {
  setUp("npm", ["ci", "--no-audit", "--no-fund"]);
}
if (!existsSync(join(root, "dist", "sysflow.mjs"))) setUp(process.execPath, ["scripts/build.mjs"]);

const start = performance.now();
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

/** The lab plays the intrusion, and `run` around the victim says what it sees. */
function playLive() {
  const binary = join(root, "probe", "build", "sysflow-probe");
  if (process.getuid?.() !== 0) {
    fail(
      "the live demo makes network namespaces and loads the probe: that needs root",
      "sudo npm run demo -- --live, or npm run demo, which replays a recording",
      6,
    );
  }
  if (!existsSync(binary)) setUp(process.execPath, ["scripts/probe.mjs", "--quiet"]);
  process.stdout.write(`${bold("$ npx sysflow run -- /bin/sh /srv/start.sh")}\n`);
  const result = spawnSync(process.execPath, ["scripts/run.mjs", "lab/run.ts", "live"], {
    cwd: root,
    stdio: "inherit",
  });
  if (result.status !== 0) {
    fail(
      "the live demo did not come to its end",
      "the lines above say why; npx sysflow doctor says what this machine allows, npm run demo needs nothing",
      result.status === 6 ? 6 : 1,
    );
  }
  process.stdout.write("\n");
}

if (live) playLive();
else {
  show("print", "--filter", "op = EXEC and ret = 0", "--limit", "8");
  show("detect");
  show("story");
}

const stats = ask("stats");
const { incidents } = ask("story");
const records = Object.values(stats.records).reduce((sum, count) => sum + count, 0);
const seconds = (performance.now() - start) / 1000;
const count = `${incidents.length} incident${incidents.length === 1 ? "" : "s"}`;
const score = incidents.map((incident) => incident.score).join(", ") || "nothing found";
const source = live ? "the probe" : `${stats.events} system calls`;
const user = live ? "root" : "no root";
process.stdout.write(
  `${count} · ${score} · ${records} records from ${source} · ${seconds.toFixed(1)} s · ${user}\n`,
);
