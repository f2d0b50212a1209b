// Incidents over hand-built records: each test is one way in which causes connect, or must not connect, alerts.

import { assert, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { EventOrder } from "../flow/order.ts";
import type { Activity } from "../model/activity.ts";
import type { Alert } from "../model/alert.ts";
import type { Incident } from "../model/incident.ts";
import { Op, hasOp } from "../model/opflag.ts";
import { ProvenanceGraph } from "./graph.ts";
import { type Findings, IncidentTracker } from "./tracker.ts";
import { World, alertOf, base } from "./world-test.ts";

type Alerter = (activity: Activity) => Alert | undefined;

function findings(world: World, alerter: Alerter, batch = 1000): Findings {
  const order = new EventOrder();
  const tracker = new IncidentTracker(base);
  const take = (activities: readonly Activity[]): void => {
    for (const activity of activities) {
      tracker.observe(activity);
      const alert = alerter(activity);
      if (alert !== undefined) tracker.alert(alert);
    }
  };
  // Files hold flows in the order of their ends.
  const records = [...world.records].sort(
    (a, b) => ("endTs" in a ? a.endTs : a.ts) - ("endTs" in b ? b.endTs : b.ts),
  );
  for (let at = 0; at < records.length; at += batch)
    take(order.push(records.slice(at, at + batch)));
  take(order.end());
  return tracker.findings();
}

/** Fires on an exec of the path. */
function onExec(path: string): Alerter {
  return (activity) => {
    const { record, proc } = activity;
    if (record.type !== "PE" || !hasOp(record.ops, Op.EXEC)) return undefined;
    if (proc?.exe !== path && proc?.args !== path) return undefined;
    return alertOf(activity, "bad-exec", "high", ["attack.execution", "attack.t1059"]);
  };
}

function sentences(incident: Incident | undefined): string[] {
  return (incident?.steps ?? []).map(({ sentence }) => sentence);
}

/** A service with ordinary requests, of which each starts the same handler, and one exploit. */
function takenOver(): { readonly world: World; readonly handlers: number[] } {
  const world = new World();
  const init = world.old(1, "/sbin/init");
  const web = world.old(50, "/opt/web/server", init);
  const handlers: number[] = [];
  for (let i = 0; i < 10; i++) {
    const at = 1000 + i * 500;
    world.accept(web, `10.9.9.9:${40000 + i}`, 8080, [90, 300], at, at + 4);
    const handler = world.start(web, 100 + i, "/bin/sh", "-c /opt/web/handler -n", at + 2);
    handlers.push(handler.pid);
    world.connect(handler, "10.0.0.1:5000", "10.0.0.7:5432", [4000, 200], at + 3);
  }
  const at = 4200;
  world.accept(web, "10.6.6.6:50001", 8080, [2000, 100], at, at + 20);
  world.connect(web, "10.0.0.1:5001", "198.51.100.9:80", [9000, 200], at + 5, at + 9);
  world.write(web, "/tmp/payload", 8800, at + 4, at + 10);
  const shell = world.start(web, 200, "/bin/sh", "-c /tmp/payload -q", at + 30);
  const payload = world.start(shell, 201, "/tmp/payload", "-q", at + 40);
  world.read(payload, "/srv/app/credentials.json", 700, at + 60);
  world.connect(payload, "10.0.0.1:5002", "10.0.0.7:5432", [50000, 900], at + 100, at + 200);
  world.connect(payload, "10.0.0.1:5003", "203.0.113.5:443", [900, 60000], at + 300, at + 400);
  return { world, handlers };
}

test("from the request to the data that left: one path, its file in the middle", () => {
  const { incidents } = findings(takenOver().world, onExec("/tmp/payload"));
  expect(incidents).toHaveLength(1);
  const [incident] = incidents;
  expect(incident?.root).toMatchObject({ kind: "connection", object: "10.6.6.6:50001" });
  expect(incident?.root.proc.pid).toBe(50);
  expect(
    incident?.steps.map(({ op, technique, proc }) => `${proc.pid} ${op} ${technique}`),
  ).toEqual([
    "50 ACCEPT T1190",
    "50 WRITE T1105",
    "50 FETCH T1105",
    "200 EXEC T1059",
    "201 EXEC T1059",
    "201 READ T1552.001",
    // The database that the service's own handlers use: collection, not exfiltration.
    "201 COLLECT T1213",
    "201 SEND T1041",
  ]);
  expect(incident?.steps[1]?.sentence).toBe(
    "server (pid 50) wrote /tmp/payload (8.80 KB), 4.0 ms after a request of unusual size from 10.6.6.6 (2.00 KB; others 90 B); the file was run later",
  );
  expect(incident?.impact.map(({ tactic }) => tactic)).toEqual([
    "credential-access",
    "collection",
    "exfiltration",
  ]);
});

test("ordinary handlers of the same service stay outside", () => {
  const { world, handlers } = takenOver();
  const { incidents } = findings(world, onExec("/tmp/payload"));
  const pids = incidents[0]?.processes.map(({ pid }) => pid) ?? [];
  expect(pids.filter((pid) => handlers.includes(pid))).toEqual([]);
  expect([...pids].sort((a, b) => a - b)).toEqual([50, 200, 201]);
});

test("property: the same incidents for every batch size", () => {
  const { world } = takenOver();
  const whole = findings(world, onExec("/tmp/payload"), 1_000_000);
  expect(whole.incidents.length).toBe(1);
  assert(
    property(integer({ min: 1, max: 60 }), (batch) => {
      const cut = findings(world, onExec("/tmp/payload"), batch);
      expect(
        cut.incidents.map((incident) => [incident.id, incident.score, sentences(incident)]),
      ).toEqual(
        whole.incidents.map((incident) => [incident.id, incident.score, sentences(incident)]),
      );
    }),
    { numRuns: 20 },
  );
});

test("every point of the score has a name, and they add up", () => {
  const [incident] = findings(takenOver().world, onExec("/tmp/payload")).incidents;
  const sum = incident?.scoreTerms.reduce((total, { value }) => total + value, 0) ?? 0;
  expect(incident?.score).toBe(Math.min(100, sum));
  expect(incident?.scoreTerms.map(({ name }) => name)).toContain("dropped program");
});

/** Two alerts on processes that are told apart by their programs. */
function onTwo(first: string, second: string): Alerter {
  return (activity) => {
    const alert = onExec(first)(activity) ?? onExec(second)(activity);
    return alert === undefined
      ? undefined
      : { ...alert, rule: { ...alert.rule, id: activity.proc?.exe ?? "", severity: "critical" } };
  };
}

function groups({ incidents, unconnected }: Findings): number[][] {
  const joined = incidents.map(({ alerts }) => alerts.map(({ proc }) => proc?.pid ?? 0));
  return [...joined, ...unconnected.map(({ proc }) => [proc?.pid ?? 0])];
}

test("written, renamed, then executed by a stranger: one cause", () => {
  const world = new World();
  const init = world.old(1, "/sbin/init");
  const cron = world.old(2, "/usr/sbin/cron", init);
  const thief = world.start(init, 10, "/tmp/thief", "", 100);
  world.write(thief, "/var/x.part", 500, 110);
  world.rename(thief, "/var/x.part", "/var/x", 120);
  world.start(cron, 20, "/var/x", "", 5000);
  expect(groups(findings(world, onTwo("/tmp/thief", "/var/x")))).toEqual([[10, 20]]);
});

test("a program that removes itself was dropped all the same", () => {
  const { world } = takenOver();
  const payload = world.records.find((record) => record.type === "FF" && record.proc.pid === 201);
  if (payload?.type !== "FF") throw new Error("the payload reads a file");
  world.unlink(payload.proc, "/tmp/payload", 5000);
  const [incident] = findings(world, onExec("/tmp/payload")).incidents;
  const because = incident?.steps.map((step) => step.because) ?? [];
  expect(because.filter((reason) => reason === "written-then-executed")).toHaveLength(2);
});

test("what a service fetches all day from its own store is not where the file came from", () => {
  const { world } = takenOver();
  const web = world.records.find((record) => record.type === "NF" && record.proc.pid === 50);
  if (web?.type !== "NF") throw new Error("the service takes requests");
  for (let at = 1000; at < 4300; at += 300) {
    world.connect(web.proc, `10.0.0.1:${7000 + at}`, "10.0.0.9:9000", [90_000, 10], at);
  }
  const [incident] = findings(world, onExec("/tmp/payload")).incidents;
  const fetched = incident?.steps
    .filter(({ op }) => op === "FETCH")
    .map(({ object }) => object.value);
  expect(fetched).toEqual(["198.51.100.9:80"]);
});

test("a script run through its interpreter counts as executed", () => {
  const world = new World();
  const init = world.old(1, "/sbin/init");
  const cron = world.old(2, "/usr/sbin/cron", init);
  const thief = world.start(init, 10, "/tmp/thief", "", 100);
  world.write(thief, "/var/x.py", 500, 110);
  world.start(cron, 20, "/usr/bin/python3", "/var/x.py", 5000);
  expect(groups(findings(world, onTwo("/tmp/thief", "/var/x.py")))).toEqual([[10, 20]]);
});

test("time order: a file that was executed before it was written connects nothing", () => {
  const world = new World();
  const init = world.old(1, "/sbin/init");
  const cron = world.old(2, "/usr/sbin/cron", init);
  world.start(cron, 20, "/var/x", "", 50);
  const thief = world.start(init, 10, "/tmp/thief", "", 100);
  world.write(thief, "/var/x", 500, 110);
  expect(groups(findings(world, onTwo("/tmp/thief", "/var/x")))).toHaveLength(2);
});

test("connect and accept inside one recording are one connection: the alert behind it joins", () => {
  const world = new World();
  const init = world.old(1, "/sbin/init");
  const database = world.old(2, "/usr/bin/database", init);
  const thief = world.start(init, 10, "/tmp/thief", "", 100);
  world.connect(thief, "10.0.0.1:6001", "10.0.0.1:7000", [100, 900], 200, 260);
  world.accept(database, "10.0.0.1:6001", 7000, [900, 100], 201, 259);
  world.start(database, 20, "/tmp/second", "", 230);
  expect(groups(findings(world, onTwo("/tmp/thief", "/tmp/second")))).toEqual([[10, 20]]);
});

test("two hosts in one recording: the connection between them joins what happened at both ends", () => {
  const one = new World("web");
  const two = new World("db");
  const database = two.old(2, "/usr/bin/database", two.old(1, "/sbin/init"));
  const thief = one.start(one.old(1, "/sbin/init"), 10, "/tmp/thief", "", 100);
  one.connect(thief, "10.0.0.1:6001", "10.0.0.2:7000", [100, 900], 200, 260);
  two.accept(database, "10.0.0.1:6001", 7000, [900, 100], 201, 259);
  two.start(database, 20, "/tmp/second", "", 230);
  // The accepting world names its own address 10.0.0.1; here it is the other host's.
  const records = two.records.map((record) =>
    record.type === "NF" ? { ...record, net: { ...record.net, dip: 0x0a000002 } } : record,
  );
  one.records.push(...records);
  const told = findings(one, onTwo("/tmp/thief", "/tmp/second"));
  expect(groups(told)).toEqual([[10, 20]]);
  expect(told.incidents[0]?.hosts.map(({ id }) => id).sort()).toEqual(["db", "web"]);
});

test("the same ports an hour later are another connection", () => {
  const world = new World();
  const init = world.old(1, "/sbin/init");
  const database = world.old(2, "/usr/bin/database", init);
  const thief = world.start(init, 10, "/tmp/thief", "", 100);
  world.connect(thief, "10.0.0.1:6001", "10.0.0.1:7000", [100, 900], 200, 260);
  world.accept(database, "10.0.0.1:6001", 7000, [900, 100], 3_600_201, 3_600_259);
  world.start(database, 20, "/tmp/second", "", 3_600_230);
  expect(groups(findings(world, onTwo("/tmp/thief", "/tmp/second")))).toHaveLength(2);
});

test("a common ancestor, or a common server, is no cause", () => {
  const world = new World();
  const init = world.old(1, "/sbin/init");
  const one = world.start(init, 10, "/tmp/one", "", 100);
  const two = world.start(init, 20, "/tmp/two", "", 100_000);
  world.connect(one, "10.0.0.1:6001", "10.0.0.5:443", [100, 900], 200);
  world.connect(two, "10.0.0.1:6002", "10.0.0.5:443", [100, 900], 100_200);
  expect(groups(findings(world, onTwo("/tmp/one", "/tmp/two")))).toHaveLength(2);
});

test("one weak alert is no attack", () => {
  const world = new World();
  const init = world.old(1, "/sbin/init");
  world.start(init, 10, "/usr/bin/odd", "", 100);
  const { incidents, unconnected } = findings(world, (activity) => {
    const alert = onExec("/usr/bin/odd")(activity);
    return alert === undefined ? undefined : { ...alert, rule: { ...alert.rule, severity: "low" } };
  });
  expect(incidents).toEqual([]);
  expect(unconnected).toHaveLength(1);
});

test("an incident keeps its id as it grows", () => {
  const { world } = takenOver();
  const order = new EventOrder();
  const tracker = new IncidentTracker(base);
  const ids: string[] = [];
  for (const activity of [...order.push(world.records), ...order.end()]) {
    tracker.observe(activity);
    const exec = onExec("/tmp/payload")(activity);
    const sends = activity.phase === "end" && activity.net?.dport === 443;
    const alert = exec ?? (sends ? alertOf(activity, "sends", "high") : undefined);
    if (alert === undefined) continue;
    tracker.alert(alert);
    const { incidents } = tracker.findings();
    expect(incidents).toHaveLength(1);
    ids.push(incidents[0]?.id ?? "");
  }
  expect(ids.length).toBeGreaterThan(1);
  expect(new Set(ids).size).toBe(1);
});

test("the graph is bounded, what it forgets is counted, and what it still knows stays whole", () => {
  const world = new World();
  const init = world.old(1, "/sbin/init");
  const writer = world.old(2, "/usr/bin/writer", init);
  for (let i = 0; i < 5000; i++) world.write(writer, `/data/${i}`, 10, i);
  const graph = new ProvenanceGraph({ nodes: 100, edges: 1000 });
  const order = new EventOrder();
  for (const activity of [...order.push(world.records), ...order.end()]) graph.observe(activity);
  expect(graph.nodeCount).toBeLessThanOrEqual(100);
  expect(graph.nodeCount + graph.evictedNodes).toBeGreaterThanOrEqual(5002);
  expect(graph.evictedEdges).toBeGreaterThan(4000);
  const node = graph.find(writer);
  expect(node?.files.size).toBe(
    [...graph.processes()].reduce((sum, { files }) => sum + files.size, 0),
  );
  for (const edge of node?.files.values() ?? [])
    expect(edge.file.edges.get(edge.process)).toBe(edge);
});

/** Fires when a process opens the file to write. */
function onWrite(path: string, severity: "low" | "medium" | "high" = "high"): Alerter {
  return (activity) =>
    activity.record.type === "FF" && activity.phase === "begin" && activity.file?.path === path
      ? alertOf(activity, "bad-write", severity, ["attack.persistence", "attack.t1053.003"])
      : undefined;
}

test("a program that serves only what it started itself is no entry", () => {
  const world = new World();
  const shell = world.start(world.old(1, "/sbin/init"), 10, "/bin/bash", "", 500);
  const tests = world.start(shell, 11, "/usr/bin/runner", "tests", 600);
  world.write(tests, "/tmp/tool", 100, 700);
  const tool = world.start(tests, 12, "/tmp/tool", "", 800);
  world.connect(tool, "10.0.0.1:40000", "10.0.0.1:8080", [100, 100], 900);
  world.accept(tests, "10.0.0.1:40000", 8080, [100, 100], 900.5);
  const { incidents, unconnected } = findings(world, onExec("/tmp/tool"));
  for (const { root } of incidents) expect(root.kind).toBe("process");
  expect(incidents.length + unconnected.length).toBeGreaterThan(0);
});

test("commands sent one after the other through one template are one attack, from the first on", () => {
  const world = new World();
  const web = world.old(50, "/opt/web/server", world.old(1, "/sbin/init"));
  const request = (n: number, pid: number, host: string): ReturnType<World["start"]> => {
    const at = 1000 + n * 500;
    world.accept(web, `10.6.6.6:${40000 + n}`, 8080, [90, 300], at, at + 30);
    return world.start(web, pid, "/bin/sh", `-c lookup --name ${host}`, at + 5);
  };
  for (let n = 0; n < 5; n++) request(n, 100 + n, `host-${n}`);
  request(5, 105, "x; id");
  const second = request(6, 106, "x; echo '* * * * * root /x' > /etc/cron.d/x");
  world.write(second, "/etc/cron.d/x", 30, 4020);
  request(7, 107, "x; reboot");
  request(8, 108, "host-8");
  const { incidents } = findings(world, onWrite("/etc/cron.d/x"));
  expect(incidents).toHaveLength(1);
  const [incident] = incidents;
  expect(incident?.root).toMatchObject({ kind: "connection", object: "10.6.6.6:40005" });
  expect(incident?.processes.map(({ pid }) => pid).toSorted((a, b) => a - b)).toEqual([
    50, 105, 106, 107,
  ]);
  const terms = incident?.scoreTerms.map(({ name }) => name);
  expect(terms).toContain("command injection");
  expect(terms).toContain("foothold");
  expect(incident?.steps.find(({ tactic }) => tactic === "persistence")).toMatchObject({
    technique: "T1053.003",
    alerts: [{ rule: { id: "bad-write" } }],
  });
});

test("a script left by one request and run by others: one attack, which the first request began", () => {
  const world = new World();
  const web = world.old(50, "/opt/web/server", world.old(1, "/sbin/init"));
  for (let n = 0; n < 10; n++)
    world.accept(web, `10.9.9.9:${41000 + n}`, 8080, [90, 300], 200 + n * 30);
  world.accept(web, "10.6.6.6:50001", 8080, [2000, 20], 1000, 1010);
  world.write(web, "/srv/www/up.pl", 1900, 1004);
  for (let n = 0; n < 3; n++) {
    const at = 2000 + n * 500;
    world.accept(web, `10.6.6.6:${50002 + n}`, 8080, [90, 3000], at, at + 50);
    world.start(web, 100 + n, "/usr/bin/perl", "/srv/www/up.pl", at + 5);
  }
  const { incidents } = findings(world, onExec("/usr/bin/perl"));
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.root).toMatchObject({ kind: "connection", object: "10.6.6.6:50001" });
  expect(incidents[0]?.alerts).toHaveLength(3);
});

