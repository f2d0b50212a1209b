// The intrusion comes to its end for every seed, the actors agree with each other and with strace about what happened, the story made
// from the recording tells it, and nothing of a run is left over.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sysflow } from "../test/e2e/sysflow.ts";
import { repositoryRoot } from "../test/corpus.ts";
import { type IntrusionResult, intrusionObstacle, runIntrusion } from "./intrusion.ts";
import { planOf } from "./plan.ts";
import { namespacesWork } from "./stage.ts";
import { type Truth, compareStory } from "./truth.ts";

const obstacle = intrusionObstacle(true);
const built = existsSync(join(repositoryRoot, "dist", "sysflow.mjs"));

/** Everything that a run puts on disk lies here, so that what is left over shows. */
let scratch = "";
const before = process.env["TMPDIR"];
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "lab-test-"));
  process.env["TMPDIR"] = scratch;
});
afterAll(() => {
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  rmSync(scratch, { recursive: true, force: true });
});

function outputOf(name: string): string {
  return join(scratch, `out-${name}`);
}

function sum(truth: Truth, actor: string, act: string): number {
  return truth.events
    .filter((event) => event.actor === actor && event.act === act)
    .reduce((total, event) => total + (event.bytes ?? 0), 0);
}

function count(truth: Truth, actor: string, act: string): number {
  return truth.events.filter((event) => event.actor === actor && event.act === act).length;
}

function checkTruth({ truth, incomplete }: IntrusionResult): void {
  expect(incomplete).toEqual([]);
  expect(truth.notes).toEqual(planOf(truth.seed).notes);
  // Two actors each, who do not know of each other's notes.
  expect(sum(truth, "collector", "receive")).toBe(sum(truth, "malware", "send"));
  expect(sum(truth, "malware", "send")).toBe(sum(truth, "malware", "pack"));
  expect(count(truth, "control", "command")).toBe(count(truth, "malware", "beacon"));
  const start = truth.events.find((event) => event.act === "start");
  expect([truth.processes.shell, truth.processes.script]).toContain(start?.parent);
  expect(start?.path).toBe(truth.scriptPath);
  expect(truth.events.find((event) => event.act === "collect")?.rows).toBe(1600);
  // Ordinary customers before, during and after.
  const visits = truth.events.filter((event) => event.act === "visit");
  const [exploit, tidy] = [truth.steps[0], truth.steps.at(-1)];
  const told = (ts: string): bigint => BigInt(ts);
  const at = (step: { readonly ts: string } | undefined): bigint => told(step?.ts ?? "0");
  const during = visits.filter((each) => told(each.ts) > at(exploit) && told(each.ts) < at(tidy));
  expect(visits.filter((each) => told(each.ts) < at(exploit)).length).toBeGreaterThan(3);
  expect(during.length).toBeGreaterThan(3);
  expect(visits.filter((each) => told(each.ts) > at(tidy)).length).toBeGreaterThan(3);
  expect(visits.filter((each) => (each.status ?? 0) >= 400 || each.status === 0)).toEqual([]);
}

/** strace knows nothing of the actors' notes. */
function checkLog({ truth, logs }: IntrusionResult): void {
  const text = logs.map((log) => readFileSync(log, "utf8")).join("\n");
  const { shop, script } = truth.processes;
  expect(text).toMatch(new RegExp(`^${script} +\\S+ execve\\("${truth.scriptPath}"`, "m"));
  expect(text).toMatch(
    new RegExp(`^${shop} .*"GET /${truth.scriptPath.split("/").at(-1)} HTTP`, "m"),
  );
  for (const object of truth.steps.find((step) => step.kind === "credentials")?.objects ?? []) {
    expect(text).toContain(`"${object.value}", O_RDONLY`);
  }
  const actors = truth.events.filter((event) => ["attacker", "control"].includes(event.actor));
  for (const pid of new Set(actors.map((event) => event.pid))) {
    expect(text).not.toMatch(new RegExp(`^${pid} `, "m"));
  }
}

function checkStory({ truth, logs }: IntrusionResult): void {
  const story = sysflow(["story", ...logs, "--json"]);
  expect(story.status, story.err).toBe(0);
  const { incidents, missing, misplaced, extra } = compareStory(truth, JSON.parse(story.out));
  // Packing is a file's name among the written ones; the other steps must be told one by one.
  expect(missing.filter((kind) => kind !== "pack")).toEqual([]);
  expect({ incidents, misplaced, extra }).toEqual({ incidents: 1, misplaced: [], extra: [] });
}

