// sysflow run: rules and incidents while it happens, from the probe or from something that grows. How it is told is live-teller.ts.

import { countNoun } from "../encode/units.ts";
import { openRecording } from "../pipeline/recording.ts";
import type { Rule } from "../rule/rule.ts";
import { followBytes } from "../source/follow.ts";
import { inputExit } from "./inputs.ts";
import { tellLive } from "./live-teller.ts";
import { targetOf } from "./probe-session.ts";
import { probeOptions } from "./record.ts";
import { openRules, rulesOption } from "./rule-files.ts";
import { type ExitCode, Exit, type Options, type Terminal, UsageError, type Verb } from "./verb.ts";
import { flagOption, listOption, textOption } from "./verb.ts";

const examples = `
Examples:
  sysflow run -- ./server --port 8000    COMMAND and all that it starts
  sysflow run --pid 4711 --rules my-rules/
  sudo sysflow run --container 3f2a91 -o recordings/ --rotate 5m
  strace -f -ttt -y -yy ./server 2>&1 >/dev/null | sysflow run -
  sysflow run recording.sf.open          a recording that is still written

Alerts are printed at once, incidents when they appear and when they change. An
alert that the recording as a whole does not bear out is withdrawn. At the end
stands what "story" tells of the same recording; -o keeps it.

Under --json the command's standard output goes to standard error.

It ends when the command and all that it started have ended, when the input
ends, or with Ctrl-C.

Exit code: 0, whatever was found and however the command ended; 130 after
Ctrl-C; 3 there is no such input or process; 5 the output could not be written;
6 not possible or not allowed here.`;

export const verb: Verb = {
  name: "run",
  configure(command) {
    rulesOption(
      probeOptions(
        command.argument(
          "[what...]",
          "a command, after --; or a file or named pipe that grows, or - for standard input",
        ),
      ),
    )
      .option("-o, --output <out>", "keep the recording: a file, or a folder (ending with /)")
      .option("--rotate <time>", "begin a new file in the folder after 30s, 5m, 1h …")
      .option("--from <format>", "the input's format, instead of looking at its bytes")
      .option("--json", "one JSON document a line")
      .addHelpText("after", examples);
  },
  run,
};

const selections = ["pid", "cgroup", "container", "host"] as const;

async function run(
  terminal: Terminal,
  args: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const selects = selections.some((name) => options[name] !== undefined);
  const isCommand = process.argv.includes("--");
  if (args.length === 0 && !selects) {
    throw new UsageError("nothing to run on was given", "sysflow run -- COMMAND…, or run FILE");
  }
  const probed = isCommand || selects;
  const target = probed ? targetOf(args, options) : undefined;
  const rules = openRules(terminal, listOption(options, "rules"));
  if (rules.unusable && rules.rules.length === 0) return Exit.usage;
  const json = flagOption(options, "json");
  if (target === undefined) return runInput(terminal, args, options, { rules: rules.rules, json });
  const { runProbe } = await import("./run-probe.ts");
  return runProbe(terminal, { target, options, rules: rules.rules, json });
}

async function runInput(
  terminal: Terminal,
  args: readonly string[],
  options: Options,
  request: { readonly rules: readonly Rule[]; readonly json: boolean },
): Promise<ExitCode> {
  const [path = "", ...more] = args;
  if (more.length > 0) {
    throw new UsageError("run follows one input", `a command stands after --: run -- ${path} …`);
  }
  for (const name of ["output", "rotate", "for", "probe"]) {
    if (options[name] === undefined) continue;
    throw new UsageError(`--${name} is for what the probe records`, "convert keeps an input");
  }
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
    request,
  );
  terminal.note(`${countNoun(outcome.records, "record")}: ${outcome.summary}`);
  return outcome.interrupted ? Exit.interrupted : inputExit(recording);
}
