// The table of verbs and the way into them: global options, errors, exit codes. `run` never throws.

import { Command, CommanderError, Option } from "commander";
import { diagnostic } from "../model/diagnostic.ts";
import { nearest } from "../base/nearest.ts";
import { version } from "./version.ts";
import { processTerminal } from "./terminal.ts";
import { type ExitCode, ClosedPipe, Exit, type Options, UsageError, type Verb } from "./verb.ts";

type VerbRow = {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Verb>;
};

/** In the order of a first day: try it, look at a file, look deeper, write rules. */
export const verbs: readonly VerbRow[] = [
  {
    name: "try",
    summary: "run a command and tell what it did",
    load: async () => (await import("./try.ts")).verb,
  },
  {
    name: "record",
    summary: "record with the kernel's probe",
    load: async () => (await import("./record.ts")).verb,
  },
  {
    name: "story",
    summary: "the process tree, and the attack path where rules fired",
    load: async () => (await import("./story.ts")).verb,
  },
  {
    name: "print",
    summary: "records as a table, JSON or CSV",
    load: async () => (await import("./print.ts")).verb,
  },
  {
    name: "stats",
    summary: "events, records, bytes, reduction, losses",
    load: async () => (await import("./stats.ts")).verb,
  },
  {
    name: "convert",
    summary: "captures, strace logs and SysFlow files to SysFlow files",
    load: async () => (await import("./convert.ts")).verb,
  },
  {
    name: "detect",
    summary: "run rules, print alerts",
    load: async () => (await import("./detect.ts")).verb,
  },
  {
    name: "run",
    summary: "alerts and incidents while it happens",
    load: async () => (await import("./run.ts")).verb,
  },
  {
    name: "rules",
    summary: "lint, test and list rules",
    load: async () => (await import("./rules.ts")).verb,
  },
  {
    name: "probe",
    summary: "install or remove the probe for ordinary users",
    load: async () => (await import("./probe.ts")).verb,
  },
  {
    name: "doctor",
    summary: "what this machine can and cannot do",
    load: async () => (await import("./doctor.ts")).verb,
  },
];

const about = `Linux behaviour as a small, open, connected record.

Reads SysFlow files of every age, .scap captures (also gzipped) and strace logs.`;

/** Runs one command line (without node and script) and returns its exit code. */
export async function run(given: readonly string[]): Promise<ExitCode> {
  const args = askedForHelp(given);
  const name = args.find((arg) => !arg.startsWith("-"));
  const row = verbs.find((candidate) => candidate.name === name);
  const program = newProgram();
  let outcome: Promise<ExitCode> | undefined;
  for (const candidate of verbs) {
    const command = program.command(candidate.name).description(candidate.summary);
    if (candidate !== row) continue;
    const verb = await candidate.load();
    addGlobalOptions(command).exitOverride().showHelpAfterError(false);
    verb.configure(command);
    command.action(() => {
      outcome = runVerb(verb, command.args, command.opts());
    });
  }
  try {
    if (name === undefined && args.length === 0) {
      program.outputHelp();
      return Exit.done;
    }
    if (row === undefined && name !== undefined) throw unknownVerb(name);
    await program.parseAsync(args, { from: "user" });
    return (await outcome) ?? Exit.done;
  } catch (error) {
    return fail(error, args.includes("--debug"));
  }
}

/** `help` and `help VERB` are other spellings of `--help` and `VERB --help`: only a verb that is loaded knows its options. */
function askedForHelp(args: readonly string[]): string[] {
  return args[0] === "help" ? [...args.slice(1, 2), "--help"] : [...args];
}

function newProgram(): Command {
  const program = new Command("sysflow")
    .description(about)
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help; VERB --help shows a verb's options")
    .helpCommand("help [verb]", "show the help of a verb")
    .usage("[options] <verb> …")
    .configureOutput({ writeErr: () => undefined })
    .exitOverride();
  return program.addHelpText(
    "after",
    `
Examples:
  sysflow try -- ls -l               what does this command do?
  sysflow story recording.sf         processes, behaviour, the attack path
  sysflow print recording.sf --filter 'proc.name = node'
  sysflow convert capture.scap -o capture.sf

Exit codes:
    0  done                    4  an input is damaged; the rest was used
    1  what was asked for      5  the output cannot be written
       does not hold           6  not possible on this machine
    2  command line is wrong  70  defect of SysFlow
    3  an input is unreadable 130 interrupted`,
  );
}

function addGlobalOptions(command: Command): Command {
  return command
    .helpOption("-h, --help", "show this help")
    .option("--quiet", "only data and errors")
    .option("--no-progress", "no progress on long work")
    .option("--debug", "stack traces with errors")
    .addOption(
      new Option("--color <when>", "colours on the terminal")
        .choices(["always", "never", "auto"])
        .default("auto"),
    );
}

async function runVerb(verb: Verb, args: readonly string[], options: Options): Promise<ExitCode> {
  const color = options["color"];
  const terminal = processTerminal({
    quiet: options["quiet"] === true,
    progress: options["progress"] !== false,
    debug: options["debug"] === true,
    color: color === "always" || color === "never" ? color : "auto",
  });
  try {
    return await verb.run(terminal, args, options);
  } catch (error) {
    if (error instanceof ClosedPipe) return Exit.done;
    if (error instanceof UsageError) {
      terminal.report(diagnostic("SF2001", error.message, {}, error.hint));
      return Exit.usage;
    }
    if (isClosedPipe(error)) return Exit.done;
    throw error;
  } finally {
    terminal.close();
  }
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}

function unknownVerb(name: string): UsageError {
  const close = nearest(
    name,
    verbs.map((row) => row.name),
  );
  return new UsageError(
    `there is no command "${name}"`,
    close === undefined ? "see sysflow --help" : `did you mean "${close}"?`,
  );
}

function fail(error: unknown, debug: boolean): ExitCode {
  if (error instanceof CommanderError) {
    // Help and version were asked for and have been printed.
    if (error.exitCode === 0) return Exit.done;
    const [problem = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
    const close = /^\(Did you mean (?:one of )?(.+)\?\)$/.exec(suggestion ?? "")?.[1];
    const hint = close === undefined ? undefined : `did you mean ${close}?`;
    return say("SF2001", problem, Exit.usage, hint);
  }
  if (error instanceof UsageError) return say("SF2001", error.message, Exit.usage, error.hint);
  const message = error instanceof Error ? error.message : String(error);
  const code = say("SF9001", message, Exit.defect);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
  return code;
}

function say(code: "SF2001" | "SF9001", message: string, exit: ExitCode, hint?: string): ExitCode {
  const item = diagnostic(code, message, {}, hint);
  process.stderr.write(`error[${item.code}]: ${item.message}\n`);
  if (item.hint !== undefined) process.stderr.write(`  hint: ${item.hint}\n`);
  return exit;
}
