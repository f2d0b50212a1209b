// sysflow stats: what a recording holds, what it lost, and by how much it is smaller than what it was made from. For captures and
// strace logs the conversion runs in memory, so that every ratio is measured on this input.

import { createGzip, deflateRawSync } from "node:zlib";
import { Readable } from "node:stream";
import { countNoun, printBytes, printCount, printDuration } from "../encode/units.ts";
import { printable } from "../base/text.ts";
import { type Paint, painter } from "../encode/style.ts";
import { displayWidth, fit, padEnd, padStart } from "../encode/width.ts";
import { type RecordType, recordTypes } from "../model/record.ts";
import { printTime } from "../model/time.ts";
import type { InputSummary } from "../pipeline/input.ts";
import type { RecordBatch } from "../pipeline/recording.ts";
import { readBytes, standardInput } from "../source/file.ts";
import { SysFlowWriter, zlibOptions } from "../wire/avro/writer.ts";
import { inputArguments, inputExit, openInputs } from "./inputs.ts";
import { progressOf } from "./progress.ts";
import { Tally } from "./stats/tally.ts";
import { flagOption } from "./verb.ts";
import { type ExitCode, Exit, type Options, type Terminal, type Verb } from "./verb.ts";

const examples = `
Examples:
  sysflow stats recording.sf           records per type, entities, losses
  sysflow stats capture.scap           also how much smaller the SysFlow file is
  sysflow stats capture.scap --compat  as the original collector would write
  sysflow stats recordings/ --json | jq .lost

A ratio is input divided by output: larger is better.`;

export const verb: Verb = {
  name: "stats",
  configure(command) {
    inputArguments(command)
      .option("--compat", "convert as the original collector did, to schema 5")
      .option("--json", "one JSON document")
      .addHelpText("after", examples);
  },
  run,
};

async function run(
  terminal: Terminal,
  args: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const compat = flagOption(options, "compat");
  const recording = openInputs(terminal, args, options, { compat, interleave: false });
  const progress = progressOf(terminal, recording);
  const tally = new Tally();
  const conversion = new Conversion(compat ? 5 : 6);
  for await (const batch of recording.batches()) {
    tally.add(batch.records, batch.base);
    conversion.add(batch);
    progress(batch.records.length);
    if (terminal.interrupted.aborted) break;
  }
  conversion.end();
  const report = await makeReport(recording.inputs, tally, conversion);
  terminal.progress(undefined);
  const json = flagOption(options, "json");
  if (tally.records.size > 0 || json) {
    await terminal.write(json ? `${JSON.stringify(report)}\n` : toText(report, terminal));
  }
  return terminal.interrupted.aborted ? Exit.interrupted : inputExit(recording);
}

/** Writes what was made from system calls into nothing and counts the bytes; one SysFlow file for each input. */
class Conversion {
  readonly #schema: 5 | 6;
  readonly #behaviours = new Set<string>(["PE", "FE", "NE", "KE", "PF", "FF", "NF"]);
  #input: InputSummary | undefined;
  #writer: SysFlowWriter | undefined;
  bytes = 0;
  records = 0;
  behaviours = 0;

  constructor(schema: 5 | 6) {
    this.#schema = schema;
  }

