// sysflow convert: any recording → a SysFlow file.

import { deflateRawSync } from "node:zlib";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { FileSink } from "../sink/file.ts";
import { SysFlowWriter, zlibOptions } from "../wire/avro/writer.ts";
import { letNurseryGrow } from "./nursery.ts";
import { inputArguments, inputExit, openInputs } from "./inputs.ts";
import { countNoun, printBytes } from "../encode/units.ts";
import { type ExitCode, Exit, type Options, type Terminal, UsageError, type Verb } from "./verb.ts";
import { flagOption, textOption } from "./verb.ts";

const examples = `
Examples:
  sysflow convert capture.scap -o capture.sf  our behaviour, schema 6
  sysflow convert capture.scap.gz -o old.sf --compat
                                              what the original collector wrote
  sysflow convert old.sf -o new.sf            any schema age to the current one
  strace -f -ttt -y -yy -s 4096 -o log ls -l; sysflow convert log -o ls.sf

OUT is replaced only when the new file is complete; - is standard output.`;

export const verb: Verb = {
  name: "convert",
  configure(command) {
    inputArguments(command)
      .requiredOption("-o, --output <out>", "where to write")
      .option("--schema <version>", "5 (the original's readers) or 6 (default: 6; 5 with --compat)")
      .option("--compat", "behave as the original collector, quirks included; writes schema 5")
      .option("--codec <name>", "deflate or null", "deflate")
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
  const schema = schemaOf(options, compat);
  const writer = new SysFlowWriter({
    schema,
    codec: codecOf(options),
    deflate: (bytes, block) => deflateRawSync(bytes, zlibOptions(schema, block)),
  });
  const output = textOption(options, "output") ?? "-";
  const sink = openSink(terminal, output);
  if ("code" in sink) {
    terminal.report(sink);
    return Exit.outputFailed;
  }
  const recording = openInputs(terminal, args, options, { compat, interleave: false });
  const watchNursery = letNurseryGrow();
  try {
    for await (const batch of recording.batches()) {
      watchNursery();
      writer.write(batch.records);
      for (const bytes of writer.take()) await sink.write(bytes);
      terminal.progress(`${countNoun(writer.counters.records, "record")} …`);
      if (terminal.interrupted.aborted) break;
    }
    writer.end();
    for (const bytes of writer.take()) await sink.write(bytes);
    if (writer.counters.records === 0) {
      sink.abandon();
      return Math.max(inputExit(recording), Exit.inputUnreadable);
    }
    sink.commit();
  } catch (error) {
    sink.abandon();
    if (!isFileError(error)) throw error;
    terminal.report(
      diagnostic("SF4001", `${output} cannot be written: ${error.message}`, { path: output }),
    );
    return Exit.outputFailed;
  }
  terminal.progress(undefined);
  // The original did not say those either.
  if (!compat) sayLosses(terminal, writer);
  const bytes = printBytes(writer.counters.bytes);
  terminal.note(`${countNoun(writer.counters.records, "record")} in ${bytes} → ${output}`);
  return terminal.interrupted.aborted ? Exit.interrupted : inputExit(recording);
}

function schemaOf(options: Options, compat: boolean): 5 | 6 {
  const text = textOption(options, "schema");
  if (text === undefined) return compat ? 5 : 6;
  if (text !== "5" && text !== "6") throw new UsageError(`--schema is 5 or 6, not "${text}"`);
  if (compat && text === "6") throw new UsageError("--compat writes schema 5 only");
  return text === "5" ? 5 : 6;
}

function codecOf(options: Options): "deflate" | "null" {
  const text = textOption(options, "codec") ?? "deflate";
  if (text === "deflate" || text === "null") return text;
  throw new UsageError(`--codec is deflate or null, not "${text}"`, "other codecs are only read");
}

type Sink = {
  write(bytes: Uint8Array): void | Promise<void>;
  commit(): void;
  abandon(): void;
};

function openSink(terminal: Terminal, output: string): Sink | Diagnostic {
  if (output === "-") {
    const nothing = (): void => undefined;
    return { write: (bytes) => terminal.write(bytes), commit: nothing, abandon: nothing };
  }
  try {
    return new FileSink(output);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return diagnostic("SF4001", `${output} cannot be written: ${reason}`, { path: output });
  }
}

function isFileError(error: unknown): error is Error {
  return (
    error instanceof Error && "syscall" in error && !("code" in error && error.code === "EPIPE")
  );
}

/** What schema 5 could not say is named, not dropped in silence. */
function sayLosses(terminal: Terminal, writer: SysFlowWriter): void {
  if (writer.unsayable.size === 0) return;
  const parts = [...writer.unsayable].map(([name, count]) => `${name} ${count}`);
  terminal.note(`schema 5 cannot say: ${parts.join(", ")}`);
}
