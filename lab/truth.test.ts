// The comparison of truth and story, by hand-made stories; and the committed recording against the story that is told of it today.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../test/corpus.ts";
import { needsBuild, sysflow } from "../test/e2e/sysflow.ts";
import { type Truth, type TruthEvent, compareStory, truthOf } from "./truth.ts";

needsBuild();

const line = (ts: number, actor: string, act: string, more: object = {}): TruthEvent => ({
  ts: String(1_000_000_000 + ts),
  actor,
  pid: actor === "malware" ? 30 : 99,
  act,
  ...more,
});

const events: readonly TruthEvent[] = [
  line(1, "attacker", "exploit", { from: "203.0.113.1:5000", node: 10, shell: 20 }),
  line(2, "malware-server", "serve", { bytes: 100 }),
  line(4, "malware", "start", { path: "/tmp/a.py", parent: 20 }),
  line(5, "malware", "beacon", { peer: "203.0.113.2:44" }),
  line(6, "malware", "read", { path: "/home/x/id_rsa", bytes: 7 }),
  line(7, "malware", "collect", { peer: "10.0.0.9:30", bytes: 9, rows: 3 }),
  line(8, "malware", "pack", { path: "/tmp/.w/out.tgz", bytes: 50 }),
  line(9, "malware", "send", { peer: "203.0.113.3:88", bytes: 50 }),
  line(10, "malware", "delete", { path: "/tmp/a.py" }),
];

const facts = {
  seed: 1,
  mode: "loopback",
  hosts: [],
  language: "python",
  scriptPath: "/tmp/a.py",
  malwareServer: "203.0.113.4:23",
  notes: [],
} as const;

type Told = { ts: string; op: string; object: { kind: string; value: string }; proc: object };

const tell = (second: number, op: string, kind: string, value: string): Told => ({
  ts: `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000000Z`,
  op,
  object: { kind, value },
  proc: { exe: "/usr/bin/python3", args: "" },
});

const whole: readonly Told[] = [
  tell(2, "FETCH", "peer", "203.0.113.4:23"),
  tell(3, "WRITE", "file", "/tmp/a.py"),
  tell(4, "EXEC", "process", "/tmp/a.py"),
  tell(5, "CONNECT", "peer", "203.0.113.2:44"),
  tell(6, "READ", "file", "/home/x/id_rsa"),
  tell(7, "CONNECT", "peer", "10.0.0.9:30"),
  tell(8, "WRITE", "file", "/tmp/.w/out.tgz"),
  tell(9, "SEND", "peer", "203.0.113.3:88"),
  tell(10, "UNLINK", "file", "/tmp/a.py"),
];

const story = (steps: readonly Told[]): unknown => ({
  incidents: [
    {
      root: {
        kind: "connection",
        object: "203.0.113.1:5000",
        ts: "2026-01-01T00:00:01.000000000Z",
      },
      steps,
    },
  ],
});

const { truth, incomplete } = truthOf(facts, events);

test("the actors' notes make every step, and a note that lacks is a step that lacks", () => {
  expect(incomplete).toEqual([]);
  const without = events.filter((event) => event.act !== "send");
  expect(truthOf(facts, without).incomplete).toEqual(["exfiltration"]);
});

test("a whole story has nothing missing, misplaced or extra", () => {
  const found = compareStory(truth, story(whole));
  expect(found).toEqual({ incidents: 1, missing: [], misplaced: [], extra: [] });
});

test("each step that is not told is missing", () => {
  const kinds = ["fetch", "drop", "execute", "control", "credentials", "database", "pack"];
  kinds.push("exfiltration", "tidy");
  kinds.forEach((kind, i) => {
    const told = whole.filter((_, k) => k !== i);
    const lost = compareStory(truth, story(told)).missing;
    expect(lost).toEqual([kind]);
  });
  expect(compareStory(truth, { incidents: [] }).missing).toEqual(truth.steps.map((s) => s.kind));
});

test("a step told too early is misplaced, one that nobody took is extra", () => {
  const early = whole.map((step) =>
    step.op === "SEND" ? { ...step, ts: whole[0]?.ts ?? "" } : step,
  );
  expect(compareStory(truth, story(early)).misplaced).toEqual(["exfiltration"]);
  const more = [...whole, tell(11, "WRITE", "file", "/etc/motd")];
  expect(compareStory(truth, story(more)).extra).toHaveLength(1);
});

const recording = join(repositoryRoot, "lab", "recording");

test("the committed recording tells its own truth, in the strace log and in the SysFlow file", () => {
  const known = JSON.parse(readFileSync(join(recording, "truth.json"), "utf8")) as Truth;
  const names = ["intrusion.strace.gz", "intrusion.sf"].map((name) => join(recording, name));
  const present = names.filter((name) => existsSync(name));
  expect(present.length).toBeGreaterThan(0);
  for (const path of present) {
    const told = sysflow(["story", path, "--json"]);
    expect(told.status, told.err).toBe(0);
    const found = compareStory(known, JSON.parse(told.out));
    expect(found.missing.filter((kind) => kind !== "pack")).toEqual([]);
    expect({ ...found, missing: [] }).toEqual({
      incidents: 1,
      missing: [],
      misplaced: [],
      extra: [],
    });
  }
});
