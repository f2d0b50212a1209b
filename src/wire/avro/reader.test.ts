// Damage, chunking and codecs. Files are made with our own writer (whose output other libraries check in test/format) or by hand.

import { deflateRawSync } from "node:zlib";
import { compress as snappyCompress } from "snappyjs";
import { describe, expect, test } from "vitest";
import { sampleProcess } from "../../model/sample-test.ts";
import { sampleBase, sampleRecords } from "../../../test/format/sample.ts";
import type { Record } from "../../model/record.ts";
import { crc32 } from "./codec.ts";
import { Output } from "./output.ts";
import { SysFlowReader } from "./reader.ts";
import { schema6 } from "./schema6.ts";
import { SysFlowWriter } from "./writer.ts";

function write(codec: "null" | "deflate", perBlock: number, schema: 5 | 6 = 6): Uint8Array {
  const writer = new SysFlowWriter({ schema, codec });
  for (let i = 0; i < sampleRecords.length; i += perBlock) {
    writer.write(sampleRecords.slice(i, i + perBlock));
    writer.flush();
  }
  writer.end();
  return Buffer.concat(writer.take());
}

function read(bytes: Uint8Array, chunk = bytes.length): { records: Record[]; codes: string[] } {
  const reader = new SysFlowReader();
  const records: Record[] = [];
  for (let at = 0; at < bytes.length; at += chunk) {
    reader.push(bytes.subarray(at, at + chunk));
    for (let batch = reader.read(); batch.length > 0; batch = reader.read()) records.push(...batch);
  }
  reader.end();
  for (let batch = reader.read(); batch.length > 0; batch = reader.read()) records.push(...batch);
  return { records, codes: reader.diagnostics.map((diagnostic) => diagnostic.code) };
}

/** Text without object identity: two readings of one file compare equal. Long texts of entities are cut out of the way. */
function textOf(records: readonly Record[]): string[] {
  return records.map((record) =>
    JSON.stringify(record, (key, value: unknown) => {
      if (key === "identity" || key === "previous" || key === "numberedBy" || key === "number")
        return undefined;
      if (typeof value === "bigint") return `${value}n`;
      return value instanceof Map ? [...(value as Map<unknown, unknown>)] : value;
    }),
  );
}

const withoutGaps = (records: readonly Record[]): Record[] =>
  records.filter((record) => record.type !== "G");

const times = (list: readonly Record[]): unknown[] =>
  list.map((record) => ("ts" in record ? record.ts : undefined));

/** A container by hand: magic, metadata, sync marker, then raw blocks. */
function container(meta: { readonly [key: string]: string }, ...parts: Uint8Array[]): Uint8Array {
  const out = new Output(0n);
  for (const byte of [0x4f, 0x62, 0x6a, 1]) out.byte(byte);
  out.long(Object.keys(meta).length);
  for (const [key, value] of Object.entries(meta)) {
    out.text(key);
    out.text(value);
  }
  out.byte(0);
  return Buffer.concat([out.bytes.slice(0, out.pos), sync, ...parts]);
}

const filler = new Uint8Array(16).fill(1);
const sync = Uint8Array.from({ length: 16 }, (_, i) => 200 + i);

function block(count: number, bytes: Uint8Array, size = bytes.length): Uint8Array {
  const out = new Output(0n);
  out.long(count);
  out.long(size);
  return Buffer.concat([out.bytes.slice(0, out.pos), bytes, sync]);
}

