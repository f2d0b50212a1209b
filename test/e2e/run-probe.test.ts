// `sysflow run` under the real probe: how soon an alert is there, counted from the moment that the watched process itself wrote down;
// that it comes once; and that the recording says the same afterwards. Without begins, and without watched paths, it is late.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tellLive } from "../../src/cli/live-teller.ts";
import { ProbeSession } from "../../src/cli/probe-session.ts";
import { silentTerminal } from "../../src/cli/terminal-test.ts";
import { loadRules } from "../../src/rule/file.ts";
import { watches } from "../../src/rule/watch.ts";
import { repositoryRoot } from "../corpus.ts";
import { canProbe, isolated, probeBinary, whyNoProbe } from "../probe/machine.ts";
import { needsBuild, scratchFolder, sysflow } from "./sysflow.ts";

needsBuild();
const scratch = scratchFolder();
const actor = join(repositoryRoot, "test", "e2e", "live-actor.mjs");
const port = 8765;

type Step = {
  readonly wait: number;
  readonly open?: string;
  readonly listen?: number;
  readonly port?: number;
};
type Alert = { readonly id: string; readonly ruleId: string; readonly reason: string };

const rules = `sysflow: 1
rules:
  - { rule: Watched file, id: watched, severity: high, condition: 'op = OPEN and file.name startswith made-up-', reason: "{file.path} {proc.pid}" }
  - { rule: Connection, id: connection, severity: high, condition: 'op = CONNECT and net.dport = ${port}', reason: "{peer} {proc.pid}" }
`;

function files(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const path = join(scratch.path, `made-up-${i}`);
    writeFileSync(path, "made up\n");
    return path;
  });
}

/** Command line of the actor, and what it will have written down. */
function act(name: string, steps: readonly Step[]): { command: readonly string[]; notes: string } {
  const notes = join(scratch.path, `${name}.notes`);
  return { command: [process.execPath, actor, notes, JSON.stringify(steps)], notes };
}

