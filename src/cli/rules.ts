// sysflow rules: lint, test and list rule files. Running rules over a recording is `detect`'s business.

import { dirname, join } from "node:path";
import type { Diagnostic } from "../model/diagnostic.ts";
import { type TestSummary, testRules } from "../testing/rules.ts";
import { type JsonObject } from "../encode/json.ts";
import { painter } from "../encode/style.ts";
import { countNoun } from "../encode/units.ts";
import { EventOrder } from "../flow/order.ts";
import { openRecording } from "../pipeline/recording.ts";
import { RuleEngine } from "../rule/detect.ts";
import { type RuleFile, type RuleSet, loadRules } from "../rule/file.ts";
import type { Rule, RuleTest } from "../rule/rule.ts";
import { readRuleFiles } from "../source/rules.ts";
import { type ExitCode, Exit, type Options, type Terminal, UsageError, type Verb } from "./verb.ts";
import { flagOption, textOption } from "./verb.ts";

const actions = ["lint", "test", "list"] as const;
type Action = (typeof actions)[number];

const examples = `
Examples:
  sysflow rules lint rules/             what is wrong, and where
  sysflow rules test rules/             runs the tests inside the rules
  sysflow rules list --json             the packs shipped with the program

Exit code 1: a rule file has an error, a test failed, or --strict and a rule was
refused.`;

export const verb: Verb = {
  name: "rules",
  configure(command) {
    command
      .argument("<action>", actions.join(", "))
      .argument("[path...]", "rule files or folders (default: the packs shipped with the program)")
      .option("--strict", "a refused rule or a warning counts as an error")
      .option("--dialect <name>", "the files' dialect, instead of looking at them: sysflow")
      .option("--json", "one JSON document")
      .addHelpText("after", examples);
  },
  run,
};

type Context = {
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly strict: boolean;
  readonly set: RuleSet;
  readonly broken: boolean;
};

async function run(
  terminal: Terminal,
  args: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const [first, ...paths] = args;
  const action = actions.find((name) => name === first);
  if (action === undefined) {
    throw new UsageError(`there is no "rules ${first ?? ""}"`, `one of ${actions.join(", ")}`);
  }
  const dialect = textOption(options, "dialect");
  if (dialect !== undefined && dialect !== "sysflow") {
    throw new UsageError(`rules of the dialect "${dialect}" are not read yet`, "sysflow is");
  }
  const found = readRuleFiles(paths);
  for (const item of found.diagnostics) terminal.report(item);
  if (found.sources.length === 0) return Exit.usage;
  const set = loadRules(found.sources);
  const broken = found.diagnostics.length > 0 || set.files.some(isBroken);
  const context: Context = {
    terminal,
    json: flagOption(options, "json"),
    strict: flagOption(options, "strict"),
    set,
    broken,
  };
  return runAction(action, context);
}

/** A syntax error, in the file or in a condition; a rule that asks for what there is not is refused only. */
function isBroken(file: RuleFile): boolean {
  return file.errors.length > 0 || file.refused.some((item) => item.diagnostic.code === "SF3001");
}

function runAction(action: Action, context: Context): Promise<ExitCode> {
  switch (action) {
    case "lint":
      return lint(context);
    case "test":
      return test(context);
    case "list":
      return list(context);
    default:
      return action satisfies never;
  }
}

async function lint({ terminal, json, strict, set, broken }: Context): Promise<ExitCode> {
  const loaded = set.rules.length;
  const rules = set.files.reduce((sum, file) => sum + file.count, 0);
  const warned = set.files.some((file) => file.warnings.length > 0);
  for (const file of set.files) for (const item of file.errors) terminal.report(item);
  if (json) {
    const files = set.files.map(fileJson);
    await terminal.write(`${JSON.stringify({ files, total: { rules, loaded } })}\n`);
  } else {
    for (const file of set.files) {
      for (const item of file.refused) terminal.report(item.diagnostic);
      for (const item of file.warnings) terminal.report(item);
      const more = file.refused.length === 0 ? "" : `, ${file.count - file.rules.length} refused`;
      await terminal.write(
        `${file.path}: ${file.dialect}, ${file.rules.length} of ${countNoun(file.count, "rule")} loaded${more}\n`,
      );
    }
    await terminal.write(`${loaded} of ${countNoun(rules, "rule")} loaded\n`);
  }
  return broken || (strict && (loaded < rules || warned)) ? Exit.failed : Exit.done;
}

