import { expect, test } from "vitest";
import { loadRules } from "../rule/file.ts";
import { readRuleFiles } from "../source/rules.ts";
import { testRules } from "./rules.ts";

const noTraces = (): Promise<number> => Promise.resolve(-1);

test("the tests inside the rules of the default pack pass", async () => {
  const { rules } = loadRules(readRuleFiles(["rules/default"]).sources);
  const { failures, diagnostics, tests, passed } = await testRules(rules, noTraces);
  expect(diagnostics).toEqual([]);
  expect(failures).toEqual([]);
  expect(passed).toBe(tests);
  expect(tests).toBeGreaterThanOrEqual(2 * rules.length);
});

test("a test that does not hold is a failure with both numbers, an unreadable input a diagnostic", async () => {
  const text = `sysflow: 1
rules:
  - rule: R
    severity: low
    condition: op = EXEC and proc.name = b
    tests:
      - { name: runs, alerts: 2, input: '1.0 a/10 execve("/bin/b", ["b"]) = 0' }
      - { name: nothing, alerts: 0, input: 'what is this' }
`;
  const { rules } = loadRules([{ path: "r.yaml", text }]);
  const summary = await testRules(rules, noTraces);
  expect(summary).toMatchObject({ rules: 1, tests: 2, passed: 0, failed: 2 });
  expect(summary.failures).toEqual([
    { rule: "r", test: "runs", expected: 2, got: 1 },
    { rule: "r", test: "nothing", expected: 0, got: -1 },
  ]);
  expect(summary.diagnostics.map((item) => item.code)).toEqual(["SF3022"]);
});
