// The kernel probe as a source of bytes: starts it, tells it what to record, hands its stream on, and starts it again when it dies.
// `for await (const part of source.parts())` is the only reader: while a part is looked at, nothing more is taken from the probe.
// What the bytes mean is wire/probe's business; what it needs from /proc is handed on as snapshots between them.

import { mkdtempSync, rmSync, chownSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { probeCommands } from "../model/probe.ts";
import type { ThreadSnapshot } from "../model/syscall.ts";
import { Keeper, type Signal, socketName } from "./keeper.ts";
import { ProbeLink } from "./probe-link.ts";
import { type LinkStats, type Notice, ProbeWatch, encodeCommand, noStats } from "./probe-watch.ts";
import { childrenOf, readProcess, startOf, treeOf } from "./proc.ts";

export type ProbeMode = "aggregate" | "raw" | "both" | "raw-enter";

export type ProbeSourceOptions = {
  readonly binary: string;
  readonly mode: ProbeMode;
  /** The only user whose processes may be recorded; undefined: everybody's, which only root may ask for. */
  readonly owner: number | undefined;
  /** The user who reads what the probe says, where root is given away after the start. */
  readonly reader?: { readonly uid: number; readonly gid: number } | undefined;
  /** Who gets signals that root alone may send; 0: nobody. */
  readonly command?: number | undefined;
  /** More arguments for the probe. */
  readonly more?: readonly string[] | undefined;
  readonly proc?: string | undefined;
  /** Called when the probe listens and nothing was read from it yet: rights that are no longer needed are given away here. */
  readonly beforeReading?: (() => void) | undefined;
  /** Waiting times before it is started again, milliseconds; after the last one it is given up. */
  readonly restartMs?: readonly number[] | undefined;
  /** How long it may be silent after it was told to end, milliseconds. */
  readonly stopMs?: number | undefined;
};

export type ProbePart =
  /** Valid until the next part is asked for. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** What a process is now. */
  | {
      readonly kind: "thread";
      readonly thread: ThreadSnapshot;
      /** When it began, hundredths of a second since boot. */
      readonly startTicks: number;
    }
  /** The probe died and another one took over: its stream begins anew. Nothing was recorded meanwhile. */
  | { readonly kind: "restart"; readonly reason: string; readonly blindMs: number }
  /** It died and could not be started again: nothing follows. */
  | { readonly kind: "lost"; readonly reason: string };

/** What is to be recorded. */
export type Selection =
  | { readonly kind: "processes"; readonly pids: readonly number[] }
  | { readonly kind: "group"; readonly id: bigint; readonly pids: readonly number[] }
  | { readonly kind: "host"; readonly pids: readonly number[] };

export type Refusal = { readonly pid: number; readonly errno: number };

const restartMsDefault = [50, 100, 200, 400, 800, 1600, 3200, 5000] as const;
/** After so long a life the next death is not part of the same trouble. */
const healthyMs = 10_000;
const connectionReset = 104;
const stopMsDefault = 10_000;
/** A second is 10⁷ ns long in the units of /proc: 100 a second, whatever the kernel's own. */
const tickNs = 1e7;

/** A chunk names the link that goes on when it was looked at. */
type Queued = { readonly part: ProbePart; readonly from?: ProbeLink };
type Pending = { readonly command: number; readonly settle: (errno: number) => void };

export class ProbeSource {
  readonly #options: ProbeSourceOptions;
  readonly #folder: string;
  readonly #keeper: Keeper;
  #link: ProbeLink | undefined;
  #parts: Queued[] = [];
  #wake: (() => void) | undefined;
  #pending: Pending[] = [];
  #onHello: ((reason: string | undefined) => void) | undefined;
  readonly #selections: Selection[] = [];
  readonly #prepared = new Map<number, ThreadSnapshot>();
  /** The selected processes that live, and when they began, nanoseconds since boot. */
  readonly #members = new Map<number, number>();
  #stats: LinkStats = noStats;
  #state: "new" | "running" | "stopping" | "ended" = "new";
  /** Members as the probe counts them, once it did after the last selection. */
  #counted: number | undefined;
  #failures = 0;
  #bornMs = Date.now();
  #heardAt = 0;
  restarts = 0;

  /** Throws where no folder for the socket can be made. */
  constructor(options: ProbeSourceOptions) {
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "sysflow-probe-"));
    const { reader, owner } = options;
    if (reader !== undefined) chownSync(this.#folder, reader.uid, reader.gid);
    const args = ["--socket", this.#socket, "--mode", options.mode];
    if (owner !== undefined) args.push("--owner", String(owner));
    if (reader !== undefined) args.push("--client", String(reader.uid));
    this.#keeper = new Keeper(
      options.binary,
      [...args, ...(options.more ?? [])],
      options.command ?? 0,
      this.#folder,
    );
  }

  get #socket(): string {
    return join(this.#folder, socketName);
  }

  get stats(): LinkStats {
    return this.#stats;
  }

  /** How many selected processes are known to live. */
  get members(): number {
    return this.#members.size;
  }

  /** Nothing that was selected lives any more, as far as we and the probe know. */
  get isDeserted(): boolean {
    return this.#members.size === 0 || this.#counted === 0;
  }

  /** False: it was stopped, or is gone for good. */
  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** For tests: the shell that starts the probe. */
  get keeperPid(): number | undefined {
    return this.#keeper.pid;
  }

  /** Sends the command a signal with the rights that were kept. */
  signal(signal: Signal): void {
    this.#keeper.signal(signal);
  }

  /** Reads what /proc says of them now, for when they are selected: later it may be forbidden. */
  prepare(pids: readonly number[]): void {
    for (const pid of pids) {
      const thread = readProcess(pid, { proc: this.#options.proc });
      if (thread !== undefined) this.#prepared.set(pid, thread);
    }
  }

  /** Undefined: it listens and has greeted. Else why not. */
  async start(): Promise<string | undefined> {
    const reason = await this.#connect();
    if (reason === undefined) this.#state = "running";
    else this.#finish();
    return reason;
  }

  /** Adds to what is recorded; what is open already is told afterwards. Returns who was refused. */
  async select(selection: Selection): Promise<readonly Refusal[]> {
    this.#selections.push(selection);
    return this.#apply(selection);
  }

  /** From now on a flow on the path with this number is told when it begins. The next probe numbers anew. */
  watch(path: number): void {
    void this.#request("watch", 0, BigInt(path));
  }

  /** The last words of everything, then the end. */
  async stop(): Promise<void> {
    if (this.#state !== "running") return;
    this.#state = "stopping";
    const link = this.#link;
    if (link === undefined) return this.#finish();
    void this.#request("stop");
    this.#heardAt = Date.now();
    // However much it still has to say: only silence ends it early.
    while (this.#link === link) {
      await sleep(5);
      if (Date.now() - this.#heardAt < (this.#options.stopMs ?? stopMsDefault)) continue;
      this.#put({ kind: "lost", reason: "it was told to end and did not" });
      link.close();
      return;
    }
  }

  /** For tests: the probe leaves its rings alone for so long, and they fill. */
  stall(milliseconds: number): void {
    void this.#request("stall", 0, BigInt(milliseconds));
  }

  /** The end at once: for when nobody reads what it says. */
  abandon(): void {
    if (this.#state === "running") this.#finish();
  }

  async *parts(): AsyncGenerator<ProbePart> {
    for (;;) {
      const next = this.#parts.shift();
      if (next !== undefined) {
        yield next.part;
        next.from?.resume();
      } else if (this.#state === "ended") return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #put(part: ProbePart, from?: ProbeLink): void {
    this.#parts.push(from === undefined ? { part } : { part, from });
    this.#awake();
  }

  #awake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** `ready` is called when it listens, before anything comes from it. */
  async #connect(ready?: () => void): Promise<string | undefined> {
    // A killed one leaves it.
    rmSync(this.#socket, { force: true });
    const failure = await this.#keeper.start();
    if (failure !== undefined) return this.#because(failure);
    try {
      if (this.#state === "new") this.#options.beforeReading?.();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    ready?.();
    const greeted = new Promise<string | undefined>((resolve) => {
      this.#onHello = resolve;
    });
    const watch = new ProbeWatch();
    const link = new ProbeLink(this.#socket, {
      onChunk: (bytes) => {
        this.#heardAt = Date.now();
        watch.push(bytes, (notice) => this.#notice(notice));
        if (this.#onHello === undefined) return this.#put({ kind: "bytes", bytes }, link);
        // Nobody reads before the greeting is whole, and a stream may be cut inside it.
        this.#put({ kind: "bytes", bytes: bytes.slice() });
        setImmediate(() => link.resume());
      },
      onEnd: (reason) => this.#onEnd(reason),
    });
    this.#link = link;
    // Stopped while it started: it ends with its only reader.
    if (this.#state === "ended") link.close();
    return greeted;
  }

  /** What the probe itself said of it says more. */
  #because(reason: string): string {
    return this.#keeper.complaint === "" ? reason : this.#keeper.complaint;
  }

  #notice(notice: Notice): void {
    switch (notice.kind) {
      case "hello":
        this.#onHello?.(undefined);
        this.#onHello = undefined;
        return;
      case "broken":
        this.#onHello?.(notice.reason);
        this.#onHello = undefined;
        this.#link?.close();
        return;
      case "ack": {
        const first = this.#pending.shift();
        // Answers come in order: another order is not the probe's.
        if (first?.command === notice.command) first.settle(notice.errno);
        else this.#link?.close();
        return;
      }
      case "fork":
      case "exec":
        this.#members.set(notice.pid, notice.startNs);
        return;
      case "exit":
        this.#members.delete(notice.pid);
        return;
      case "dirty":
        return this.#heal(notice.pid, notice.forks > 0);
      case "stats":
        this.#stats = notice.stats;
        this.#counted = notice.stats.members;
        return;
    }
  }

  /** Messages about the process were lost: it is asked what it is now, and told what it has open. */
  #heal(pid: number, forked: boolean): void {
    const { proc } = this.#options;
    const lost = forked ? (childrenOf(pid, proc) ?? []) : [];
    for (const each of [pid, ...lost.filter((child) => !this.#members.has(child))]) {
      if (!this.#describe(each)) this.#members.delete(each);
      else void this.#request("scan", each);
    }
  }

  /** Hands on what /proc says of it; false when it is gone. */
  #describe(pid: number): boolean {
    const start = startOf(pid, this.#options.proc);
    const now = readProcess(pid, { proc: this.#options.proc });
    if (start === undefined || now === undefined) return false;
    const before = this.#prepared.get(pid);
    this.#prepared.delete(pid);
    const thread = now.exePath === undefined && before !== undefined ? before : now;
    if (!this.#members.has(pid)) this.#members.set(pid, start * tickNs);
    this.#put({ kind: "thread", thread, startTicks: start });
    return true;
  }

  async #apply(selection: Selection): Promise<Refusal[]> {
    const refused: Refusal[] = [];
    const note = (pid: number, errno: number): void => {
      if (errno !== 0) refused.push({ pid, errno });
    };
    // The kind first: what is started meanwhile is in it.
    if (selection.kind === "group") note(0, await this.#request("addCgroup", 0, selection.id));
    if (selection.kind === "host") note(0, await this.#request("addHost"));
    if (refused.length > 0) return refused;
    for (const pid of selection.pids) {
      if (!this.#describe(pid)) {
        note(pid, noSuchProcess);
        continue;
      }
      const errno = await this.#request("add", pid);
      if (errno !== 0) this.#members.delete(pid);
      note(pid, errno);
    }
    this.#counted = undefined;
    await this.#request("scan");
    return refused;
  }

  #request(command: keyof typeof probeCommands, pid = 0, value = 0n): Promise<number> {
    const link = this.#link;
    if (link === undefined) return Promise.resolve(connectionReset);
    return new Promise((resolve) => {
      this.#pending.push({ command: probeCommands[command], settle: resolve });
      link.send(encodeCommand(command, pid, value));
    });
  }

  #onEnd(reason: string): void {
    this.#link = undefined;
    const pending = this.#pending;
    this.#pending = [];
    for (const { settle } of pending) settle(connectionReset);
    this.#onHello?.(this.#because(reason));
    this.#onHello = undefined;
    if (this.#state === "stopping") this.#finish();
    else if (this.#state === "running") void this.#restart(reason);
  }

  async #restart(first: string): Promise<void> {
    const died = Date.now();
    const waits = this.#options.restartMs ?? restartMsDefault;
    if (died - this.#bornMs >= healthyMs) this.#failures = 0;
    let reason = first;
    for (;;) {
      const wait = waits[this.#failures++];
      if (wait === undefined) break;
      await sleep(wait);
      if (this.#state !== "running") return this.#finish();
      const failure = await this.#connect(() =>
        this.#put({ kind: "restart", reason: first, blindMs: Date.now() - died }),
      );
      if (failure === undefined) {
        this.restarts += 1;
        this.#bornMs = Date.now();
        return this.#reselect();
      }
      reason = failure;
    }
    this.#put({ kind: "lost", reason });
    this.#finish();
  }

  /** Who was selected and still lives, and what these started meanwhile. Whoever lost his parent meanwhile cannot be found. */
  async #reselect(): Promise<void> {
    const { proc } = this.#options;
    const living = new Set<number>();
    for (const [pid, startNs] of this.#members) {
      const start = startOf(pid, proc);
      // The same id, begun at another time, is another process.
      if (start === undefined || start !== Math.floor(startNs / tickNs)) continue;
      for (const each of treeOf(pid, proc)) living.add(each);
    }
    this.#members.clear();
    for (const selection of this.#selections) {
      if (selection.kind !== "processes") await this.#apply({ ...selection, pids: [] });
    }
    await this.#apply({ kind: "processes", pids: [...living] });
  }

  #finish(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#link?.close();
    this.#link = undefined;
    this.#keeper.close();
    rmSync(this.#folder, { recursive: true, force: true });
    this.#awake();
  }
}

/** ESRCH. */
const noSuchProcess = 3;
