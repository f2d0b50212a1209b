// avsc, a general Avro library, as the oracle of our reader and writer, over every recorded file of every age.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ContainerReader } from "../../src/wire/avro/container.ts";
import { schema5 } from "../../src/wire/avro/schema5.ts";
import { schema6 } from "../../src/wire/avro/schema6.ts";
import { hasCorpus } from "../corpus.ts";
import { avscType } from "./avsc.ts";
import { datums, readAll, readFile, recordedFiles, writeAll } from "./files.ts";
import type { Plain } from "./plain.ts";
import { plainOfAvsc, plainOfRecord } from "./plain.ts";

/** avsc wraps every union; `["null", X]` becomes the value itself. */
function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null || Buffer.isBuffer(value)) return value;
  const entries = Object.entries(value);
  const first = entries[0];
  if (entries.length === 1 && first !== undefined && /^(string|long|sysflow\..*)$/.test(first[0])) {
    return unwrap(first[1]);
  }
  return Object.fromEntries(entries.map(([key, inner]) => [key, unwrap(inner)]));
}

function decodeByAvsc(bytes: Uint8Array): Plain[] {
  const container = new ContainerReader();
  container.push(bytes);
  container.end();
  const header = container.next();
  if (header?.kind !== "header") throw new Error("no header");
  const type = avscType(Buffer.from(header.meta.get("avro.schema") ?? []).toString());
  const all = datums(bytes);
  const plain: Plain[] = [];
  let at = 0;
  for (let i = 0; i < all.count; i++) {
    const { value, offset } = type.decode(all.bytes, at) as {
      value: { rec: { [name: string]: { [key: string]: unknown } } };
      offset: number;
    };
    const [name = "", body = {}] = Object.entries(value.rec)[0] ?? [];
    const fields = Object.entries(body).map(([key, inner]) => [key, unwrap(inner)] as const);
    plain.push(plainOfAvsc({ [name]: Object.fromEntries(fields) }));
    at = offset;
  }
  expect(at).toBe(all.bytes.length);
  return plain;
}

describe.skipIf(!hasCorpus)("every recorded file", () => {
  test("they are all there", () => {
    expect(recordedFiles().length).toBeGreaterThanOrEqual(22);
  });

  test.each(recordedFiles().map((path) => [basename(path), path]))(
    "%s: our records are avsc's, field by field",
    (_name, path) => {
      const { records, diagnostics, reader } = readFile(path);
      expect(diagnostics).toEqual([]);
      const ours = records.map((record) => plainOfRecord(record, reader.base ?? 0n));
      const theirs = decodeByAvsc(readFileSync(path));
      expect(ours.length).toBe(theirs.length);
      for (let i = 0; i < ours.length; i++) expect(ours[i]).toEqual(theirs[i]);
    },
  );

  test.each(recordedFiles().map((path) => [basename(path), path]))(
    "%s: what schema 5 says survives schema 6",
    (_name, path) => {
      const { records } = readFile(path);
      const five = writeAll(records, 5);
      const six = writeAll(records, 6);
      const { records: back, diagnostics } = readAll(six.bytes);
      expect(diagnostics).toEqual([]);
      const again = writeAll(back, 5);
      expect(again.writer.counters.byType).toEqual(five.writer.counters.byType);
      expect(datums(again.bytes).bytes.equals(datums(five.bytes).bytes)).toBe(true);
    },
  );
});

describe.skipIf(!hasCorpus)("files of schema 5", () => {
  const files: [string, string][] = [];
  beforeAll(() => {
    expect(files.length).toBeGreaterThanOrEqual(11);
  });
  for (const path of recordedFiles()) {
    const text = readFileSync(path).subarray(0, 20_000).toString("latin1");
    if (/"version","type":"long","default":5/.test(text)) files.push([basename(path), path]);
  }

  test.each(files)("%s: decode and encode gives every datum byte for byte", (_name, path) => {
    const original = datums(readFileSync(path));
    const { records } = readFile(path);
    const written = datums(writeAll(records, 5).bytes);
    expect(written.count).toBe(original.count);
    expect(written.bytes.equals(original.bytes)).toBe(true);
  });

  test.each(files.slice(0, 1))("%s holds the schema that we write", (_name, path) => {
    const container = new ContainerReader();
    container.push(readFileSync(path));
    const header = container.next();
    if (header?.kind !== "header") throw new Error("no header");
    const embedded = Buffer.from(header.meta.get("avro.schema") ?? []).toString();
    expect(JSON.parse(schema5)).toEqual(JSON.parse(embedded));
  });
});

describe("our own output", () => {
  test.skipIf(!hasCorpus)("is decoded by avsc: schema 5 of a file of each age, whole", () => {
    for (const path of recordedFiles().slice(0, 16)) {
      const { records, reader } = readFile(path);
      const { bytes } = writeAll(records, 5);
      const theirs = decodeByAvsc(bytes);
      const ours = records.map((record) => plainOfRecord(record, reader.base ?? 0n));
      for (const [i, plain] of ours.entries()) {
        // The version is the schema's that is written, not the file's that was read.
        const expected = plain["type"] === "H" ? { ...plain, version: 5 } : plain;
        expect({ ...theirs[i], imageId: undefined }).toEqual({ ...expected, imageId: undefined });
      }
    }
  });

  test("schema 6 is a schema to avsc, and small: it stands uncompressed in every file", () => {
    expect(avscType(schema6).typeName).toBe("record");
    expect(schema6.length).toBeLessThan(3350);
  });
});