  add({ records, input }: RecordBatch): void {
    if (input.format === "sysflow") return;
    if (input !== this.#input) this.end();
    this.#input = input;
    this.#writer ??= new SysFlowWriter({
      schema: this.#schema,
      codec: "deflate",
      deflate: (bytes, block) => deflateRawSync(bytes, zlibOptions(this.#schema, block)),
    });
    this.#writer.write(records);
    this.#writer.take();
  }

  end(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    writer.end();
    writer.take();
    this.bytes += writer.counters.bytes;
    this.records += writer.counters.records;
    for (const [type, count] of writer.counters.byType) {
      if (this.#behaviours.has(type)) this.behaviours += count;
    }
    this.#writer = undefined;
  }
}

/** Events that the capturing program made by itself, to say which processes there are: nothing that happened. */
const processList = "procinfo";

type Ratio = {
  readonly name: "rawBytes" | "gzipBytes" | "eventsToRecords" | "relevantEventsToRecords";
  readonly base: string;
  readonly input: number;
  readonly output: number;
  readonly ratio: number;
};

type Report = {
  readonly inputs: readonly { path: string; format: string | undefined; bytes: number }[];
  readonly events: number | undefined;
  readonly relevantEvents: number | undefined;
  readonly records: { readonly [type: string]: number };
  readonly entities: { readonly [type: string]: number };
  readonly ratios: readonly Ratio[] | undefined;
  readonly skipped: { readonly [reason: string]: number } | undefined;
  /** Calls that were used and made no record, by reason. */
  readonly unrecorded: { readonly [reason: string]: number } | undefined;
  readonly lost: {
    readonly total: number;
    readonly reasons: { readonly [reason: string]: number };
  };
  readonly from: string | undefined;
  readonly to: string | undefined;
};

async function makeReport(
  inputs: readonly InputSummary[],
  tally: Tally,
  conversion: Conversion,
): Promise<Report> {
  const sources = inputs.filter(
    (input) => input.format !== "sysflow" && input.counters !== undefined,
  );
  const sum = (key: "bytes" | "events" | "relevant"): number =>
    sources.reduce((total, input) => total + (input.counters?.[key] ?? 0), 0);
  const skipped = sumOf(sources.map((input) => input.counters?.skipped ?? new Map()));
  const unrecorded = sumOf(sources.map((input) => input.unrecorded));
  const any = sources.length > 0;
  const damaged = inputs.filter((input) => input.state === "damaged").length;
  return {
    inputs: inputs.map(({ path, format, bytes }) => ({ path, format, bytes })),
    events: any ? sum("events") : undefined,
    relevantEvents: any ? sum("relevant") : undefined,
    records: byTable(tally.records),
    entities: byTable(new Map([...tally.records].filter(([type]) => isEntity(type)))),
    ratios: any
      ? await ratiosOf(sources, sum, skipped.get(processList) ?? 0, conversion)
      : undefined,
    skipped: skipped.size === 0 ? undefined : Object.fromEntries(skipped),
    unrecorded: unrecorded.size === 0 ? undefined : Object.fromEntries(unrecorded),
    lost: tally.lost(damaged),
    from: tally.from === undefined ? undefined : printTime(tally.from),
    to: tally.to === undefined ? undefined : printTime(tally.to),
  };
}

function sumOf(counts: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const [reason, count] of counts.flatMap((map) => [...map])) {
    sum.set(reason, (sum.get(reason) ?? 0) + count);
  }
  return sum;
}

function isEntity(type: RecordType): boolean {
  return type === "P" || type === "F" || type === "C" || type === "PD";
}

function byTable(counts: ReadonlyMap<RecordType, number>): { [type: string]: number } {
  return Object.fromEntries(
    recordTypes
      .map(({ type }) => [type, counts.get(type) ?? 0] as const)
      .filter(([, count]) => count > 0),
  );
}

async function ratiosOf(
  sources: readonly InputSummary[],
  sum: (key: "bytes" | "events" | "relevant") => number,
  procinfo: number,
  { bytes, records, behaviours }: Conversion,
): Promise<readonly Ratio[]> {
  const ratios: Ratio[] = [];
  const add = (name: Ratio["name"], base: string, input: number, output: number): void => {
    if (input > 0 && output > 0) ratios.push({ name, base, input, output, ratio: input / output });
  };
  add("rawBytes", "bytes of the input, unpacked : bytes of the SysFlow file", sum("bytes"), bytes);
  const gzip = await gzipBytes(sources);
  if (gzip !== undefined) {
    add("gzipBytes", "bytes of the input under gzip -6 : bytes of the SysFlow file", gzip, bytes);
  }
  add(
    "eventsToRecords",
    "events of any kind, without process lists : records of any type",
    sum("events") - procinfo,
    records,
  );
  add(
    "relevantEventsToRecords",
    "events that SysFlow uses : records of behaviour (events and flows)",
    sum("relevant"),
    behaviours,
  );
  return ratios;
}

/** Packs the inputs once more, so that files which came packed are measured alike; standard input is gone by then. */
async function gzipBytes(sources: readonly InputSummary[]): Promise<number | undefined> {
  if (sources.some((input) => input.path === standardInput)) return undefined;
  let total = 0;
  for (const input of sources) {
    try {
      const plain = Readable.from(copies(input.path));
      const packed = createGzip({ level: 6 });
      plain.on("error", (error) => packed.destroy(error));
      plain.pipe(packed);
      for await (const chunk of packed) total += Buffer.byteLength(chunk);
    } catch {
      // The file was damaged or has gone since: its damage was reported, and half a base is none.
      return undefined;
    }
  }
  return total;
}

async function* copies(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of readBytes(path, { bytes: 0 })) yield chunk.slice();
}