/** When the actor did what, milliseconds since 1970. */
function momentsOf(notes: string): { readonly at: number; readonly what: string }[] {
  const lines = readFileSync(notes, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Milliseconds from each act to the alert that names it. */
function delaysOf(notes: string, told: ReadonlyMap<string, number>): number[] {
  return momentsOf(notes).map(({ at, what }) => {
    const [, when] = [...told].find(([reason]) => reason.startsWith(what)) ?? [];
    return (when ?? Number.POSITIVE_INFINITY) - at;
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The command as a user starts it; when which alert was printed. */
async function run(
  ...args: readonly string[]
): Promise<{ alerts: Alert[]; told: Map<string, number> }> {
  const program = join(repositoryRoot, "bin", "sysflow.mjs");
  const line = [program, "run", "--json", "--probe", probeBinary, ...args];
  const child = spawn(process.execPath, line, { stdio: ["ignore", "pipe", "pipe"] });
  const alerts: Alert[] = [];
  const told = new Map<string, number>();
  let rest = "";
  let complaints = "";
  child.stderr.on("data", (bytes: Buffer) => (complaints += bytes.toString()));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const at = now();
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const document of lines.map((each) => Object(JSON.parse(each)))) {
      expect(document.kind).not.toBe("withdrawn");
      if (document.kind !== "alert") continue;
      alerts.push(document);
      told.set(document.reason, at);
    }
  });
  const [code] = await once(child, "close");
  expect(code, complaints).toBe(0);
  return { alerts, told };
}

/** The same without the command line around it, and with parts of it switched off. */
async function tell(
  argv: readonly string[],
  parts: { readonly begins: boolean; readonly watch: boolean },
): Promise<Map<string, number>> {
  const loaded = loadRules([{ path: "r.yaml", text: rules }]).rules;
  const told = new Map<string, number>();
  const terminal = silentTerminal({
    write: (text) => {
      const document = Object(JSON.parse(String(text)));
      if (document.kind === "alert") told.set(document.reason, now());
      return Promise.resolve();
    },
  });
  const session = await ProbeSession.open(
    terminal,
    { kind: "command", argv },
    { probe: probeBinary },
  );
  if ("exit" in session) throw new Error(session.diagnostic.message);
  try {
    const recording = session.recording({
      begins: parts.begins,
      ...(parts.watch ? { watch: watches(loaded) } : {}),
    });
    const source = {
      batches: () => recording.batches(),
      stop: () => void session.stop(),
      isNow: true,
    };
    const telling = tellLive(terminal, source, { rules: loaded, json: true });
    expect(await session.begin()).toBeUndefined();
    await session.finished(undefined);
    await session.stop();
    await telling;
  } finally {
    session.command?.abandon();
    await session.stop();
  }
  return told;
}

const title = canProbe ? "under the probe" : `under the probe (${whyNoProbe() ?? ""})`;
describe.skipIf(!canProbe)(title, () => {
  test("an open and a connection are alerted on within 100 ms, once; the recording says the same", async () => {
    const rulesFile = join(scratch.path, "rules.yaml");
    writeFileSync(rulesFile, rules);
    const paths = files(6);
    const { command, notes } = act("told", [
      ...paths.map((open) => ({ wait: 100, open })),
      { wait: 100, listen: port },
      { wait: 100, port },
      { wait: 1500 },
    ]);
    const kept = join(scratch.path, "told.sf");
    const { alerts, told } = await run(
      "--rules",
      rulesFile,
      "-o",
      kept,
      "--",
      ...isolated(command),
    );
    const delays = delaysOf(notes, told);
    expect(delays.length).toBe(7);
    expect(Math.max(...delays)).toBeLessThan(1000);
    expect(median(delays)).toBeLessThan(100);
    expect(delays.at(-1)).toBeLessThan(300);
    // Nothing was told before it happened, and each thing once: also when the flows ended.
    expect(Math.min(...delays)).toBeGreaterThan(0);
    expect(alerts.map(({ ruleId }) => ruleId).sort()).toEqual([
      "connection",
      ...paths.map(() => "watched"),
    ]);
    const detected = sysflow(["detect", kept, "--rules", rulesFile, "--json"])
      .out.trim()
      .split("\n");
    const ids = detected.map((line) => String(Object(JSON.parse(line)).id));
    expect(alerts.map(({ id }) => id).sort()).toEqual(ids.sort());
  });

  test("Ctrl-C: the command is told, then the whole story; what is recorded is complete", async () => {
    const rulesFile = join(scratch.path, "rules.yaml");
    writeFileSync(rulesFile, rules);
    const [open = ""] = files(1);
    const { command } = act("interrupted", [{ wait: 10, open }, { wait: 30_000 }]);
    const kept = join(scratch.path, "interrupted.sf");
    const program = join(repositoryRoot, "bin", "sysflow.mjs");
    const line = [
      program,
      "run",
      "--json",
      "--probe",
      probeBinary,
      "--rules",
      rulesFile,
      "-o",
      kept,
    ];
    const child = spawn(process.execPath, [...line, "--", ...command], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (more: string) => {
      // Once it is alerted on, it is interrupted.
      if (!text.includes("\n") && (text + more).includes("\n")) child.kill("SIGINT");
      text += more;
    });
    const [code] = await once(child, "close");
    expect(code).toBe(130);
    const lines = text.trim().split("\n");
    expect(lines.map((each) => Object(JSON.parse(each)).kind)).toEqual(["alert", "end"]);
    const detected = sysflow(["detect", kept, "--rules", rulesFile, "--json"]).out;
    expect(Object(JSON.parse(detected)).id).toBe(Object(JSON.parse(lines[0] ?? "")).id);
  });

  test("a running process is joined, and what it opens then is alerted on", async () => {
    const rulesFile = join(scratch.path, "rules.yaml");
    writeFileSync(rulesFile, rules);
    const [open = ""] = files(1);
    const { command, notes } = act("joined", [{ wait: 3000, open }, { wait: 300 }]);
    const child = spawn(command[0] ?? "", command.slice(1), { stdio: "ignore" });
    const { alerts, told } = await run("--rules", rulesFile, "--pid", String(child.pid));
    expect(alerts.map(({ ruleId }) => ruleId)).toEqual(["watched"]);
    expect(delaysOf(notes, told)[0]).toBeLessThan(1000);
  });

  test("what cannot be recorded is said, and nothing is told", () => {
    const gone = sysflow(["run", "--probe", probeBinary, "--pid", "999999999"]);
    expect([gone.status, gone.out]).toEqual([3, ""]);
    const missing = sysflow(["run", "--probe", "/nowhere/probe", "--", "true"]);
    expect([missing.status, missing.out]).toEqual([6, ""]);
    expect(sysflow(["run", "--rotate", "5m", "--", "true"]).status).toBe(2);
    const kept = join(scratch.path, "no-such-folder", "x.sf");
    expect(sysflow(["run", "--probe", probeBinary, "-o", kept, "--", "true"]).status).toBe(5);
  });

  test("without begins an alert waits for the flow's record", async () => {
    const [open = ""] = files(1);
    const steps = [{ wait: 100, open }, { wait: 1200 }];
    const { command, notes } = act("late", steps);
    const told = await tell(command, { begins: false, watch: true });
    expect(delaysOf(notes, told)[0]).toBeGreaterThan(1000);
    const again = act("early", steps);
    const soon = await tell(again.command, { begins: true, watch: true });
    expect(delaysOf(again.notes, soon)[0]).toBeLessThan(500);
  });

  test("a path that rules name is told at once by everybody who opens it; one that is not watched with the next checkpoint", async () => {
    const [open = ""] = files(1);
    const one = (name: string, wait: number): { line: string; notes: string } => {
      const { command, notes } = act(name, [{ wait, open }, { wait: 2000 }]);
      return { line: command.map((word) => `'${word}'`).join(" "), notes };
    };
    const delays = async (watch: boolean): Promise<number> => {
      // The first one makes the path known; the others follow while it lives.
      const many = [0, 300, 420, 540, 660, 780].map((wait, i) => one(`${watch}-${i}`, wait));
      const script = `${many.map(({ line }) => `${line} &`).join(" ")} wait`;
      const told = await tell(["/bin/sh", "-c", script], { begins: true, watch });
      const times = [...told.values()].sort((a, b) => a - b);
      expect(times.length).toBe(many.length);
      const moments = many.flatMap(({ notes }) => momentsOf(notes)).map(({ at }) => at);
      moments.sort((a, b) => a - b);
      return median(moments.slice(1).map((at, i) => (times[i + 1] ?? 0) - at));
    };
    expect(await delays(true)).toBeLessThan(100);
    expect(await delays(false)).toBeGreaterThan(150);
  });
});
