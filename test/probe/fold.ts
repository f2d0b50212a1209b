// The judge's books: what the probe's messages add up to, and every rule of the protocol that they break.

import { flowReasons, probeModes } from "../../src/model/probe.ts";
import type { Message } from "./stream.ts";
import { RawFold } from "./raw.ts";

export type FlowTotals = {
  readonly id: number;
  readonly pid: number;
  readonly start: number;
  readonly fd: number;
  kind: number;
  device: number;
  inode: number;
  path: number;
  flags: number;
  sport: number;
  dport: number;
  rops: number;
  wops: number;
  rbytes: number;
  wbytes: number;
  opens: number;
  ops: number;
  first: number;
  last: number;
  /** flowReasons of its last word; undefined while it lives. */
  ended: number | undefined;
};

export type ProcessSums = {
  readonly pid: number;
  forks: number;
  execs: number;
  exits: number;
  failedOpens: number;
  threadsCloned: number;
  threadsExited: number;
  /** CALL messages: number → result → times. */
  readonly calls: Map<number, Map<number, number>>;
};

const alive: ReadonlySet<number> = new Set([
  flowReasons.begin,
  flowReasons.checkpoint,
  flowReasons.scan,
]);

const text = new TextDecoder();

export class Fold {
  readonly flows = new Map<number, FlowTotals>();
  readonly processes = new Map<number, ProcessSums>();
  readonly paths = new Map<number, string>();
  readonly raw = new RawFold();
  /** Messages by name. */
  readonly messages = new Map<string, number>();
  readonly dirty: { pid: number; forks: number; execs: number; exits: number; calls: number }[] =
    [];
  readonly scans: number[] = [];
  readonly pids = new Set<number>();
  /** What the last STATS said, by field. */
  stats: { [field: string]: number } = {};
  /** Broken rules of the protocol; a test expects none. */
  readonly wrong: string[] = [];
  mode = 0;
  /** Last words said twice, with the same totals. */
  twice = 0;
  /** Called with each ACK: command, errno. */
  onAck: (command: number, errno: number) => void = () => {};

  take(message: Message): void {
    const { name } = message;
    this.messages.set(name, (this.messages.get(name) ?? 0) + 1);
    switch (name) {
      case "raw":
        return this.raw.take(message);
      case "rawEnter":
        return;
      case "flow":
        return this.#flow(message);
      case "path":
        return this.#path(message);
      case "hello":
        this.mode = message.get("hello", "mode");
        return;
      case "stats":
        return this.#stats(message);
      case "ack":
        return this.onAck(message.code, message.get("ack", "error"));
      case "dirty":
        this.dirty.push({
          pid: message.get("dirty", "pid"),
          forks: message.get("dirty", "forks"),
          execs: message.get("dirty", "execs"),
          exits: message.get("dirty", "exits"),
          calls: message.get("dirty", "calls"),
        });
        return;
      case "scanBegin":
        this.scans.push(message.get("scanBegin", "pid"));
        return;
      default:
        return this.#process(message);
    }
  }

  processOf(pid: number): ProcessSums {
    let found = this.processes.get(pid);
    if (found === undefined) {
      found = {
        pid,
        forks: 0,
        execs: 0,
        exits: 0,
        failedOpens: 0,
        threadsCloned: 0,
        threadsExited: 0,
        calls: new Map(),
      };
      this.processes.set(pid, found);
    }
    return found;
  }

  total(name: string): number {
    return this.messages.get(name) ?? 0;
  }

  /** Messages from the kernel, as loggers count: what was carried to user space because of what processes did. */
  get records(): number {
    let sum = 0;
    for (const name of ["fork", "exec", "exit", "call", "path", "flow", "raw", "rawEnter"]) {
      sum += this.total(name);
    }
    return sum;
  }

  /** Rules that show only at the end. */
  finish(): void {
    for (const flow of this.flows.values()) {
      if (flow.path !== 0 && !this.paths.has(flow.path)) {
        this.wrong.push(`flow ${flow.id}: path ${flow.path} was never said`);
      }
    }
  }