describe("schema 6", () => {
  test("says everything that the model can say", () => {
    const { records, codes } = read(write("deflate", 100));
    expect(codes).toEqual([]);
    // Two things are stored in another form: schema version of the header, and no FOID.
    expect(textOf(records)).toEqual(textOf(sampleRecords));
  });

  test("says it in every size of block, because each block says the time anew", () => {
    for (const perBlock of [1, 2, 3, 7]) {
      expect(textOf(read(write("deflate", perBlock)).records)).toEqual(textOf(sampleRecords));
    }
  });

  test("keeps a process and its versions together", () => {
    const { records } = read(write("null", 100));
    const event = records.find((record) => record.type === "PE");
    const process = records.filter((record) => record.type === "P")[1]?.process;
    expect(event?.proc.identity).toBe(process?.identity);
    expect(process?.createdNs).toBe(sampleBase + 1234n);
  });

  test("a process that becomes ever new versions keeps the last ones only", () => {
    const writer = new SysFlowWriter({ schema: 6, codec: "null" });
    const header = sampleRecords.find((record) => record.type === "H");
    if (header === undefined) throw new Error("no header");
    writer.write([header]);
    let process = sampleProcess({ host: header.host, createdNs: 7n });
    for (let i = 1; i <= 1000; i++) {
      const { identity } = process;
      process = sampleProcess({
        ...process,
        identity,
        previous: process,
        exe: `/bin/p${i}`,
        ts: i,
      });
      identity.current = process;
      writer.write([{ type: "P", process }]);
    }
    writer.end();
    const { records, codes } = read(Buffer.concat(writer.take()));
    expect(codes).toEqual([]);
    const last = records.at(-1);
    if (last?.type !== "P") throw new Error("no process");
    expect(last.process.exe).toBe("/bin/p1000");
    let length = 0;
    for (let at = last.process.previous; at !== undefined; at = at.previous) length += 1;
    expect(length).toBeGreaterThanOrEqual(60);
    expect(length).toBeLessThanOrEqual(128);
  });

  test("a time far from the base keeps its nanoseconds", () => {
    const reader = new SysFlowReader({ base: sampleBase - 1_000_000_000n });
    reader.push(write("null", 100));
    const event = reader.read().find((record) => record.type === "PE");
    expect(event?.ts).toBe(1_000_000_000 + 4000);
  });

  test("an entity that was never described is written before what needs it", () => {
    const writer = new SysFlowWriter({ schema: 6, codec: "null" });
    writer.write(sampleRecords.filter((record) => record.type === "H" || record.type === "FF"));
    writer.end();
    const { records } = read(Buffer.concat(writer.take()));
    expect(records.map((record) => record.type)).toEqual(["H", "P", "C", "P", "F", "FF"]);
  });
});

describe("chunks", () => {
  test.each(["null", "deflate"] as const)("codec %s: same records for every cut", (codec) => {
    const bytes = write(codec, 3);
    const whole = textOf(read(bytes).records);
    for (const chunk of [1, 7, 64, 4096]) expect(textOf(read(bytes, chunk).records)).toEqual(whole);
  });

  test("damage in the middle: same records, gaps and codes for every cut", () => {
    const bytes = Uint8Array.from(write("deflate", 3));
    bytes[bytes.length - 300] = (bytes[bytes.length - 300] ?? 0) ^ 0xff;
    const whole = read(bytes);
    expect(whole.codes.length).toBeGreaterThan(0);
    for (const chunk of [1, 7, 4096]) {
      const cut = read(bytes, chunk);
      expect(textOf(cut.records)).toEqual(textOf(whole.records));
      expect(cut.codes).toEqual(whole.codes);
    }
  });
});

