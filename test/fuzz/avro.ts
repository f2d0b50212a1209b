// Mutated SysFlow files: unpacked, taken apart into records and their numbers, lengths and texts, changed there, and packed again.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { FlowEngine } from "../../src/flow/engine.ts";
import { sysflowFormat } from "../../src/wire/avro/format.ts";
import { SysFlowWriter } from "../../src/wire/avro/writer.ts";
import { ScapReader } from "../../src/wire/scap/reader.ts";
import { corpusPath } from "../corpus.ts";
import {
  AvroCursor,
  type Schema,
  type Token,
  namesOf,
  printLong,
  readDatum,
} from "./avro-datum.ts";
import type { FuzzTarget } from "./harness.ts";
import { type Bytes, concat, mutateBytes, mutateList } from "./mutate.ts";
import type { Random } from "./random.ts";
import { generatedCaptures } from "./scap-seeds.ts";

type File = {
  readonly meta: readonly (readonly [string, Bytes])[];
  readonly sync: Bytes;
  readonly records: readonly (readonly Token[])[];
};

const magic = Uint8Array.of(0x4f, 0x62, 0x6a, 1);
const text = new TextEncoder();

/** The first records of a file. */
function parseFile(bytes: Bytes, skip: number, most: number): File {
  const from = new AvroCursor(bytes);
  from.take(4);
  const meta: (readonly [string, Bytes])[] = [];
  for (let count = from.long(); count !== 0n; count = from.long()) {
    if (count < 0n) from.long();
    for (let i = 0n; i < (count < 0n ? -count : count); i++) {
      const key = new TextDecoder().decode(from.take(Number(from.long())));
      meta.push([key, from.take(Number(from.long()))]);
    }
  }
  const sync = from.take(16);
  const codec = new TextDecoder().decode(meta.find(([key]) => key === "avro.codec")?.[1]);
  const json = new TextDecoder().decode(meta.find(([key]) => key === "avro.schema")?.[1]);
  const schema = JSON.parse(json) as Schema;
  const names = namesOf(schema);
  const records: Token[][] = [];
  while (from.at < bytes.length && records.length < skip + most) {
    const count = Number(from.long());
    const packed = from.take(Number(from.long()));
    const block = new AvroCursor(
      codec === "deflate" ? new Uint8Array(inflateRawSync(packed)) : packed,
    );
    from.take(16);
    for (let i = 0; i < count && records.length < skip + most; i++) {
      const tokens: Token[] = [];
      readDatum(block, schema, names, tokens);
      records.push(tokens);
    }
  }
  // The header record always comes first.
  return { meta, sync, records: [...records.slice(0, 1), ...records.slice(1 + skip)] };
}

function printRecord(tokens: readonly Token[]): Bytes {
  return concat(
    tokens.map((token) => (token.kind === "bytes" ? token.bytes : printLong(token.value))),
  );
}

function printFile(random: Random, file: File, records: readonly Bytes[]): Bytes {
  const codec = random.pick(["null", "deflate"]);
  const meta = file.meta.map(([key, value]) => {
    if (key === "avro.codec") return [key, text.encode(codec)] as const;
    return [
      key,
      key === "avro.schema" && random.chance(40) ? mutateBytes(random, value) : value,
    ] as const;
  });
  if (!meta.some(([key]) => key === "avro.codec")) meta.push(["avro.codec", text.encode(codec)]);
  const parts: Bytes[] = [magic, printLong(BigInt(meta.length))];
  for (const [key, value] of meta) {
    parts.push(
      printLong(BigInt(key.length)),
      text.encode(key),
      printLong(BigInt(value.length)),
      value,
    );
  }
  parts.push(Uint8Array.of(0), file.sync);
  const blocks = 1 + random.int(3);
  const each = Math.ceil(records.length / blocks);
  for (let i = 0; i < records.length; i += each) {
    const some = records.slice(i, i + each);
    const data = concat(some);
    const packed = codec === "deflate" ? new Uint8Array(deflateRawSync(data, { level: 1 })) : data;
    const lies = random.chance(40);
    // Numbers until the last moment: Node 20's compiler dies of two BigInt() calls that meet here.
    const count = lies && random.chance(2) ? random.word() | 0 : some.length;
    const length = lies && random.chance(2) ? random.word() : packed.length;
    const broken = random.chance(40) ? mutateBytes(random, packed) : packed;
    const sync = random.chance(60) ? mutateBytes(random, file.sync) : file.sync;
    parts.push(printLong(BigInt(count)), printLong(BigInt(length)), broken, sync);
  }
  return concat(parts);
}

