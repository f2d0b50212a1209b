// What all verbs that read recordings share: the arguments, opening them, and the exit code that damage leads to.

import type { Command } from "commander";
import { type Recording, type RecordingOptions, openRecording } from "../pipeline/recording.ts";
import { wireFormats } from "../wire/index.ts";
import {
  type ExitCode,
  Exit,
  type Options,
  type Terminal,
  UsageError,
  textOption,
} from "./verb.ts";

const formatNames = wireFormats.map((format) => format.name).join(", ");

/** Adds `IN…`, --from and --exporter. */
export function inputArguments(command: Command): Command {
  return command
    .argument(
      "<in...>",
      "files, folders, globs, or - for standard input; several are one recording",
    )
    .option(
      "--from <format>",
      `the inputs' format, instead of looking at their bytes: ${formatNames}`,
    )
    .option("--exporter <id>", "host id for inputs that do not name one (captures, strace logs)");
}

export function openInputs(
  terminal: Terminal,
  paths: readonly string[],
  options: Options,
  more: Omit<RecordingOptions, "from" | "exporter" | "report"> = {},
): Recording {
  if (paths.length === 0) throw new UsageError("no input was given");
  return openRecording(paths, {
    ...more,
    from: textOption(options, "from"),
    exporter: textOption(options, "exporter"),
    report: (diagnostic) => terminal.report(diagnostic),
  });
}

/** Exit code for what happened to the inputs (interface.md: 3 unreadable, 4 damaged). */
export function inputExit(recording: Recording): ExitCode {
  if (recording.unreadable > 0) return Exit.inputUnreadable;
  if (recording.damaged > 0) return Exit.inputDamaged;
  return Exit.done;
}