/** A service that writes a script for each request and runs it. */
function buildServer(jobs: number): World {
  const world = new World();
  const server = world.old(50, "/opt/build/server", world.old(1, "/sbin/init"));
  for (let n = 0; n < jobs; n++) {
    const at = 1000 + n * 1000;
    world.accept(server, `10.9.9.9:${40000 + n}`, 8080, [300, 100], at, at + 500);
    world.write(server, `/tmp/job-${n}/step.sh`, 200, at + 5);
    world.start(server, 100 + n, "/bin/bash", `/tmp/job-${n}/step.sh`, at + 20);
  }
  return world;
}

test("a build server runs what it wrote for every job: alerts, but no incident", () => {
  const often = findings(buildServer(5), onExec("/bin/bash"));
  expect(often.incidents).toEqual([]);
  expect(often.unconnected).toHaveLength(5);
  // A single such run is a program dropped by a service.
  expect(findings(buildServer(1), onExec("/bin/bash")).incidents).toHaveLength(1);
});

test("many files replaced by longer-named ones are impact", () => {
  const { world } = takenOver();
  const payload = world.records.find(({ type, ...record }) => {
    return type === "PE" && "proc" in record && record.proc?.pid === 201;
  });
  if (payload?.type !== "PE") throw new Error("no payload");
  for (let n = 0; n < 30; n++) {
    world.read(payload.proc, `/home/u/doc-${n}.txt`, 1000, 5000 + n * 10);
    world.write(payload.proc, `/home/u/doc-${n}.txt.x`, 1000, 5001 + n * 10);
    world.unlink(payload.proc, `/home/u/doc-${n}.txt`, 5003 + n * 10);
  }
  const [incident] = findings(world, onExec("/tmp/payload")).incidents;
  const step = incident?.steps.find(({ technique }) => technique === "T1486");
  expect(step?.sentence).toContain("replaced 30 files");
  expect(incident?.impact).toContainEqual(step);
});

