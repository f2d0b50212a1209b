// Incidents as a story for a terminal: headline, steps in order, impact, the processes concerned, what to do next. Pure text for a
// given width; colours only underline what the words say.

import { printable } from "../base/text.ts";
import type { Alert, AlertSeverity } from "../model/alert.ts";
import type { Because, Incident, Step } from "../model/incident.ts";
import { type TimeBase, printTime, toAbsolute } from "../model/time.ts";
import { type Color, type Paint, painter } from "./style.ts";
import { type TreeItem, renderTree } from "./tree.ts";
import { countNoun, printCount, printDuration } from "./units.ts";
import { displayWidth, fit, fitStart, padEnd } from "./width.ts";

export type StoryView = {
  readonly base: TimeBase;
  readonly incidents: readonly {
    readonly incident: Incident;
    readonly tree: readonly TreeItem[];
  }[];
  readonly unconnected: readonly Alert[];
  /** Shown where there is no incident. */
  readonly processes: readonly TreeItem[];
  /** What was looked at: "45 105 records, 21 rules …". */
  readonly looked: string;
  /** What is missing: losses, evictions. */
  readonly missing: readonly string[];
  /** The inputs as the user typed them, for the commands to try next; "" where nothing can be read again. */
  readonly inputs: string;
};

export type StoryOptions = { readonly columns: number; readonly color: boolean };

/** Steps shown of one incident; the middle of longer ones is folded. */
const stepsMax = 30;
/** From this width on, the technique has a column of its own. */
const wideColumns = 110;

export const colorOf: { readonly [Name in AlertSeverity]: Color } = {
  info: "dim",
  low: "blue",
  medium: "magenta",
  high: "red",
  critical: "red",
};

const reasons: { readonly [Name in Because]: string } = {
  alert: "a rule matched",
  ancestry: "parent and child",
  "same-process": "same process",
  "written-then-executed": "written, then run",
  "written-then-read": "written, then read",
  connection: "connection",
};

export function renderStory(view: StoryView, options: StoryOptions): string {
  const paint = painter(options.color);
  const columns = Math.max(40, options.columns);
  const lines: string[] = [];
  for (const { incident, tree } of view.incidents) {
    lines.push(...renderIncident(incident, tree, view, columns, paint), "");
  }
  if (view.incidents.length === 0) lines.push(...renderCalm(view, columns, paint), "");
  if (view.unconnected.length > 0) {
    lines.push(...renderAlerts(view, columns, paint), "");
  }
  for (const text of view.missing) lines.push(...wrap(`Missing: ${text}`, columns, ""));
  if (view.inputs !== "") lines.push(...renderNext(view, columns, paint));
  return `${lines.join("\n")}\n`;
}

function renderIncident(
  incident: Incident,
  tree: readonly TreeItem[],
  { base }: StoryView,
  columns: number,
  paint: Paint,
): string[] {
  const color = colorOf[incident.severity];
  const head = `${incident.severity.toUpperCase()}  ${incident.score}/100`;
  const title = wrap(printable(incident.title), columns - displayWidth(head) - 4, "");
  const pad = " ".repeat(displayWidth(head) + 4);
  const lines = title.map((text, i) =>
    i === 0
      ? `${paint(color, `▌ ${head}`)}  ${paint("bold", text)}`
      : `${pad}${paint("bold", text)}`,
  );
  for (const text of placeOf(incident, base, columns)) lines.push(`  ${paint("dim", text)}`);
  lines.push("", paint("bold", "  What happened"));
  lines.push(...renderSteps(incident.steps, base, columns, paint));
  if (incident.impact.length > 0) {
    lines.push("", paint("bold", "  Impact"));
    for (const step of incident.impact) lines.push(...renderImpact(step, columns, paint));
  }
  if (tree.length > 0) {
    lines.push("", paint("bold", "  Processes"));
    lines.push(
      ...renderTree(tree, {
        columns,
        paint,
        indent: "  ",
        linesMax: 28,
        childrenMax: 8,
        depthMax: 6,
      }),
    );
  }
  const terms = incident.scoreTerms.map(({ name, value }) => `${name} ${value}`).join(" + ");
  lines.push(
    "",
    ...wrap(`Score: ${terms}`, columns - 2, "       ").map((line) => `  ${paint("dim", line)}`),
  );
  return lines;
}

