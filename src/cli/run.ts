// sysflow run: rules and incidents while it happens, from something that grows. How it is told is live-teller.ts.

import { countNoun } from "../encode/units.ts";
import { openRecording } from "../pipeline/recording.ts";
import { followBytes } from "../source/follow.ts";
import { inputExit } from "./inputs.ts";
import { tellLive } from "./live-teller.ts";
import { openRules, rulesOption } from "./rule-files.ts";
import { type ExitCode, Exit, type Options, type Terminal, UsageError, type Verb } from "./verb.ts";
import { flagOption, listOption, textOption } from "./verb.ts";

const examples = `
Examples:
  strace -f -ttt -y -yy ./server 2>&1 >/dev/null | sysflow run -
  sysflow run recording.sf.open           a recording that is still written

Alerts are printed at once, incidents when they appear and when they change. An
alert that the whole recording does not bear out is withdrawn. At the end stands
what "story" tells of the same recording. Ctrl-C ends it.`;

export const verb: Verb = {
  name: "run",
  configure(command) {
    rulesOption(
      command.argument("[in...]", "a file or named pipe that grows, or - for standard input"),
    )
      .option("--from <format>", "the input's format, instead of looking at its bytes")
      .option("--exporter <id>", "host id where the input does not name one")
      .option("--json", "one JSON document a line")
      .addHelpText("after", examples);
  },
  run,
};

async function run(
  terminal: Terminal,
  args: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const [path, ...more] = args;
  if (path === undefined) throw new UsageError("nothing to run on was given", "sysflow run -");
  if (more.length > 0) throw new UsageError("run follows one input", "convert joins several");
  const rules = openRules(terminal, listOption(options, "rules"));
  if (rules.unusable && rules.rules.length === 0) return Exit.usage;
  const stop = new AbortController();
  const recording = openRecording([path], {
    from: textOption(options, "from"),
    exporter: textOption(options, "exporter"),
    report: (diagnostic) => terminal.report(diagnostic),
    begins: true,
    bytes: (name, counters) => followBytes(name, counters, stop.signal),
  });
  const outcome = await tellLive(
    terminal,
    { batches: () => recording.batches(), stop: () => stop.abort() },
    { rules: rules.rules, json: flagOption(options, "json"), inputs: "" },
  );
  terminal.note(`${countNoun(outcome.records, "record")}: ${outcome.summary}`);
  return outcome.interrupted ? Exit.interrupted : inputExit(recording);
}
