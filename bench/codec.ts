// Our Avro codec against avsc on real records, in memory: records per CPU second, decode and encode, interleaved rounds, medians.
// Run: node scripts/run.mjs bench/codec.ts [file.sf …]      (default: the recorded pairs)

import { readdirSync, readFileSync } from "node:fs";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type avsc from "avsc";
import type { Record } from "../src/model/record.ts";
import { ContainerReader } from "../src/wire/avro/container.ts";
import { SysFlowReader } from "../src/wire/avro/reader.ts";
import { SysFlowWriter, zlibOptions } from "../src/wire/avro/writer.ts";
import { corpusPath } from "../test/corpus.ts";
import { avscType } from "../test/format/avsc.ts";
import { median } from "./measure.ts";

const rounds = 9;
/** Small files are repeated until a round has about so many records. */
const recordsPerRound = 60_000;

type Sample = {
  readonly plain: Uint8Array;
  readonly body: Buffer;
  readonly count: number;
  readonly schema: string;
};

function sampleOf(path: string): Sample & { readonly records: Record[] } {
  const bytes = readFileSync(path);
  const container = new ContainerReader();
  container.push(bytes);
  container.end();
  let schema = "";
  let count = 0;
  const bodies: Uint8Array[] = [];
  for (let part = container.next(); part !== undefined; part = container.next()) {
    if (part.kind === "header") schema = Buffer.from(part.meta.get("avro.schema") ?? []).toString();
    if (part.kind !== "block") continue;
    bodies.push(inflateRawSync(part.bytes));
    count += part.count;
  }
  const records = decode(bytes);
  const writer = new SysFlowWriter({ schema: 5, codec: "null" });
  writer.write(records);
  writer.end();
  return {
    plain: Buffer.concat(writer.take()),
    body: Buffer.concat(bodies),
    count,
    schema,
    records,
  };
}

function decode(bytes: Uint8Array): Record[] {
  const reader = new SysFlowReader({ inflate: (packed) => inflateRawSync(packed) });
  reader.push(bytes);
  reader.end();
  const records: Record[] = [];
  for (let batch = reader.read(); batch.length > 0; batch = reader.read()) {
    for (const record of batch) records.push(record);
  }
  return records;
}

function decodeByAvsc(type: avsc.Type, sample: Sample): unknown[] {
  const values: unknown[] = [];
  let at = 0;
  for (let i = 0; i < sample.count; i++) {
    const decoded = type.decode(sample.body, at);
    values.push(decoded.value);
    at = decoded.offset;
  }
  return values;
}

function encodeByAvsc(type: avsc.Type, values: readonly unknown[], buffer: Buffer): number {
  let at = 0;
  for (const value of values) {
    const end = type.encode(value, buffer, at);
    at = end > buffer.length - 65_536 ? 0 : end;
  }
  return at;
}

function cpuSeconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const given = process.argv.slice(2);
const paths =
  given.length > 0
    ? given
    : readdirSync(corpusPath("pairs"))
        .filter((name) => name.endsWith(".sf"))
        .map((name) => corpusPath("pairs", name));
const samples = paths.map(sampleOf);
const total = samples.reduce((sum, sample) => sum + sample.count, 0);
const repeat = Math.max(1, Math.round(recordsPerRound / total));
const types = samples.map((sample) => avscType(sample.schema));
const values = samples.map((sample, i) => decodeByAvsc(types[i] as avsc.Type, sample));
const buffer = Buffer.alloc(4 * 1024 * 1024);

const contestants: { readonly [name: string]: () => void } = {
  "decode ours": () => samples.forEach((sample) => decode(sample.plain)),
  "decode avsc": () => samples.forEach((sample, i) => decodeByAvsc(types[i] as avsc.Type, sample)),
  "encode ours, schema 5": () => samples.forEach((sample) => encode(5, sample.records)),
  "encode ours, schema 6": () => samples.forEach((sample) => encode(6, sample.records)),
  "encode avsc": () =>
    samples.forEach((_, i) => encodeByAvsc(types[i] as avsc.Type, values[i] ?? [], buffer)),
  "schema 6 with deflate": () => samples.forEach((sample) => encode(6, sample.records, true)),
};

function encode(schema: 5 | 6, records: readonly Record[], packed = false): void {
  const writer = new SysFlowWriter({
    schema,
    codec: packed ? "deflate" : "null",
    deflate: (bytes, block) => deflateRawSync(bytes, zlibOptions(schema, block)),
  });
  writer.write(records);
  writer.end();
}

const rates = new Map<string, number[]>();
for (let round = 0; round <= rounds; round++) {
  for (const [name, run] of Object.entries(contestants)) {
    const seconds = cpuSeconds(() => {
      for (let i = 0; i < repeat; i++) run();
    });
    // Round 0 warms up.
    if (round > 0) rates.set(name, [...(rates.get(name) ?? []), (total * repeat) / seconds / 1000]);
  }
}
const lines = [...rates].map(([name, list]) => {
  const spread = `${Math.round(Math.min(...list))}–${Math.round(Math.max(...list))}`;
  return `${name.padEnd(24)} ${Math.round(median(list)).toString().padStart(6)} k records/CPU-s (${spread})`;
});
const rate = (name: string): number => median(rates.get(name) ?? [0]);
process.stdout.write(
  [
    `${total} records, ${rounds} rounds of ${repeat}`,
    ...lines,
    `decode ${(rate("decode ours") / rate("decode avsc")).toFixed(1)}× avsc, encode ${(rate("encode ours, schema 5") / rate("encode avsc")).toFixed(1)}× avsc`,
    "",
  ].join("\n"),
);
