// One input of a recording: bytes → (system calls → flow engine →) records, whatever the format. Merging several is recording.ts.

import { basename } from "node:path";
import { inflateRawSync } from "node:zlib";
import { FlowEngine } from "../flow/engine.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { limits } from "../model/limits.ts";
import type { FileFlow, NetworkFlow, Record } from "../model/record.ts";
import type { InputCounters, SyscallReader } from "../model/syscall.ts";
import type { TimeBase, TimeNs } from "../model/time.ts";
import { readBytes, standardInput } from "../source/file.ts";
import { sniffFormat, wireFormats } from "../wire/index.ts";
import type { RecordReader, WireFormat } from "../wire/reader.ts";

export type InputOptions = {
  readonly from?: string | undefined;
  readonly exporter?: string | undefined;
  readonly compat?: boolean | undefined;
  /** Where the bytes come from, instead of a file that is read to its end. An array is valid until the next one is asked for. */
  readonly bytes?: ByteSource | undefined;
  /** `takeBegins` tells of flows when they begin. */
  readonly begins?: boolean | undefined;
};

export type ByteSource = (path: string, counters: { bytes: number }) => AsyncGenerator<Uint8Array>;

/** What came in, for `stats` and for exit codes. */
export type InputSummary = {
  readonly path: string;
  format: string | undefined;
  /** Size of the file as it lies on disk (compressed where it is). */
  bytes: number;
  counters: InputCounters | undefined;
  /** Calls that made no record, and table entries that had to go, by reason. */
  readonly unrecorded: Map<string, number>;
  records: number;
  diagnostics: number;
  state: "whole" | "damaged" | "unreadable";
};

export type Report = (diagnostic: Diagnostic) => void;

const headBytes = 65_536;
/** Records that are written before more are made: few enough to die young. */
const portion = 256;

export class RecordInput {
  readonly summary: InputSummary;
  readonly #options: InputOptions;
  readonly #report: Report;
  readonly #chunks: AsyncGenerator<Uint8Array>;
  #reader: RecordReader | SyscallReader | undefined;
  #engine: FlowEngine | undefined;
  #engineBase: TimeBase | undefined;
  #held: Uint8Array[] = [];
  #reported = 0;
  #failed = false;
  #done = false;
  /** The reader was told that no bytes will come; it may hold records still. */
  #ended = false;

  constructor(path: string, options: InputOptions, report: Report) {
    this.#options = options;
    this.#report = report;
    this.summary = {
      path,
      format: undefined,
      bytes: 0,
      counters: undefined,
      unrecorded: new Map(),
      records: 0,
      diagnostics: 0,
      state: "whole",
    };
    this.#chunks = (options.bytes ?? readBytes)(path, this.summary);
  }

  /** What the times of the records read last are counted from. */
  get base(): TimeBase | undefined {
    return this.#engineBase ?? this.#reader?.base;
  }

  /** Reads until the format and the first timestamp are known, with a throw-away reader; what was read is kept. */
  async findBase(): Promise<TimeBase | undefined> {
    let format: WireFormat | undefined;
    let probe: RecordReader | SyscallReader | undefined;
    let read = 0;
    while (read < limits.blockBytes.max) {
      const chunk = await this.#nextChunk();
      if (chunk === undefined) break;
      const kept = chunk.slice();
      this.#held.push(kept);
      read += kept.length;
      format ??= this.#findFormat(kept);
      if (format === undefined) return undefined;
      probe ??= this.#openReader(format, undefined);
      probe.push(kept);
      drain(probe);
      if (probe.base !== undefined) return probe.base;
    }
    if (probe === undefined) return undefined;
    probe.end();
    drain(probe);
    return probe.base;
  }

  /** The next records; undefined at the end. Never throws: trouble becomes diagnostics and the summary's state. */
  async read(base: TimeBase | undefined): Promise<Record[] | undefined> {
    if (this.#done) return undefined;
    // Readers and the engine hand out a bounded number of records at a time.
    if (this.#reader !== undefined) {
      const more = this.#take(this.#reader);
      if (more.length > 0) return more;
    }
    const chunk = this.#held.shift() ?? (await this.#nextChunk());
    if (chunk === undefined) {
      if (this.#reader === undefined || this.#ended) return this.#finish();
      this.#ended = true;
      this.#reader.end();
      return this.#take(this.#reader);
    }
    if (this.#reader === undefined) {
      const format = this.#findFormat(chunk);
      if (format === undefined) {
        this.#done = true;
        await this.#chunks.return(undefined);
        return undefined;
      }
      this.#reader = this.#openReader(format, base);
      this.summary.counters = this.#reader.counters;
    }
    this.#reader.push(chunk);
    return this.#take(this.#reader);
  }

  /** Flows that began among what was read since the last time (FlowEngine.takeBegins). */
  takeBegins(): readonly (FileFlow | NetworkFlow)[] {
    return this.#engine?.takeBegins() ?? [];
  }

  /** Stops reading early. */
  async close(): Promise<void> {
    this.#done = true;
    await this.#chunks.return(undefined);
  }

  async #nextChunk(): Promise<Uint8Array | undefined> {
    if (this.#failed) return undefined;
    try {
      const next = await this.#chunks.next();
      return next.done === true ? undefined : next.value;
    } catch (error) {
      this.#failed = true;
      const reason = error instanceof Error ? error.message : String(error);
      this.#emit(
        diagnostic("SF1002", `${this.summary.path} cannot be read further: ${reason}`, {
          path: this.summary.path,
          offset: this.summary.bytes,
        }),
      );
      return undefined;
    }
  }

  #findFormat(head: Uint8Array): WireFormat | undefined {
    const wanted = this.#options.from;
    const format =
      wanted === undefined
        ? sniffFormat(head.subarray(0, headBytes))
        : wireFormats.find((row) => row.name === wanted);
    if (format === undefined) {
      const names = wireFormats.map((row) => row.name).join(", ");
      const start = Array.from(head.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0"));
      this.#emit(
        diagnostic(
          "SF1000",
          `${this.summary.path} is of no known format (${names}); it starts with ${start.join(" ")}`,
          { path: this.summary.path, offset: 0 },
        ),
      );
    } else this.summary.format = format.name;
    return format;
  }

