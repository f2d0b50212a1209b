// Chosen fields (`--fields a,b`): attribute names, the record's id, and the table's joined columns. One name serves JSON, CSV, table.

import { type Ip, printIp } from "../base/ip.ts";
import { nearest } from "../base/nearest.ts";
import { activityOf } from "../context/activity.ts";
import { attributes, findAttribute, findSysflowAttribute } from "../model/attribute.ts";
import { provenanceAttributes } from "../model/attribute/provenance.ts";
import type { AttributeType, AttributeValue } from "../model/attribute/row.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { type BehaviourRecord, isFlow } from "../model/record.ts";
import { type TimeBase, printTime } from "../model/time.ts";
import { printObject } from "./object.ts";
import { recordId } from "./record-id.ts";
import { printDuration } from "./units.ts";

export type FieldValue = string | number | boolean | readonly (string | number)[];

export type Field = {
  /** As asked for: the table's heading. */
  readonly name: string;
  /** The path in JSON and the column in CSV; durations carry their unit. */
  readonly path: string;
  readonly right: boolean;
  readonly get: (record: BehaviourRecord, base: TimeBase) => FieldValue | undefined;
  /** For people. */
  readonly print: (value: FieldValue) => string;
};

const joined: readonly Field[] = [
  { name: "id", path: "id", right: false, get: recordId, print: String },
  {
    name: "object",
    path: "object",
    right: false,
    get: (record) => printObject(record) || undefined,
    print: String,
  },
];

/** `a,b` as fields; an unknown name is a diagnostic with a suggestion. */
export function parseFields(text: string): readonly Field[] | Diagnostic {
  const fields: Field[] = [];
  for (const part of text.split(",")) {
    const name = part.trim();
    if (name === "") continue;
    if (provenanceAttributes.some((row) => row.name === name)) {
      return diagnostic("SF2003", `--fields cannot know ${name}`);
    }
    const field = findField(name);
    if (field === undefined) return unknownField(name);
    fields.push(field);
  }
  if (fields.length > 0) return fields;
  return diagnostic("SF2002", "no field was named");
}

function findField(name: string): Field | undefined {
  const row = findAttribute(name) ?? findSysflowAttribute(name);
  if (row === undefined) return joined.find((field) => field.name === name);
  return {
    name,
    path: row.type === "duration" ? `${name}Ns` : name,
    right: row.type === "int" || row.type === "duration",
    get: (record, base) => {
      const at = isFlow(record) ? record.endTs : record.ts;
      const activity = activityOf(record, isFlow(record) ? "end" : "instant", at);
      const value = row.get(activity, { base, provenance: undefined });
      return value === undefined ? undefined : plainValue(row.type, value);
    },
    print: (value) =>
      row.type === "duration" && typeof value === "number"
        ? printDuration(value)
        : printValue(value),
  };
}

/** As JSON says it: times in RFC 3339, addresses as text, large integers as strings. */
function plainValue(type: AttributeType, value: AttributeValue): FieldValue {
  if (typeof value === "bigint") {
    if (type === "time") return printTime(value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  }
  if (type === "ip" && (typeof value === "number" || typeof value === "string")) {
    return printIp(value);
  }
  if (type === "ips" && Array.isArray(value)) return value.map((ip: Ip) => printIp(ip));
  return value;
}

export function printValue(value: FieldValue): string {
  return typeof value === "object" ? value.join("|") : String(value);
}

function unknownField(name: string): Diagnostic {
  const names = [...joined, ...attributes].map((row) => row.name);
  const close = nearest(name, names);
  return diagnostic(
    "SF2002",
    `there is no field "${name}"`,
    {},
    close === undefined ? undefined : `did you mean "${close}"?`,
  );
}
