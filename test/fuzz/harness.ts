// Runs one format's mutator against everything that reads it: nothing may throw, nothing may take long, and most inputs must still
// yield records, or the mutations never get behind the front door. Each input is a function of the seed and its number.

import { inflateRawSync } from "node:zlib";
import { FlowEngine } from "../../src/flow/engine.ts";
import { limits } from "../../src/model/limits.ts";
import type { Record } from "../../src/model/record.ts";
import { SysFlowWriter } from "../../src/wire/avro/writer.ts";
import type { WireFormat } from "../../src/wire/reader.ts";
import { type Bytes, concat } from "./mutate.ts";
import { Random } from "./random.ts";

export type FuzzTarget = {
  readonly name: string;
  readonly format: WireFormat;
  /** Inputs to start from, small enough that thousands of them take a second. */
  readonly seeds: () => readonly Bytes[];
  /** A changed input; `other` is a second seed to take pieces from. */
  readonly mutate: (random: Random, seed: Bytes, other: Bytes) => Bytes;
};

export type FuzzOptions = {
  readonly seed: number;
  /** Number of the first input; inputs are numbered on over chunks. */
  readonly from?: number;
  readonly count: number;
  /** Stops early after this long. */
  readonly seconds?: number;
  /** An input that takes longer is a failure. */
  readonly slowMs: number;
  readonly onFailure?: (failure: FuzzFailure) => void;
  /** Before each input: whoever watches for hangs needs its number. */
  readonly onStart?: (number: number) => void;
};

export type FuzzFailure = {
  readonly number: number;
  readonly kind: "crash" | "slow" | "chunks";
  readonly message: string;
  readonly bytes: Bytes;
};

export type FuzzReport = {
  readonly name: string;
  readonly tried: number;
  /** Inputs that yielded at least one record. */
  readonly fruitful: number;
  readonly records: number;
  readonly crashes: number;
  readonly slow: number;
  /** Inputs that gave something else when they came in pieces. */
  readonly chunks: number;
  readonly slowestMs: number;
  readonly slowestNumber: number;
  readonly seconds: number;
  readonly peakRssMb: number;
};

/** The input with a number: the same wherever it is made. */
export function makeInput(
  target: FuzzTarget,
  seeds: readonly Bytes[],
  seed: number,
  number: number,
): Bytes {
  const random = new Random(seed * 1_000_003 + number);
  return target.mutate(random, random.pick(seeds), random.pick(seeds));
}

export function runFuzz(target: FuzzTarget, options: FuzzOptions): FuzzReport {
  const seeds = target.seeds();
  const report = {
    tried: 0,
    fruitful: 0,
    records: 0,
    crash: 0,
    slow: 0,
    chunks: 0,
    slowestMs: 0,
    slowestNumber: 0,
  };
  const began = performance.now();
  const first = options.from ?? 0;
  const fail = (number: number, kind: FuzzFailure["kind"], message: string, bytes: Bytes): void => {
    report[kind] += 1;
    options.onFailure?.({ number, kind, message, bytes });
  };
  for (let number = first; number < first + options.count; number++) {
    if (options.seconds !== undefined && performance.now() - began > options.seconds * 1000) break;
    const bytes = makeInput(target, seeds, options.seed, number);
    report.tried += 1;
    options.onStart?.(number);
    try {
      const elapsed = fastest(
        () => convert(target.format, bytes, bytes.length, number).fruit,
        options.slowMs,
      );
      report.records += elapsed.result;
      if (elapsed.result > 0) report.fruitful += 1;
      if (elapsed.ms > report.slowestMs) {
        report.slowestMs = elapsed.ms;
        report.slowestNumber = number;
      }
      if (elapsed.ms > options.slowMs) fail(number, "slow", `${elapsed.ms.toFixed(1)} ms`, bytes);
      if (number % 16 === 0) {
        const trouble = comparePieces(target.format, bytes, number);
        if (trouble !== undefined) fail(number, "chunks", trouble, bytes);
      }
    } catch (error) {
      fail(
        number,
        "crash",
        error instanceof Error ? (error.stack ?? error.message) : String(error),
        bytes,
      );
    }
  }
  return {
    name: target.name,
    ...report,
    crashes: report.crash,
    seconds: (performance.now() - began) / 1000,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  };
}

