// Records as a table for people, fitted to the terminal: one line a record, what happened before how it is stored. Widths follow from
// the first rows, so that a long recording streams. Everything recorded goes through `printable`: it cannot steer the terminal.

import { printable } from "../base/text.ts";
import { type Process, processName } from "../model/entity.ts";
import { type OpSet, type OpRow, hasOp, opNames, ops } from "../model/opflag.ts";
import { type BehaviourRecord, type Record, isBehaviour, isFlow } from "../model/record.ts";
import { type TimeBase, type TimeNs, printTime, toAbsolute } from "../model/time.ts";
import { type Cell, type Column, measure, printLine } from "./columns.ts";
import { errorName } from "./errno.ts";
import type { Field } from "./fields.ts";
import { processOf } from "./json.ts";
import { printObject, printShortObject } from "./object.ts";
import { type Paint, painter } from "./style.ts";
import { printBytes } from "./units.ts";

export type TableSettings = {
  readonly fields: readonly Field[] | undefined;
  readonly columns: number;
  readonly color: boolean;
};

const columnsMin = 40;

/** Rows that widths are taken from. */
const measuredRows = 400;

/** Wide enough for microseconds, command lines and both ends of a connection. */
const wideColumns = 120;

type Row = { readonly day: string; readonly cells: readonly Cell[] };

export class TableEncoder {
  readonly #settings: TableSettings;
  readonly #paint: Paint;
  readonly #columns: readonly Column[];
  readonly #wide: boolean;
  readonly #gap: number;
  readonly #letters = new Map<string, OpRow>();
  #waiting: Row[] = [];
  #widths: readonly number[] | undefined;
  #day = "";

  constructor(asked: TableSettings) {
    // Some terminals say that they have no columns at all.
    const settings = { ...asked, columns: Math.max(asked.columns, columnsMin) };
    this.#settings = settings;
    this.#paint = painter(settings.color);
    this.#wide = settings.columns >= wideColumns;
    this.#gap = this.#wide || settings.fields !== undefined ? 2 : 1;
    this.#columns =
      settings.fields === undefined
        ? defaultColumns(settings.columns)
        : settings.fields.map(fieldColumn);
  }

  encode(records: readonly Record[], base: TimeBase): string {
    for (const record of records) {
      const row = this.#rowOf(record, base);
      if (row !== undefined) this.#waiting.push(row);
    }
    return this.#waiting.length < measuredRows && this.#widths === undefined ? "" : this.#flush();
  }

  end(): string {
    return this.#waiting.length === 0 ? "" : this.#flush();
  }

  /** What the letters of the flows shown mean; "" where there were none. */
  legend(): string {
    if (this.#letters.size === 0) return "";
    const rows = ops.filter((row) => this.#letters.has(row.name));
    return `flows: ${rows.map((row) => `${letterOf(row)} ${row.name.toLowerCase()}`).join(" · ")}`;
  }

  #flush(): string {
    let out = "";
    if (this.#widths === undefined) {
      const rows = this.#waiting.map((row) => row.cells);
      this.#widths = measure(this.#columns, rows, this.#settings.columns, this.#gap);
      const titles = this.#columns.map((column) => ({
        text: column.title,
        paint: (text: string) => this.#paint("bold", text),
      }));
      out += printLine(this.#columns, this.#widths, titles, this.#gap);
    }
    for (const row of this.#waiting) {
      if (row.day !== "" && row.day !== this.#day)
        out += `${this.#paint("dim", `${row.day} UTC`)}\n`;
      if (row.day !== "") this.#day = row.day;
      out += printLine(this.#columns, this.#widths, row.cells, this.#gap);
    }
    this.#waiting = [];
    return out;
  }

  #rowOf(record: Record, base: TimeBase): Row | undefined {
    const { fields } = this.#settings;
    if (fields !== undefined) {
      return isBehaviour(record) ? { day: "", cells: fieldCells(record, base, fields) } : undefined;
    }
    if (isFlow(record)) this.#note(record.ops);
    const when = timeOf(record);
    const time = when === undefined ? "" : printTime(toAbsolute(base, when));
    // The day stands once, above its records.
    const cells = this.#cellsOf(record, time.slice(11, this.#wide ? 26 : 23));
    return { day: time.slice(0, 10), cells };
  }

  #note(set: OpSet): void {
    for (const row of ops) {
      if (!this.#letters.has(row.name) && hasOp(set, 2 ** row.bit))
        this.#letters.set(row.name, row);
    }
  }

