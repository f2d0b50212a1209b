// Recorded intrusions and ordinary work of others. What must be told comes from the recordings' description (format specification
// §8.1 and the corpus' README), not from what this code printed.

import { readFileSync, readdirSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { corpusPath, hasCorpus } from "../../test/corpus.ts";
import { EventOrder } from "../flow/order.ts";
import type { Activity } from "../model/activity.ts";
import type { Incident } from "../model/incident.ts";
import { processName } from "../model/entity.ts";
import type { TimeBase } from "../model/time.ts";
import { printTime, toAbsolute } from "../model/time.ts";
import { RuleEngine } from "../rule/detect.ts";
import { loadRules } from "../rule/file.ts";
import { readRuleFiles } from "../source/rules.ts";
import { SysFlowReader } from "../wire/avro/reader.ts";
import { type Findings, IncidentTracker } from "./tracker.ts";

type Told = Findings & { readonly base: TimeBase };

function tell(...paths: readonly string[]): Told {
  let base: TimeBase | undefined;
  let tracker: IncidentTracker | undefined;
  const order = new EventOrder();
  const engine = new RuleEngine(loadRules(readRuleFiles([]).sources).rules);
  const take = (activities: readonly Activity[]): void => {
    for (const activity of activities) tracker?.observe(activity);
    for (const alert of engine.push(activities, base ?? 0n)) tracker?.alert(alert);
  };
  for (const path of paths) {
    const reader = new SysFlowReader({ base, inflate: (bytes) => inflateRawSync(bytes) });
    reader.push(readFileSync(path));
    reader.end();
    for (let records = reader.read(); records.length > 0; records = reader.read()) {
      base ??= reader.base;
      tracker ??= new IncidentTracker(base ?? 0n);
      take(order.push(records));
    }
  }
  take(order.end());
  const found = tracker?.findings() ?? { incidents: [], unconnected: [] };
  return { ...found, base: base ?? 0n };
}

const express = ["1531776682", "1531776712", "1531776742"].map((epoch) =>
  corpusPath("attacks", "express", `mon.${epoch}.sf`),
);

/** Time of day of the first step that speaks of an object, by microseconds, and its place in the order. */
function stepOf(incident: Incident, value: RegExp, op?: string): number {
  return incident.steps.findIndex(
    (step) =>
      value.test(`${step.object.value} ${step.sentence}`) && (op === undefined || step.op === op),
  );
}

describe.skipIf(!hasCorpus)("recordings of others", () => {
  const told = hasCorpus ? tell(...express) : undefined;
  const incident = told?.incidents[0];

  test("express: one incident, critical, rooted in the exploit request", () => {
    expect(told?.incidents).toHaveLength(1);
    expect(incident?.severity).toBe("critical");
    // Step 1 of the description: the same client as everybody, port 57024, to node, pid 2025, at 54.701556.
    expect(incident?.root.kind).toBe("connection");
    expect(incident?.root.object).toBe("10.187.39.243:57024");
    expect(incident?.root.proc.pid).toBe(2025);
    const ts = printTime(toAbsolute(told?.base ?? 0n, incident?.root.ts ?? 0));
    expect(ts.slice(0, 26)).toBe("2018-07-16T21:31:54.701556");
  });

  test("express: the steps of the description, in order", () => {
    if (incident === undefined) throw new Error("no incident");
    const order = [
      stepOf(incident, /request of unusual size/, "ACCEPT"),
      stepOf(incident, /^\/tmp\/exfil\.py/, "WRITE"),
      stepOf(incident, /^169\.60\.70\.162:443/, "FETCH"),
      stepOf(incident, /started sh -c \/tmp\/exfil\.py -a \(pid 17753\)/),
      stepOf(incident, /^\/tmp\/exfil\.py .*ran as pid 17754/),
      stepOf(incident, /apt-get update/),
      stepOf(incident, /^\/usr\/src\/app\/credentials\.json/, "READ"),
      stepOf(incident, /^169\.46\.118\.97:443/),
      stepOf(incident, /104\.244\.42\./, "SEND"),
    ];
    expect(order).not.toContain(-1);
    expect([...order].sort((a, b) => a - b)).toEqual(order);
    const dropped = incident.steps[order[4] ?? -1];
    expect(dropped?.because).toBe("written-then-executed");
    expect(incident.impact.some(({ tactic }) => tactic === "exfiltration")).toBe(true);
    // 22 sessions, 25 700 bytes out in total.
    expect(incident.steps[order[8] ?? -1]?.sentence).toMatch(/in 22 sessions \(25\.7 KB out/);
  });

  test("express: no ordinary process of the container is in it", () => {
    // Everything that is not node itself or a descendant of pid 17753 is foreign; ordinary handlers run cos-write.py.
    const foreign = (incident?.processes ?? []).filter((proc) => {
      if (proc.pid === 2025 || proc.pid === 17753) return false;
      for (let up = proc.parent; up !== undefined; up = up.parent)
        if (up.pid === 17753) return false;
      return true;
    });
    expect(foreign.map((proc) => `${proc.pid} ${proc.args}`)).toEqual([]);
    expect(incident?.processes.some(({ args }) => args?.includes("cos-write") === true)).toBe(
      false,
    );
  });

  test("shellshock: one incident, the command below the web server", () => {
    const { incidents } = tell(corpusPath("attacks", "shellshock.sf"));
    expect(incidents).toHaveLength(1);
    const sentences = (incidents[0]?.steps ?? []).map(({ sentence }) => sentence).join("\n");
    expect(sentences).toContain("bash -c cat /etc/passwd");
    expect(processName(incidents[0]?.root.proc ?? raise())).toBe("apache2");
  });

  test("cron.sf: one incident; the other traces: none", () => {
    // cron.sf is shellshock too: a request to httpd (port 42026, 249 bytes in) makes the CGI program run
    // `bash-vulnerable -c 'echo … > /var/www/html/test/rsync; chmod +x …'`: a script is left in place of rsync, for a cron job
    // to run later, and made executable. The run itself is not in the recording.
    for (const name of readdirSync(corpusPath("traces")).filter((file) => file.endsWith(".sf"))) {
      const { incidents } = tell(corpusPath("traces", name));
      expect(incidents.length, name).toBe(name === "cron.sf" ? 1 : 0);
      if (name !== "cron.sf") continue;
      expect(incidents[0]?.root.object).toBe("127.0.0.1:42026");
      const objects = (incidents[0]?.steps ?? []).map(({ object, op }) => `${op} ${object.value}`);
      expect(objects).toContain("WRITE /var/www/html/test/rsync");
      expect(objects).toContain("EXEC /var/www/html/test/rsync");
    }
  });
});

function raise(): never {
  throw new Error("no incident");
}
