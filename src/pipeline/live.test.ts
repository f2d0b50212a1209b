// Live detection against replay: the same alerts and the same incidents, whatever arrived when.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { corpusPath, hasCorpus, repositoryRoot } from "../../test/corpus.ts";
import { incidentJson } from "../encode/story-json.ts";
import { visibleOps } from "../model/attribute/record.ts";
import { Op, OpenFlag } from "../model/opflag.ts";
import type { FileFlow, NetworkFlow, Record } from "../model/record.ts";
import { sampleProcess } from "../model/sample-test.ts";
import { type TimeBase, second } from "../model/time.ts";
import { loadRules } from "../rule/file.ts";
import type { Rule } from "../rule/rule.ts";
import { readRuleFiles } from "../source/rules.ts";
import { activityOf } from "../context/activity.ts";
import { Chapter } from "./chapter.ts";
import { LiveDetection } from "./live.ts";
import { openRecording } from "./recording.ts";

const shipped = loadRules(readRuleFiles([]).sources).rules;

type Step = {
  readonly at: number;
  readonly begin: FileFlow | NetworkFlow | undefined;
  readonly record: Record;
};

async function read(...paths: string[]): Promise<{ base: TimeBase; records: Record[] }> {
  const records: Record[] = [];
  let base: TimeBase = 0n;
  const report = (): void => undefined;
  for await (const batch of openRecording(paths, { report }).batches()) {
    base = batch.base;
    for (const record of batch.records) records.push(record);
  }
  return { base, records };
}

function beginOf(flow: FileFlow | NetworkFlow): FileFlow | NetworkFlow {
  const ops = visibleOps(activityOf(flow, "begin", flow.ts));
  return { ...flow, endTs: flow.ts, ops, rops: 0, wops: 0, rbytes: 0, wbytes: 0, final: false };
}

/** The records as they would come live: a flow's begin `late` after it happened, every record when it was written. */
function asLive(records: readonly Record[], late: number): Step[] {
  const steps: Step[] = [];
  let written = Number.NEGATIVE_INFINITY;
  for (const record of records) {
    const at = "endTs" in record ? record.endTs : "ts" in record ? record.ts : written;
    written = Math.max(written, at);
    steps.push({ at: written, begin: undefined, record });
    if ((record.type === "FF" || record.type === "NF") && record.slice === 0)
      steps.push({ at: record.ts + late, begin: beginOf(record), record });
  }
  return steps
    .map((step, i) => ({ step, i }))
    .sort((a, b) => a.step.at - b.step.at || a.i - b.i)
    .map(({ step }) => step);
}

type Outcome = {
  /** Alerts told and not withdrawn, by id, sorted. */
  readonly ids: readonly string[];
  readonly told: number;
  readonly withdrawn: number;
  readonly incidents: readonly unknown[];
  /** Event time between an alert's last activity and its telling, by id. */
  readonly delays: ReadonlyMap<string, number>;
  readonly looks: number;
};

function live(base: TimeBase, rules: readonly Rule[], steps: readonly Step[]): Outcome {
  const detection = new LiveDetection(base, rules);
  const kept = new Set<string>();
  const delays = new Map<string, number>();
  let told = 0;
  let withdrawn = 0;
  const take = (news: ReturnType<LiveDetection["end"]>, at: number): void => {
    for (const alert of news.alerts) {
      expect(kept.has(alert.id)).toBe(false);
      told += 1;
      kept.add(alert.id);
      delays.set(alert.id, at - alert.ts);
    }
    for (const alert of news.withdrawn) {
      expect(kept.delete(alert.id)).toBe(true);
      withdrawn += 1;
    }
    detection.incidents();
  };
  for (const { at, begin, record } of steps)
    take(begin === undefined ? detection.push([], [record]) : detection.push([begin], []), at);
  take(detection.end(), Number.POSITIVE_INFINITY);
  expect(detection.counters).toEqual({ alerts: told, withdrawn, unconfirmed: 0 });
  const { incidents } = detection.chapter.tell();
  return {
    ids: [...kept].sort(),
    told,
    withdrawn,
    delays,
    incidents: incidents.map((incident) => incidentJson(incident, base)),
    looks: detection.looks,
  };
}

function replay(base: TimeBase, rules: readonly Rule[], records: readonly Record[]): Outcome {
  const chapter = new Chapter(base, rules);
  const ids = [...chapter.push(records), ...chapter.end()].map(({ id }) => id).sort();
  const incidents = chapter.tell().incidents.map((incident) => incidentJson(incident, base));
  return { ids, told: ids.length, withdrawn: 0, incidents, delays: new Map(), looks: 1 };
}

const intrusion = join(repositoryRoot, "lab", "recording", "intrusion.sf");