  #cellsOf(record: Record, time: string): readonly Cell[] {
    const paint = this.#paint;
    const failed = "ret" in record && record.ret < 0;
    const process = actorOf(record);
    const container = process?.container;
    const volume = record.type === "FF" || record.type === "NF" ? record : undefined;
    return [
      { text: time, paint: (text) => paint("dim", text) },
      { text: record.type, paint: (text) => paint(typeColor(record), text) },
      { text: opText(record), paint: failed ? (text) => paint("red", text) : undefined },
      { text: printable(this.#who(process)), paint: (text) => paint("bold", text) },
      { text: process === undefined ? "" : String(process.pid) },
      {
        text: printable(this.#wide ? printObject(record) : printShortObject(record)),
        paint: objectPaint(record, paint),
        cutEnd: record.type === "PE" || record.type === "P",
      },
      { text: bytesText(volume?.rbytes, volume?.rops) },
      { text: bytesText(volume?.wbytes, volume?.wops) },
      {
        text: printable(container === undefined ? "" : (container.name ?? container.id)),
        paint: (text) => paint("magenta", text),
      },
    ];
  }

  #who(process: Process | undefined): string {
    if (process === undefined) return "";
    const name = processName(process) ?? "?";
    const { args } = process;
    return this.#wide && args !== undefined && args !== "" ? `${name} ${args}` : name;
  }
}

function defaultColumns(total: number): readonly Column[] {
  const wide = total >= wideColumns;
  return [
    { title: "time", min: wide ? 15 : 12, max: 15, cutEnd: true },
    { title: "type", min: 4, max: 4 },
    { title: "op", min: 5, max: wide ? 22 : 14, cutEnd: true },
    { title: "process", min: 9, max: wide ? 30 : 15, cutEnd: true },
    { title: "pid", right: true, min: 3, max: 10 },
    { title: "object", min: wide ? 40 : 10, max: 4096, grows: true },
    { title: "read", right: true, min: 7, max: 8 },
    { title: "written", right: true, min: 7, max: 8 },
    // The name counts least where there is little room.
    { title: "container", min: 0, max: wide ? 18 : total < 100 ? 0 : 12, cutEnd: true },
  ];
}

function fieldColumn(field: Field): Column {
  return { title: field.name, right: field.right, min: 4, max: 4096, grows: !field.right };
}

function fieldCells(
  record: BehaviourRecord,
  base: TimeBase,
  fields: readonly Field[],
): readonly Cell[] {
  return fields.map((field) => {
    const value = field.get(record, base);
    return { text: value === undefined ? "" : printable(field.print(value)) };
  });
}

function timeOf(record: Record): TimeNs | undefined {
  switch (record.type) {
    case "H":
      return undefined;
    case "C":
      return record.container.ts;
    case "P":
      return record.process.ts;
    case "F":
      return record.file.ts;
    case "PD":
      return record.pod.ts;
    default:
      return record.ts;
  }
}

function actorOf(record: Record): Process | undefined {
  if (record.type === "P") return record.process;
  return isBehaviour(record) && record.type !== "KE" ? processOf(record) : undefined;
}

/** Events in words, with the error where they failed; flows as letters in a fixed order. */
function opText(record: Record): string {
  switch (record.type) {
    case "H":
      return "HEADER";
    case "C":
      return record.container.state ?? "";
    case "P":
      return record.process.state;
    case "F":
      return record.file.state;
    case "PD":
      return "";
    case "G":
      return `GAP ${record.reason}`;
    case "KE":
      return record.action;
    case "PE":
    case "FE":
    case "NE": {
      const names = opNames(record.ops).join("+");
      const failed = record.ret < 0;
      return failed ? `${names} ${errorName(record.ret)}` : names;
    }
    default:
      return ops
        .filter((row) => hasOp(record.ops, 2 ** row.bit))
        .map(letterOf)
        .join("");
  }
}

function letterOf(row: OpRow): string {
  return row.letter ?? `${row.name} `;
}

function bytesText(bytes: number | undefined, count: number | undefined): string {
  return bytes === undefined || count === undefined || (bytes === 0 && count === 0)
    ? ""
    : printBytes(bytes);
}

function typeColor(record: Record): "red" | "cyan" | "blue" | "green" | "dim" {
  switch (record.type) {
    case "G":
      return "red";
    case "NF":
    case "NE":
      return "cyan";
    case "PE":
    case "PF":
      return "blue";
    case "FE":
    case "FF":
      return "green";
    default:
      return "dim";
  }
}

function objectPaint(record: Record, paint: Paint): Cell["paint"] {
  if (record.type === "G") return (text) => paint("red", text);
  if (record.type === "NF" || record.type === "NE") return (text) => paint("cyan", text);
  return undefined;
}
