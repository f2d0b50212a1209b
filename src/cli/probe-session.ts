// One recording with the probe, from the command line to its end: what is selected, who may, the command, signals. Verbs say what
// becomes of the records.

import { diagnostic, type Diagnostic } from "../model/diagnostic.ts";
import type { File } from "../model/entity.ts";
import { ProbeRecording } from "../pipeline/probe-recording.ts";
import { Command, type CommandEnd, findCommand } from "../source/command.ts";
import { findGroup, groupsOfContainer, processesOf } from "../source/cgroup.ts";
import type { Signal } from "../source/keeper.ts";
import { ContainerMetadata, dockerSocket } from "../source/metadata.ts";
import { becomeCaller, ownIdentity, sudoCaller } from "../source/privilege.ts";
import { findProbe } from "../source/probe-binary.ts";
import { type ProbeMode, ProbeSource, type Refusal, type Selection } from "../source/probe.ts";
import { processIds, seesFirstPids, startOf, treeOf } from "../source/proc.ts";
import { whyNotHere } from "./doctor/verdict.ts";
import { machineBelow } from "./doctor/machine.ts";
import { type ExitCode, Exit, type Options, type Terminal, UsageError } from "./verb.ts";
import { flagOption, textOption } from "./verb.ts";

/** What the command line selects; exactly one. */
export type Target =
  | { readonly kind: "command"; readonly argv: readonly string[] }
  | { readonly kind: "process"; readonly pid: number }
  | { readonly kind: "group"; readonly path: string }
  | { readonly kind: "container"; readonly id: string }
  | { readonly kind: "host" };

export type SessionFailure = { readonly diagnostic: Diagnostic; readonly exit: ExitCode };

export function targetOf(args: readonly string[], options: Options): Target {
  const found: Target[] = [];
  const pid = textOption(options, "pid");
  const cgroup = textOption(options, "cgroup");
  const container = textOption(options, "container");
  if (args.length > 0) found.push({ kind: "command", argv: args });
  if (pid !== undefined) found.push({ kind: "process", pid: pidOf(pid) });
  if (cgroup !== undefined) found.push({ kind: "group", path: cgroup });
  if (container !== undefined) found.push({ kind: "container", id: containerOf(container) });
  if (flagOption(options, "host")) found.push({ kind: "host" });
  const [target, ...more] = found;
  const example = "sysflow record -- ls -l";
  if (target === undefined) throw new UsageError("nothing to record was given", example);
  if (more.length > 0) {
    throw new UsageError("a command, --pid, --cgroup, --container and --host exclude each other");
  }
  if (target.kind === "command" && findCommand(target.argv[0] ?? "") === undefined) {
    const hint = "check its spelling, its path, its x bit";
    throw new UsageError(`no command "${target.argv[0] ?? ""}" here`, hint);
  }
  return target;
}

function pidOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--pid takes a number, not "${text}"`);
  return Number(text);
}

function containerOf(text: string): string {
  if (/^[0-9a-f]{4,64}$/.test(text)) return text;
  throw new UsageError(
    `--container takes the beginning of an id, hexadecimal, not "${text}"`,
    "docker ps, podman ps and crictl ps show ids",
  );
}

export class ProbeSession {
  readonly source: ProbeSource;
  readonly command: Command | undefined;
  readonly #terminal: Terminal;
  readonly #target: Target;
  readonly #selection: Selection;
  /** The command's signals need rights that we gave away. */
  readonly #dropped: boolean;
  readonly #containers: ContainerMetadata;
  stopping = false;
  interrupted = false;
  /** Nothing could be selected: there is nothing to keep. */
  isVoid = false;

  /** Finds everything, starts the probe, and gives root away where it was lent. The command does not run yet. */
  static async open(
    terminal: Terminal,
    target: Target,
    options: Options,
  ): Promise<ProbeSession | SessionFailure> {
    if (!seesFirstPids()) {
      const message = "this is another pid namespace: process ids here are not the kernel's";
      const hint = "run the container with --pid=host, or record on the host";
      return { diagnostic: diagnostic("SF5011", message, {}, hint), exit: Exit.notPossible };
    }
    const binary = findProbe(textOption(options, "probe"));
    if (typeof binary !== "string") return { diagnostic: binary, exit: Exit.notPossible };
    const found = target.kind === "command" ? undefined : selectionOf(target);
    if (found !== undefined && "exit" in found) return found;
    // Documents have standard output for themselves.
    const output = flagOption(options, "json") ? "stderr" : "inherit";
    const command =
      target.kind === "command" ? await Command.start(target.argv, output) : undefined;
    const pids = command === undefined ? [] : [command.pid];
    const selection: Selection = found ?? { kind: "processes", pids };
    const identity = ownIdentity();
    const caller = sudoCaller(identity);
    const source = new ProbeSource({
      binary,
      mode: modeOf(options),
      owner: identity.uid === 0 ? undefined : identity.uid,
      reader: caller,
      command: command?.pid,
      beforeReading: caller === undefined ? undefined : () => becomeCaller(caller),
    });
    source.prepare(selection.pids);
    // What engines keep on disk is root's to read: what exists is looked at before root is given away.
    const containers = new ContainerMetadata({ dockerSocket });
    if (caller !== undefined) containers.prepare();
    const reason = await source.start();
    if (reason !== undefined) {
      command?.abandon();
      return { diagnostic: cannotStart(reason), exit: Exit.notPossible };
    }
    return new ProbeSession(terminal, {
      source,
      containers,
      command,
      target,
      selection,
      dropped: caller !== undefined,
    });
  }

  private constructor(
    terminal: Terminal,
    parts: {
      readonly source: ProbeSource;
      readonly containers: ContainerMetadata;
      readonly command: Command | undefined;
      readonly target: Target;
      readonly selection: Selection;
      readonly dropped: boolean;
    },
  ) {
    this.#terminal = terminal;
    this.source = parts.source;
    this.#containers = parts.containers;
    this.command = parts.command;
    this.#target = parts.target;
    this.#selection = parts.selection;
    this.#dropped = parts.dropped;
    terminal.onSignal((signal) => this.#onSignal(signal));
  }

  recording(options: {
    readonly exporter?: string | undefined;
    readonly begins?: boolean;
    readonly watch?: (file: File) => boolean;
  }): ProbeRecording {
    const report = (item: Diagnostic): void => this.#terminal.report(item);
    return new ProbeRecording(this.source, { ...options, containers: this.#containers, report });
  }

  /** Selects and lets the command run; `batches` must be read meanwhile. Undefined: it records. */
  async begin(): Promise<SessionFailure | undefined> {
    const refused = await this.source.select(this.#selection);
    const failure = this.#judge(refused);
    if (failure === undefined) this.command?.run();
    else {
      this.isVoid = true;
      this.command?.abandon();
      await this.source.stop();
    }
    return failure;
  }

  /** Resolves when all that was selected is over, its time is, or we were told to end. */
  async finished(forMs: number | undefined): Promise<void> {
    let told = false;
    const until = forMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + forMs;
    while (!this.stopping && Date.now() < until && this.source.isRunning) {
      const { command } = this;
      if (command?.end !== undefined && !told && !this.source.isDeserted) {
        told = true;
        this.#terminal.note(
          `${nameOf(this.#target)} ${endOf(command.end)}; what it started still runs: Ctrl-C ends the recording`,
        );
      }
      const over =
        command === undefined ? this.#target.kind === "process" : command.end !== undefined;
      if (over && this.source.isDeserted) return;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** Before anything was recorded, and read. */
  abandon(): void {
    this.command?.abandon();
    this.source.abandon();
  }

  stop(): Promise<void> {
    this.stopping = true;
    return this.source.stop();
  }

  /** Ctrl-C on a terminal reaches the command by itself; a signal sent to us alone is handed on. */
  #onSignal(signal: Signal): void {
    const { command } = this;
    if (command === undefined || command.end !== undefined) {
      this.interrupted = true;
      this.stopping = true;
      return;
    }
    if (signal === "INT" && (process.stdin.isTTY || process.stderr.isTTY)) return;
    if (this.#dropped || !command.signal(signal)) this.source.signal(signal);
  }

  /** Some of a tree may have ended meanwhile; nobody left, or nobody allowed, is a failure. */
  #judge(refused: readonly Refusal[]): SessionFailure | undefined {
    const [first] = refused;
    const { pids, kind } = this.#selection;
    if (first === undefined || (first.pid !== 0 && refused.length < pids.length)) return undefined;
    if (first.pid !== 0 && kind !== "processes") return undefined;
    const name = nameOf(this.#target);
    if (first.errno === notPermitted) {
      const message = `${name} is not yours to record`;
      return { diagnostic: diagnostic("SF5012", message), exit: Exit.notPossible };
    }
    if (first.errno === noSuchProcess) return nothingThere(`${name} has ended`);
    const message = `the probe cannot record ${name} (error ${first.errno})`;
    return { diagnostic: diagnostic("SF5011", message), exit: Exit.notPossible };
  }
}