describe.skipIf(!existsSync(intrusion))("the reference intrusion", () => {
  test.each([0, 1e6, second])(
    "live, begins told %d ns late, is what replay finds",
    async (late) => {
      const { base, records } = await read(intrusion);
      const expected = replay(base, shipped, records);
      const found = live(base, shipped, asLive(records, late));
      expect(expected.ids.length).toBeGreaterThan(8);
      expect(found.ids).toEqual(expected.ids);
      expect(found.withdrawn).toBe(0);
      expect(found.incidents).toEqual(expected.incidents);
      expect(found.incidents.length).toBe(1);
      // What a flow's begin decides is told with it; what was judged before the begin was known comes when all is in order.
      if (late === second) return;
      const slow = [...found.delays.values()].filter((delay) => delay > late);
      expect(slow).toEqual([]);
    },
  );

  test("without begins the same is found, later", async () => {
    const { base, records } = await read(intrusion);
    const steps = asLive(records, 0).filter(({ begin }) => begin === undefined);
    const found = live(base, shipped, steps);
    const expected = replay(base, shipped, records);
    expect(found.ids).toEqual(expected.ids);
    expect(found.incidents).toEqual(expected.incidents);
    expect([...found.delays.values()].filter((delay) => delay > 1e8).length).toBeGreaterThan(3);
  });
});

describe.skipIf(!hasCorpus)("recordings of others", () => {
  test.each([
    [
      "attacks/express/mon.1531776682.sf",
      "attacks/express/mon.1531776712.sf",
      "attacks/express/mon.1531776742.sf",
    ],
    ["attacks/shellshock.sf"],
    ["traces/cron.sf"],
    ["traces/k8s_small.sf"],
  ])("%s …: live is what replay finds, and looks are few", async (...names) => {
    const { base, records } = await read(
      ...names.filter(Boolean).map((name) => corpusPath(...name.split("/"))),
    );
    const expected = replay(base, shipped, records);
    const found = live(base, shipped, asLive(records, 0));
    expect(found.ids).toEqual(expected.ids);
    expect(found.incidents).toEqual(expected.incidents);
    expect(found.looks).toBeLessThan(60);
  });
});

const host = { id: "h" };
const proc = sampleProcess({ host, pid: 7, exe: "/bin/cat", createdNs: 5n });

function flow(
  ts: number,
  endTs: number,
  openFlags: number,
  more: Partial<FileFlow> = {},
): FileFlow {
  return {
    type: "FF",
    proc,
    ts,
    endTs,
    tid: 7,
    ops: Op.OPEN | Op.READ,
    file: { host, state: "REUP", ts, type: "f", path: "/srv/x", container: undefined },
    fd: 3,
    openFlags,
    rops: 1,
    wops: 0,
    rbytes: 10,
    wbytes: 0,
    flowId: 1,
    slice: 0,
    final: true,
    ...more,
  };
}

function rulesOf(condition: string): readonly Rule[] {
  const text = `sysflow: 1\nrules:\n  - { rule: R, severity: low, condition: '${condition}' }\n`;
  return loadRules([{ path: "r.yaml", text }]).rules;
}

test("what a begin decides is told at once, and once", () => {
  const rules = rulesOf("type = FF and op = OPEN and file.path = /srv/x");
  const detection = new LiveDetection(0n, rules);
  const whole = flow(10, 20 * second, OpenFlag.RDONLY);
  const [alert] = detection.push([beginOf(whole)], []).alerts;
  expect(alert?.ts).toBe(10);
  expect(detection.push([], [whole]).alerts).toEqual([]);
  expect(detection.end()).toEqual({ alerts: [], withdrawn: [] });
  expect(replay(0n, rules, [whole]).ids).toEqual([alert?.id]);
});

test("what needs volumes is told when they are known", () => {
  const detection = new LiveDetection(0n, rulesOf("flow.rbytes >= 10 and file.path = /srv/x"));
  const whole = flow(10, 20 * second, OpenFlag.RDONLY);
  expect(detection.push([beginOf(whole)], []).alerts).toEqual([]);
  expect(detection.push([], [whole]).alerts.map(({ ts }) => ts)).toEqual([20 * second]);
});

test("an alert that the recording does not bear out is withdrawn: the file was opened for writing as well", () => {
  const rules = rulesOf(
    "type = FF and op = OPEN and file.path = /srv/x and not file.is_open_write",
  );
  const whole = flow(10, 20 * second, OpenFlag.RDONLY | OpenFlag.WRONLY);
  const begin = { ...beginOf(whole), openFlags: OpenFlag.RDONLY };
  const detection = new LiveDetection(0n, rules);
  expect(detection.push([begin], []).alerts.length).toBe(1);
  expect(detection.push([], [whole])).toEqual({ alerts: [], withdrawn: [] });
  expect(replay(0n, rules, [whole]).ids).toEqual([]);
  // Long after it could have been confirmed, also while nothing else happens.
  const { withdrawn } = detection.advance(200 * second);
  expect(withdrawn.length).toBe(0);
  const later = flow(190 * second, 191 * second, 0, { flowId: 2, ops: Op.READ });
  expect(detection.push([], [later]).withdrawn.length + detection.end().withdrawn.length).toBe(1);
});