/** A header is written whatever comes in, and gaps say that something is missing: neither shows that a mutation got anywhere. */
function isFruit(record: Record): boolean {
  return record.type !== "H" && record.type !== "G";
}

/** CPU time of the run; when it seems slow the better of three, so that a busy machine is not taken for a slow reader. */
function fastest(
  run: () => number,
  slowMs: number,
): { readonly ms: number; readonly result: number } {
  let best = Number.POSITIVE_INFINITY;
  let result = 0;
  for (let i = 0; i < 3; i++) {
    const start = process.cpuUsage();
    result = run();
    const used = process.cpuUsage(start);
    best = Math.min(best, (used.user + used.system) / 1000);
    if (best <= slowMs) break;
  }
  return { ms: best, result };
}

type Conversion = {
  readonly fruit: number;
  readonly file: readonly Bytes[];
};

/** Everything that happens to an input in `convert`: read, followed, written in schema 5 or 6. */
export function convert(
  format: WireFormat,
  bytes: Bytes,
  piece: number,
  number: number,
): Conversion {
  const opened = format.open({ path: "fuzz", inflate });
  const writer = new SysFlowWriter({ schema: number % 2 === 0 ? 5 : 6, codec: "null" });
  let fruit = 0;
  const file: Bytes[] = [];
  const take = (more: readonly Record[]): void => {
    for (const record of more) if (isFruit(record)) fruit += 1;
    writer.write(more);
    file.push(...writer.take());
  };
  let engine: FlowEngine | undefined;
  const read = (): void => {
    if (opened.kind === "records") {
      take(opened.reader.read());
      return;
    }
    const { reader } = opened;
    for (let input = reader.next(); input !== undefined; input = reader.next()) {
      engine ??= new FlowEngine({
        mode: number % 4 < 2 ? "native" : "compat",
        exporter: "fuzz",
        base: reader.base ?? 0n,
      });
      engine.apply(input);
    }
    if (engine !== undefined) take(engine.take());
  };
  for (let at = 0; at < bytes.length; at += Math.max(1, piece)) {
    opened.reader.push(bytes.slice(at, at + Math.max(1, piece)));
    read();
  }
  opened.reader.end();
  read();
  engine?.end();
  if (engine !== undefined) take(engine.take());
  writer.end();
  file.push(...writer.take());
  return { fruit, file };
}

function inflate(bytes: Bytes): Bytes {
  return inflateRawSync(bytes, { maxOutputLength: limits.blockBytes.max });
}

/** The same input whole and in pieces: the same file must come out. */
function comparePieces(format: WireFormat, bytes: Bytes, number: number): string | undefined {
  const piece = 1 + (number % 97);
  const whole = concat(convert(format, bytes, bytes.length, number).file);
  const pieces = concat(convert(format, bytes, piece, number).file);
  if (whole.length === pieces.length && whole.every((byte, i) => byte === pieces[i])) {
    return undefined;
  }
  return `the file written from the whole is not the one written from pieces of ${piece}`;
}

export function printReport(report: FuzzReport): string {
  const share = report.tried === 0 ? 0 : (100 * report.fruitful) / report.tried;
  return (
    `${report.name}: ${report.tried} inputs, ${share.toFixed(1)} % yield records (${report.records}), ` +
    `${report.crashes} crashes, ${report.slow} slow, ${report.chunks} differ in pieces, ` +
    `slowest ${report.slowestMs.toFixed(1)} ms (#${report.slowestNumber}), ` +
    `${report.seconds.toFixed(1)} s, peak RSS ${report.peakRssMb.toFixed(0)} MB`
  );
}