const pollMs = 20;
const notPermitted = 1;
const noSuchProcess = 3;

function modeOf(options: Options): ProbeMode {
  const mode = textOption(options, "mode") ?? "aggregate";
  if (mode === "aggregate" || mode === "raw") return mode;
  throw new UsageError(`--mode is aggregate or raw, not "${mode}"`);
}

function nothingThere(message: string): SessionFailure {
  return { diagnostic: diagnostic("SF5013", message), exit: Exit.inputUnreadable };
}

function selectionOf(target: Exclude<Target, { kind: "command" }>): Selection | SessionFailure {
  switch (target.kind) {
    case "process":
      if (startOf(target.pid) === undefined)
        return nothingThere(`there is no process ${target.pid}`);
      return { kind: "processes", pids: treeOf(target.pid) };
    case "group": {
      const group = findGroup(target.path);
      if (group === undefined) return nothingThere(`${target.path} is no control group`);
      const pids = processesOf(group);
      if (group.id !== undefined) return { kind: "group", id: group.id, pids };
      return pids.length > 0
        ? { kind: "processes", pids }
        : nothingThere(`the control group ${target.path} is of version 1 and holds no process`);
    }
    case "container": {
      const [group, ...more] = groupsOfContainer(target.id);
      if (group === undefined) return nothingThere(`no control group of a container ${target.id}`);
      const others = more.filter((other) => other.id !== undefined);
      if (group.id !== undefined && others.length > 0) {
        const paths = [group, ...others].map((one) => one.path).join(", ");
        throw new UsageError(`${target.id} begins the ids of several containers: ${paths}`);
      }
      const pids = processesOf(group);
      if (group.id !== undefined) return { kind: "group", id: group.id, pids };
      return pids.length > 0
        ? { kind: "processes", pids }
        : nothingThere(`the container ${target.id} holds no process`);
    }
    case "host":
      return { kind: "host", pids: processIds() };
  }
}

/** The probe's own words say what the kernel refused; the doctor says what to do. */
function cannotStart(reason: string): Diagnostic {
  const why = whyNotHere(machineBelow("/"));
  return diagnostic("SF5011", `the probe cannot start: ${reason}`, {}, why);
}

export function nameOf(target: Target): string {
  switch (target.kind) {
    case "command":
      return target.argv[0] ?? "";
    case "process":
      return `process ${target.pid}`;
    case "group":
      return target.path;
    case "container":
      return `container ${target.id}`;
    case "host":
      return "host";
  }
}

export function endOf(end: CommandEnd): string {
  return end.signal === undefined ? `ended with ${end.code ?? 0}` : `was killed by ${end.signal}`;
}
