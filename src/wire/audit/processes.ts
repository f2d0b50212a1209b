// What the log says of processes beside their calls: every record names pid, parent, program and users. A process is described when
// it is first seen; what has changed since without a call that says so (the rules did not log it) is told when it shows.

import { limits } from "../../model/limits.ts";
import {
  emptySyscall,
  Family,
  type Input,
  noThreadInfo,
  type Syscall,
} from "../../model/syscall.ts";
import type { TimeNs } from "../../model/time.ts";
import type { Endpoint } from "../strace/address.ts";
import { type AuditEvent, argumentsOf, decimal, titleOf } from "./event.ts";
import { textOf } from "./line.ts";

/** Nobody: an id that is not set. */
const unset = 4_294_967_295;

export type Facts = {
  readonly pid: number;
  readonly ppid: number | undefined;
  readonly comm: string | undefined;
  readonly exe: string | undefined;
  /** Effective. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly loginUid: number | undefined;
  readonly tty: number;
};

export function factsOf(event: AuditEvent): Facts | undefined {
  const { call, words } = event;
  const pid = decimal(call?.get("pid"));
  if (call === undefined || pid === undefined || pid <= 0) return undefined;
  return {
    pid,
    ppid: decimal(call.get("ppid")),
    comm: textOf(call.get("comm"), words),
    exe: textOf(call.get("exe"), words),
    uid: idOf(call.get("euid")),
    gid: idOf(call.get("egid")),
    loginUid: idOf(call.get("auid")),
    tty: call.get("tty") === "(none)" ? 0 : 1,
  };
}

/** `ausearch -i` says names instead of numbers; only root's is sure. */
function idOf(text: string | undefined): number | undefined {
  const number = decimal(/^unknown\((\d+)\)$/.exec(text ?? "")?.[1] ?? text);
  if (number === undefined) return text === "root" ? 0 : undefined;
  return number < 0 || number === unset ? undefined : number;
}

type Known = {
  /** When its first record's call began, milliseconds since 1970. */
  readonly since: number;
  ppid: number | undefined;
  exe: string | undefined;
  uid: number | undefined;
  gid: number | undefined;
  cwd: string | undefined;
  /** Descriptors that are sockets for certain. */
  readonly sockets: Set<number>;
  readonly bound: Map<number, Endpoint>;
};

/** What the event's own call changes, and its record therefore shows already. */
export type Says = "program" | "user" | "nothing";

const socketsMax = 1024;
/** Births whose child has not been seen. */
const birthsMax = 65_536;

export class Processes {
  readonly #known = new Map<number, Known>();
  /** Children of clone3 by their pid: a process, if the pid shows up as one. */
  readonly #births = new Map<number, number>();
  readonly #users = new Map<number, string>();
  readonly #out: (input: Input) => void;
  readonly #skip: (reason: string) => void;
  readonly #max: number;

  /** `skip` counts what had to be forgotten. */
  constructor(
    out: (input: Input) => void,
    skip: (reason: string) => void,
    max: number = limits.threads.max,
  ) {
    this.#out = out;
    this.#skip = skip;
    this.#max = max;
  }

  has(pid: number): boolean {
    return this.#known.has(pid);
  }

  clear(): void {
    this.#known.clear();
    this.#births.clear();
  }

  /** Tells what is new about the process of an event, before the event's own call. True: the process was not known. */
  observe(event: AuditEvent, facts: Facts, ts: TimeNs, says: Says): boolean {
    this.#learnUsers(event);
    const exec = says === "program";
    let known = this.#known.get(facts.pid);
    if (known !== undefined && isAnother(known, facts, exec)) {
      this.#known.delete(facts.pid);
      this.#births.set(facts.pid, facts.ppid ?? 0);
      known = undefined;
    }
    const fresh = known === undefined;
    if (known === undefined) known = this.#begin(event, facts, ts, exec);
    else if (says === "nothing") this.#follow(known, facts, ts);
    if (event.cwd !== undefined && event.cwd !== known.cwd && !exec) {
      this.#chdir(facts, event.cwd, ts);
      known.cwd = event.cwd;
    }
    return fresh;
  }

  #begin(event: AuditEvent, facts: Facts, ts: TimeNs, exec: boolean): Known {
    const known = this.#add(facts.pid, undefined, timeOf(event));
    known.ppid = facts.ppid;
    known.exe = facts.exe;
    known.uid = facts.uid;
    known.gid = facts.gid;
    known.cwd = event.cwd;
    const { pid } = facts;
    const parent = this.#births.get(pid);
    this.#births.delete(pid);
    if (parent !== undefined && parent === facts.ppid) this.#born(facts, ts);
    if (exec) return known;
    const title = titleOf(event);
    this.#out({
      ...noThreadInfo,
      kind: "thread",
      tid: pid,
      pid,
      parentTid: facts.ppid,
      comm: facts.comm,
      argv0: title?.[0],
      args: title?.slice(1),
      exePath: facts.exe,
      cwd: event.cwd,
      uid: facts.uid,
      gid: facts.gid,
      loginUid: facts.loginUid,
      tty: facts.tty,
    });
    return known;
  }

  /** The child's side of a clone: that it is a process and no thread is seen only now. */
  #born(facts: Facts, ts: TimeNs): void {
    const { pid, ppid } = facts;
    const call = started(facts, ts);
    call.family = Family.clone;
    call.name = "clone";
    call.paired = false;
    call.info = { ...noThreadInfo, tid: pid, pid, parentTid: ppid };
    this.#out(call);
  }

  #add(pid: number, from: Known | undefined, since: number): Known {
    if (this.#known.size >= this.#max) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        this.#skip("process evicted");
        break;
      }
    }
    const known: Known = {
      since,
      ppid: undefined,
      exe: from?.exe,
      uid: from?.uid,
      gid: from?.gid,
      cwd: from?.cwd,
      sockets: new Set(from?.sockets),
      bound: new Map(from?.bound),
    };
    this.#known.set(pid, known);
    return known;
  }

  /** False: the process that the call made has been seen, and described, already. */
  bear(pid: number, ppid: number, event: AuditEvent): boolean {
    const old = this.#known.get(pid);
    // A vfork is told when its child has begun another program; it began before all that the child did.
    if (old !== undefined && old.ppid === ppid && timeOf(event) <= old.since) return false;
    const known = this.#add(pid, this.#known.get(ppid), timeOf(event));
    known.ppid = ppid;
    return true;
  }

  /** clone3 returned this number: a process or a thread. */
  expect(pid: number, ppid: number): void {
    if (this.#births.size >= Math.min(birthsMax, this.#max)) {
      for (const oldest of this.#births.keys()) {
        this.#births.delete(oldest);
        this.#skip("clone3 forgotten");
        break;
      }
    }
    this.#births.set(pid, ppid);
  }

  #follow(known: Known, facts: Facts, ts: TimeNs): void {
    if (facts.exe !== undefined && known.exe !== undefined && facts.exe !== known.exe) {
      const call = started(facts, ts);
      call.family = Family.exec;
      call.name = "execve";
      call.paired = false;
      const { pid, comm, exe: exePath, uid, gid } = facts;
      call.info = { ...noThreadInfo, tid: pid, pid, comm, exePath, uid, gid, args: [] };
      this.#out(call);
    } else {
      this.#followUser(known, facts, ts);
    }
    known.exe = facts.exe ?? known.exe;
    known.uid = facts.uid ?? known.uid;
    known.gid = facts.gid ?? known.gid;
    known.ppid = facts.ppid ?? known.ppid;
  }

  /** The record shows the ids as they are after the call. */
  #followUser(known: Known, facts: Facts, ts: TimeNs): void {
    const { uid, gid } = facts;
    if (gid !== undefined && known.gid !== undefined && gid !== known.gid) {
      const call = started(facts, ts);
      call.family = Family.setgid;
      call.name = "setresgid";
      call.paired = false;
      call.gid = gid;
      this.#out(call);
    }
    if (uid !== undefined && known.uid !== undefined && uid !== known.uid) {
      const call = started(facts, ts);
      call.family = Family.setuid;
      call.name = "setresuid";
      call.paired = false;
      call.uid = uid;
      this.#out(call);
    }
  }

  #chdir(facts: Facts, cwd: string, ts: TimeNs): void {
    const call = started(facts, ts);
    call.family = Family.chdir;
    call.name = "chdir";
    call.path = cwd;
    this.#out(call);
  }

  /** Names that auditd found for the numbers, where it adds them. */
  #learnUsers(event: AuditEvent): void {
    const { added, call } = event;
    if (added === undefined || call === undefined) return;
    for (const field of ["euid", "uid", "auid"]) {
      const uid = decimal(call.get(field));
      const name = textOf(added.get(field.toUpperCase()), false);
      if (uid === undefined || name === undefined || name === "unset") continue;
      if (name.startsWith("unknown(") || this.#users.get(uid) === name) continue;
      if (this.#users.size >= this.#max) return this.#skip("name of a user");
      this.#users.set(uid, name);
      this.#out({ kind: "user", uid, name });
    }
  }

  /** What the program's own call says it is from now on. */
  fillExec(call: Syscall, event: AuditEvent, facts: Facts, fresh: boolean): void {
    const listed = argumentsOf(event);
    const argv = listed.length > 0 ? listed : (titleOf(event) ?? []);
    const { pid, comm, exe, uid, gid, loginUid, tty } = facts;
    call.info = {
      ...noThreadInfo,
      tid: pid,
      pid,
      // A known process keeps the parent that made it, whoever has adopted it since.
      parentTid: fresh ? facts.ppid : undefined,
      comm,
      argv0: argv[0],
      args: argv.slice(1),
      exePath: exe,
      cwd: event.cwd,
      uid,
      gid,
      loginUid,
      tty,
    };
    const known = this.#known.get(pid);
    if (known === undefined) return;
    known.exe = exe;
    known.uid = uid ?? known.uid;
    known.gid = gid ?? known.gid;
    known.cwd = event.cwd ?? known.cwd;
  }

  end(pid: number): void {
    this.#known.delete(pid);
  }

  /** Keeps the small picture in step with a call that is about to be handed on. */
  follow(call: Syscall, facts: Facts): void {
    const known = this.#known.get(call.pid);
    if (known === undefined || call.ret < 0) return;
    switch (call.family) {
      case Family.setuid:
        known.uid = facts.uid ?? known.uid;
        return;
      case Family.setgid:
        known.gid = facts.gid ?? known.gid;
        return;
      case Family.socket:
      case Family.accept:
        if (known.sockets.size < socketsMax) known.sockets.add(call.fd);
        known.bound.delete(call.fd);
        return;
      case Family.bind:
        if (call.tuple !== undefined && call.tuple.sport !== 0 && known.bound.size < socketsMax) {
          known.bound.set(call.fd, { ip: call.tuple.sip, port: call.tuple.sport });
        }
        return;
      case Family.chdir:
        known.cwd = call.path?.startsWith("/") === true ? call.path : undefined;
        return;
      case Family.fchdir:
        known.cwd = undefined;
        return;
      case Family.open:
      case Family.close:
      case Family.anonymousFd:
        known.sockets.delete(call.fd);
        known.bound.delete(call.fd);
        return;
      default:
        return;
    }
  }

  isSocket(pid: number, fd: number): boolean {
    return this.#known.get(pid)?.sockets.has(fd) === true;
  }

  /** Where a listening socket of the process is bound, by it or by its parent before it. */
  boundTo(pid: number, fd: number): Endpoint | undefined {
    const known = this.#known.get(pid);
    return known?.bound.get(fd) ?? this.#known.get(known?.ppid ?? 0)?.bound.get(fd);
  }

  noteSocket(pid: number, fd: number): void {
    const sockets = this.#known.get(pid)?.sockets;
    if (sockets !== undefined && sockets.size < socketsMax) sockets.add(fd);
  }
}

function timeOf(event: AuditEvent): number {
  return event.seconds * 1000 + event.millis;
}

/** Another program under another parent: the pid is used again. A process whose parent has ended is adopted, mostly by pid 1. */
function isAnother(known: Known, facts: Facts, exec: boolean): boolean {
  if (known.ppid === undefined || facts.ppid === known.ppid || facts.ppid === 1) return false;
  return exec || (known.exe !== undefined && facts.exe !== undefined && known.exe !== facts.exe);
}

function started(facts: Facts, ts: TimeNs): Syscall {
  const call = emptySyscall();
  call.ts = ts;
  call.tid = facts.pid;
  call.pid = facts.pid;
  return call;
}