function mutateToken(random: Random, token: Token): Token {
  if (token.kind === "bytes") return { kind: "bytes", bytes: mutateBytes(random, token.bytes) };
  switch (random.int(5)) {
    case 0:
      return { ...token, value: BigInt(random.word()) };
    case 1:
      return { ...token, value: -BigInt(random.word()) };
    case 2:
      return {
        ...token,
        value: random.pick([2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, 2n ** 31n, -1n, 0n]),
      };
    case 3:
      return { ...token, value: token.value + BigInt(random.int(5) - 2) };
    default:
      return { ...token, value: token.value ^ (1n << BigInt(random.int(40))) };
  }
}

function mutateRecord(random: Random, record: readonly Token[], other: readonly Token[]): Token[] {
  const tokens = [...record];
  const index = random.int(tokens.length);
  const token = tokens[index];
  if (token === undefined) return tokens;
  const foreign = other[index];
  const change = random.int(12);
  if (change === 0) tokens.splice(index, 1);
  else if (change === 1) tokens.splice(index, 0, token);
  else if (random.chance(4) && foreign !== undefined && foreign.kind === token.kind)
    tokens[index] = foreign;
  else if (token.kind === "bytes" && !random.chance(8)) {
    // A text that changes its length says so.
    const bytes = mutateBytes(random, token.bytes);
    const before = tokens[index - 1];
    tokens[index] = { kind: "bytes", bytes };
    if (before?.kind === "length")
      tokens[index - 1] = { kind: "length", value: BigInt(bytes.length) };
  } else tokens[index] = mutateToken(random, token);
  return tokens;
}

const parsed = new WeakMap<Bytes, File>();

function fileOf(seed: Bytes): File {
  const known = parsed.get(seed);
  if (known !== undefined) return known;
  const file = parseFile(seed, 0, 1000);
  parsed.set(seed, file);
  return file;
}

function mutate(random: Random, seed: Bytes, other: Bytes): Bytes {
  const file = fileOf(seed);
  const records = [...file.records];
  const others = fileOf(other).records;
  const rounds = 1 + random.int(1 << random.int(4));
  for (let i = 0; i < rounds; i++) {
    if (random.chance(5)) {
      mutateList(random, records, others);
      continue;
    }
    const index = random.int(records.length);
    const record = records[index];
    const foreign = others[random.int(others.length)];
    if (record !== undefined) records[index] = mutateRecord(random, record, foreign ?? record);
  }
  const bytes = printFile(random, file, records.map(printRecord));
  const header = bytes.length >> 1;
  return random.chance(20) ? mutateBytes(random, bytes, header) : bytes;
}

const recordsPerSeed = 24;

function pieceOf(bytes: Bytes, skip: number): Bytes {
  const file = parseFile(bytes, skip, recordsPerSeed);
  const data = concat(file.records.map(printRecord));
  const meta = file.meta.filter(([key]) => key !== "avro.codec");
  const parts: Bytes[] = [magic, printLong(BigInt(meta.length))];
  for (const [key, value] of meta) {
    parts.push(
      printLong(BigInt(key.length)),
      text.encode(key),
      printLong(BigInt(value.length)),
      value,
    );
  }
  const count = printLong(BigInt(file.records.length));
  return concat([
    ...parts,
    Uint8Array.of(0),
    file.sync,
    count,
    printLong(BigInt(data.length)),
    data,
    file.sync,
  ]);
}

/** Files of our own in both schemas, from the captures that scap-seeds.ts makes. */
function generatedFiles(): Bytes[] {
  return generatedCaptures().map((capture, i) => {
    const reader = new ScapReader();
    reader.push(capture);
    reader.end();
    const writer = new SysFlowWriter({ schema: i % 2 === 0 ? 6 : 5, codec: "null" });
    let engine: FlowEngine | undefined;
    for (let input = reader.next(); input !== undefined; input = reader.next()) {
      engine ??= new FlowEngine({ mode: "native", exporter: "fuzz", base: reader.base ?? 0n });
      engine.apply(input);
    }
    engine?.end();
    writer.write(engine?.take() ?? []);
    writer.end();
    return concat(writer.take());
  });
}

function seeds(): Bytes[] {
  const recorded = ["pairs", "traces"].flatMap((name) => {
    const folder = corpusPath(name);
    if (!existsSync(folder)) return [];
    const files = readdirSync(folder)
      .filter((file) => file.endsWith(".sf"))
      .sort();
    return files.map((file) => new Uint8Array(readFileSync(`${folder}/${file}`)));
  });
  return [
    ...generatedFiles(),
    ...recorded.map((bytes) => pieceOf(bytes, 0)),
    ...recorded.filter((bytes) => bytes.length > 20_000).map((bytes) => pieceOf(bytes, 200)),
  ];
}

export const avroTarget: FuzzTarget = { name: "sysflow", format: sysflowFormat, seeds, mutate };
