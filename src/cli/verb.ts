// What a verb is: one file that describes its command line and runs it. cli/index.ts is the table of verbs.

import type { Command } from "commander";
import type { Diagnostic } from "../model/diagnostic.ts";

/** Exit codes (interface.md). */
export const Exit = {
  done: 0,
  failed: 1,
  usage: 2,
  inputUnreadable: 3,
  inputDamaged: 4,
  outputFailed: 5,
  notPossible: 6,
  defect: 70,
  interrupted: 130,
} as const;
export type ExitCode = number;

/** The terminal around a verb: everything it may say goes through here. */
export type Terminal = {
  /** Data. Resolves when more may be written; rejects with ClosedPipe when nobody reads any more. */
  write(text: string | Uint8Array): Promise<void>;
  /** A line for people on stderr; silent under --quiet. */
  note(line: string): void;
  /** A diagnostic on stderr; errors are shown under --quiet too. `source`: the text that its line and column point into. */
  report(diagnostic: Diagnostic, source?: string): void;
  /** Progress of long work: shown on a terminal only, replaced by the next; undefined clears it. */
  progress(text: string | undefined): void;
  /** Colours on stdout are wanted. */
  readonly color: boolean;
  readonly columns: number;
  readonly isTerminal: boolean;
  readonly debug: boolean;
  readonly quiet: boolean;
  /** From now on the signals that would interrupt us go there: another program has the terminal. */
  onSignal(handle: (signal: "INT" | "TERM") => void): void;
  /** Set on Ctrl-C: finish what is complete, then return Exit.interrupted. */
  readonly interrupted: { readonly aborted: boolean };
};

/** The reader of our output is gone (`| head`): the command ends with exit 0. */
export class ClosedPipe extends Error {}

/** A command line or configuration that is wrong, found by a verb: exit 2. */
export class UsageError extends Error {
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** What commander parsed: nothing is promised of the values. */
export type Options = Readonly<{ [name: string]: unknown }>;

export type Verb = {
  readonly name: string;
  /** Adds arguments, options and examples (`.addHelpText("after", …)`) to the command. */
  configure(command: Command): void;
  /** `args` are the positional arguments as commander gives them, `options` what it parsed: check both, they are unknown. */
  run(terminal: Terminal, args: readonly string[], options: Options): Promise<ExitCode>;
};

export function textOption(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

export function flagOption(options: Options, name: string): boolean {
  return options[name] === true;
}

/** An option that may be repeated: commander collects it into an array with `collect`. */
export function listOption(options: Options, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

export function countOption(options: Options, name: string): number | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  const text = String(value);
  if (!/^\d{1,15}$/.test(text)) {
    throw new UsageError(`--${name} takes a whole number, not "${text}"`);
  }
  return Number(text);
}