async function checkGone(truth: Truth): Promise<void> {
  const pids = [...new Set(truth.events.map((event) => event.pid))];
  const left = (): number[] => pids.filter((pid) => existsSync(`/proc/${pid}`));
  // The kernel, and init for orphans, take a moment.
  for (let i = 0; i < 20 && left().length > 0; i += 1) await wait(100);
  expect(left()).toEqual([]);
}

const runs = [
  { name: "seed 1", seed: 1 },
  { name: "seed 2", seed: 2 },
  { name: "seed 3", seed: 3 },
  { name: "seed 4, the database on a host of its own", seed: 4, twoHosts: true },
  { name: "seed 2 on loopback, without root's means", seed: 2, mode: "loopback" },
] as const;

for (const { name, ...options } of runs) {
  // Skipped where strace cannot trace (see the obstacle in the title).
  const title = obstacle === undefined ? name : `${name} (${obstacle})`;
  test.skipIf(obstacle !== undefined).concurrent(title, { timeout: 90_000 }, async () => {
    const out = outputOf(name.replaceAll(/\W/g, "-"));
    const result = await runIntrusion({ ...options, trace: true, out, say: () => undefined });
    checkTruth(result);
    checkLog(result);
    await checkGone(result.truth);
    expect(JSON.parse(readFileSync(join(out, "truth.json"), "utf8"))).toEqual(result.truth);
    if (built) checkStory(result);
  });
}

test("seeds change names, ports, language and pace, and the same seed is the same plan", () => {
  const plans = [1, 2, 3, 4, 5, 6].map(planOf);
  expect(plans.map(planOfSeed)).toEqual(plans);
  expect(new Set(plans.map((plan) => plan.script)).size).toBe(6);
  expect(new Set(plans.map((plan) => Object.values(plan.ports).join())).size).toBe(6);
  expect(new Set(plans.map((plan) => plan.language)).size).toBeGreaterThan(1);
  for (const { ports } of plans) expect(new Set(Object.values(ports)).size).toBe(5);
  expect(plans[0]?.ports).toMatchObject({
    shop: 8080,
    malware: 2345,
    control: 4444,
    database: 3000,
  });
});

function planOfSeed(plan: { readonly seed: number }): unknown {
  return planOf(plan.seed);
}

test.skipIf(obstacle !== undefined)("a run that is interrupted leaves nothing", async () => {
  const folder = mkdtempSync(join(scratch, "interrupted-"));
  const args = ["scripts/run.mjs", "lab/run.ts", "record", "--out", join(folder, "out")];
  const child = spawn(process.execPath, args, {
    cwd: repositoryRoot,
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  for (let i = 0; i < 200 && !said.includes("the shop is up"); i += 1) await wait(100);
  expect(said).toContain("the shop is up");
  // While it runs there is something to be left over.
  expect(runsBelow(folder)).not.toEqual([]);
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  child.kill("SIGTERM");
  expect(await ended).toBe(130);
  await wait(200);
  expect(runsBelow(folder)).toEqual([]);
  expect(readdirSync(folder).filter((name) => name.startsWith("sysflow-lab-"))).toEqual([]);
  expect(namespacesOf(child.pid)).toEqual([]);
});

test.skipIf(obstacle !== undefined)("nothing of the runs above is left over", () => {
  expect(readdirSync(scratch).filter((name) => name.startsWith("sysflow-lab-"))).toEqual([]);
  expect(readFileSync("/proc/mounts", "utf8")).not.toContain(scratch);
  expect(namespacesOf(process.pid)).toEqual([]);
});

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Processes whose arguments name a folder, other than this one. */
function runsBelow(folder: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) return false;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return words.includes(folder) && statSync(`/proc/${pid}`).isDirectory();
    } catch {
      return false;
    }
  });
}

function namespacesOf(pid: number | undefined): string[] {
  if (!namespacesWork()) return [];
  const listed = spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout;
  return listed.split("\n").filter((line) => line.startsWith(`sfl${pid ?? 0}-`));
}
