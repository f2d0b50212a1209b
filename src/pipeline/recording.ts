// Several inputs as one recording: opened, told apart, merged by event time. `for await (const batch of recording.batches())`.

import type { Diagnostic } from "../model/diagnostic.ts";
import type { FileFlow, NetworkFlow, Record } from "../model/record.ts";
import type { TimeBase, TimeNs } from "../model/time.ts";
import { findInputs } from "../source/file.ts";
import { type InputOptions, type InputSummary, RecordInput } from "./input.ts";

export type RecordingOptions = InputOptions & {
  readonly report: (diagnostic: Diagnostic) => void;
  /** False: one input after the other in time order, for a writer that needs each whole. Default: merged by event time. */
  readonly interleave?: boolean | undefined;
};

export type RecordBatch = {
  readonly records: readonly Record[];
  /** With the option `begins`, of a single input: flows that began; each comes again among the records. */
  readonly begins?: readonly (FileFlow | NetworkFlow)[] | undefined;
  /** What TimeNs 0 stands for in these records. */
  readonly base: TimeBase;
  readonly input: InputSummary;
};

/** Inputs further apart than this do not share a base (a TimeNs is exact for 104 days): they are read one after the other. */
const baseSpreadNs = 50n * 86_400n * 1_000_000_000n;

export type Recording = {
  batches(): AsyncGenerator<RecordBatch>;
  readonly inputs: readonly InputSummary[];
  /** Inputs (and names) that could not be read at all. */
  readonly unreadable: number;
  readonly damaged: number;
};

export function openRecording(names: readonly string[], options: RecordingOptions): Recording {
  const summaries: InputSummary[] = [];
  let missing = 0;
  async function* batches(): AsyncGenerator<RecordBatch> {
    const found = await findInputs(names);
    missing = found.diagnostics.length;
    for (const item of found.diagnostics) options.report(item);
    const inputs = found.paths.map((path) => new RecordInput(path, options, options.report));
    summaries.push(...inputs.map((input) => input.summary));
    try {
      const only = inputs.length === 1 ? inputs[0] : undefined;
      if (only !== undefined) yield* readOne(only, undefined);
      else yield* readMany(inputs, options.interleave ?? true);
    } finally {
      for (const input of inputs) await input.close();
    }
  }
  return {
    batches,
    inputs: summaries,
    get unreadable() {
      return missing + summaries.filter((summary) => summary.state === "unreadable").length;
    },
    get damaged() {
      return summaries.filter((summary) => summary.state === "damaged").length;
    },
  };
}

async function* readOne(
  input: RecordInput,
  base: TimeBase | undefined,
): AsyncGenerator<RecordBatch> {
  for (;;) {
    const records = await input.read(base);
    if (records === undefined) return;
    const begins = input.takeBegins();
    if (records.length + begins.length === 0) continue;
    yield { records, begins, base: input.base ?? base ?? 0n, input: input.summary };
  }
}

type Placed = { readonly input: RecordInput; readonly start: TimeBase };

async function* readMany(
  inputs: readonly RecordInput[],
  interleave: boolean,
): AsyncGenerator<RecordBatch> {
  const placed: Placed[] = [];
  for (const input of inputs) {
    const start = await input.findBase();
    if (start !== undefined) placed.push({ input, start });
    // No time in it: empty, damaged or foreign. Reading it says which.
    else yield* readOne(input, undefined);
  }
  placed.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  if (!interleave) {
    for (const item of placed) yield* readOne(item.input, undefined);
    return;
  }
  let group: Placed[] = [];
  for (const item of placed) {
    const first = group[0];
    if (first !== undefined && item.start - first.start > baseSpreadNs) {
      yield* merge(group, first.start);
      group = [];
    }
    group.push(item);
  }
  const first = group[0];
  if (first !== undefined) yield* merge(group, first.start);
}

type Cursor = {
  readonly input: RecordInput;
  records: readonly Record[];
  at: number;
  /** When the record at `at` was written: never falls, so that the order inside an input stays. */
  time: TimeNs;
};

/** K-way merge by the time at which records were written; an input is opened when the merge reaches its first timestamp. */
async function* merge(group: readonly Placed[], base: TimeBase): AsyncGenerator<RecordBatch> {
  const waiting = [...group];
  const open: Cursor[] = [];
  for (;;) {
    const earliest = pickEarliest(open);
    const next = waiting[0];
    if (
      next !== undefined &&
      (earliest === undefined || toTime(next.start, base) <= earliest.time)
    ) {
      waiting.shift();
      const cursor: Cursor = {
        input: next.input,
        records: [],
        at: 0,
        time: toTime(next.start, base),
      };
      if (await refill(cursor, base)) open.push(cursor);
      continue;
    }
    if (earliest === undefined) return;
    const bound = boundOf(
      open,
      earliest,
      next === undefined ? undefined : toTime(next.start, base),
    );
    const from = earliest.at;
    while (earliest.at < earliest.records.length) {
      const time = writtenAt(earliest.records[earliest.at], earliest.time);
      if (time > bound && earliest.at > from) break;
      earliest.time = time;
      earliest.at += 1;
    }
    const records = earliest.records.slice(from, earliest.at);
    if (records.length > 0) yield { records, base, input: earliest.input.summary };
    if (earliest.at >= earliest.records.length && !(await refill(earliest, base))) {
      open.splice(open.indexOf(earliest), 1);
    } else earliest.time = writtenAt(earliest.records[earliest.at], earliest.time);
  }
}

async function refill(cursor: Cursor, base: TimeBase): Promise<boolean> {
  for (;;) {
    const records = await cursor.input.read(base);
    if (records === undefined) return false;
    if (records.length === 0) continue;
    cursor.records = records;
    cursor.at = 0;
    cursor.time = writtenAt(records[0], cursor.time);
    return true;
  }
}

function pickEarliest(open: readonly Cursor[]): Cursor | undefined {
  let earliest: Cursor | undefined;
  for (const cursor of open) {
    if (earliest === undefined || cursor.time < earliest.time) earliest = cursor;
  }
  return earliest;
}

/** How far the earliest input may run before another one's turn comes. */
function boundOf(open: readonly Cursor[], earliest: Cursor, next: TimeNs | undefined): TimeNs {
  let bound = next ?? Number.POSITIVE_INFINITY;
  for (const cursor of open) {
    if (cursor !== earliest && cursor.time < bound) bound = cursor.time;
  }
  return bound;
}

function toTime(absolute: TimeBase, base: TimeBase): TimeNs {
  return Number(absolute - base);
}

/** Flows are written when they end, events when they happen, entities just before what needs them. */
function writtenAt(record: Record | undefined, previous: TimeNs): TimeNs {
  if (record === undefined) return previous;
  switch (record.type) {
    case "FF":
    case "NF":
    case "PF":
    case "G":
      return Math.max(previous, record.endTs);
    case "PE":
    case "FE":
    case "NE":
    case "KE":
      return Math.max(previous, record.ts);
    default:
      return previous;
  }
}
