// sysflow print: records as a table, as JSON lines or as CSV. Streams: memory does not grow with the input.

import { encodeText, textLength } from "../base/text.ts";
import { activityOf } from "../context/activity.ts";
import { type Encoder, findEncoder } from "../encode/index.ts";
import { type Field, parseFields } from "../encode/fields.ts";
import { countNoun } from "../encode/units.ts";
import { provenanceAttributes } from "../model/attribute/provenance.ts";
import { diagnostic } from "../model/diagnostic.ts";
import { type BehaviourRecord, type Record, isBehaviour, isFlow } from "../model/record.ts";
import { ops } from "../model/opflag.ts";
import type { TimeBase } from "../model/time.ts";
import type { Condition } from "../rule/condition.ts";
import { inputArguments, inputExit, openInputs } from "./inputs.ts";
import { progressOf } from "./progress.ts";
import { countOption, flagOption, textOption } from "./verb.ts";
import { type ExitCode, Exit, type Options, type Terminal, UsageError, type Verb } from "./verb.ts";

const letters = ops.flatMap((row) =>
  "letter" in row ? [`${row.letter} ${row.name.toLowerCase()}`] : [],
);

const examples = `
Examples:
  sysflow print recording.sf                   what happened, as a table
  sysflow print capture.scap --filter 'proc.name = node and net.dport = 443'
  sysflow print recording.sf --fields ts,proc.exe,op,object
  sysflow print recordings/ --json | jq .proc.exe
  sysflow print recording.sf --csv > recording.csv

Letters of flows:
  ${letters.slice(0, 5).join(" · ")}
  ${letters.slice(5, 10).join(" · ")}
  ${letters.slice(10).join(" · ")}
Fields are the names that conditions use (docs/reference/attributes.md). An "…"
in a cell stands for what did not fit.`;

export const verb: Verb = {
  name: "print",
  configure(command) {
    inputArguments(command)
      .option("--filter <condition>", "only records that the condition holds for")
      .option("--fields <names>", "attributes to show, separated by commas")
      .option("--limit <count>", "stop after this many records")
      .option("--json", "one JSON document a line, entities included")
      .option("--csv", "comma-separated values with a heading")
      .option("--entities", "also processes, files and containers as they are described")
      .addHelpText("after", examples);
  },
  run,
};

async function run(
  terminal: Terminal,
  args: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const json = flagOption(options, "json");
  const csv = flagOption(options, "csv");
  if (json && csv) throw new UsageError("--json and --csv exclude each other");
  const limit = countOption(options, "limit") ?? Number.POSITIVE_INFINITY;
  const fieldsText = textOption(options, "fields");
  const fields = fieldsText === undefined ? undefined : parseFields(fieldsText);
  if (fields !== undefined && "code" in fields) {
    terminal.report(fields);
    return Exit.usage;
  }
  const filterText = textOption(options, "filter");
  const filter = filterText === undefined ? undefined : await compileFilter(terminal, filterText);
  if (filterText !== undefined && filter === undefined) return Exit.usage;
  const row = findEncoder(json ? "json" : csv ? "csv" : "table");
  const open = await row.load();
  const encoder = open({ fields, columns: terminal.columns, color: terminal.color });
  const entities = flagOption(options, "entities") || row.entities;
  const selection = new Selection({ filter, entities, fields });
  const recording = openInputs(terminal, args, options);
  const progress = progressOf(terminal, recording);
  const output = new Output(terminal, encoder, csv);
  for await (const batch of recording.batches()) {
    const chosen = selection.choose(batch.records, batch.base, limit - output.records);
    await output.write(chosen, batch.base);
    // On a terminal the records themselves show that work goes on.
    if (!terminal.isTerminal) progress(batch.records.length);
    if (output.records >= limit || terminal.interrupted.aborted) break;
  }
  await output.end();
  terminal.progress(undefined);
  if (selection.gapsHidden > 0) {
    terminal.note(
      `${countNoun(selection.gapsHidden, "gap")} in the recording not shown: see stats`,
    );
  }
  return terminal.interrupted.aborted ? Exit.interrupted : inputExit(recording);
}

async function compileFilter(terminal: Terminal, text: string): Promise<Condition | undefined> {
  const { compileCondition } = await import("../rule/condition.ts");
  const { condition, diagnostics } = compileCondition(text, { dialect: "sysflow" });
  for (const item of diagnostics) {
    const { offset } = item.place;
    const place =
      offset === undefined ? item.place : { path: "--filter", ...placeAt(text, offset) };
    terminal.report({ ...item, place }, text);
  }
  const ordered = provenanceAttributes.find((row) => text.includes(row.name));
  if (condition !== undefined && ordered !== undefined) {
    terminal.report(diagnostic("SF2003", `--filter cannot know ${ordered.name}`));
    return undefined;
  }
  return condition;
}

function placeAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

type Chosen = {
  readonly filter: Condition | undefined;
  readonly entities: boolean;
  readonly fields: readonly Field[] | undefined;
};

/** Which records are shown. */
class Selection {
  readonly #chosen: Chosen;
  gapsHidden = 0;

  constructor(chosen: Chosen) {
    this.#chosen = chosen;
  }

  choose(records: readonly Record[], base: TimeBase, most: number): Record[] {
    const out: Record[] = [];
    for (const record of records) {
      if (out.length >= most) break;
      if (this.#wants(record, base)) out.push(record);
    }
    return out;
  }

  #wants(record: Record, base: TimeBase): boolean {
    const { filter, fields, entities } = this.#chosen;
    if (isBehaviour(record)) return filter === undefined || this.#holds(filter, record, base);
    // Conditions and attributes speak of behaviour only.
    const plain = filter === undefined && fields === undefined;
    if (record.type !== "G") return plain && entities;
    if (!plain) this.gapsHidden += 1;
    return plain;
  }

  #holds(filter: Condition, record: BehaviourRecord, base: TimeBase): boolean {
    const flow = isFlow(record);
    const activity = activityOf(record, flow ? "end" : "instant", flow ? record.endTs : record.ts);
    return filter.matches(activity, { base, provenance: undefined });
  }
}

/** Records encoded at once: bounds the text that is held. */
const slice = 1000;

class Output {
  readonly #terminal: Terminal;
  readonly #encoder: Encoder;
  readonly #bytes: boolean;
  records = 0;

  /** `bytes`: undecodable bytes of names leave as they came. */
  constructor(terminal: Terminal, encoder: Encoder, bytes: boolean) {
    this.#terminal = terminal;
    this.#encoder = encoder;
    this.#bytes = bytes;
  }

  async write(records: readonly Record[], base: TimeBase): Promise<void> {
    for (let at = 0; at < records.length; at += slice) {
      const part = records.slice(at, at + slice);
      await this.#put(this.#encoder.encode(part, base));
      this.records += part.length;
    }
  }

  async end(): Promise<void> {
    await this.#put(this.#encoder.end());
    const legend = this.#encoder.legend?.() ?? "";
    if (legend !== "" && this.#terminal.isTerminal) this.#terminal.note(legend);
  }

  async #put(text: string): Promise<void> {
    if (text === "") return;
    if (!this.#bytes) return this.#terminal.write(text);
    const bytes = new Uint8Array(textLength(text));
    encodeText(text, bytes, 0);
    return this.#terminal.write(bytes);
  }
}
