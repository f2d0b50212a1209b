// Reads SysFlow files of every age: bytes → records. API: `new SysFlowReader(options)`, then `push(bytes)`, then `read()` until
// it returns an empty array (it hands out at most about 65 536 records at a time), `end()`, and `read()` again. Processes, files
// and containers are interned per file: records of one process point at the version that was described last. Never throws.

import type { Diagnostic, DiagnosticCode } from "../../model/diagnostic.ts";
import { diagnostic } from "../../model/diagnostic.ts";
import type { Host } from "../../model/entity.ts";
import { limits } from "../../model/limits.ts";
import type { GapReason, GapRecord, Record } from "../../model/record.ts";
import type { InputCounters } from "../../model/syscall.ts";
import type { TimeBase } from "../../model/time.ts";
import { decodeText, printable } from "../../base/text.ts";
import type { ReaderOptions, RecordReader } from "../reader.ts";
import type { CodecName } from "./codec.ts";
import { codecOf, codecNames, decompress, decompressStart } from "./codec.ts";
import type { ContainerBlock, ContainerDamage, ContainerHeader } from "./container.ts";
import { ContainerReader } from "./container.ts";
import { Cursor } from "./cursor.ts";
import { Entities } from "./entities.ts";
import type { Branch } from "./branches.ts";
import { compileBranches } from "./branches.ts";
import { run } from "./plan.ts";
import type { BuildContext } from "./rows5.ts";

const batchMax = 8_192;
const batchBytesMax = 8 * 1024 * 1024;
const heldBlocksMax = 16;
const second = 1_000_000_000n;

type Block = { readonly offset: number; readonly bytes: Uint8Array; readonly count: number };

const damageCodes: { readonly [What in ContainerDamage["what"]]: DiagnosticCode } = {
  empty: "SF1001",
  magic: "SF1010",
  header: "SF1011",
  block: "SF1015",
  truncated: "SF1016",
};

export class SysFlowReader implements RecordReader {
  readonly counters: InputCounters = { bytes: 0, events: 0, relevant: 0, skipped: new Map() };
  readonly #diagnostics: Diagnostic[] = [];
  #diagnosticsDropped = 0;
  readonly #options: ReaderOptions;
  readonly #container = new ContainerReader();
  readonly #cursor = new Cursor();
  readonly #context: BuildContext;
  #base: TimeBase | undefined;
  #branches: readonly Branch[] = [];
  #codec: CodecName = "null";
  #usable = false;
  /** Blocks whose times cannot be said yet, because no time was seen: the base is the first one. */
  #held: Block[] = [];
  #ready: Block[] = [];
  #block: Block | undefined;
  #left = 0;
  #lastTime = 0;
  /** Of the next gap that the container tells. */
  #gapReason: GapReason = "damaged";
  #ended = false;
  #evicted = 0;

