import { describe, expect, test } from "vitest";
import type { Alert } from "../model/alert.ts";
import type { Host, Process } from "../model/entity.ts";
import type { Incident, Step } from "../model/incident.ts";
import { sampleProcess } from "../model/sample-test.ts";
import { storyJson } from "./story-json.ts";
import { type StoryView, renderStory, wrap } from "./story.ts";
import { type TreeItem, renderTree } from "./tree.ts";
import { painter } from "./style.ts";
import { displayWidth } from "./width.ts";

const host: Host = { id: "web-1" };
const base = 1_700_000_000_000_000_000n;

function processOf(pid: number): Process {
  return sampleProcess({
    host,
    pid,
    createdNs: 5n,
    exe: "/usr/bin/thing",
    args: "-a",
    uid: 0,
    user: "root",
  });
}

const alert: Alert = {
  id: "a1",
  rule: {
    id: "r",
    name: "A rule with a rather long name, longer than a column",
    version: 1,
    description: "",
    severity: "high",
    tags: [],
  },
  ts: 1e9,
  host,
  proc: processOf(1),
  activities: [],
  reason: "something happened",
  blind: false,
};

function stepOf(n: number, sentence: string, alerts: readonly Alert[] = []): Step {
  return {
    n,
    ts: n * 1e9,
    endTs: undefined,
    sentence,
    tactic: "command-and-control",
    technique: "T1105",
    proc: processOf(10 + n),
    op: "WRITE",
    object: { kind: "file", value: "/tmp/x" },
    because: "written-then-executed",
    records: [],
    alerts,
  };
}

function incidentOf(steps: readonly Step[]): Incident {
  return {
    id: "00112233445566778899",
    merged: [],
    score: 97,
    severity: "critical",
    title:
      "thing was exploited and a file with a very long name was dropped and run, and then data left",
    from: 0,
    to: 60e9,
    hosts: [host],
    containers: [],
    root: { kind: "process", proc: processOf(1), object: "/usr/bin/thing", ts: 0 },
    steps,
    impact: steps.slice(-1),
    processes: [processOf(1), processOf(11)],
    scoreTerms: [
      { name: "worst alert", value: 30 },
      { name: "dropped program", value: 67 },
    ],
    alerts: [alert],
  };
}

const tree: TreeItem[] = [
  {
    label: "thing -a --with=quite-a-long-option-that-does-not-fit (1)",
    note: "took 12 connections · wrote /tmp/x (6.5 KB)",
    count: 1,
    mark: "root",
    children: [{ label: "sh -c x (11)", note: "", count: 3, mark: "attack", children: [] }],
  },
];

function viewOf(incident?: Incident): StoryView {
  return {
    base,
    incidents: incident === undefined ? [] : [{ incident, tree }],
    unconnected: incident === undefined ? [alert] : [],
    processes: tree,
    looked: "1 234 records with 13 rules",
    missing: ["3 (dropped)"],
    inputs: "a.sf",
  };
}

const long = stepOf(1, `thing (pid 1) wrote /tmp/${"x".repeat(200)} (6.5 KB) after a request`, [
  alert,
]);

