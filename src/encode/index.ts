// The table of encoders: records → text. A row is data and a way to load it, so that JSON costs no table and a table no CSV.

import type { Record } from "../model/record.ts";
import type { TimeBase } from "../model/time.ts";
import type { Field } from "./fields.ts";

export type EncodeSettings = {
  /** Undefined: everything, or the default columns. */
  readonly fields: readonly Field[] | undefined;
  /** For the table: cells across, and whether colours are wanted. */
  readonly columns: number;
  readonly color: boolean;
};

export type Encoder = {
  encode(records: readonly Record[], base: TimeBase): string;
  /** What was held back. */
  end(): string;
  /** An explanation for people, not data; "" where there is none. */
  legend?(): string;
};

export type EncoderRow = {
  readonly name: string;
  readonly doc: string;
  /** Records that describe entities are written unless told otherwise. */
  readonly entities: boolean;
  readonly load: () => Promise<(settings: EncodeSettings) => Encoder>;
};

export const encoders = [
  {
    name: "table",
    doc: "one line a record, fitted to the terminal",
    entities: false,
    load: async () => {
      const { TableEncoder } = await import("./table.ts");
      return (settings) => new TableEncoder(settings);
    },
  },
  {
    name: "json",
    doc: "one JSON document a line, with everything the record says",
    entities: true,
    load: async () => {
      const { encodeJson } = await import("./json-lines.ts");
      return (settings) => ({
        encode: (records, base) => encodeJson(records, base, settings),
        end: () => "",
      });
    },
  },
  {
    name: "csv",
    doc: "RFC 4180, with a line of column names",
    entities: false,
    load: async () => {
      const { csvHeader, encodeCsv } = await import("./csv.ts");
      return (settings) => {
        let header = csvHeader(settings.fields);
        return {
          encode: (records, base) => {
            const text = header + encodeCsv(records, base, settings);
            header = "";
            return text;
          },
          end: () => header,
        };
      };
    },
  },
] as const satisfies readonly EncoderRow[];

export type EncoderName = (typeof encoders)[number]["name"];

export function findEncoder(name: EncoderName): EncoderRow {
  return encoders.find((row) => row.name === name) ?? encoders[0];
}