  constructor(options: ReaderOptions = {}) {
    this.#options = options;
    this.#context = {
      entities: newEntities({ id: "" }),
      base: 0n,
      begin: (host) => this.#begin(host),
    };
    if (options.base !== undefined) this.#setBase(options.base);
  }

  get base(): TimeBase | undefined {
    return this.#base;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** Entities dropped because a table was full. */
  get evicted(): number {
    return this.#evicted + this.#context.entities.evicted;
  }

  get diagnosticsDropped(): number {
    return this.#diagnosticsDropped;
  }

  push(bytes: Uint8Array): void {
    this.counters.bytes += bytes.length;
    this.#container.push(bytes);
  }

  end(): void {
    this.#container.end();
    this.#ended = true;
  }

  read(): Record[] {
    const records: Record[] = [];
    let bytes = 0;
    while (records.length < batchMax && bytes < batchBytesMax) {
      if (this.#block !== undefined) {
        bytes += this.#decode(this.#block, records);
        continue;
      }
      const block = this.#ready.shift();
      if (block !== undefined) {
        this.#open(block);
        continue;
      }
      if (!this.#advance(records)) break;
    }
    return records;
  }

  /** Takes the next part of the container; false when there is none. */
  #advance(records: Record[]): boolean {
    const part = this.#container.next();
    switch (part?.kind) {
      case undefined:
        if (!this.#ended || this.#held.length === 0) return false;
        this.#setBase(0n);
        return true;
      case "header":
        this.#header(part);
        return true;
      case "block":
        if (this.#usable) this.#takeBlock(part, records);
        return true;
      case "damage":
        this.#release();
        this.#say(damageCodes[part.what], part.reason, part.offset);
        return true;
      case "gap":
        if (this.#usable) this.#gap(this.#gapReason, part.lost, part.offset, records);
        this.#gapReason = "damaged";
        return true;
    }
  }

  #begin(host: Host): void {
    this.#evicted += this.#context.entities.evicted;
    this.#context.entities = newEntities(host);
  }

  #setBase(base: TimeBase): void {
    this.#base = base;
    this.#context.base = base;
    this.#cursor.base = base;
    this.#ready.push(...this.#held);
    this.#held = [];
  }

  /** Held blocks must come before whatever is said next. */
  #release(): void {
    if (this.#base === undefined && this.#held.length > 0) this.#setBase(0n);
  }

  #say(code: DiagnosticCode, message: string, offset: number): void {
    if (this.#diagnostics.length >= limits.diagnostics.max) {
      this.#diagnosticsDropped += 1;
      return;
    }
    this.#diagnostics.push(diagnostic(code, message, { path: this.#options.path, offset }));
  }

  #gap(reason: GapReason, lost: number, offset: number, records: Record[]): void {
    const gap: GapRecord = {
      type: "G",
      host: this.#context.entities.host,
      ts: this.#lastTime,
      endTs: this.#lastTime,
      reason,
      lost,
      unit: "bytes",
      where: `offset ${offset}`,
    };
    records.push(gap);
  }

  #header(part: ContainerHeader): void {
    this.#release();
    this.#usable = false;
    const codecBytes = part.meta.get("avro.codec");
    const codec =
      codecBytes === undefined
        ? "null"
        : decodeText(codecBytes, 0, Math.min(80, codecBytes.length));
    const known = codecOf(codec === "" ? "null" : codec);
    if (known === undefined) {
      const list = codecNames.join(", ");
      this.#say("SF1012", `codec "${printable(codec)}"; known are ${list}`, part.offset);
      return;
    }
    this.#codec = known;
    const schema = part.meta.get("avro.schema");
    const text = schema === undefined ? "" : decodeText(schema, 0, schema.length);
    const branches = schema === undefined ? "the header has no schema" : compileBranches(text);
    if (typeof branches === "string") {
      this.#say("SF1013", branches, part.offset);
      return;
    }
    this.#branches = branches;
    this.#usable = true;
  }

  #takeBlock(part: ContainerBlock, records: Record[]): void {
    const unpacked = part.complete
      ? decompress(this.#codec, part.bytes, this.#options.inflate)
      : decompressStart(this.#codec, part.bytes);
    if (typeof unpacked === "string") {
      this.#release();
      this.#say("SF1014", unpacked, part.offset);
      this.#gap("damaged", part.bytes.length, part.offset, records);
      return;
    }
    // Codec "null" yields a view of the container's buffer, which the next push overwrites. A Buffer's own subarray is slow.
    const bytes =
      unpacked === part.bytes
        ? new Uint8Array(unpacked)
        : new Uint8Array(unpacked.buffer, unpacked.byteOffset, unpacked.length);
    const block: Block = { offset: part.offset, bytes, count: part.count };
    if (!part.complete) {
      this.#truncated.add(block);
      this.#gapReason = "truncated";
    }
    if (this.#base !== undefined) {
      this.#open(block);
      return;
    }
    this.#held.push(block);
    const first = this.#firstTime(block);
    if (first !== undefined) this.#setBase(first - (((first % second) + second) % second));
    else if (this.#held.length >= heldBlocksMax) this.#setBase(0n);
  }

  readonly #truncated = new WeakSet<Block>();

  #open(block: Block): void {
    this.#block = block;
    this.#left = block.count;
    this.#cursor.open(block.bytes);
  }

  /** Reads a block into nothing to find its first time. */
  #firstTime(block: Block): bigint | undefined {
    const cursor = this.#cursor;
    const entities = newEntities({ id: "" });
    cursor.open(block.bytes);
    cursor.seeking = true;
    cursor.first = undefined;
    for (let i = 0; i < block.count && cursor.fault === undefined; i++) {
      const branch = this.#branches[cursor.long()];
      cursor.itemsLeft = limits.arrayItems.max;
      if (branch === undefined || cursor.pos > cursor.end) break;
      if (branch.plan === undefined) branch.skip(cursor, 0);
      else run(branch.plan, cursor, entities);
      if (cursor.first !== undefined) break;
    }
    cursor.seeking = false;
    return cursor.first;
  }

  /** Decodes up to a batch of the block; returns its bytes when it is done with it, else 0. */
  #decode(block: Block, records: Record[]): number {
    const { counters } = this;
    const cursor = this.#cursor;
    const context = this.#context;
    let at = cursor.pos;
    while (this.#left > 0 && records.length < batchMax) {
      at = cursor.pos;
      const index = cursor.long();
      const branch = this.#branches[index];
      cursor.itemsLeft = limits.arrayItems.max;
      if (branch === undefined) cursor.fail(`a record of the unknown type ${index}`);
      else if (branch.plan === undefined) branch.skip(cursor, 0);
      else run(branch.plan, cursor, context.entities);
      if (cursor.fault !== undefined || cursor.pos > cursor.end || branch === undefined) {
        this.#blockDamage(block, at, records);
        return block.bytes.length;
      }
      this.#left -= 1;
      counters.events += 1;
      const record = branch.plan === undefined ? undefined : branch.build(branch.plan.row, context);
      if (branch.plan === undefined) {
        counters.skipped.set(branch.name, (counters.skipped.get(branch.name) ?? 0) + 1);
        continue;
      }
      if (record === undefined) continue;
      counters.relevant += 1;
      records.push(record);
      const time = timeOf(record);
      if (time !== undefined) this.#lastTime = time;
    }
    if (this.#left > 0) return 0;
    if (cursor.pos < cursor.end || this.#truncated.has(block)) {
      this.#blockDamage(block, cursor.pos, records);
    } else this.#block = undefined;
    return block.bytes.length;
  }

  #blockDamage(block: Block, at: number, records: Record[]): void {
    this.#block = undefined;
    if (this.#truncated.has(block)) {
      const missing = this.#left > 0 ? `; ${this.#left} of its records are missing` : "";
      this.#say("SF1016", `the input ends inside a block${missing}`, block.offset);
      return;
    }
    const fault = this.#cursor.fault ?? "bytes follow the last record";
    const lost = block.bytes.length - at;
    const where = `${fault}, at byte ${at} of the unpacked block`;
    this.#say("SF1015", where, block.offset);
    this.#gap("damaged", lost, block.offset, records);
  }
}

function newEntities(host: Host): Entities {
  return new Entities(host, {
    processes: limits.processes.max,
    files: limits.knownFiles.max,
    containers: limits.containers.max,
  });
}

function timeOf(record: Record): number | undefined {
  switch (record.type) {
    case "FF":
    case "NF":
    case "PF":
      return record.endTs;
    case "PE":
    case "FE":
    case "NE":
    case "KE":
    case "G":
      return record.ts;
    default:
      return undefined;
  }
}
