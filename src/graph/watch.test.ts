import { expect, test } from "vitest";
import { EventOrder } from "../flow/order.ts";
import type { Activity } from "../model/activity.ts";
import { Op, hasOp } from "../model/opflag.ts";
import { IncidentTracker } from "./tracker.ts";
import { type IncidentNews, IncidentWatch } from "./watch.ts";
import { World, alertOf, base } from "./world-test.ts";

/** A service, ordinary requests, and an exploit that drops a program which reads a key and sends data. */
function takenOver(): World {
  const world = new World();
  const web = world.old(50, "/opt/web/server", world.old(1, "/sbin/init"));
  for (let i = 0; i < 10; i++)
    world.accept(web, `10.9.9.9:${40000 + i}`, 8080, [90, 300], 1000 + i * 50, 1004 + i * 50);
  const at = 4200;
  world.accept(web, "10.6.6.6:50001", 8080, [2000, 100], at, at + 20);
  world.write(web, "/tmp/payload", 8800, at + 4, at + 10);
  const shell = world.start(web, 200, "/bin/sh", "-c /tmp/payload -q", at + 30);
  const payload = world.start(shell, 201, "/tmp/payload", "-q", at + 40);
  world.read(payload, "/srv/app/credentials.json", 700, at + 60);
  world.connect(payload, "10.0.0.1:5003", "203.0.113.5:443", [900, 60000], at + 300, at + 400);
  return world;
}

function activitiesOf(world: World): Activity[] {
  const order = new EventOrder();
  const records = [...world.records].sort(
    (a, b) => ("endTs" in a ? a.endTs : a.ts) - ("endTs" in b ? b.endTs : b.ts),
  );
  return [...order.push(records), ...order.end()];
}

function isPayload({ record, proc }: Activity): boolean {
  return record.type === "PE" && hasOp(record.ops, Op.EXEC) && proc?.exe === "/tmp/payload";
}

test("an incident is told when it appears, then only what is new of it, and in the end it is what a single look finds", () => {
  const tracker = new IncidentTracker(base);
  const watch = new IncidentWatch(tracker);
  const once = new IncidentTracker(base);
  const news: IncidentNews[] = [];
  for (const activity of activitiesOf(takenOver())) {
    watch.observe([activity]);
    once.observe(activity);
    if (isPayload(activity)) {
      const alert = alertOf(activity, "bad-exec", "high", ["attack.execution"]);
      watch.alert(alert);
      once.alert(alert);
      expect(watch.due).toBe(true);
    }
    if (watch.due) news.push(...watch.look());
  }
  news.push(...watch.look());
  expect(news.map(({ kind }) => kind)).toEqual(["new", "changed"]);
  const [first, last] = news;
  expect(first?.incident.id).toBe(last?.incident.id);
  expect(last?.before).toBe(first?.incident);
  // The key and the data that left came later; the steps before are not said again.
  expect(last?.steps.map(({ tactic }) => tactic)).toContain("exfiltration");
  const told = new Set(first?.steps.map(({ object, op }) => `${op} ${object.value}`));
  for (const { op, object } of last?.steps ?? [])
    expect(told.has(`${op} ${object.value}`)).toBe(false);
  expect(tracker.findings().incidents).toEqual(once.findings().incidents);
  // Nothing new: nothing is said.
  expect(watch.look()).toEqual([]);
});

test("an incident whose alert is withdrawn is told to be gone", () => {
  const watch = new IncidentWatch(new IncidentTracker(base));
  const activities = activitiesOf(takenOver());
  watch.observe(activities);
  const cause = activities.find(isPayload);
  if (cause === undefined) throw new Error("no payload");
  const alert = alertOf(cause, "bad-exec", "high", ["attack.execution"]);
  watch.alert(alert);
  expect(watch.look().map(({ kind }) => kind)).toEqual(["new"]);
  watch.withdraw(alert);
  expect(watch.due).toBe(false);
  watch.passed(1000);
  expect(watch.due).toBe(true);
  expect(watch.look().map(({ kind }) => kind)).toEqual(["gone"]);
});

test("looks are paid for by what is observed or by time: an alert after each activity does not make a look after each", () => {
  const watch = new IncidentWatch(new IncidentTracker(base));
  const activities = activitiesOf(takenOver());
  const cause = activities.find(isPayload);
  if (cause === undefined) throw new Error("no payload");
  watch.observe(activities);
  for (let i = 0; i < 1000; i++) {
    watch.observe([cause]);
    watch.alert({ ...alertOf(cause, `rule-${i}`, "high", ["attack.execution"]), id: `${i}` });
    if (watch.due) watch.look();
  }
  // Each look costs at least eight for every alert there is: 8 + 16 + … ≤ 1000 + what is in the graph.
  expect(watch.looks).toBeGreaterThan(2);
  expect(watch.looks).toBeLessThan(20);
  const before = watch.looks;
  watch.passed(60_000);
  expect(watch.due).toBe(true);
  watch.look();
  expect(watch.looks).toBe(before + 1);
});

test("without an alert there is nothing to look at", () => {
  const watch = new IncidentWatch(new IncidentTracker(base));
  for (const activity of activitiesOf(takenOver())) {
    for (let i = 0; i < 100; i++) watch.observe([activity]);
    expect(watch.due).toBe(false);
  }
});
