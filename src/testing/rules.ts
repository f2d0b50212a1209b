// Runs the tests that stand inside rules: each rule alone over its input, and the alerts it makes counted.

import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { RuleEngine } from "../rule/detect.ts";
import type { Rule, RuleTest } from "../rule/rule.ts";
import { activitiesOf } from "./notation.ts";

export type TestFailure = {
  readonly rule: string;
  readonly test: string;
  readonly expected: number;
  readonly got: number;
};

export type TestSummary = {
  readonly rules: number;
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly TestFailure[];
  /** Inputs that could not be read; their tests count as failed. */
  readonly diagnostics: readonly Diagnostic[];
};

/** Counts a rule's alerts over a recording beside its file; −1: it cannot be read. Ranks above do the I/O. */
export type CountOnTrace = (rule: Rule, test: RuleTest) => Promise<number>;

export async function testRules(
  rules: readonly Rule[],
  countOnTrace: CountOnTrace,
): Promise<TestSummary> {
  const failures: TestFailure[] = [];
  const diagnostics: Diagnostic[] = [];
  let tests = 0;
  for (const rule of rules) {
    for (const test of rule.tests) {
      tests += 1;
      const got =
        test.source.kind === "notation"
          ? countOnNotation(rule, test, test.source.text, diagnostics)
          : await countOnTrace(rule, test);
      if (got === test.alerts) continue;
      failures.push({ rule: rule.info.id, test: test.name, expected: test.alerts, got });
    }
  }
  const failed = failures.length;
  return { rules: rules.length, tests, passed: tests - failed, failed, failures, diagnostics };
}

function countOnNotation(
  rule: Rule,
  test: RuleTest,
  text: string,
  diagnostics: Diagnostic[],
): number {
  const { activities, base, diagnostics: problems } = activitiesOf(text);
  const [problem] = problems;
  if (problem !== undefined || activities.length === 0) {
    const what = problem?.message ?? "it makes no record";
    const line = problem?.place.line;
    const where = line === undefined ? "" : ` (line ${line} of the input)`;
    diagnostics.push(
      diagnostic(
        "SF3022",
        `the input of test "${test.name}" of "${rule.info.id}": ${what}${where}`,
        test.place,
      ),
    );
    return -1;
  }
  return new RuleEngine([rule]).push(activities, base).length;
}