function toText(report: Report, terminal: Terminal): string {
  const paint = painter(terminal.color);
  const lines = [
    ...inputLines(report, terminal.columns),
    ...spanLines(report),
    "",
    ...recordLines(report, paint),
    ...ratioLines(report, terminal.columns, paint),
    "",
    ...lossLines(report, paint),
  ];
  return `${lines.join("\n")}\n`;
}

const shownInputs = 10;
const shownSkipped = 6;

function inputLines({ inputs }: Report, columns: number): string[] {
  const shown = inputs.slice(0, shownInputs);
  const paths = shown.map((input) => fit(printable(input.path), Math.max(20, columns - 24)));
  const width = Math.max(0, ...paths.map(displayWidth));
  const lines = shown.map(
    ({ format, bytes }, i) =>
      `${padEnd(paths[i] ?? "", width)}  ${padEnd(format ?? "unknown", 8)}  ${printBytes(bytes)}`,
  );
  if (inputs.length <= shownInputs) return lines;
  const total = inputs.reduce((sum, input) => sum + input.bytes, 0);
  const more = countNoun(inputs.length - shownInputs, "more input");
  return [...lines, `and ${more}: ${printBytes(total)} together`];
}

function spanLines({ from, to }: Report): string[] {
  if (from === undefined || to === undefined) return [];
  const span = (Date.parse(to) - Date.parse(from)) * 1e6;
  return [`${from.slice(0, 23)}Z to ${to.slice(0, 23)}Z, ${printDuration(span)}`];
}

function recordLines({ records, events, relevantEvents }: Report, paint: Paint): string[] {
  const rows: [string, string][] = [];
  if (events !== undefined) {
    rows.push(["system calls and other events", printCount(events)]);
    rows.push(["  of which SysFlow uses", printCount(relevantEvents ?? 0)]);
  }
  const total = Object.values(records).reduce((sum, count) => sum + count, 0);
  rows.push(["records", printCount(total)]);
  for (const { type, name } of recordTypes) {
    const count = records[type];
    if (count !== undefined) rows.push([`  ${padEnd(type, 2)}  ${name}`, printCount(count)]);
  }
  return rows.map(([name, count]) => {
    const line = `${padEnd(name, 32)}${padStart(count, 14)}`;
    return name.startsWith(" ") ? line : paint("bold", line);
  });
}

const ratioTitles = {
  rawBytes: "raw bytes",
  gzipBytes: "gzip bytes",
  eventsToRecords: "events → records",
  relevantEventsToRecords: "used events → records",
} as const satisfies { readonly [name in Ratio["name"]]: string };

function ratioLines({ ratios }: Report, columns: number, paint: Paint): string[] {
  if (ratios === undefined || ratios.length === 0) return [];
  const lines = ["", paint("bold", "reduction")];
  for (const { name, base, input, output, ratio } of ratios) {
    const print = name === "rawBytes" || name === "gzipBytes" ? printBytes : printCount;
    const factor = `${ratio.toFixed(ratio < 10 ? 2 : 1)} ×`;
    const amounts = `${print(input)} : ${print(output)}`;
    const line = `  ${padEnd(ratioTitles[name], 22)}${padStart(factor, 10)}  ${amounts}`;
    const room = columns - displayWidth(line) - 3;
    if (room >= base.length) lines.push(`${line}  ${paint("dim", base)}`);
    else lines.push(line, `  ${paint("dim", fit(base, columns - 2))}`);
  }
  return lines;
}

function lossLines({ lost, skipped, unrecorded }: Report, paint: Paint): string[] {
  const lines: string[] = [];
  const reasons = Object.entries(lost.reasons);
  if (reasons.length === 0) lines.push("nothing was lost");
  else {
    const parts = reasons.map(([reason, count]) => `${reason} ${printCount(count)}`);
    lines.push(paint("red", `lost: ${parts.join(", ")}`));
  }
  lines.push(...countLines("calls without a record:", unrecorded));
  lines.push(...countLines("events not used:", skipped));
  return lines;
}

function countLines(
  title: string,
  counts: { readonly [reason: string]: number } | undefined,
): string[] {
  if (counts === undefined) return [];
  const sorted = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  const parts = sorted.slice(0, shownSkipped).map(([why, count]) => `${why} ${printCount(count)}`);
  if (sorted.length > shownSkipped) parts.push(`${sorted.length - shownSkipped} kinds more`);
  return [title, ...parts.map((part) => `  ${printable(part)}`)];
}