describe("damage", () => {
  test.each(["null", "deflate"] as const)(
    "codec %s, cut anywhere: the records before it, then a truncation and a gap",
    (codec) => {
      const bytes = write(codec, 5);
      const all = textOf(withoutGaps(read(bytes).records));
      const counts = new Set<number>();
      for (let length = 0; length < bytes.length; length++) {
        const { records, codes } = read(bytes.subarray(0, length));
        const got = textOf(withoutGaps(records));
        expect(got).toEqual(all.slice(0, got.length));
        counts.add(got.length);
        if (length === 0) expect(codes).toEqual(["SF1001"]);
        else expect(["SF1011", "SF1016", undefined]).toContain(codes[0]);
        const gap = records.find((record) => record.type === "G" && record.reason === "truncated");
        expect(gap !== undefined).toBe(codes[0] === "SF1016");
      }
      // Not only whole blocks: what can be unpacked of the last one is given out too.
      expect(counts.size).toBe(all.length + 1);
    },
  );

  test("a damaged block costs itself: reading goes on at the next sync marker", () => {
    const bytes = Uint8Array.from(write("deflate", 4));
    const text = Buffer.from(bytes).toString("latin1");
    const marker = text.slice(-16);
    const second = text.indexOf(marker, text.indexOf(marker) + 16);
    bytes[second + 3] = (bytes[second + 3] ?? 0) ^ 0x55;
    const { records, codes } = read(bytes);
    expect(codes).toEqual(["SF1015"]);
    const gap = records.findIndex((record) => record.type === "G");
    expect(records[gap]).toMatchObject({ reason: "damaged", unit: "bytes" });
    const { records: whole } = read(write("deflate", 4));
    expect(times(records.slice(0, gap))).toEqual(times(whole.slice(0, gap)));
    expect(times(records.slice(gap + 1))).toEqual(times(whole.slice(gap - records.length + 1)));
  });

  test.each([
    ["no Avro file", Buffer.from("hello world, no magic here"), "SF1010"],
    ["an empty input", new Uint8Array(0), "SF1001"],
    ["an unknown codec", container({ "avro.codec": "lzma", "avro.schema": schema6 }), "SF1012"],
    ["no schema", container({ "avro.codec": "null" }), "SF1013"],
    ["a schema that is not JSON", container({ "avro.schema": "{" }), "SF1013"],
    [
      "somebody else's schema",
      container({ "avro.schema": '{"type":"record","name":"User","fields":[]}' }),
      "SF1013",
    ],
    ["a negative count", container({ "avro.schema": schema6 }, block(-5, filler)), "SF1015"],
    [
      "a length of 2^32 - 1",
      container({ "avro.schema": schema6 }, block(1, filler, 2 ** 32 - 1)),
      "SF1015",
    ],
    [
      "a string of 2^32 - 1 bytes",
      container(
        { "avro.schema": schema6 },
        // Header, version 6, base 0, then the length of host.
        block(1, Uint8Array.from([0, 12, 0, 0xfe, 0xff, 0xff, 0xff, 0x1f])),
      ),
      "SF1015",
    ],
    [
      "a branch that does not exist",
      container({ "avro.schema": schema6 }, block(1, Uint8Array.of(90))),
      "SF1015",
    ],
    [
      "more objects than bytes",
      container({ "avro.schema": schema6 }, block(2 ** 40, filler)),
      "SF1015",
    ],
  ])("%s is one clear error", (_name, bytes, code) => {
    for (const chunk of [1, 1000]) {
      const { records, codes } = read(bytes, chunk);
      expect(codes).toEqual([code]);
      expect(withoutGaps(records)).toEqual([]);
    }
  });

  test("a recursive schema, arrays of nothing and nested emptiness end", () => {
    const header = {
      type: "record",
      name: "SFHeader",
      fields: [
        { name: "version", type: "long" },
        { name: "exporter", type: "string" },
      ],
    };
    const loop = {
      type: "record",
      name: "Loop",
      fields: [
        { name: "a", type: "Loop" },
        { name: "b", type: "Loop" },
      ],
    };
    const nothing = { type: "array", items: { type: "record", name: "Nothing", fields: [] } };
    const odd = { type: "record", name: "Odd", fields: [{ name: "a", type: nothing }] };
    let deep: unknown = "null";
    for (let i = 0; i < 40; i++) {
      deep = {
        type: "record",
        name: `D${i}`,
        fields: [
          { name: "a", type: deep },
          { name: "b", type: i === 0 ? "null" : `D${i - 1}` },
        ],
      };
    }
    const schema = JSON.stringify({
      type: "record",
      name: "SysFlow",
      fields: [{ name: "rec", type: [header, loop, odd, deep] }],
    });
    const body = Uint8Array.from([
      // Odd: 2^35 nothings, then the array's end. The deep record takes no byte. Then a Loop, which never ends.
      4,
      0x80, 0x80, 0x80, 0x80, 0x80, 2, 0, 6, 2,
    ]);
    const { codes } = read(container({ "avro.schema": schema }, block(3, body)));
    expect(codes).toEqual(["SF1015"]);
  });

  test.each([4, 5, 16, 17])(
    "a number without an end at byte %i of the header is an error",
    (at) => {
      // Found by mutation: it made the reader's position NaN, and the header was read for ever.
      const bytes = Buffer.from(write("null", 100));
      bytes.fill(0xff, at, at + 12);
      const { records, codes } = read(bytes);
      expect(codes).toEqual(["SF1011"]);
      expect(records).toEqual([]);
    },
  );

  test("so many diagnostics are kept; the rest is counted", () => {
    const broken = Array.from({ length: 150 }, () => block(1, filler));
    const reader = new SysFlowReader();
    reader.push(container({ "avro.codec": "deflate", "avro.schema": schema6 }, ...broken));
    reader.end();
    for (let some = reader.read(); some.length > 0; some = reader.read());
    expect(reader.diagnostics.length).toBe(100);
    expect(reader.diagnosticsDropped).toBe(50);
  });

  test("a bomb stops at the limit of a block", () => {
    const bomb = deflateRawSync(Buffer.alloc(80 * 1024 * 1024));
    const bytes = container({ "avro.codec": "deflate", "avro.schema": schema6 }, block(1, bomb));
    expect(read(bytes).codes).toEqual(["SF1014"]);
  });
});