  #openReader(format: WireFormat, base: TimeBase | undefined): RecordReader | SyscallReader {
    const opened = format.open({
      base,
      path: this.summary.path,
      inflate: (bytes) => inflateRawSync(bytes, { maxOutputLength: limits.blockBytes.max }),
    });
    return opened.reader;
  }

  #take(reader: RecordReader | SyscallReader): Record[] {
    const records = "read" in reader ? reader.read() : this.#runEngine(reader);
    this.#reportNew(reader);
    this.summary.records += records.length;
    return records;
  }

  #runEngine(reader: SyscallReader): Record[] {
    let input = reader.next();
    if (input === undefined) return this.#engine?.take() ?? [];
    const engine = (this.#engine ??= this.#startEngine(reader));
    for (let count = 1; input !== undefined; count++) {
      if (input.kind === "section") {
        // The next recording of a concatenated capture has its own header, and may have its own base.
        this.#engine = undefined;
        this.#endEngine(engine, undefined);
        break;
      }
      engine.apply(input);
      if (count % portion === 0 && engine.waiting >= portion) break;
      input = reader.next();
    }
    return engine.take();
  }

  #startEngine(reader: SyscallReader): FlowEngine {
    const path = this.summary.path;
    const base = reader.base ?? 0n;
    const engine = new FlowEngine({
      mode: this.#options.compat === true ? "compat" : "native",
      exporter: this.#options.exporter,
      // The base name: a header travels, and a folder's path says more about a machine than a reader needs.
      filename: path === standardInput ? undefined : basename(path),
      base,
      precision: reader.precision,
      begins: this.#options.begins,
    });
    this.#engineBase = base;
    return engine;
  }

  #endEngine(engine: FlowEngine, now: TimeNs | undefined): void {
    engine.end(now);
    const { dropped, evictions } = engine.counters;
    const { unrecorded } = this.summary;
    const add = (reason: string, count: number): void => {
      if (count > 0) unrecorded.set(reason, (unrecorded.get(reason) ?? 0) + count);
    };
    for (const [reason, count] of Object.entries(dropped)) add(reason, count);
    for (const [table, count] of Object.entries(evictions)) add(`full table of ${table}`, count);
  }

  #finish(): Record[] | undefined {
    this.#done = true;
    if (this.#reader === undefined) {
      if (!this.#failed && this.summary.bytes === 0) {
        const path = this.summary.path;
        this.#emit(diagnostic("SF1001", `${path} is empty`, { path, offset: 0 }));
      }
      this.summary.state = "unreadable";
      return undefined;
    }
    if (!this.#ended) this.#reader.end();
    const records = this.#take(this.#reader);
    // The last event may be one that is no input.
    const now = "now" in this.#reader ? this.#reader.now : undefined;
    if (this.#engine !== undefined) this.#endEngine(this.#engine, now);
    const last = this.#engine?.take() ?? [];
    this.summary.records += last.length;
    if (this.summary.state === "damaged" && this.summary.records === 0) {
      this.summary.state = "unreadable";
    }
    return [...records, ...last];
  }

  #reportNew(reader: RecordReader | SyscallReader): void {
    const all = reader.diagnostics;
    for (; this.#reported < all.length; this.#reported++) {
      const item = all[this.#reported];
      if (item !== undefined) this.#emit(item);
    }
  }

  #emit(item: Diagnostic): void {
    this.summary.diagnostics += 1;
    if (item.severity === "error") {
      this.summary.state = this.summary.format === undefined ? "unreadable" : "damaged";
    }
    const place = { ...item.place, path: item.place.path ?? this.summary.path };
    this.#report({ ...item, place });
  }
}

/** Takes what a reader has and throws it away. */
function drain(reader: RecordReader | SyscallReader): void {
  if ("read" in reader) reader.read();
  else while (reader.base === undefined && reader.next() !== undefined);
}
