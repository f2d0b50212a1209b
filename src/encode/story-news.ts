// What is new of an incident that is still growing, for a terminal: its headline, and the steps that were not shown before. The whole
// story is story.ts.

import { printable } from "../base/text.ts";
import type { Incident, Step } from "../model/incident.ts";
import type { TimeBase } from "../model/time.ts";
import { type StoryOptions, colorOf, renderSteps, wrap } from "./story.ts";
import { painter } from "./style.ts";
import { displayWidth } from "./width.ts";

export type StoryNews = {
  readonly kind: "new" | "changed" | "gone";
  readonly incident: Incident;
  readonly before: Incident | undefined;
  readonly steps: readonly Step[];
};

export function renderNews(news: StoryNews, base: TimeBase, options: StoryOptions): string {
  const { kind, incident, before, steps } = news;
  const paint = painter(options.color);
  const columns = Math.max(40, options.columns);
  const { severity, score } = incident;
  const was = before === undefined || before.score === score ? "" : ` (was ${before.score})`;
  const head =
    kind === "gone" ? "NO INCIDENT ANY MORE" : `${severity.toUpperCase()}  ${score}/100${was}`;
  const title = wrap(printable(incident.title), columns - displayWidth(head) - 4, "");
  const pad = " ".repeat(displayWidth(head) + 4);
  const lines = title.map((text, i) =>
    i === 0
      ? `${paint(kind === "gone" ? "dim" : colorOf[severity], `▌ ${head}`)}  ${paint("bold", text)}`
      : `${pad}${paint("bold", text)}`,
  );
  if (kind === "new") lines.push(paint("dim", `  incident ${incident.id}`));
  lines.push(...renderSteps(steps, base, columns, paint));
  return `${lines.join("\n")}\n`;
}