describe("codecs", () => {
  const plain = write("null", 100);
  const start = Buffer.from(plain).indexOf(Buffer.from(plain.subarray(-16)));
  const body = plain.subarray(plain.length - 16 - bodyLength(), plain.length - 16);

  function bodyLength(): number {
    // Count is one byte, the length two: the sample is between 64 and 8191 bytes.
    const at = start + 17;
    return (((plain[at] ?? 0) & 127) | ((plain[at + 1] ?? 0) << 7)) >> 1;
  }

  const count = sampleRecords.length;

  test("snappy with its checksum, and without a right one", () => {
    const packed = snappyCompress(Uint8Array.from(body));
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    const meta = { "avro.codec": "snappy", "avro.schema": schema6 };
    const good = read(container(meta, block(count, Buffer.concat([packed, sum]))));
    expect(good.codes).toEqual([]);
    expect(textOf(good.records)).toEqual(textOf(sampleRecords));
    sum[0] = (sum[0] ?? 0) ^ 1;
    expect(read(container(meta, block(count, Buffer.concat([packed, sum])))).codes).toEqual([
      "SF1014",
    ]);
  });

  test("zstandard", () => {
    // A frame of one raw block (RFC 8878): magic, single segment with a four-byte size, then the block's header.
    const frame = Buffer.alloc(12);
    frame.writeUInt32LE(0xfd2fb528, 0);
    frame[4] = 0xa0;
    frame.writeUInt32LE(body.length, 5);
    frame.writeUIntLE((body.length << 3) | 1, 9, 3);
    const meta = { "avro.codec": "zstandard", "avro.schema": schema6 };
    const { records, codes } = read(container(meta, block(count, Buffer.concat([frame, body]))));
    expect(codes).toEqual([]);
    expect(textOf(records)).toEqual(textOf(sampleRecords));
  });
});

describe("schema 5", () => {
  test("says what it can and counts the rest by name", () => {
    const writer = new SysFlowWriter({ schema: 5, codec: "null" });
    writer.write(sampleRecords);
    writer.end();
    const { records } = read(Buffer.concat(writer.take()));
    const types = records.map((record) => record.type);
    expect(types).toEqual(["H", "PD", "C", "P", "P", "F", "PE", "F", "FE", "FF", "NF", "PF", "KE"]);
    const lost = Object.fromEntries(writer.unsayable);
    expect(lost).toMatchObject({ SIGNAL: 1, gap: 1, "network event": 1, "failed opens": 1 });
    expect(lost).toMatchObject({ "container type podman": 1, "process argv": 1, "flow id": 2 });
  });

  test("several files in one input begin anew at each header", () => {
    const bytes = write("deflate", 100, 5);
    const { records, codes } = read(Buffer.concat([bytes, bytes]));
    expect(codes).toEqual([]);
    expect(records.filter((record) => record.type === "H").length).toBe(2);
    const shells = records.filter((record) => record.type === "P").map((record) => record.process);
    expect(shells[1]?.identity).not.toBe(shells[3]?.identity);
  });

  test("the same records give the same bytes", () => {
    expect(Buffer.from(write("deflate", 4, 5)).equals(Buffer.from(write("deflate", 4, 5)))).toBe(
      true,
    );
  });
});
