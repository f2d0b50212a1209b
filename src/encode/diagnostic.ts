// Diagnostics for people: what is wrong, where, the line itself with a caret where its text is at hand, and what to do.

import { printable } from "../base/text.ts";
import type { Diagnostic, Place } from "../model/diagnostic.ts";
import { type Color, painter } from "./style.ts";
import { displayWidth } from "./width.ts";

export type DiagnosticOptions = {
  readonly color: boolean;
  /** The text that `place.line` and `place.column` point into: a rule file, a condition, a log. */
  readonly source?: string | undefined;
};

const severityColor = { error: "red", warning: "magenta", info: "blue" } as const satisfies {
  readonly [severity in Diagnostic["severity"]]: Color;
};

/** A whole message, one or more lines, each ended. */
export function printDiagnostic(item: Diagnostic, options: DiagnosticOptions): string {
  const paint = painter(options.color);
  const label = paint(
    "bold",
    paint(severityColor[item.severity], `${item.severity}[${item.code}]`),
  );
  const lines = [`${label}: ${printable(item.message)}`];
  const place = printPlace(item.place);
  if (place !== undefined) lines.push(`  ${paint("dim", place)}`);
  const { line, column } = item.place;
  if (options.source !== undefined && line !== undefined) {
    const excerpt = excerptOf(options.source, line, column);
    if (excerpt !== undefined) {
      lines.push(`  ${paint("dim", excerpt.margin)}${excerpt.text}`);
      if (excerpt.caret !== undefined) lines.push(`  ${paint("red", excerpt.caret)}`);
    }
  }
  if (item.hint !== undefined) lines.push(`  ${paint("cyan", "hint:")} ${printable(item.hint)}`);
  return `${lines.join("\n")}\n`;
}

/** `file:line:column`, `file, byte offset N`, or whatever part of it is known. */
function printPlace(place: Place): string | undefined {
  const path = place.path === undefined ? undefined : printable(place.path);
  if (place.line !== undefined) {
    const position = place.column === undefined ? `${place.line}` : `${place.line}:${place.column}`;
    return path === undefined ? `line ${position}` : `${path}:${position}`;
  }
  if (place.offset !== undefined) {
    return path === undefined
      ? `byte offset ${place.offset}`
      : `${path}, byte offset ${place.offset}`;
  }
  return path;
}

const excerptMax = 120;

type Excerpt = {
  readonly margin: string;
  readonly text: string;
  readonly caret: string | undefined;
};

/** The line, cut to a excerpt around the column, and a caret below it. */
function excerptOf(source: string, line: number, column: number | undefined): Excerpt | undefined {
  const text = source.split("\n", line)[line - 1]?.replace(/\r$/, "");
  if (text === undefined) return undefined;
  const at = Math.max(0, Math.min((column ?? 1) - 1, text.length));
  const from = at > excerptMax - 20 ? at - Math.floor(excerptMax / 2) : 0;
  const excerpt = text.slice(from, from + excerptMax);
  const margin = `${line} | `;
  if (column === undefined) return { margin, text: printable(excerpt), caret: undefined };
  const before = displayWidth(printable(excerpt.slice(0, at - from)));
  const word = /^[\w.]+/.exec(excerpt.slice(at - from))?.[0].length ?? 1;
  return {
    margin,
    text: printable(excerpt),
    caret: `${" ".repeat(margin.length - 2)}| ${" ".repeat(before)}${"^".repeat(word)}`,
  };
}
