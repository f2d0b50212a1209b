import { expect, test } from "vitest";
import type { File } from "../model/entity.ts";
import { readRuleFiles } from "../source/rules.ts";
import { loadRules } from "./file.ts";
import { watches } from "./watch.ts";

const host = { id: "h" };

function watched(conditions: readonly string[], path: string, type = "f"): boolean {
  const rules = conditions.map(
    (condition, i) => `  - { rule: R${i}, severity: low, condition: '${condition}' }\n`,
  );
  const { rules: loaded } = loadRules([
    { path: "r.yaml", text: `sysflow: 1\nrules:\n${rules.join("")}` },
  ]);
  expect(loaded.length).toBe(conditions.length);
  const file: File = { host, state: "CREATED", ts: 0, type, path, container: undefined };
  return watches(loaded)(file);
}

test.each([
  ["file.path = /etc/x", "/etc/x", true],
  ["file.path = /etc/x", "/etc/y", false],
  ["type = FF and op = OPEN and file.name in (x, y) and proc.name = cat", "/a/y", true],
  // Another rule may name it.
  ["proc.name = cat and (file.path = /etc/x or proc.pid = 7)", "/etc/x", true],
  // All that is asked of the file must be possible.
  ["file.path startswith /tmp/ and file.name endswith .sh", "/tmp/a.txt", false],
  ["file.path startswith /tmp/ and file.name endswith .sh", "/tmp/a.sh", true],
  ["file.path startswith /tmp/ and not file.name endswith .sh", "/tmp/a.sh", false],
  ["file.path startswith /tmp/ and not file.name endswith .sh", "/tmp/a.txt", true],
  // A type, and what is left out, name nothing.
  ["op = OPEN and file.type = f", "/etc/x", false],
  ["op = OPEN and not file.path startswith /proc/", "/etc/x", false],
  ["file.paths startswith /etc/", "/etc/x", true],
  // An open cannot fire these.
  ["file.path = /etc/x and flow.wbytes > 10", "/etc/x", false],
  ["op = UNLINK and file.path = /etc/x", "/etc/x", false],
  ["type = FE and file.path = /etc/x", "/etc/x", false],
  ["op = EXEC", "/etc/x", false],
])("%s of %s: %s", (condition, path, expected) => {
  expect(watched([condition], path)).toBe(expected);
});

test("one rule of several is enough, and one that is switched off is none", () => {
  expect(watched(["op = EXEC", "file.path = /etc/x"], "/etc/x")).toBe(true);
  const { rules } = loadRules([
    {
      path: "r.yaml",
      text: "sysflow: 1\nrules:\n  - { rule: R, severity: low, enabled: false, condition: file.path = /etc/x }\n",
    },
  ]);
  const file: File = {
    host,
    state: "REUP",
    ts: 0,
    type: "f",
    path: "/etc/x",
    container: undefined,
  };
  expect(rules.length).toBe(1);
  expect(watches(rules)(file)).toBe(false);
});

test("the shipped rules watch secrets and footholds, and not everything", () => {
  const { rules } = loadRules(readRuleFiles([]).sources);
  const watch = watches(rules);
  const said = (path: string): boolean =>
    watch({ host, state: "REUP", ts: 0, type: "f", path, container: undefined });
  for (const path of ["/home/u/.ssh/id_rsa", "/etc/shadow", "/etc/cron.d/x", "/tmp/a.sh"])
    expect(said(path), path).toBe(true);
  for (const path of ["/usr/lib/libc.so.6", "/srv/app/index.html", "/tmp/a.txt", "/dev/null"])
    expect(said(path), path).toBe(false);
});
