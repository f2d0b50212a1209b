// Starts the probe's binary and speaks its protocol, for tests and benchmarks. Only processes that the caller started are ever added.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probeCommands } from "../../src/model/probe.ts";
import { Fold } from "./fold.ts";
import { probeBinary } from "./machine.ts";
import { StreamReader } from "./stream.ts";

export type ProbeMode = "aggregate" | "raw" | "both" | "raw-enter";

export type ProbeOptions = {
  readonly mode?: ProbeMode;
  /** More arguments of the binary: "--no-park", "--flow-ring", "256", … */
  readonly more?: readonly string[];
  /** Raw messages are walked over, not decoded. */
  readonly passOver?: boolean;
  /** Told every piece of the stream as it comes. */
  readonly onBytes?: (piece: Uint8Array) => void;
};

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Fields of /proc/PID/stat behind the name; undefined once it is gone. */
export function statOf(pid: number): string[] | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "latin1");
    return line.slice(line.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** The value of a line of /proc/PID/status. */
export function statusOf(pid: number, field: string): string {
  const found = new RegExp(`^${field}:\\s*(.*)$`, "m").exec(
    readFileSync(`/proc/${pid}/status`, "utf8"),
  );
  return found?.[1] ?? "";
}

async function until(condition: () => boolean, what: string, seconds: number): Promise<void> {
  const limit = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > limit) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(2);
  }
}

export type Command = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly output: () => string;
  /** Exit status; throws on a signal. */
  readonly ended: Promise<number>;
  readonly go: () => void;
};

/** Starts a command that waits, stopped, for its `go`. */
export async function startStopped(
  command: readonly string[],
  environment: { readonly [name: string]: string } = {},
): Promise<Command> {
  const child = spawn("/bin/sh", ["-c", 'kill -STOP $$; exec "$@"', "sh", ...command], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined, ...environment },
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (piece: Buffer) => (output += piece.toString("latin1")));
  child.stderr.on("data", (piece: Buffer) => (errors += piece.toString("latin1")));
  const { pid } = child;
  if (pid === undefined) throw new Error("no process");
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => {
      if (status === null) reject(new Error(`${command.join(" ")}: ended by ${signal}`));
      else if (status !== 0) {
        reject(new Error(`${command.join(" ")}: status ${status}: ${errors.slice(-800)}`));
      } else resolve(status);
    });
  });
  ended.catch(() => {});
  await until(() => statOf(pid)?.[0] === "T", "stopped", 10);
  return { child, pid, output: () => output, ended, go: () => void process.kill(pid, "SIGCONT") };
}

export class Probe {
  readonly fold = new Fold();
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #reader: StreamReader;
  readonly #folder: string;
  readonly #waiting: ((errno: number) => void)[] = [];
  readonly #closed: Promise<void>;
  readonly #gone: Promise<number | null>;
  bytes = 0;
  error: unknown;

  /** Milliseconds from spawn to `ready`. */
  readonly startMs: number;

  private constructor(
    child: ChildProcess,
    socket: Socket,
    folder: string,
    startMs: number,
    options: ProbeOptions,
    gone: Promise<number | null>,
  ) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.#socket = socket;
    this.#folder = folder;
    this.startMs = startMs;
    this.#gone = gone;
    this.fold.onAck = (_command, errno) => this.#waiting.shift()?.(errno);
    this.#reader = new StreamReader(
      (message) => this.fold.take(message),
      options.passOver ?? false,
    );
    socket.on("data", (piece: Buffer) => {
      this.bytes += piece.length;
      options.onBytes?.(piece);
      if (this.error !== undefined) return;
      try {
        this.#reader.push(piece);
      } catch (error) {
        this.error = error;
        socket.destroy();
      }
    });
    this.#closed = new Promise((resolve) => {
      socket.on("close", () => resolve());
      socket.on("error", (error) => (this.error ??= error));
    });
  }

  static async start(options: ProbeOptions = {}): Promise<Probe> {
    const folder = mkdtempSync(join(tmpdir(), "sysflow-judge-"));
    const path = join(folder, "socket");
    const begin = performance.now();
    const child = spawn(
      probeBinary,
      ["--socket", path, "--mode", options.mode ?? "aggregate", ...(options.more ?? [])],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    let output = "";
    let errors = "";
    let gone = false;
    child.stdout.on("data", (piece: Buffer) => (output += piece.toString("latin1")));
    child.stderr.on("data", (piece: Buffer) => (errors += piece.toString("latin1")));
    const end = new Promise<number | null>((resolve) => {
      child.on("close", (status) => {
        gone = true;
        resolve(status);
      });
    });
    await until(() => output.includes("ready\n") || gone, "the probe is ready", 20);
    const startMs = performance.now() - begin;
    if (gone) throw new Error(`the probe ended: ${errors.slice(-800)}`);
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", () => resolve());
      socket.once("error", reject);
    });
    return new Probe(child, socket, folder, startMs, options, end);
  }

  /** Sends a command; its errno. */
  command(name: keyof typeof probeCommands, pid: number, value = 0): Promise<number> {
    const bytes = new DataView(new ArrayBuffer(16));
    bytes.setUint32(0, probeCommands[name], true);
    bytes.setUint32(4, pid, true);
    bytes.setUint32(8, value % 0x1_0000_0000, true);
    bytes.setUint32(12, Math.floor(value / 0x1_0000_0000), true);
    this.#socket.write(new Uint8Array(bytes.buffer));
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      void this.#closed.then(() =>
        reject(this.error ?? new Error(`${name}: the stream ended unanswered`)),
      );
    });
  }

  /** The process, stopped now, and all that it will start. */
  async select(pid: number): Promise<void> {
    for (const name of ["add", "scan"] as const) {
      const errno = await this.command(name, pid);
      if (errno !== 0) throw new Error(`${name} ${pid}: errno ${errno}`);
    }
  }

  /** Runs a command in the selection, to its end. */
  async run(
    command: readonly string[],
    environment: { readonly [name: string]: string } = {},
  ): Promise<Command> {
    const started = await startStopped(command, environment);
    await this.select(started.pid);
    started.go();
    await started.ended;
    return started;
  }

  /** The last word of every flow. The fold is complete afterwards. */
  async stop(): Promise<Fold> {
    const answer = this.command("stop", 0);
    answer.catch(() => {});
    await this.#closed;
    await this.#leave();
    if (this.error !== undefined) throw this.error;
    this.#reader.end();
    this.fold.finish();
    return this.fold;
  }

  /** For tests of its death. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
    await this.#leave();
  }

  async #leave(): Promise<void> {
    this.#socket.destroy();
    await this.#gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
