// The vocabulary: one row per attribute, shared by conditions, JSON, tables and the console. The rows are split by family;
// docs/reference/attributes.md is generated from them. This file finds rows by name; it knows no rule.

import { nearest } from "../base/nearest.ts";
import { fileAttributes } from "./attribute/file.ts";
import { placeAttributes } from "./attribute/place.ts";
import { processAttributes } from "./attribute/process.ts";
import { provenanceAttributes } from "./attribute/provenance.ts";
import { recordAttributes } from "./attribute/record.ts";
import type { Attribute } from "./attribute/row.ts";
import { sysflowAttributes, sysflowNames, sysflowRefused } from "./attribute/sysflow.ts";

export const attributes: readonly Attribute[] = [
  ...recordAttributes,
  ...processAttributes,
  ...fileAttributes,
  ...placeAttributes,
  ...provenanceAttributes,
];

const byName: ReadonlyMap<string, Attribute> = new Map(
  attributes.flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row])),
);

const sysflowByName: ReadonlyMap<string, Attribute> = (() => {
  const found = new Map(sysflowAttributes.map((row) => [row.name, row]));
  for (const [name, ours] of Object.entries(sysflowNames)) {
    const row = byName.get(ours);
    if (row !== undefined) found.set(name, row);
  }
  return found;
})();

/** One of ours, by name or alias. */
export function findAttribute(name: string): Attribute | undefined {
  return byName.get(name);
}

/** One of the original's (`sf.…`). */
export function findSysflowAttribute(name: string): Attribute | undefined {
  return sysflowByName.get(name);
}

/** Why one of the original's names has no value here. */
export function whyRefused(name: string): string | undefined {
  return Object.hasOwn(sysflowRefused, name) ? sysflowRefused[name] : undefined;
}

/** The name that was probably meant. */
export function nearestAttribute(name: string): string | undefined {
  return nearest(name, name.startsWith("sf.") ? sysflowByName.keys() : byName.keys());
}

/** First parts of dotted names: an unquoted word that starts with one is meant as an attribute. */
const groups: ReadonlySet<string> = new Set([
  "sf",
  ...attributes
    .map((row) => row.name)
    .filter((name) => name.includes("."))
    .map((name) => name.slice(0, name.indexOf("."))),
]);

/** "proc.nmae" and "file.pth" look like attributes; "passwd" and "id.txt" do not. */
export function looksLikeAttribute(word: string): boolean {
  const dot = word.indexOf(".");
  return dot > 0 && /^[a-z_.]+$/i.test(word) && groups.has(word.slice(0, dot));
}