  #process(message: Message): void {
    const pid = message.get("fork", "pid");
    this.pids.add(pid);
    const process = this.processOf(pid);
    switch (message.name) {
      case "fork":
        process.forks += 1;
        this.pids.add(message.get("fork", "child"));
        return;
      case "exec":
        process.execs += 1;
        return;
      case "exit":
        process.exits += 1;
        process.failedOpens += message.get("exit", "failedOpens");
        process.threadsCloned += message.get("exit", "threadsCloned");
        process.threadsExited += message.get("exit", "threadsExited");
        return;
      case "call": {
        const results = process.calls.get(message.code) ?? new Map<number, number>();
        process.calls.set(message.code, results);
        const ret = message.get("call", "ret");
        results.set(ret, (results.get(ret) ?? 0) + 1);
        return;
      }
      default:
    }
  }

  #path(message: Message): void {
    const id = message.get("path", "id");
    if (id === 0) this.wrong.push("a path with id 0");
    const length = message.get("path", "bytes");
    const raw = text.decode(message.bytes(message.at + message.fixed, length));
    const parts = raw.split("\0").slice(0, -1);
    this.paths.set(id, `/${parts.toReversed().join("/")}`);
    this.pids.add(message.get("path", "pid"));
  }

  #stats(message: Message): void {
    const fields = ["controlSent", "controlLost", "flowsSent", "flowsParked", "flowsCollected"];
    const more = ["flowsLost", "flowsUntracked", "rawSent", "rawLost", "compatCalls", "faults"];
    const last = ["processesLost", "dirtyLost", "liveFlows", "members", "peersLost"];
    for (const field of [...fields, ...more, ...last]) {
      this.stats[field] = message.get("stats", field as "faults");
    }
  }

  #flow(message: Message): void {
    const id = message.get("flow", "id");
    const pid = message.get("flow", "pid");
    this.pids.add(pid);
    const totals = this.flows.get(id);
    const flow: FlowTotals = {
      id,
      pid,
      start: message.get("flow", "start"),
      fd: message.get("flow", "fd"),
      kind: message.get("flow", "kind"),
      device: message.get("flow", "device"),
      inode: message.get("flow", "inode"),
      path: message.get("flow", "path"),
      flags: message.get("flow", "flags"),
      sport: message.get("flow", "sport"),
      dport: message.get("flow", "dport"),
      rops: message.get("flow", "rops"),
      wops: message.get("flow", "wops"),
      rbytes: message.get("flow", "rbytes"),
      wbytes: message.get("flow", "wbytes"),
      opens: message.get("flow", "opens"),
      ops: message.get("flow", "ops"),
      first: message.get("flow", "first"),
      last: message.get("flow", "last"),
      ended: alive.has(message.code) ? undefined : message.code,
    };
    if (id === 0) this.wrong.push("a flow with id 0");
    if (flow.last < flow.first) this.wrong.push(`flow ${id}: ends before it begins`);
    if (totals !== undefined) this.#compare(totals, flow);
    if (message.code === flowReasons.begin && this.mode === probeModes.both) {
      this.raw.begin(id, pid, flow.fd);
    }
    // What comes late (a checkpoint behind the last word) is told as broken above, and changes nothing.
    if (totals === undefined || totals.ended === undefined) this.flows.set(id, flow);
  }

  #compare(before: FlowTotals, now: FlowTotals): void {
    const say = (what: string): void => void this.wrong.push(`flow ${now.id}: ${what}`);
    // Two threads may end one flow at the same time, and both say so: a close, and an open that was given the number meanwhile.
    const same = (["rops", "wops", "rbytes", "wbytes"] as const).every(
      (field) => before[field] === now[field],
    );
    if (before.ended !== undefined && now.ended !== undefined && same) this.twice += 1;
    else if (before.ended !== undefined)
      say(`reason ${now.ended} after its last word ${before.ended}`);
    if (before.pid !== now.pid || before.inode !== now.inode || before.kind !== now.kind) {
      say(`was another (pid ${before.pid}→${now.pid}, inode ${before.inode}→${now.inode})`);
    }
    for (const field of ["rops", "wops", "rbytes", "wbytes", "opens"] as const) {
      if (now[field] < before[field]) say(`${field} fell from ${before[field]} to ${now[field]}`);
    }
  }
}
