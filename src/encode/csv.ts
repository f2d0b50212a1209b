// Records as CSV (RFC 4180, lines ended by CR LF): the columns are the paths of the JSON form. Lists are joined by "|", absent is an
// empty cell. Cells are data as recorded: a spreadsheet may take one that starts with "=" for a formula.

import type { BehaviourRecord, Record } from "../model/record.ts";
import { isBehaviour } from "../model/record.ts";
import type { TimeBase } from "../model/time.ts";
import { type Field, printValue } from "./fields.ts";
import { type JsonObject, type JsonValue, recordJson } from "./json.ts";

/** Every path that a behaviour record can have and a cell can hold; what only schema 6 says comes last. */
export const csvColumns: readonly string[] = [
  "id",
  "ts",
  "endTs",
  "type",
  "op",
  "ret",
  ...["key", "pid", "tid", "exe", "name", "args", "cwd", "tty"].map((key) => `proc.${key}`),
  ...["uid", "user", "gid", "group", "entry", "createdTs"].map((key) => `proc.${key}`),
  ...["key", "pid", "exe", "name", "args"].map((key) => `parent.${key}`),
  ...["path", "newpath", "type", "fd", "openflags"].map((key) => `file.${key}`),
  ...["sip", "sport", "dip", "dport", "proto"].map((key) => `net.${key}`),
  ...["rbytes", "wbytes", "rops", "wops"].map((key) => `flow.${key}`),
  ...["id", "name", "image", "type"].map((key) => `container.${key}`),
  "pod.id",
  "pod.name",
  "pod.namespace",
  "host",
  "state",
  "args",
  "target.pid",
  "kubernetes.kind",
  "kubernetes.action",
  "kubernetes.message",
  "gap.reason",
  "gap.lost",
  "gap.unit",
  "gap.where",
];

export function csvHeader(fields: readonly Field[] | undefined): string {
  return line(fields === undefined ? csvColumns : fields.map((field) => field.path));
}

export function recordCsv(record: Record, base: TimeBase): string {
  const json = recordJson(record, base);
  return line(csvColumns.map((column) => cell(valueAt(json, column))));
}

export function fieldsCsv(
  record: BehaviourRecord,
  base: TimeBase,
  fields: readonly Field[],
): string {
  return line(
    fields.map((field) => {
      const value = field.get(record, base);
      return value === undefined ? "" : printValue(value);
    }),
  );
}

export type CsvSettings = { readonly fields: readonly Field[] | undefined };

export function encodeCsv(
  records: readonly Record[],
  base: TimeBase,
  { fields }: CsvSettings,
): string {
  let out = "";
  for (const record of records) {
    if (fields === undefined) out += recordCsv(record, base);
    else if (isBehaviour(record)) out += fieldsCsv(record, base, fields);
  }
  return out;
}

function valueAt(json: JsonObject, path: string): JsonValue {
  let value: JsonValue = json;
  for (const key of path.split(".")) {
    if (!isObject(value)) return undefined;
    value = value[key];
  }
  return value;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && !Array.isArray(value);
}

function cell(value: JsonValue): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((one) => cell(one)).join("|");
  return isObject(value) ? JSON.stringify(value) : String(value);
}

function line(cells: readonly string[]): string {
  return `${cells.map(quote).join(",")}\r\n`;
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
