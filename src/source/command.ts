// A command that is started but does not run yet: a shell stops itself, and becomes the command when it is told to go on. So the
// recording knows the process before it does anything.

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { delimiter } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Signal } from "./keeper.ts";

/**
 * The program's file is found beforehand: a shell that searches PATH tries one file after the other, and all these failures would be
 * recorded. Only some shells can then still give the command the name it was called by.
 */
const trampolines = [
  { shell: "/bin/bash", script: 'kill -STOP $$; exec -a "$0" "$@"' },
  { shell: "/bin/sh", script: 'kill -STOP $$; exec "$@"' },
] as const;
const stopMs = 5000;

export type CommandEnd = { readonly code: number | undefined; readonly signal: string | undefined };

export class Command {
  readonly pid: number;
  readonly ended: Promise<CommandEnd>;
  readonly #child: ChildProcess;
  #end: CommandEnd | undefined;

  /** Starts and stops it. Throws where there is no shell, or it does not stop. */
  static async start(
    argv: readonly string[],
    output: "inherit" | "stderr" = "inherit",
  ): Promise<Command> {
    const [name = "", ...rest] = argv;
    const [first, other] = trampolines;
    const { shell, script } = existsSync(first.shell) ? first : other;
    const args = ["-c", script, name, findCommand(name) ?? name, ...rest];
    const child = spawn(shell, args, {
      stdio: ["inherit", output === "stderr" ? 2 : "inherit", "inherit"],
    });
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    const command = new Command(child);
    for (const until = Date.now() + stopMs; !isStopped(command.pid); await sleep(1)) {
      if (command.#end === undefined && Date.now() < until) continue;
      child.kill("SIGKILL");
      throw new Error(`${shell} did not stop itself`);
    }
    return command;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#end = { code: code ?? undefined, signal: signal ?? undefined };
        resolve(this.#end);
      });
    });
  }

  get end(): CommandEnd | undefined {
    return this.#end;
  }

  /** Lets it run. In the same session that is allowed whoever it runs as (kill(2), SIGCONT). */
  run(): void {
    if (this.#end === undefined) this.#child.kill("SIGCONT");
  }

  /** False: it is another user's by now. */
  signal(signal: Signal): boolean {
    try {
      return this.#end !== undefined || this.#child.kill(`SIG${signal}`);
    } catch {
      return false;
    }
  }

  /** Before it ran: takes it away. */
  abandon(): void {
    if (this.#end === undefined) this.#child.kill("SIGKILL");
  }
}

function isStopped(pid: number): boolean {
  try {
    return /^\d+ \(.*\) T /s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** The file that the shell would run; undefined: there is none. */
export function findCommand(name: string): string | undefined {
  if (name.includes("/")) return isExecutable(name) ? name : undefined;
  const folders = (process.env["PATH"] ?? "/usr/bin:/bin").split(delimiter);
  const paths = folders.map((folder) => `${folder === "" ? "." : folder}/${name}`);
  return paths.find((path) => isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
