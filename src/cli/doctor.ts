// sysflow doctor: what this machine can and cannot do, why, and what to do about it. It reads a few files and changes nothing.

import { printable } from "../base/text.ts";
import { type Paint, painter } from "../encode/style.ts";
import { fitStart, padEnd } from "../encode/width.ts";
import { machineBelow } from "./doctor/machine.ts";
import type { Finding, State } from "./doctor/row.ts";
import { type Report, type Verdict, examine } from "./doctor/verdict.ts";
import { flagOption, textOption } from "./verb.ts";
import { type ExitCode, Exit, type Options, type Terminal, type Verb } from "./verb.ts";

const examples = `
Examples:
  sysflow doctor                 what works here, and what the rest needs
  sysflow doctor --json | jq '.verdicts[] | select(.name == "try")'
  sysflow doctor --root /mnt     another system's root folder

It reports, so it ends with 0 whatever it finds.`;

export const verb: Verb = {
  name: "doctor",
  configure(command) {
    command
      .option("--root <folder>", "look below this folder instead of /", "/")
      .option("--json", "one JSON document")
      .addHelpText("after", examples);
  },
  run,
};

async function run(
  terminal: Terminal,
  _args: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const root = textOption(options, "root") ?? "/";
  const report = examine(machineBelow(root));
  if (flagOption(options, "json"))
    await terminal.write(`${JSON.stringify(toJson(root, report))}\n`);
  else await terminal.write(toText(report, terminal));
  return Exit.done;
}

function toJson(root: string, { findings, verdicts }: Report): unknown {
  return {
    root,
    checks: findings,
    verdicts: verdicts.map(({ name, title, state, because }) => ({ name, title, state, because })),
  };
}

const words = { ok: "yes", limited: "limited", no: "no" } as const satisfies {
  readonly [state in State]: string;
};
const colors = { ok: "green", limited: "magenta", no: "red" } as const satisfies {
  readonly [state in State]: string;
};

function toText({ findings, verdicts }: Report, terminal: Terminal): string {
  const paint = painter(terminal.color);
  const names = Math.max(...findings.map((finding) => finding.name.length));
  const lines = verdicts.map((verdict) => verdictLine(verdict, findings, paint));
  lines.push("");
  const room = Math.max(20, terminal.columns - names - 13);
  for (const finding of findings) {
    const state = paint(colors[finding.state], padEnd(finding.state, 7));
    const found = printable(finding.found);
    lines.push(`  ${state}  ${padEnd(finding.name, names)}  ${fitStart(found, room)}`);
    const margin = " ".repeat(names + 13);
    for (const line of wrap(finding.why, room)) lines.push(margin + paint("dim", line));
    if (finding.fix !== undefined) {
      for (const line of wrap(`→ ${finding.fix}`, room)) lines.push(margin + paint("cyan", line));
    }
  }
  return `${lines.join("\n")}\n`;
}

function verdictLine(verdict: Verdict, findings: readonly Finding[], paint: Paint): string {
  const word = paint("bold", paint(colors[verdict.state], words[verdict.state]));
  const reasons = verdict.because.map((name) => {
    const found = findings.find((finding) => finding.name === name)?.found ?? "";
    return `${name}: ${printable(found)}`;
  });
  const tail = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
  return `${padEnd(`${verdict.title}:`, 18)}${word}${paint("dim", tail)}`;
}

function wrap(text: string, cells: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > cells) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
