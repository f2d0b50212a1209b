import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { corpusPath, hasCorpus } from "../../test/corpus.ts";
import { EventOrder } from "../flow/order.ts";
import type { Activity } from "../model/activity.ts";
import type { Alert } from "../model/alert.ts";
import type { Host } from "../model/entity.ts";
import { readRuleFiles } from "../source/rules.ts";
import { activitiesOf } from "../testing/notation.ts";
import { SysFlowReader } from "../wire/avro/reader.ts";
import { RuleEngine } from "./detect.ts";
import { loadRules } from "./file.ts";

const pack = loadRules(readRuleFiles(["rules/default"]).sources);

test("the default pack loads without a complaint", () => {
  for (const file of pack.files) {
    expect(file.errors).toEqual([]);
    expect(file.refused).toEqual([]);
    expect(file.warnings).toEqual([]);
  }
  expect(pack.rules.length).toBeGreaterThanOrEqual(10);
  for (const rule of pack.rules) {
    expect(
      rule.info.tags.some((tag) => /^attack\.t\d{4}/.test(tag)),
      rule.info.id,
    ).toBe(true);
    expect(rule.sentence, rule.info.id).toBeDefined();
    // One test that alerts, one that does not.
    expect(
      rule.tests.some((item) => item.alerts > 0),
      rule.info.id,
    ).toBe(true);
    expect(
      rule.tests.some((item) => item.alerts === 0),
      rule.info.id,
    ).toBe(true);
  }
});

test("an alert is blind where something of its host was lost at that time, and only there", () => {
  const { rules } = loadRules([
    {
      path: "r.yaml",
      text: "sysflow: 1\nrules:\n  - { rule: R, severity: low, condition: op = EXEC }\n",
    },
  ]);
  const page = [10, 20, 30].map((at) => `${at}.0 sh/${at} execve("/bin/p${at}") = 0`);
  const { activities, base } = activitiesOf(page.join("\n"));
  const [first, second] = activities;
  if (first === undefined || second === undefined) throw new Error("no activities");
  const blindOnes = (host: Host): number[] => {
    const engine = new RuleEngine(rules);
    engine.noteGap({
      type: "G",
      host,
      ts: second.at - 1,
      endTs: second.at + 1,
      reason: "dropped",
      lost: 5,
      unit: "events",
      where: undefined,
    });
    const alerts = engine.push(activities, base);
    expect(alerts.length).toBe(3);
    return alerts.filter((alert) => alert.blind).map((alert) => alert.ts);
  };
  expect(blindOnes(second.host)).toEqual([second.at]);
  expect(blindOnes({ id: "another" })).toEqual([]);
});

type Replay = { readonly base: bigint; readonly activities: readonly Activity[] };

function replay(paths: readonly string[]): Replay {
  const order = new EventOrder();
  const activities: Activity[] = [];
  let base: bigint | undefined;
  for (const path of paths) {
    const inflate = (bytes: Uint8Array): Uint8Array => inflateRawSync(bytes);
    const reader = new SysFlowReader({ base, inflate, path });
    reader.push(readFileSync(path));
    reader.end();
    // It hands out portions.
    for (let records = reader.read(); records.length > 0; records = reader.read())
      activities.push(...order.push(records));
    base ??= reader.base;
  }
  activities.push(...order.end());
  if (activities.length === 0) throw new Error("nothing was replayed");
  return { base: base ?? 0n, activities };
}

function alertsOf({ base, activities }: Replay, size = activities.length): Alert[] {
  const engine = new RuleEngine(pack.rules);
  const alerts: Alert[] = [];
  for (let i = 0; i < activities.length; i += Math.max(1, size)) {
    alerts.push(...engine.push(activities.slice(i, i + size), base));
  }
  return alerts;
}

const express = ["682", "712", "742"].map((end) =>
  corpusPath("attacks", "express", `mon.1531776${end}.sf`),
);

describe.skipIf(!hasCorpus)("recorded intrusions and ordinary work", () => {
  test.each(["apache", "httpd", "k8s_small", "tcp", "v1000a-objectstore", "v1000b-nodejs-benign"])(
    "nothing is alerted on in %s",
    (name) => {
      expect(
        alertsOf(replay([corpusPath("traces", `${name}.sf`)])).map((alert) => alert.reason),
      ).toEqual([]);
    },
  );

  test("the server's own traffic before the attack makes no alert", () => {
    expect(alertsOf(replay(express.slice(0, 1)))).toEqual([]);
  });

  test("the steps of the intrusion into the service are alerted on, in their order", () => {
    const ids = alertsOf(replay(express)).map((alert) => alert.rule.id);
    const first = [...new Set(ids)];
    // Checked by hand against the description of the recording (format specification §8.1).
    expect(first).toEqual([
      "service-writes-program",
      "dropped-program-runs",
      "service-runs-download-tool",
      "dropped-program-reads-secret",
      "dropped-program-connects",
      "dropped-program-sends",
    ]);
  });

  test("the two intrusions through CGI scripts are seen", () => {
    const reading = alertsOf(replay([corpusPath("attacks", "shellshock.sf")]));
    expect(reading.map((alert) => alert.rule.id)).toEqual(["service-reads-accounts"]);
    const writing = alertsOf(replay([corpusPath("traces", "cron.sf")]));
    expect(writing.map((alert) => alert.rule.id)).toEqual([
      "web-shell-writes-file",
      "service-makes-executable",
    ]);
  });

  test("the same alerts, ids included, for every batch size", () => {
    const whole = replay(express);
    const ids = alertsOf(whole).map((alert) => alert.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const size of [1, 7, 1000]) {
      expect(alertsOf(whole, size).map((alert) => alert.id)).toEqual(ids);
    }
  });

  test("a rule at a flow's begin and at its end makes one alert", () => {
    const { rules } = loadRules([
      {
        path: "r.yaml",
        text: "sysflow: 1\nrules:\n  - { rule: R, severity: low, condition: 'type = NF and op = CONNECT and net.dport = 443' }\n",
      },
    ]);
    const { base, activities } = replay(express);
    const engine = new RuleEngine(rules);
    const alerts = engine.push(activities, base);
    const keys = alerts.map(
      (alert) => `${alert.proc?.pid} ${alert.proc?.createdNs} ${alert.reason}`,
    );
    expect(alerts.length).toBeGreaterThan(20);
    expect(new Set(keys).size).toBe(keys.length);
    expect(alerts.every((alert) => alert.activities[0]?.phase === "begin")).toBe(true);
    expect(engine.counters.repeated).toBeGreaterThan(alerts.length / 2);
  });
});