function fileJson(file: RuleFile): JsonObject {
  return {
    path: file.path,
    dialect: file.dialect,
    rules: file.count,
    loaded: file.rules.length,
    refused: file.refused.map(({ rule, diagnostic }) => ({ rule, ...reasonJson(diagnostic) })),
    warnings: file.warnings.map(reasonJson),
    errors: file.errors.map(reasonJson),
  };
}

function reasonJson(item: Diagnostic): JsonObject {
  const { code, message, place, hint } = item;
  return { code, reason: message, line: place.line, column: place.column, hint };
}

async function list({ terminal, json, set, broken }: Context): Promise<ExitCode> {
  for (const file of set.files) for (const item of file.errors) terminal.report(item);
  if (json) {
    const rules = set.rules.map(({ info, enabled, tests, place }) => ({
      id: info.id,
      rule: info.name,
      version: info.version,
      desc: info.description,
      severity: info.severity,
      tags: info.tags,
      enabled,
      tests: tests.length,
      path: place.path,
      line: place.line,
    }));
    await terminal.write(`${JSON.stringify({ rules })}\n`);
  } else {
    const paint = painter(terminal.color);
    const width = Math.max(0, ...set.rules.map((rule) => rule.info.id.length));
    for (const { info } of set.rules) {
      const tags = info.tags.filter((tag) => /^attack\.t\d/.test(tag)).join(" ");
      const id = paint("bold", info.id.padEnd(width));
      await terminal.write(
        `${id}  ${info.severity.padEnd(8)}  ${info.name}  ${paint("dim", tags)}\n`,
      );
    }
  }
  return broken ? Exit.failed : Exit.done;
}

async function test({ terminal, json, strict, set, broken }: Context): Promise<ExitCode> {
  for (const file of set.files) {
    for (const item of file.errors) terminal.report(item);
    for (const item of file.refused) terminal.report(item.diagnostic);
  }
  const summary = await testRules(set.rules, (rule, ruleTest) =>
    countOnTrace(terminal, rule, ruleTest),
  );
  for (const item of summary.diagnostics) terminal.report(item);
  if (json) await terminal.write(`${JSON.stringify(testJson(summary))}\n`);
  else {
    for (const failure of summary.failures) {
      const { rule, test: name, expected, got } = failure;
      await terminal.write(
        `failed: ${rule}: ${name}: expected ${countNoun(expected, "alert")}, got ${got}\n`,
      );
    }
    const { rules, tests, passed, failed } = summary;
    const refused = set.files.reduce((sum, file) => sum + file.count - file.rules.length, 0);
    const left = refused === 0 ? "" : `; ${countNoun(refused, "rule")} refused`;
    await terminal.write(
      `${countNoun(rules, "rule")}, ${countNoun(tests, "test")}: ${passed} passed, ${failed} failed${left}\n`,
    );
  }
  const refused = set.files.some((file) => file.refused.length > 0);
  return summary.failed > 0 || broken || (strict && refused) ? Exit.failed : Exit.done;
}

function testJson({ rules, tests, passed, failed, failures }: TestSummary): JsonObject {
  return {
    rules,
    tests,
    passed,
    failed,
    failures: failures.map(({ rule, test: name, expected, got }) => ({
      rule,
      test: name,
      expected,
      got,
    })),
  };
}

/** Alerts of one rule over a recording beside its rule file. */
async function countOnTrace(terminal: Terminal, rule: Rule, ruleTest: RuleTest): Promise<number> {
  if (ruleTest.source.kind !== "recording") return 0;
  const path = join(dirname(ruleTest.place.path ?? "."), ruleTest.source.path);
  const engine = new RuleEngine([rule]);
  const order = new EventOrder();
  const recording = openRecording([path], { report: (item) => terminal.report(item) });
  let alerts = 0;
  let base = 0n;
  for await (const batch of recording.batches()) {
    if (batch.base !== base) alerts += engine.push(order.end(), base).length;
    base = batch.base;
    alerts += engine.push(order.push(batch.records), base).length;
  }
  alerts += engine.push(order.end(), base).length;
  return recording.unreadable > 0 ? -1 : alerts;
}
