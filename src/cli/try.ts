// sysflow try: runs a command under strace and tells what it did. No root, nothing installed but strace; the command keeps its
// terminal. The recording takes the same way as any other: strace log → records → rules and graph → story.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, mkdtempSync, openSync } from "node:fs";
import { readSync, rmSync, statSync } from "node:fs";
import { constants as system, hostname, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { traceExpression } from "../wire/strace/calls.ts";
import { inputExit, openInputs } from "./inputs.ts";
import { openRules, rulesOption } from "./rule-files.ts";
import { tellStory } from "./story.ts";
import { verb as convert } from "./convert.ts";
import {
  type ExitCode,
  Exit,
  type Options,
  type Terminal,
  UsageError,
  type Verb,
  flagOption,
  listOption,
  textOption,
} from "./verb.ts";

const examples = `
Examples:
  sysflow try -- curl -s http://127.0.0.1:8000/
  sysflow try -o install.sf -- npm install    keep the recording
  sysflow try --rules my-rules/ --json -- ./server

The command runs as you, in this terminal; under --json its standard output
goes to standard error.

Exit code 0: the story was told, whatever the command's own exit was (standard
error names it); 1: with --exit-code, the command failed; 2: there is no such
command; 6: strace is missing or may not trace.`;

export const verb: Verb = {
  name: "try",
  configure(command) {
    rulesOption(command.argument("<command...>", "what to run, after --"))
      .option("-o, --output <file>", "keep the recording as a SysFlow file")
      .option("--exit-code", "exit with 1 if the command fails")
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
  const [name] = args;
  if (name === undefined) throw new UsageError("no command was given", "sysflow try -- ls -l");
  if (!isCommand(name)) {
    throw new UsageError(`no command "${name}" here`, "check its spelling, its path, its x bit");
  }
  const rules = openRules(terminal, listOption(options, "rules"));
  if (rules.unusable && rules.rules.length === 0) return Exit.usage;
  const tracer = findTracer();
  if ("code" in tracer) {
    terminal.report(tracer);
    return Exit.notPossible;
  }
  const folder = mkdtempSync(join(tmpdir(), "sysflow-try-"));
  try {
    const log = join(folder, "strace.log");
    const json = flagOption(options, "json");
    const ended = await trace(tracer, log, args, json);
    const problem = problemOf(log, ended);
    if (problem !== undefined) {
      terminal.report(problem);
      return Exit.notPossible;
    }
    terminal.note(`${name} ${endOf(ended)}`);
    const code = await tell(terminal, log, options, rules.rules);
    if (terminal.interrupted.aborted && code === Exit.done) return Exit.interrupted;
    const failed = ended.code !== 0;
    return code === Exit.done && failed && flagOption(options, "exitCode") ? Exit.failed : code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tell(
  terminal: Terminal,
  log: string,
  options: Options,
  rules: Parameters<typeof tellStory>[2]["rules"],
): Promise<ExitCode> {
  // Ctrl-C was for the command; its story is told all the same. A second one ends us at once.
  const calm = { ...terminal, interrupted: { aborted: false } };
  const output = textOption(options, "output");
  const asInput = { from: "strace", exporter: hostname() };
  if (output !== undefined) {
    const code = await convert.run(calm, [log], { ...asInput, output });
    if (code !== Exit.done && code !== Exit.inputDamaged) return code;
  }
  const recording = openInputs(calm, [log], asInput);
  await tellStory(calm, recording, {
    rules,
    json: flagOption(options, "json"),
    inputs: output ?? "try.sf",
  });
  if (output === undefined) terminal.note("keep the recording with: sysflow try -o try.sf -- …");
  return inputExit(recording);
}

type Tracer = { readonly path: string; readonly seccomp: boolean };

/** strace from 5.3 on can leave calls that are not asked for at full speed. */
function findTracer(): Tracer | Diagnostic {
  const asked = spawnSync("strace", ["-V"], { encoding: "utf8" });
  if (asked.error !== undefined || asked.status !== 0) {
    return diagnostic(
      "SF5002",
      "strace is not installed, and try records with it",
      {},
      "install it: apt install strace, dnf install strace, apk add strace, pacman -S strace",
    );
  }
  const [, major = "0", minor = "0"] = /version (\d+)\.(\d+)/.exec(asked.stdout) ?? [];
  const number = Number(major) * 1000 + Number(minor);
  return { path: "strace", seccomp: number >= 5003 };
}

type Ended = { readonly code: number | undefined; readonly signal: string | undefined };

const stringBytes = "4096";

async function trace(
  tracer: Tracer,
  log: string,
  command: readonly string[],
  json: boolean,
): Promise<Ended> {
  const args = ["-f", "-q", "-ttt", "-y", "-yy", "-s", stringBytes, "-o", log];
  args.push("-e", `trace=${traceExpression()}`);
  if (tracer.seccomp) args.push("--seccomp-bpf");
  // 2 stands for our standard error: under --json nothing but the document goes to standard output.
  const child = spawn(tracer.path, [...args, "--", ...command], {
    stdio: ["inherit", json ? 2 : "inherit", "inherit"],
  });
  return endOfChild(child);
}

function endOfChild(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ code: code ?? undefined, signal: signal ?? undefined }),
    );
  });
}

/** strace ends as the command did: same exit code, same signal. */
function endOf(ended: Ended): string {
  if (ended.signal !== undefined) return `was killed by ${ended.signal}`;
  const code = ended.code ?? 0;
  const signal = Object.entries(system.signals).find(([, number]) => number === code - 128);
  return signal !== undefined && code > 128
    ? `ended with ${code} (${signal[0]}?)`
    : `ended with ${code}`;
}

/** Where strace may not trace, the log lacks even the first call; strace's own message is on standard error. */
function problemOf(log: string, ended: Ended): Diagnostic | undefined {
  if (headOf(log).includes("execve(")) return undefined;
  return diagnostic(
    "SF5003",
    `strace could not trace the command (it ended with ${ended.code ?? ended.signal ?? "?"})`,
    {},
    "tracing needs ptrace: in a container run it with --cap-add SYS_PTRACE; on a host see /proc/sys/kernel/yama/ptrace_scope " +
      "(3 forbids it); a process that is traced already cannot be traced again",
  );
}

function headOf(path: string): string {
  if (!existsSync(path)) return "";
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(65_536);
    return head.toString("latin1", 0, readSync(file, head, 0, head.length, 0));
  } finally {
    closeSync(file);
  }
}

/** As the shell would find it. */
function isCommand(name: string): boolean {
  if (name.includes("/")) return isExecutable(name);
  const folders = (process.env["PATH"] ?? "/usr/bin:/bin").split(delimiter);
  return folders.some((folder) => isExecutable(join(folder === "" ? "." : folder, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