describe("the story on a terminal", () => {
  test.each([40, 80, 110, 160])(
    "no line is wider than %i columns, but a command to copy",
    (columns) => {
      for (const view of [viewOf(incidentOf([long, stepOf(2, "short")])), viewOf()]) {
        const lines = renderStory(view, { columns, color: false }).split("\n");
        for (const line of lines.filter((text) => !text.startsWith("  sysflow "))) {
          expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
        }
      }
    },
  );

  test("says when, where, who, how we know, the technique, and what to do next", () => {
    const text = renderStory(viewOf(incidentOf([long])), { columns: 160, color: false });
    for (const part of [
      "CRITICAL  97/100",
      "2023-11-14 22:13:20 – 22:14:20 UTC, 1 min 0 s",
      "web-1",
      "22:13:21.000",
      "T1105",
      "rule: A rule",
      "worst alert 30 + dropped program 67",
      "sysflow print a.sf --filter 'proc.pid = 11'",
    ]) {
      expect(text).toContain(part);
    }
  });

  test("colour only adds escapes; the words are the same", () => {
    const view = viewOf(incidentOf([long]));
    const plain = renderStory(view, { columns: 80, color: false });
    const painted = renderStory(view, { columns: 80, color: true });
    expect(painted).not.toBe(plain);
    expect(painted.replace(/\u001b\[\d+m/g, "")).toBe(plain);
    expect(plain).not.toContain("\u001b");
  });

  test("names from the recording cannot move the cursor", () => {
    const evil = stepOf(1, "thing wrote /tmp/\u001b[2J\r\nx");
    const text = renderStory(viewOf(incidentOf([evil])), { columns: 80, color: false });
    expect(text).not.toContain("\u001b");
    expect(text).toContain("\\x1b[2J");
  });

  test("a long story folds its middle, with a count, and keeps what rules named", () => {
    const steps = Array.from({ length: 100 }, (_, i) =>
      stepOf(i + 1, `step number ${i + 1}.`, i === 50 ? [alert] : []),
    );
    const text = renderStory(viewOf(incidentOf(steps)), { columns: 160, color: false });
    expect(text).toContain("step number 1.");
    expect(text).toContain("step number 51.");
    expect(text).toContain("step number 100.");
    expect(text).not.toContain("step number 40.");
    const hidden = [...text.matchAll(/… (\d+) more steps/g)].map((match) => Number(match[1]));
    const shown = [...text.matchAll(/^ +\d+ {2}\d\d:/gm)].length;
    expect(hidden.reduce((sum, count) => sum + count, 0) + shown).toBe(100);
  });

  test("without an incident it says so, and what was looked at", () => {
    const text = renderStory(viewOf(), { columns: 80, color: false });
    expect(text).toContain("No attack found: 1 alert");
    expect(text).toContain("Looked at 1 234 records with 13 rules.");
    expect(text).toContain("Missing: 3 (dropped)");
    expect(text).toContain("something happened");
  });
});

test("the tree: lines, counts, folded siblings, bounded depth", () => {
  const leaf = (i: number): TreeItem => ({
    label: `leaf ${i}`,
    note: "",
    count: 1,
    mark: undefined,
    children: [],
  });
  const wide: TreeItem = {
    ...leaf(0),
    label: "top",
    children: Array.from({ length: 30 }, (_, i) => leaf(i)),
  };
  const lines = renderTree([wide], { columns: 40, paint: painter(false), childrenMax: 4 });
  expect(lines).toEqual(["top", "├─ leaf 0", "├─ leaf 1", "├─ leaf 2", "└─ … 27 more"]);
  let deep = leaf(0);
  for (let i = 1; i < 5000; i++) deep = { ...leaf(i), children: [deep] };
  expect(renderTree([deep], { columns: 80, paint: painter(false) }).length).toBeLessThan(60);
});

test("words wrap at the width; a word longer than a line is cut", () => {
  expect(wrap("one two three four five six", 16, "")).toEqual(["one two three", "four five six"]);
  expect(wrap("x".repeat(40), 16, "").map((line) => line.length)).toEqual([16, 16, 8]);
});

test("JSON has exactly the keys of the interface, and leaves out what is absent", () => {
  const document = storyJson([{ base, incidents: [incidentOf([long])], unconnected: [alert] }], {
    dropped: 3,
  });
  const parsed: unknown = JSON.parse(JSON.stringify(document));
  const text = JSON.stringify(parsed);
  expect(Object.keys(document)).toEqual(["incidents", "unconnectedAlerts", "lost"]);
  const [incident] = (parsed as { incidents: { [key: string]: unknown }[] }).incidents;
  expect(Object.keys(incident ?? {})).toEqual([
    "id",
    "merged",
    "score",
    "severity",
    "title",
    "from",
    "to",
    "hosts",
    "containers",
    "root",
    "steps",
    "impact",
    "processes",
    "scoreTerms",
    "alerts",
  ]);
  const [step] = (incident?.["steps"] ?? []) as { [key: string]: unknown }[];
  expect(Object.keys(step ?? {})).toEqual([
    "n",
    "ts",
    "sentence",
    "tactic",
    "technique",
    "proc",
    "op",
    "object",
    "because",
    "records",
    "alerts",
  ]);
  expect(incident?.["from"]).toBe("2023-11-14T22:13:20.000000000Z");
  expect(incident?.["processes"]).toEqual(["web-1/1/5", "web-1/11/5"]);
  expect(text).not.toContain("null");
});
