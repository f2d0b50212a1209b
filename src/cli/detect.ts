// sysflow detect: rules over a recording, alerts as lines for people or as JSON. What connects the alerts is `story`'s business.

import { createHash } from "node:crypto";
import { type JsonObject, processJson } from "../encode/json.ts";
import { recordId } from "../encode/record-id.ts";
import { painter } from "../encode/style.ts";
import { countNoun } from "../encode/units.ts";
import { EventOrder } from "../flow/order.ts";
import { type Alert, type AlertSeverity, severities } from "../model/alert.ts";
import type { Activity } from "../model/activity.ts";
import { type TimeBase, printTime, toAbsolute } from "../model/time.ts";
import { RuleEngine } from "../rule/detect.ts";
import { inputArguments, inputExit, openInputs } from "./inputs.ts";
import { progressOf } from "./progress.ts";
import { openRules, rulesOption } from "./rule-files.ts";
import { type ExitCode, Exit, type Options, type Terminal, UsageError, type Verb } from "./verb.ts";
import { flagOption, listOption, textOption } from "./verb.ts";

const examples = `
Examples:
  sysflow detect recording.sf                     the shipped packs
  sysflow detect capture.scap --rules my.yaml --rules rules/
  sysflow detect recording.sf --json | jq .reason  one alert a line
  sysflow detect recording.sf --fail-on high       exit code 1 if high or worse`;

export const verb: Verb = {
  name: "detect",
  configure(command) {
    rulesOption(inputArguments(command))
      .option(
        "--fail-on <severity>",
        `exit code 1 on an alert this severe or above: ${severities.join(", ")}`,
      )
      .option("--json", "one JSON document a line")
      .addHelpText("after", examples);
  },
  run,
};

async function run(
  terminal: Terminal,
  args: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const failOn = severityOption(options);
  const rules = openRules(terminal, listOption(options, "rules"));
  if (rules.unusable && rules.rules.length === 0) return Exit.usage;
  const engine = new RuleEngine(rules.rules, { sha256: hashText });
  const order = new EventOrder();
  const recording = openInputs(terminal, args, options);
  const progress = progressOf(terminal, recording);
  const print = flagOption(options, "json") ? jsonLine : alertLine;
  const counts = new Map<AlertSeverity, number>();
  let base: TimeBase = 0n;
  const show = async (activities: readonly Activity[]): Promise<void> => {
    for (const alert of engine.push(activities, base)) {
      counts.set(alert.rule.severity, (counts.get(alert.rule.severity) ?? 0) + 1);
      await terminal.write(print(alert, base, terminal.color));
    }
  };
  for await (const batch of recording.batches()) {
    // Inputs too far apart to share a base come one group after the other.
    if (batch.base !== base) {
      await show(order.end());
      base = batch.base;
    }
    for (const record of batch.records) if (record.type === "G") engine.noteGap(record);
    await show(order.push(batch.records));
    progress(batch.records.length);
    if (terminal.interrupted.aborted) break;
  }
  await show(order.end());
  terminal.progress(undefined);
  terminal.note(summary(engine, rules.rules.length, counts));
  if (terminal.interrupted.aborted) return Exit.interrupted;
  const inputs = inputExit(recording);
  if (inputs !== Exit.done) return inputs;
  const worst = Math.max(-1, ...[...counts.keys()].map((name) => severities.indexOf(name)));
  return failOn !== undefined && worst >= severities.indexOf(failOn) ? Exit.failed : Exit.done;
}

function severityOption(options: Options): AlertSeverity | undefined {
  const text = textOption(options, "failOn");
  const found = severities.find((severity) => severity === text);
  if (text !== undefined && found === undefined) {
    throw new UsageError(`--fail-on takes one of ${severities.join(", ")}, not "${text}"`);
  }
  return found;
}

function hashText(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

function summary(
  engine: RuleEngine,
  rules: number,
  counts: ReadonlyMap<AlertSeverity, number>,
): string {
  const parts = [...severities]
    .reverse()
    .flatMap((name) => (counts.has(name) ? [`${counts.get(name)} ${name}`] : []));
  const { alerts, repeated } = engine.counters;
  const by = parts.length === 0 ? "" : ` (${parts.join(", ")})`;
  const more = repeated === 0 ? "" : `; ${countNoun(repeated, "repetition")} not shown`;
  return `${countNoun(rules, "rule")}: ${countNoun(alerts, "alert")}${by}${more}`;
}

/** The object that `detect --json` writes for an alert (interface.md). */
export function alertJson(alert: Alert, base: TimeBase): JsonObject {
  return {
    id: alert.id,
    rule: alert.rule.name,
    ruleId: alert.rule.id,
    severity: alert.rule.severity,
    tags: alert.rule.tags,
    ts: printTime(toAbsolute(base, alert.ts)),
    reason: alert.reason,
    proc: alert.proc === undefined ? undefined : processJson(alert.proc, undefined),
    records: [...new Set(alert.activities.map((activity) => recordId(activity.record, base)))],
    blind: alert.blind,
    host: alert.host.id === "" ? undefined : alert.host.id,
  };
}

function jsonLine(alert: Alert, base: TimeBase): string {
  return `${JSON.stringify(alertJson(alert, base))}\n`;
}

const colors = {
  info: "dim",
  low: "dim",
  medium: "magenta",
  high: "red",
  critical: "red",
} as const;

/** Two lines for people. */
export function alertLine(alert: Alert, base: TimeBase, color: boolean): string {
  const paint = painter(color);
  const { severity, name, tags } = alert.rule;
  const time = printTime(toAbsolute(base, alert.ts)).slice(11, 23);
  const techniques = tags
    .filter((tag) => /^attack\.t\d/.test(tag))
    .map((tag) => tag.slice(7).toUpperCase());
  const blind = alert.blind ? " (part of the recording is missing here)" : "";
  return `${time} ${paint(colors[severity], severity.padEnd(8))} ${name} ${paint("dim", techniques.join(" "))}\n             ${alert.reason}${blind}\n`;
}
