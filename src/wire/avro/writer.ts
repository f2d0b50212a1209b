// Writes SysFlow files: records → bytes of an Avro object container, in schema 5 (what every reader of the original understands)
// or schema 6. API: `new SysFlowWriter(options)`, `write(records)`, `flush()` to end the block now, `take()` for the finished
// bytes, `end()`. The same records give the same bytes: even the sync marker is derived from schema and header.

import { deflateSync } from "fflate";
import { sha1 } from "../../base/sha1.ts";
import type { Record } from "../../model/record.ts";
import type { TimeBase } from "../../model/time.ts";
import type { Deflate } from "../reader.ts";
import { Encoder5 } from "./encode5.ts";
import { Encoder6 } from "./encode6.ts";
import { Output } from "./output.ts";
import { schema5 } from "./schema5.ts";
import { schema6 } from "./schema6.ts";

export type WriterOptions = {
  readonly schema: 5 | 6;
  readonly codec: "null" | "deflate";
  /** Compresses one block as a raw DEFLATE stream; without it, fflate does. */
  readonly deflate?: Deflate | undefined;
  /** Time 0 of the records; without it, each header record's own. */
  readonly base?: TimeBase | undefined;
  /** A block ends as soon as it has this many bytes, uncompressed. */
  readonly blockBytes?: number | undefined;
};

export type WriterCounters = {
  records: number;
  /** Of the file so far, header included. */
  bytes: number;
  blocks: number;
  byType: Map<Record["type"], number>;
};

// The original's blocks. Schema 6 has larger ones: the dictionary of DEFLATE starts anew in every block.
const blockBytesDefault = { 5: 80_000, 6: 262_144 } as const;
const level = 6;
const zlib5 = { level: 5, memLevel: 9 } as const;
const zlib6First = { level: 9, memLevel: 9 } as const;
const zlib6Later = { level: 2, memLevel: 9 } as const;
const firstBlocks = 4;

/**
 * zlib's options for the block of that number (from 0), by measurement. Schema 5: what packed the recorded pairs best. Schema 6:
 * the first megabyte as small as it gets, which is all that most recordings have; then level 2, which packs 2 to 7 % worse than 6
 * and takes a fraction of the time, as shows where every open names a new file (bench/run.ts).
 */
export function zlibOptions(schema: 5 | 6, block: number): { level: number; memLevel: number } {
  if (schema === 5) return zlib5;
  return block < firstBlocks ? zlib6First : zlib6Later;
}
/** Of the first block, for the sync marker. */
const sampleBytes = 1024;
const magic = [0x4f, 0x62, 0x6a, 1] as const;

export class SysFlowWriter {
  readonly counters: WriterCounters = { records: 0, bytes: 0, blocks: 0, byType: new Map() };
  readonly #options: WriterOptions;
  readonly #blockBytes: number;
  #out: Output | undefined;
  #encoder: Encoder5 | Encoder6 | undefined;
  #sync: Uint8Array | undefined;
  #flushed = 0;
  #finished: Uint8Array[] = [];

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#blockBytes = options.blockBytes ?? blockBytesDefault[options.schema];
  }

  /** What the schema could not say, by name. */
  get unsayable(): ReadonlyMap<string, number> {
    return this.#encoder instanceof Encoder5 ? this.#encoder.unsayable : noNames;
  }

  write(records: readonly Record[]): void {
    for (const record of records) this.#write(record);
  }

  #write(record: Record): void {
    const base = record.type === "H" ? record.base : 0n;
    this.#encoder ??= this.#begin(this.#options.base ?? base);
    const out = this.#out;
    if (out !== undefined && record.type === "H") out.base = this.#options.base ?? record.base;
    if (out === undefined || !this.#encoder.encode(record)) return;
    this.counters.records += 1;
    const { byType } = this.counters;
    byType.set(record.type, (byType.get(record.type) ?? 0) + 1);
    if (out.pos >= this.#blockBytes) this.flush();
  }

  #begin(base: TimeBase): Encoder5 | Encoder6 {
    const out = new Output(base);
    this.#out = out;
    return this.#options.schema === 5 ? new Encoder5(out) : new Encoder6(out);
  }

  /** Ends the block, so that what was written so far can be read. */
  flush(): void {
    const out = this.#out;
    const count = (this.#encoder?.datums ?? 0) - this.#flushed;
    if (out === undefined || count === 0) return;
    const body = out.bytes.subarray(0, out.pos);
    const sync = this.#sync ?? this.#writeHeader(body);
    const { codec, deflate } = this.#options;
    const compress = deflate ?? ((bytes: Uint8Array) => deflateSync(bytes, { level }));
    const packed = codec === "deflate" ? compress(body, this.counters.blocks) : body;
    const block = new Output(0n, packed.length + 40);
    block.long(count);
    block.long(packed.length);
    block.bytes.set(packed, block.pos);
    block.pos += packed.length;
    block.bytes.set(sync, block.pos);
    block.pos += sync.length;
    this.#emit(block.bytes.subarray(0, block.pos));
    this.counters.blocks += 1;
    this.#flushed += count;
    out.pos = 0;
  }

  /** A file without records is a header alone: it is still a SysFlow file. */
  end(): void {
    this.flush();
    if (this.#sync === undefined) this.#writeHeader(new Uint8Array(0));
  }

  take(): Uint8Array[] {
    const finished = this.#finished;
    this.#finished = [];
    return finished;
  }

  #emit(bytes: Uint8Array): void {
    this.counters.bytes += bytes.length;
    this.#finished.push(bytes);
  }

  /** The sync marker must not occur by chance: a digest of the schema and the first block's beginning. */
  #writeHeader(firstBlock: Uint8Array): Uint8Array {
    const { start, digest } = fileStart(this.#options.schema, this.#options.codec);
    const sample = firstBlock.subarray(0, sampleBytes);
    const seed = new Uint8Array(digest.length + sample.length);
    seed.set(digest);
    seed.set(sample, digest.length);
    const sync = sha1(seed).slice(0, 16);
    this.#sync = sync;
    const header = new Uint8Array(start.length + sync.length);
    header.set(start);
    header.set(sync, start.length);
    this.#emit(header);
    return sync;
  }
}

type FileStart = { readonly start: Uint8Array; readonly digest: Uint8Array };
const fileStarts = new Map<string, FileStart>();

/** Magic and metadata, which all files of a schema and codec share. */
function fileStart(schema: 5 | 6, codec: "null" | "deflate"): FileStart {
  const key = `${schema} ${codec}`;
  const known = fileStarts.get(key);
  if (known !== undefined) return known;
  const out = new Output(0n);
  for (const byte of magic) out.byte(byte);
  const meta = [
    ["avro.codec", codec],
    ["avro.schema", schema === 5 ? schema5 : schema6],
  ] as const;
  out.long(meta.length);
  for (const [name, value] of meta) {
    out.text(name);
    out.text(value);
  }
  out.byte(0);
  const start = out.bytes.slice(0, out.pos);
  const made = { start, digest: sha1(start) };
  fileStarts.set(key, made);
  return made;
}

const noNames: ReadonlyMap<string, number> = new Map();
