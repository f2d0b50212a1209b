// Records of a live recording → files: a block at least every second, so that what a crash leaves can be read; a new file when it
// is time. Every file stands alone: what it names is described in it.

import { deflateRawSync } from "node:zlib";
import type { Process, ProcessIdentity } from "../model/entity.ts";
import { lineageMax } from "../model/entity.ts";
import { type HeaderRecord, type Record, isBehaviour } from "../model/record.ts";
import type { TimeNs } from "../model/time.ts";
import { SysFlowWriter, zlibOptions } from "../wire/avro/writer.ts";

export type Destination = {
  /** What the header calls it. */
  readonly name: string | undefined;
  write(bytes: Uint8Array): void | Promise<void>;
  commit(): void;
  abandon(): void;
};

export type RecorderOptions = {
  readonly open: () => Destination;
  readonly schema: 5 | 6;
  /** A file holds so much time; undefined: there is one file. */
  readonly rotateMs?: number | undefined;
  readonly clock?: (() => number) | undefined;
};

/** Half of the second that is promised: batches come at least every second. */
const flushMs = 500;

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #clock: () => number;
  #destination: Destination;
  #writer: SysFlowWriter;
  #header: HeaderRecord | undefined;
  /** Processes described in the present file; undefined in the first, where the engine describes them in time. */
  #described: WeakSet<ProcessIdentity> | undefined;
  #flushedAt: number;
  #openedAt: number;
  #written = { records: 0, bytes: 0 };
  files = 1;

  /** Throws what `open` throws. */
  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#destination = options.open();
    this.#writer = this.#newWriter();
    this.#openedAt = this.#clock();
    this.#flushedAt = this.#openedAt;
  }

  get name(): string | undefined {
    return this.#destination.name;
  }

  get records(): number {
    return this.#written.records + this.#writer.counters.records;
  }

  get bytes(): number {
    return this.#written.bytes + this.#writer.counters.bytes;
  }

  /** Also with none, once a second: time passes for the file as well. */
  async write(records: readonly Record[]): Promise<void> {
    const now = this.#clock();
    const { rotateMs } = this.#options;
    if (rotateMs !== undefined && now - this.#openedAt >= rotateMs && records.length > 0) {
      await this.#rotate(now);
    }
    for (const record of records) this.#add(record);
    if (now - this.#flushedAt >= flushMs) {
      this.#writer.flush();
      this.#flushedAt = now;
    }
    await this.#pour();
  }

  /** The file is complete. */
  async end(): Promise<void> {
    this.#writer.end();
    await this.#pour();
    this.#destination.commit();
  }

  abandon(): void {
    this.#destination.abandon();
  }

  async #pour(): Promise<void> {
    for (const bytes of this.#writer.take()) await this.#destination.write(bytes);
  }

  #newWriter(): SysFlowWriter {
    const { schema } = this.#options;
    return new SysFlowWriter({
      schema,
      codec: "deflate",
      deflate: (bytes, block) => deflateRawSync(bytes, zlibOptions(schema, block)),
    });
  }

  async #rotate(now: number): Promise<void> {
    await this.end();
    const { counters } = this.#writer;
    this.#written = { records: this.records, bytes: this.#written.bytes + counters.bytes };
    this.#destination = this.#options.open();
    this.#writer = this.#newWriter();
    this.#described = new WeakSet();
    this.#openedAt = now;
    this.#flushedAt = now;
    this.files += 1;
    const header = this.#header;
    if (header === undefined) return;
    this.#writer.write([{ ...header, filename: this.#destination.name }]);
  }

  #add(record: Record): void {
    if (record.type === "H") {
      this.#header = { ...record, filename: this.#destination.name };
      this.#writer.write([this.#header]);
      return;
    }
    if (this.#described !== undefined) {
      if (record.type === "P") this.#described.add(record.process.identity);
      else if (isBehaviour(record) && "proc" in record) {
        this.#describe(this.#described, record.proc, record.ts, 0);
        if (record.type === "PE" && record.target !== undefined) {
          this.#describe(this.#described, record.target, record.ts, 0);
        }
      }
    }
    this.#writer.write([record]);
  }

  /** Ancestors first; of each the version of that time and what became of it. Files and containers the writer describes itself. */
  #describe(
    described: WeakSet<ProcessIdentity>,
    process: Process,
    at: TimeNs,
    depth: number,
  ): void {
    const { identity } = process;
    if (depth > lineageMax || described.has(identity)) return;
    described.add(identity);
    const { current } = identity;
    if (current.parent !== undefined) this.#describe(described, current.parent, at, depth + 1);
    const versions: Process[] = [current];
    for (let old = current; old.ts > at && old.previous !== undefined;) {
      old = old.previous;
      versions.unshift(old);
    }
    for (const version of versions) {
      const state = version === versions[0] ? "REUP" : version.state;
      this.#writer.write([{ type: "P", process: { ...version, state } }]);
    }
  }
}
