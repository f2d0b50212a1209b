// Starts the probe, again where it must be. It is a shell, because it has to keep its rights when the rest of the program gives them
// away: it knows one command line, obeys two kinds of words, and ends when we do.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

/** Of the socket in the folder. */
export const socketName = "probe.sock";

/** "probe" starts it and says how it ended; a signal's name is sent to the recorded command, the only process it may be sent to. When we are gone it clears up. */
const script = `command=$1; folder=$2; shift 2; life=0
while read -r word; do
  case $word in
  probe) life=$((life + 1)); { "$@" </dev/null; echo "ended $life $?"; } & ;;
  INT | TERM | HUP | QUIT) if [ "$command" -gt 0 ]; then kill -s "$word" "$command"; fi ;;
  esac
done
rm -f "$folder/${socketName}"
rmdir "$folder" 2>/dev/null`;

export type Signal = "INT" | "TERM" | "HUP" | "QUIT";

/** How much of what the probe complains about is kept. */
const complaintMax = 4096;
const startMs = 10_000;
const gone = "the shell that starts it is gone";

export class Keeper {
  readonly #shell: ChildProcessByStdio<Writable, Readable, Readable>;
  #complaint = "";
  #line = "";
  #waiting: ((line: string) => void) | undefined;
  #closed = false;
  #life = 0;

  /** `command`: the process that signals go to, 0 for none. `folder`: where the socket is, and nothing else. */
  constructor(probe: string, args: readonly string[], command: number, folder: string) {
    const words = ["-c", script, "sysflow", String(command), folder, probe, ...args];
    this.#shell = spawn("/bin/sh", words, {
      stdio: ["pipe", "pipe", "pipe"],
      // A session of its own: Ctrl-C is for the command, and the probe still has last words to say.
      detached: true,
    });
    this.#shell.stdout.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    this.#shell.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-complaintMax);
    });
    this.#shell.stdin.on("error", () => this.#end(gone));
    this.#shell.on("error", () => this.#end(gone));
    this.#shell.on("close", () => this.#end(gone));
  }

  /** What was written to standard error since the last start. */
  get complaint(): string {
    return this.#complaint.trim();
  }

  get pid(): number | undefined {
    return this.#shell.pid;
  }

  /** Resolves to undefined when the probe listens, else to the reason why it does not. */
  start(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(gone);
    this.#complaint = "";
    this.#life += 1;
    // The end of an earlier one may be told late.
    const ended = `ended ${this.#life} `;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle("it did not get ready in 10 s"), startMs);
      const settle = (reason: string | undefined): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        // What it wrote to standard error comes by another pipe, and may come later.
        setImmediate(() => resolve(reason));
      };
      this.#waiting = (line) => {
        if (line === "ready") settle(undefined);
        else if (line.startsWith(ended)) settle(`it ended with ${line.slice(ended.length)}`);
        else if (line === gone) settle(gone);
      };
      this.#shell.stdin.write("probe\n");
    });
  }

  signal(signal: Signal): void {
    if (!this.#closed) this.#shell.stdin.write(`${signal}\n`);
  }

  close(): void {
    this.#closed = true;
    this.#shell.stdin.end();
  }

  #read(text: string): void {
    const lines = (this.#line + text).split("\n");
    this.#line = (lines.pop() ?? "").slice(-complaintMax);
    for (const line of lines) this.#waiting?.(line);
  }

  #end(line: string): void {
    this.#closed = true;
    this.#waiting?.(line);
  }
}
