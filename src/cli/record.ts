// sysflow record: what a command, processes, a container or a host do, from the kernel's probe into SysFlow files.

import { constants as system } from "node:os";
import { hostname } from "node:os";
import { statSync } from "node:fs";
import { basename } from "node:path";
import { countNoun, printBytes, printCount } from "../encode/units.ts";
import { diagnostic } from "../model/diagnostic.ts";
import type { ProbeRecording } from "../pipeline/probe-recording.ts";
import { type Destination, Recorder } from "../pipeline/recorder.ts";
import { Segment, fileNameOf, nextSegment } from "../sink/segments.ts";
import type { CommandEnd } from "../source/command.ts";
import { ProbeSession, type Target, endOf, nameOf, targetOf } from "./probe-session.ts";
import { type ExitCode, Exit, type Options, type Terminal, UsageError, type Verb } from "./verb.ts";
import { textOption } from "./verb.ts";

const examples = `
Examples:
  sysflow record -- make test            COMMAND and all that it starts
  sysflow record -o run.sf -- ./server --port 8000
  sysflow record --pid 4711              a process and its descendants
  sudo sysflow record --container 3f2a91 -o recordings/ --rotate 5m
  sysflow record --cgroup /user.slice --for 10s -o user.sf

OUT is a file, or a folder of files that follow each other; it grows as
OUT.open (a block at least every second) and gets its name when it is complete.
Without -o: COMMAND.EPOCHSECONDS.sf in this folder.

It ends when the command and all that it started have ended; with --pid when
these processes have; else, or before, with Ctrl-C. Under sudo the command runs
as root, as with strace; the records are read and written as you.

Exit code: the command's own (128 + N where signal N killed it). Without a
command 0, and 130 after Ctrl-C. Before the command runs: 2 the command line is
wrong, 3 there is no such process or group, 6 not possible or not allowed here.
5: the output could not be written.`;

export const verb: Verb = {
  name: "record",
  configure(command) {
    probeOptions(command.argument("[command...]", "what to run, after --"))
      .option("-o, --output <out>", "a file, or a folder (an existing one, or ending with /)")
      .option("--rotate <time>", "begin a new file in the folder after 30s, 5m, 1h …")
      .option("--schema <version>", "5 (the original's readers) or 6", "6")
      .addHelpText("after", examples);
  },
  run,
};

type Addable = { option(flags: string, doc: string, preset?: string): Addable };

/** What all verbs that record share. */
export function probeOptions<Made extends Addable>(command: Made): Made {
  command
    .option("--pid <pid>", "a running process and its descendants")
    .option("--cgroup <path>", "all processes of a control group, now and later (root)")
    .option("--container <id>", "all processes of a container, by the beginning of its id (root)")
    .option("--host", "every process of this machine (root)")
    .option("--for <time>", "end after 10s, 5m, 1h …")
    .option(
      "--mode <mode>",
      "aggregate: flows; raw: every system call, far more to carry",
      "aggregate",
    )
    .option("--exporter <id>", "host id in the records (default: the machine's name)")
    .option("--probe <file>", "the probe to run, instead of the installed one");
  return command;
}

async function run(
  terminal: Terminal,
  args: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const target = targetOf(args, options);
  const place = placeOf(target, options);
  const forMs = durationOf(options, "for");
  if (target.kind === "host") {
    terminal.note("warning: --host records every process of this machine, also of other users");
  }
  const session = await ProbeSession.open(terminal, target, options);
  if ("exit" in session) {
    terminal.report(session.diagnostic);
    return session.exit;
  }
  if (terminal.interrupted.aborted) {
    session.abandon();
    return Exit.interrupted;
  }
  let recorder: Recorder;
  try {
    recorder = new Recorder(place);
  } catch (error) {
    session.abandon();
    return outputFailed(terminal, place.shown, error);
  }
  const recording = session.recording({ exporter: exporterOf(options) });
  const writing = keep(terminal, session, recording, recorder);
  const failure = await session.begin();
  if (failure !== undefined) {
    await writing;
    terminal.report(failure.diagnostic);
    return failure.exit;
  }
  if (target.kind !== "command") {
    terminal.note(`recording ${nameOf(target)}; Ctrl-C ends it`);
  }
  await Promise.race([session.finished(forMs), writing]);
  await session.stop();
  const problem = await writing;
  terminal.progress(undefined);
  if (problem !== undefined) return outputFailed(terminal, place.shown, problem);
  summarize(terminal, session, recorder, target);
  if (recording.lost) return Exit.notPossible;
  const end = session.command?.end;
  if (end !== undefined) return exitOf(end);
  return session.interrupted ? Exit.interrupted : Exit.done;
}

const showMs = 200;

