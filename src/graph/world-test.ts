// Hand-built records for the tests of this folder: processes, file and network flows in the fewest words. Times are in
// milliseconds. Not for users: they have the text notation of `sysflow/testing`.

import { parseIp } from "../base/ip.ts";
import type { Activity } from "../model/activity.ts";
import type { Alert, AlertSeverity } from "../model/alert.ts";
import type { Host, Process } from "../model/entity.ts";
import { Op, OpenFlag } from "../model/opflag.ts";
import type { BehaviourRecord } from "../model/record.ts";
import { sampleProcess } from "../model/sample-test.ts";

export const base = 1_700_000_000_000_000_000n;
const ms = 1e6;

export class World {
  readonly host: Host;
  readonly records: BehaviourRecord[] = [];

  constructor(host = "h") {
    this.host = { id: host };
  }

  /** A process older than the recording. */
  old(pid: number, exe: string, parent?: Process): Process {
    return this.#process({ pid, exe, parent, createdNs: 1n, args: "", ts: 0 });
  }

  /** Forked at a moment; runs its parent's program until `exec`. */
  fork(parent: Process, pid: number, at: number): Process {
    const { exe = "", args = "" } = parent;
    const createdNs = base + BigInt(at * ms);
    const proc = this.#process({ pid, exe, parent, createdNs, args, ts: at * ms });
    this.records.push({ type: "PE", proc, ts: at * ms, tid: pid, ops: Op.CLONE, args: [], ret: 0 });
    return proc;
  }

  exec(process: Process, exe: string, args: string, at: number): Process {
    const next: Process = { ...process, previous: process, exe, args, ts: at * ms };
    next.identity.current = next;
    const { pid } = next;
    this.records.push({
      type: "PE",
      proc: next,
      ts: at * ms,
      tid: pid,
      ops: Op.EXEC,
      args: [],
      ret: 0,
    });
    return next;
  }

  /** Forked and executed at one moment. */
  start(parent: Process, pid: number, exe: string, args: string, at: number): Process {
    return this.exec(this.fork(parent, pid, at), exe, args, at + 0.1);
  }

  write(proc: Process, path: string, bytes: number, from: number, to = from + 1): void {
    this.#file(
      proc,
      path,
      Op.OPEN | Op.WRITE | Op.CLOSE,
      OpenFlag.WRONLY | OpenFlag.CREAT,
      0,
      bytes,
      from,
      to,
    );
  }

  read(proc: Process, path: string, bytes: number, from: number, to = from + 1): void {
    this.#file(proc, path, Op.OPEN | Op.READ | Op.CLOSE, OpenFlag.RDONLY, bytes, 0, from, to);
  }

  rename(proc: Process, path: string, newPath: string, at: number): void {
    const file = {
      host: this.host,
      state: "REUP",
      ts: at * ms,
      type: "f",
      path,
      container: undefined,
    } as const;
    this.records.push({
      type: "FE",
      proc,
      ts: at * ms,
      tid: proc.pid,
      ops: Op.RENAME,
      file,
      newFile: { ...file, path: newPath },
      ret: 0,
    });
  }

  unlink(proc: Process, path: string, at: number): void {
    const file = { host: this.host, state: "REUP", ts: at * ms, type: "f", path } as const;
    this.records.push({
      type: "FE",
      proc,
      ts: at * ms,
      tid: proc.pid,
      ops: Op.UNLINK,
      file: { ...file, container: undefined },
      newFile: undefined,
      ret: 0,
    });
  }

  accept(
    proc: Process,
    client: string,
    port: number,
    io: readonly [number, number],
    from: number,
    to = from + 5,
  ): void {
    this.#net(proc, Op.ACCEPT, client, `10.0.0.1:${port}`, io, from, to);
  }

  connect(
    proc: Process,
    own: string,
    server: string,
    io: readonly [number, number],
    from: number,
    to = from + 5,
  ): void {
    this.#net(proc, Op.CONNECT, own, server, io, from, to);
  }

  #net(
    proc: Process,
    op: number,
    client: string,
    server: string,
    [rbytes, wbytes]: readonly [number, number],
    from: number,
    to: number,
  ): void {
    const [sip = "", sport] = client.split(":");
    const [dip = "", dport] = server.split(":");
    this.records.push({
      type: "NF",
      proc,
      ts: from * ms,
      endTs: to * ms,
      tid: proc.pid,
      ops: op | Op.READ | Op.WRITE | Op.CLOSE,
      net: {
        sip: parseIp(sip) ?? 0,
        sport: Number(sport),
        dip: parseIp(dip) ?? 0,
        dport: Number(dport),
        proto: 6,
      },
      fd: 5,
      rbytes,
      wbytes,
      rops: 1,
      wops: 1,
    });
  }

  #file(
    proc: Process,
    path: string,
    ops: number,
    openFlags: number,
    rbytes: number,
    wbytes: number,
    from: number,
    to: number,
  ): void {
    this.records.push({
      type: "FF",
      proc,
      ts: from * ms,
      endTs: to * ms,
      tid: proc.pid,
      ops,
      openFlags,
      file: {
        host: this.host,
        state: "REUP",
        ts: from * ms,
        type: "f",
        path,
        container: undefined,
      },
      fd: 4,
      rbytes,
      wbytes,
      rops: 1,
      wops: 1,
    });
  }

  #process(fields: Partial<Process>): Process {
    return sampleProcess({ host: this.host, uid: 0, gid: 0, cwd: "/", ...fields });
  }
}

/** An alert as the rule engine would make it of one activity. */
export function alertOf(
  activity: Activity,
  id: string,
  severity: AlertSeverity,
  tags: readonly string[] = [],
): Alert {
  return {
    id: `${id} ${activity.proc?.pid} ${activity.at}`,
    rule: { id, name: id, version: 1, description: "", severity, tags },
    ts: activity.at,
    host: activity.host,
    proc: activity.proc,
    activities: [activity],
    reason: `${id} fired`,
    blind: false,
  };
}