test("many weak alerts on an odd path stay alerts, as long as nothing came of them", () => {
  const world = new World();
  const web = world.old(50, "/opt/web/server", world.old(1, "/sbin/init"));
  for (let n = 0; n < 6; n++)
    world.accept(web, `10.9.9.9:${41000 + n}`, 8080, [90, 300], 200 + n * 30);
  world.accept(web, "10.9.9.9:42000", 8080, [2000, 20], 1000, 1500);
  const shell = world.start(web, 100, "/bin/sh", "-c /srv/deploy | tee log", 1005);
  world.start(shell, 101, "/usr/bin/fetch", "", 1010);
  const alerter: Alerter = (activity) =>
    onExec("/usr/bin/fetch")(activity) === undefined
      ? undefined
      : alertOf(activity, "weak", "medium", ["attack.command-and-control", "attack.t1105"]);
  expect(findings(world, alerter).incidents).toEqual([]);
});

test("what a person did in a session begins with the login; the service only let them in", () => {
  const world = new World();
  const sshd = world.old(50, "/usr/sbin/sshd", world.old(1, "/sbin/init"));
  const connection = ["10.6.6.6:50001", 22, [4000, 4000], 1000, 9000] as const;
  world.accept(sshd, ...connection);
  const session = world.start(sshd, 60, "/usr/sbin/sshd", "-R", 1010);
  world.read(session, "/etc/shadow", 900, 1020);
  const shell = world.start(session, 61, "/bin/bash", "-c x", 1100);
  const cat = world.start(shell, 62, "/bin/cat", "/etc/shadow", 1200);
  world.read(cat, "/etc/shadow", 900, 1210);
  world.write(shell, "/root/.ssh/authorized_keys", 100, 1300);
  const { incidents } = findings(world, onExec("/bin/cat"));
  expect(incidents).toHaveLength(1);
  const [incident] = incidents;
  expect(incident?.title).toContain("login through sshd");
  expect(incident?.steps[0]).toMatchObject({ technique: "T1078", tactic: "initial-access" });
  expect(incident?.steps.map(({ technique }) => technique)).toContain("T1098.004");
  // The session's own look at the password is its duty.
  const reads = incident?.steps.filter(({ technique }) => technique === "T1003.008");
  expect(reads?.map(({ proc }) => proc.pid)).toEqual([62]);
});

test("two scripts of one installation are one attack, and it began with the package manager", () => {
  const world = new World();
  const shell = world.old(10, "/bin/bash");
  const npm = world.start(shell, 11, "/usr/bin/node", "/usr/bin/npm install x", 1000);
  for (const [pid, at] of [
    [12, 2000],
    [13, 3000],
  ] as const) {
    const script = world.start(npm, pid, "/usr/bin/setup", "", at);
    world.read(script, "/home/u/.aws/credentials", 700, at + 10);
    world.connect(script, `10.0.0.1:${5000 + pid}`, "203.0.113.5:443", [100, 1500], at + 20);
  }
  const { incidents } = findings(world, onExec("/usr/bin/setup"));
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.root.proc.pid).toBe(11);
  expect(incidents[0]?.impact.map(({ tactic }) => tactic)).toContain("exfiltration");
});