/** Writes until the recording ends; returns what the file system refused. */
async function keep(
  terminal: Terminal,
  session: ProbeSession,
  recording: ProbeRecording,
  recorder: Recorder,
): Promise<unknown> {
  let problem: unknown;
  const shows = countersShow(session);
  let shownAt = Date.now();
  for await (const { records } of recording.batches()) {
    if (problem !== undefined) continue;
    try {
      await recorder.write(records);
    } catch (error) {
      // What was written so far stays where it is.
      problem = error;
      void session.stop();
    }
    if (shows && Date.now() - shownAt >= showMs) {
      shownAt = Date.now();
      terminal.progress(countersOf(session, recorder));
    }
  }
  if (problem !== undefined) return problem;
  if (session.isVoid) {
    recorder.abandon();
    return undefined;
  }
  try {
    await recorder.end();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** A command that writes to the terminal has it for itself. */
function countersShow({ command }: ProbeSession): boolean {
  return command === undefined || !process.stdout.isTTY;
}

function countersOf({ source }: ProbeSession, recorder: Recorder): string {
  const lost = lostOf(source.stats);
  const parts = [
    source.members === 1 ? "1 process" : `${printCount(source.members)} processes`,
    countNoun(recorder.records, "record"),
    printBytes(recorder.bytes),
    ...(lost > 0 ? [`${lost} lost`] : []),
  ];
  return `recording: ${parts.join(", ")} …`;
}

export function lostOf(stats: ProbeSession["source"]["stats"]): number {
  const { flowsLost, flowsUntracked, rawLost, processesLost, dirtyLost } = stats;
  return flowsLost + flowsUntracked + rawLost + processesLost + dirtyLost;
}

function summarize(
  terminal: Terminal,
  session: ProbeSession,
  recorder: Recorder,
  target: Target,
): void {
  const { source, command } = session;
  if (command?.end !== undefined) terminal.note(`${nameOf(target)} ${endOf(command.end)}`);
  const lost = lostOf(source.stats);
  const losses = lost === 0 ? "nothing lost" : `${lost} losses: see stats`;
  const files = recorder.files === 1 ? "" : ` in ${recorder.files} files`;
  const where = recorder.name ?? "standard output";
  terminal.note(
    `${countNoun(recorder.records, "record")}, ${printBytes(recorder.bytes)}${files}, ${losses} → ${where}`,
  );
  if (recorder.name !== undefined) terminal.note(`what happened: sysflow story ${recorder.name}`);
}

export function outputFailed(terminal: Terminal, path: string, error: unknown): ExitCode {
  const reason = error instanceof Error ? error.message : String(error);
  const left = reason.startsWith("EEXIST")
    ? `an unfinished recording lies there: read it as it is, or move it away`
    : undefined;
  terminal.report(diagnostic("SF4001", `${path} cannot be written: ${reason}`, { path }, left));
  return Exit.outputFailed;
}

/** As a shell says it. */
function exitOf({ code, signal }: CommandEnd): ExitCode {
  if (signal === undefined) return code ?? Exit.done;
  const number = Object.entries(system.signals).find(([name]) => name === signal)?.[1];
  return 128 + (number ?? 0);
}

type Place = ConstructorParameters<typeof Recorder>[0] & { readonly shown: string };

export function placeOf(target: Target, options: Options): Place {
  const output = textOption(options, "output");
  const rotateMs = durationOf(options, "rotate");
  const schema = schemaOf(options);
  const exporter = exporterOf(options) ?? hostname();
  const now = (): number => Date.now() / 1000;
  const isFolder = output !== undefined && (output.endsWith("/") || isDirectory(output));
  if (rotateMs !== undefined && !isFolder) {
    throw new UsageError("--rotate needs a folder: -o FOLDER/", "sysflow record -o recordings/ …");
  }
  if (output === "-") {
    throw new UsageError("a recording is written to a file", "-o recording.sf");
  }
  if (output !== undefined && isFolder) {
    const open = (): Destination => toDestination(nextSegment(output, exporter, now()));
    return { open, schema, rotateMs, shown: output };
  }
  const stem = fileNameOf(basename(nameOf(target)).replaceAll(" ", "-"));
  const path = output ?? `${stem}.${Math.floor(now())}.sf`;
  return { open: () => toDestination(new Segment(path)), schema, shown: path };
}

function toDestination(segment: Segment): Destination {
  return {
    name: segment.path,
    write: (bytes) => segment.write(bytes),
    commit: () => segment.commit(),
    abandon: () => segment.abandon(),
  };
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function exporterOf(options: Options): string | undefined {
  return textOption(options, "exporter");
}

function schemaOf(options: Options): 5 | 6 {
  const text = textOption(options, "schema") ?? "6";
  if (text !== "5" && text !== "6") throw new UsageError(`--schema is 5 or 6, not "${text}"`);
  return text === "5" ? 5 : 6;
}

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** 30s, 5m, 1h, 1d in milliseconds. */
export function durationOf(options: Options, name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const [, count, unit] = /^([1-9]\d{0,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined || (unit !== "s" && unit !== "m" && unit !== "h" && unit !== "d")) {
    throw new UsageError(`--${name} takes a time such as 30s, 5m or 1h, not "${text}"`);
  }
  return Number(count) * unitMs[unit];
}
