// The process' own stdout and stderr as a `Terminal`: colours, width, progress, closed pipes.

import type { Diagnostic } from "../model/diagnostic.ts";
import { printDiagnostic } from "../encode/diagnostic.ts";
import { ClosedPipe, type Terminal } from "./verb.ts";

/** A damaged input can have a thousand places that say the same. */
const sameReportsMax = 5;

export type TerminalOptions = {
  readonly quiet: boolean;
  readonly progress: boolean;
  readonly debug: boolean;
  readonly color: "always" | "never" | "auto";
};

export type ProcessTerminal = Terminal & { readonly close: () => void };

export function processTerminal(options: TerminalOptions): ProcessTerminal {
  const { stdout, stderr } = process;
  const interrupted = { aborted: false };
  let closed = false;
  const reported = new Map<string, number>();
  let shown = 0;
  stdout.on("error", () => {
    closed = true;
  });
  let handle: ((signal: "INT" | "TERM") => void) | undefined;
  const onInterrupt = (signal: string): void => {
    if (handle !== undefined) {
      handle(signal === "SIGTERM" ? "TERM" : "INT");
      return;
    }
    // A second Ctrl-C means it.
    if (interrupted.aborted) process.exit(130);
    interrupted.aborted = true;
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  const progressShown = options.progress && stderr.isTTY && !options.quiet;
  const clear = (): void => {
    if (shown === 0) return;
    stderr.write(`\r${" ".repeat(shown)}\r`);
    shown = 0;
  };
  const colorWanted = (stream: NodeJS.WriteStream): boolean => {
    if (options.color !== "auto") return options.color === "always";
    return stream.isTTY && process.env["NO_COLOR"] === undefined && process.env["TERM"] !== "dumb";
  };
  return {
    async write(data) {
      if (closed) throw new ClosedPipe();
      clear();
      if (stdout.write(data)) return;
      await new Promise<void>((resolve, reject) => {
        const onClose = (): void => reject(new ClosedPipe());
        stdout.once("error", onClose);
        stdout.once("drain", () => {
          stdout.off("error", onClose);
          resolve();
        });
      });
    },
    note(line) {
      if (options.quiet) return;
      clear();
      stderr.write(`${line}\n`);
    },
    report(item: Diagnostic, source?: string) {
      if (options.quiet && item.severity !== "error") return;
      const kind = `${item.code} in ${item.place.path ?? "the input"}`;
      const count = (reported.get(kind) ?? 0) + 1;
      reported.set(kind, count);
      if (count > sameReportsMax) return;
      clear();
      stderr.write(printDiagnostic(item, { color: colorWanted(stderr), source }));
    },
    progress(text) {
      if (!progressShown) return;
      clear();
      if (text === undefined) return;
      const line = text.slice(0, Math.max(20, (stderr.columns ?? 80) - 1));
      stderr.write(line);
      shown = line.length;
    },
    onSignal(handler) {
      handle = handler;
    },
    color: colorWanted(stdout),
    columns: stdout.isTTY ? (stdout.columns ?? 80) : columnsOfEnvironment(),
    isTerminal: stdout.isTTY,
    debug: options.debug,
    quiet: options.quiet,
    interrupted,
    close() {
      clear();
      for (const [kind, count] of reported) {
        const more = count - sameReportsMax;
        if (more > 0) stderr.write(`… and ${more} more of ${kind}\n`);
      }
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onInterrupt);
    },
  };
}

/** Piped output is as wide as COLUMNS says (tests and screenshots set it), else 160. */
function columnsOfEnvironment(): number {
  const columns = Number(process.env["COLUMNS"] ?? "");
  return Number.isInteger(columns) && columns >= 40 ? Math.min(columns, 1000) : 160;
}
