// Trees as text: one line an item, drawn with box lines, fitted to the terminal. What the items are is the caller's business.

import { printable } from "../base/text.ts";
import type { Paint } from "./style.ts";
import { displayWidth, fit, fitStart } from "./width.ts";

export type TreeItem = {
  /** Who: a command line and a pid. */
  readonly label: string;
  /** What it did, in a few words; dropped first when the line is too long. */
  readonly note: string;
  /** How many alike this line stands for. */
  readonly count: number;
  readonly mark: "root" | "attack" | undefined;
  readonly children: readonly TreeItem[];
};

export type TreeOptions = {
  readonly columns: number;
  readonly paint: Paint;
  readonly indent?: string | undefined;
  /** Children of one item shown before the rest is counted. */
  readonly childrenMax?: number | undefined;
  /** Levels shown; what lies deeper is counted. */
  readonly depthMax?: number | undefined;
  readonly linesMax?: number | undefined;
};

export function renderTree(items: readonly TreeItem[], options: TreeOptions): string[] {
  const lines: string[] = [];
  const indent = options.indent ?? "";
  for (const item of items) addItem(item, indent, indent, options, lines, 0);
  const most = options.linesMax ?? 400;
  if (lines.length <= most) return lines;
  const hidden = lines.length - most;
  return [...lines.slice(0, most), options.paint("dim", `${indent}… ${hidden} more lines`)];
}

function addItem(
  item: TreeItem,
  lead: string,
  below: string,
  options: TreeOptions,
  lines: string[],
  depth: number,
): void {
  lines.push(lineOf(item, lead, options));
  // Deeper than anybody reads; a chain of a thousand shells must not overflow the stack.
  if (depth + 1 >= (options.depthMax ?? 48)) {
    const hidden = countBelow(item);
    if (hidden > 0) lines.push(options.paint("dim", `${below}└─ … ${hidden} below`));
    return;
  }
  const most = options.childrenMax ?? 12;
  const shown = item.children.length > most ? item.children.slice(0, most - 1) : item.children;
  const hidden = item.children.length - shown.length;
  shown.forEach((child, i) => {
    const last = i === shown.length - 1 && hidden === 0;
    const next = `${below}${last ? "   " : "│  "}`;
    addItem(child, `${below}${last ? "└─ " : "├─ "}`, next, options, lines, depth + 1);
  });
  if (hidden > 0) {
    const alike = item.children.slice(shown.length).reduce((sum, { count }) => sum + count, 0);
    lines.push(options.paint("dim", `${below}└─ … ${alike} more`));
  }
}

function countBelow(item: TreeItem): number {
  const queue = [...item.children];
  let count = 0;
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    count += next.count;
    for (const child of next.children) queue.push(child);
  }
  return count;
}

function lineOf(item: TreeItem, lead: string, { columns, paint }: TreeOptions): string {
  const sign = item.mark === "root" ? "◆ " : item.mark === "attack" ? "● " : "";
  const times = item.count > 1 ? `${item.count} × ` : "";
  const room = columns - displayWidth(lead) - displayWidth(sign) - displayWidth(times);
  const share = item.note === "" ? room : Math.max(24, Math.floor(room * 0.6));
  const label = fit(printable(item.label), Math.max(8, Math.min(share, room)));
  const left = room - displayWidth(label) - 2;
  const note = item.note === "" || left < 12 ? "" : fitStart(printable(item.note), left);
  const who = item.mark === undefined ? label : paint("bold", label);
  const start = `${paint("dim", lead)}${paint("red", sign)}${paint("dim", times)}${who}`;
  return note === "" ? start : `${start}  ${paint("dim", note)}`;
}