function placeOf(incident: Incident, base: TimeBase, columns: number): string[] {
  const from = printTime(toAbsolute(base, incident.from));
  const to = printTime(toAbsolute(base, incident.to));
  const until = from.slice(0, 10) === to.slice(0, 10) ? to.slice(11, 19) : printDay(to);
  const hosts = incident.hosts.map(({ id }) => printable(id)).join(", ");
  const where = incident.containers.map(({ name, id }) => printable(name ?? id));
  const duration = printDuration(incident.to - incident.from);
  const lines = [`${printDay(from)} – ${until} UTC, ${duration}`];
  if (hosts !== "") lines.push(`host       ${hosts}`);
  if (where.length > 0) lines.push(`container  ${where.join(", ")}`);
  const alerts = countNoun(incident.alerts.length, "alert");
  const count = incident.processes.length;
  const processes = `${printCount(count)} process${count === 1 ? "" : "es"}`;
  lines.push(`incident   ${incident.id} · ${alerts} · ${processes}`);
  return lines.map((line) => fit(line, columns - 2));
}

function printDay(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)}`;
}

export function renderSteps(
  steps: readonly Step[],
  base: TimeBase,
  columns: number,
  paint: Paint,
): string[] {
  const lines: string[] = [];
  const folded = foldSteps(steps);
  for (const item of folded) {
    if (typeof item === "number")
      lines.push(paint("dim", `      … ${item} more steps (--json has them all)`));
    else lines.push(...renderStep(item, base, columns, paint));
  }
  return lines;
}

/** Start and end stay; of the middle, what a rule named or what did damage. */
function foldSteps(steps: readonly Step[]): (Step | number)[] {
  if (steps.length <= stepsMax) return [...steps];
  const kept = new Set<Step>([...steps.slice(0, stepsMax / 3), ...steps.slice(-stepsMax / 3)]);
  for (const step of steps) {
    if (kept.size >= stepsMax) break;
    if (step.alerts.length > 0) kept.add(step);
  }
  const out: (Step | number)[] = [];
  let hidden = 0;
  for (const step of steps) {
    if (!kept.has(step)) {
      hidden += 1;
      continue;
    }
    if (hidden > 0) out.push(hidden);
    hidden = 0;
    out.push(step);
  }
  return out;
}

function renderStep(step: Step, base: TimeBase, columns: number, paint: Paint): string[] {
  const time = printTime(toAbsolute(base, step.ts)).slice(11, 23);
  const start = `  ${String(step.n).padStart(2)}  ${time}  `;
  const indent = displayWidth(start);
  const technique = [step.technique, step.tactic?.replaceAll("-", " ")].filter(Boolean).join(" ");
  const how = knownBy(step);
  if (columns < wideColumns) {
    const text = wrap(printable(step.sentence), columns - indent, "");
    const room = columns - indent;
    const full = [technique, how].filter((part) => part !== "").join(" · ");
    const short = [step.technique, how].filter((part) => part !== undefined).join(" · ");
    return [
      ...text.map((line, i) =>
        i === 0 ? `${paint("dim", start)}${line}` : `${" ".repeat(indent)}${line}`,
      ),
      `${" ".repeat(indent)}${paint("cyan", fitStart(displayWidth(full) <= room ? full : short, room))}`,
    ];
  }
  const side = Math.min(56, Math.floor(columns * 0.34));
  const text = wrap(printable(step.sentence), columns - indent - side - 2, "");
  const notes = [technique === "" ? how : technique, technique === "" ? "" : how];
  const rows = Math.max(text.length, notes[1] === "" ? 1 : text.length);
  const lines: string[] = [];
  for (let i = 0; i < rows; i++) {
    const lead = i === 0 ? paint("dim", start) : " ".repeat(indent);
    const left = padEnd(text[i] ?? "", columns - indent - side - 2);
    const note =
      i === 0
        ? rows === 1
          ? notes.filter((part) => part !== "").join(" · ")
          : notes[0]
        : i === 1
          ? notes[1]
          : "";
    lines.push(
      `${lead}${left}  ${paint(i === 0 ? "cyan" : "dim", fitStart(note ?? "", side))}`.trimEnd(),
    );
  }
  return lines;
}

function knownBy(step: Step): string {
  const rules = [...new Set(step.alerts.map(({ rule }) => rule.name))];
  const more = rules.length > 1 ? ` +${rules.length - 1}` : "";
  if (rules.length > 0) return `rule: ${printable(rules[0] ?? "")}${more}`;
  return reasons[step.because];
}

function renderImpact(step: Step, columns: number, paint: Paint): string[] {
  const tactic = (step.tactic ?? "").replaceAll("-", " ");
  const lead = `  ${padEnd(tactic, 18)} `;
  const text = wrap(printable(step.sentence), columns - displayWidth(lead), "");
  return text.map(
    (line, i) => `${i === 0 ? paint("red", lead) : " ".repeat(displayWidth(lead))}${line}`,
  );
}

/** No incident: said plainly, with what was looked at, and what the processes did. */
function renderCalm(view: StoryView, columns: number, paint: Paint): string[] {
  const found =
    view.unconnected.length === 0
      ? "No attack found, and no rule fired."
      : `No attack found: ${countNoun(view.unconnected.length, "alert")}, but nothing that connects them to one.`;
  const lines = [
    ...wrap(found, columns, "").map((line) => paint("bold", line)),
    ...wrap(`Looked at ${view.looked}.`, columns, "").map((line) => paint("dim", line)),
  ];
  if (view.processes.length === 0) return lines;
  lines.push("", paint("bold", "Processes"));
  lines.push(...renderTree(view.processes, { columns, paint, childrenMax: 12, linesMax: 60 }));
  return lines;
}

function renderAlerts({ unconnected, base }: StoryView, columns: number, paint: Paint): string[] {
  const lines = [paint("bold", "Alerts outside incidents")];
  const shown = unconnected.slice(0, 10);
  for (const alert of shown) {
    const time = printTime(toAbsolute(base, alert.ts)).slice(11, 23);
    const lead = `  ${time}  ${padEnd(alert.rule.severity, 9)}`;
    const text = wrap(printable(alert.reason), columns - displayWidth(lead), "");
    lines.push(
      ...text.map(
        (line, i) => `${i === 0 ? paint("dim", lead) : " ".repeat(displayWidth(lead))}${line}`,
      ),
    );
  }
  const hidden = unconnected.length - shown.length;
  if (hidden > 0) lines.push(paint("dim", `  … ${hidden} more (sysflow detect shows them all)`));
  return lines;
}

function renderNext(view: StoryView, columns: number, paint: Paint): string[] {
  const [first] = view.incidents;
  const pid = first?.incident.steps.findLast(({ alerts }) => alerts.length > 0)?.proc.pid;
  const commands =
    first === undefined
      ? [
          [`sysflow print ${view.inputs} --limit 40`, "the records themselves"],
          [`sysflow detect ${view.inputs}`, "every alert"],
        ]
      : [
          [
            `sysflow print ${view.inputs} --filter 'proc.pid = ${pid ?? first.incident.root.proc.pid}'`,
            "all that this process did",
          ],
          [`sysflow detect ${view.inputs}`, "every alert, with its rule"],
          [`sysflow story ${view.inputs} --json`, "the incident for a program"],
        ];
  const lines = [paint("bold", "Next")];
  for (const [command = "", why = ""] of commands) {
    const room = columns - displayWidth(command) - 4;
    const reason = room >= displayWidth(why) ? `  ${paint("dim", why)}` : "";
    lines.push(`  ${paint("green", command)}${reason}`);
  }
  return lines;
}

/** Words into lines of at most `width` cells; a word longer than that is cut. */
export function wrap(text: string, width: number, hanging: string): string[] {
  const room = Math.max(16, width);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const next = line === "" ? word : `${line} ${word}`;
    if (displayWidth(next) <= room) {
      line = next;
      continue;
    }
    if (line !== "") lines.push(line);
    line = `${lines.length === 0 ? "" : hanging}${word}`;
    while (displayWidth(line) > room) {
      const cut = [...line].slice(0, room).join("");
      lines.push(cut);
      line = `${hanging}${line.slice(cut.length)}`;
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}
