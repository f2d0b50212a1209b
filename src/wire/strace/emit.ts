// Queue entries → inputs of the model: identifies the process, tells what strace shows beside the calls (working directory,
// inherited descriptors), fills the call.

import {
  AddressFamily,
  CloneFlag,
  emptySyscall,
  Family,
  type Input,
  noThreadInfo,
  type Syscall,
} from "../../model/syscall.ts";
import { limits } from "../../model/limits.ts";
import { type Endpoint, readTarget, type Target } from "./address.ts";
import { fillCall, fillExec } from "./calls.ts";
import { failureOf } from "./constants.ts";
import { addServer, bindTo, cwdOf, snapshotOf } from "./describe.ts";
import { readDescriptor } from "./scan.ts";
import type { CallEntry, Entry, ForkEntry, Group, Thread } from "./thread.ts";

/** −EINPROGRESS: a connection that goes on being made. */
const inProgress = -115;
const servedMax = 65_536;

export class Emitter {
  readonly #out: Input[] = [];
  #read = 0;
  /** The log is a page of the test notation, which says only what matters. */
  notation = false;
  /** Addresses on which the recording saw a server: tells the two ends of an inherited connection apart. */
  readonly #served = new Set<string>();
  #descriptors = 0;

  next(): Input | undefined {
    const input = this.#out[this.#read];
    if (input === undefined) return undefined;
    this.#read += 1;
    if (this.#read === this.#out.length) {
      this.#out.length = 0;
      this.#read = 0;
    }
    return input;
  }

  emit(entry: Entry): void {
    switch (entry.kind) {
      case "call":
        return this.#emitCall(entry);
      case "fork":
        return this.#emitFork(entry);
      case "failedFork": {
        const call = this.#startCall(entry);
        call.family = Family.clone;
        call.name = entry.row.name;
        call.ret = entry.ret;
        this.#out.push(call);
        return;
      }
      case "exit":
        return this.#emitExit(entry.thread, entry);
      case "signal": {
        const call = emptySyscall();
        call.ts = entry.ts;
        call.tid = entry.sender;
        call.family = Family.signal;
        call.name = "kill";
        call.target = entry.thread.leader?.tid ?? entry.thread.tid;
        call.mode = entry.signal;
        this.#out.push(call);
        return;
      }
      case "gap": {
        const { ts, reason, where } = entry;
        this.#out.push({ kind: "gap", ts, reason, lost: 1, unit: "events", where });
        return;
      }
      case "address":
        bindTo(this.#groupOf(entry.thread), entry.fd, entry.at);
        return;
      case "time":
        this.#out.push({ kind: "time", ts: entry.ts });
        return;
      default:
        return;
    }
  }

  #groupOf(thread: Thread): Group {
    if (thread.group !== undefined) return thread.group;
    const leader = thread.leader ?? thread;
    const group = leader.group ?? {
      pid: leader.tid,
      cwd: undefined,
      descriptors: new Set<number>(),
      bound: new Map<number, Endpoint>(),
      described: false,
    };
    leader.group = group;
    thread.group = group;
    return group;
  }

  #startCall(entry: Entry): Syscall {
    const call = emptySyscall();
    const group = this.#groupOf(entry.thread);
    call.ts = entry.ts;
    call.tid = entry.thread.tid;
    call.pid = group.pid;
    return call;
  }

  #emitFork(entry: ForkEntry): void {
    const { parent, child, row } = entry;
    if (parent === undefined || row === undefined) return;
    const from = this.#groupOf(parent);
    this.#describe(parent, from, entry.ts, undefined);
    const call = emptySyscall();
    call.ts = entry.ts;
    call.tid = parent.tid;
    call.pid = from.pid;
    call.family = Family.clone;
    call.name = row.name;
    call.ret = child.tid;
    call.flags = entry.flags;
    this.#out.push(call);
    if ((entry.flags & CloneFlag.THREAD) !== 0) {
      child.group = from;
      return;
    }
    const group: Group = {
      pid: child.tid,
      cwd: from.cwd,
      descriptors: new Set(from.descriptors),
      bound: new Map(from.bound),
      described: true,
    };
    this.#descriptors += group.descriptors.size;
    child.group = group;
    if ((entry.flags & CloneFlag.NEWPID) !== 0) this.#emitBirth(entry, parent);
  }

  /** The child's side of a clone into a new pid namespace, where the caller's result need not be the child's tid. */
  #emitBirth(entry: ForkEntry, parent: Thread): void {
    const { tid } = entry.child;
    const call = emptySyscall();
    call.ts = entry.ts;
    call.tid = tid;
    call.pid = tid;
    call.family = Family.clone;
    call.name = entry.row?.name ?? "clone";
    call.flags = entry.flags;
    call.info = { ...noThreadInfo, tid, pid: tid, parentTid: parent.tid };
    this.#out.push(call);
  }

  #emitExit(thread: Thread, entry: Entry & { kind: "exit" }): void {
    const call = this.#startCall(entry);
    const group = this.#groupOf(thread);
    if (!group.described) this.#describe(thread, group, entry.ts, undefined);
    call.family = Family.exit;
    call.name = thread.tid === group.pid ? "exit_group" : "exit";
    call.mode = entry.status;
    this.#out.push(call);
    if (thread.tid === group.pid) {
      this.#descriptors -= group.descriptors.size;
      group.descriptors.clear();
    }
  }

  #emitCall(entry: CallEntry): void {
    const { thread, row, args, result } = entry;
    const group = this.#groupOf(thread);
    const cwd = entry.cwd ?? cwdOf(args);
    const call = this.#startCall(entry);
    call.paired = entry.paired;
    call.ret = result.error === undefined ? (result.value ?? 0) : failureOf(result.error);
    if (row.family === "exec") {
      group.cwd = cwd ?? group.cwd;
      call.family = Family.exec;
      call.name = row.name;
      group.described ||= call.ret >= 0;
      this.#describe(thread, group, entry.ts, undefined);
      fillExec(call, args, group.cwd);
    } else {
      this.#describe(thread, group, entry.ts, cwd);
      this.#describeDescriptors(group, entry, call.ret);
      if (row.family === "listen") this.#describeListening(group, entry);
      const target = call.ret >= 0 ? readDescriptor(result.text)?.target : undefined;
      fillCall(call, row, args, target);
      if (entry.local !== undefined && call.tuple !== undefined) {
        call.tuple = { ...call.tuple, sip: entry.local.ip, sport: entry.local.port };
      }
      this.#assumeSocket(group, call);
      this.#follow(group, call);
      if (row.family === "accept") addServer(group, call);
    }
    this.#out.push(call);
  }

  /** Before the first input about a process that no clone or exec described: what its lines say. Later: a directory that moved. */
  #describe(thread: Thread, group: Group, ts: number, cwd: string | undefined): void {
    if (!group.described) {
      group.described = true;
      group.cwd = cwd ?? group.cwd;
      this.#out.push({
        ...noThreadInfo,
        kind: "thread",
        tid: group.pid,
        pid: group.pid,
        comm: thread.comm,
        cwd: group.cwd,
      });
      return;
    }
    if (cwd === undefined || cwd === group.cwd) return;
    group.cwd = cwd;
    const call = emptySyscall();
    call.ts = ts;
    call.tid = thread.tid;
    call.pid = group.pid;
    call.family = Family.chdir;
    call.name = "chdir";
    call.path = cwd;
    this.#out.push(call);
  }

  /** A descriptor that no call of the process has opened is inherited or was open before the log began. */
  #describeDescriptors(group: Group, entry: CallEntry, ret: number): void {
    const [first = "", second = ""] = entry.args;
    const known = group.descriptors;
    const third = entry.args[2] ?? "";
    for (const argument of [first, second, third]) {
      const unit = argument.charCodeAt(0);
      if (!(unit >= 48 && unit <= 57) || !argument.includes("<")) continue;
      const descriptor = readDescriptor(argument);
      if (descriptor?.target === undefined || known.has(descriptor.fd)) continue;
      const target = readTarget(descriptor.target);
      const directory = argument === first && /at2?$/.test(entry.row.name);
      const snapshot = snapshotOf(this.#served, group.pid, descriptor.fd, target, directory);
      if (snapshot !== undefined) this.#out.push(snapshot);
      this.#remember(known, descriptor.fd);
    }
    if (entry.row.family === "close" && ret >= 0) {
      const fd = readDescriptor(first)?.fd;
      if (fd !== undefined && known.delete(fd)) this.#descriptors -= 1;
    }
  }

  /** bind to port 0 lets the kernel choose; -yy shows the choice on the socket's next line. */
  #describeListening(group: Group, entry: CallEntry): void {
    const descriptor = readDescriptor(entry.args[0] ?? "");
    if (descriptor?.target === undefined) return;
    const target = readTarget(descriptor.target);
    if (target.kind !== "inet" || target.local === undefined || target.local.port === 0) return;
    if (group.bound.get(descriptor.fd)?.port === target.local.port) return;
    const snapshot = snapshotOf(this.#served, group.pid, descriptor.fd, target, false);
    if (snapshot !== undefined) this.#out.push(snapshot);
    bindTo(group, descriptor.fd, target.local);
  }

  /** A socket whose making is not in the log and that no decoration describes: what is done with it says what it is. */
  #assumeSocket(group: Group, call: Syscall): void {
    const { tuple, fd, ret } = call;
    const known = group.descriptors;
    if (tuple === undefined || fd < 0 || known.has(fd) || (ret < 0 && ret !== inProgress)) return;
    const stream = call.family === Family.connect || call.family === Family.bind;
    if (!stream && call.family !== Family.read && call.family !== Family.write) return;
    const unix = tuple.family === AddressFamily.unix;
    const target: Target = unix
      ? { kind: "unix", inode: undefined, peer: undefined, path: "" }
      : {
          kind: "inet",
          proto: this.notation ? (stream ? 6 : 17) : undefined,
          v6: tuple.family === AddressFamily.inet6,
          local: undefined,
          remote: undefined,
        };
    const snapshot = snapshotOf(this.#served, group.pid, fd, target, false);
    if (snapshot !== undefined) this.#out.push(snapshot);
    this.#remember(known, fd);
  }

  #remember(known: Set<number>, fd: number): void {
    if (fd < 0 || known.has(fd)) return;
    if (this.#descriptors >= limits.descriptors.max) {
      this.#descriptors -= known.size;
      known.clear();
    }
    known.add(fd);
    this.#descriptors += 1;
  }

  /** Keeps the reader's own small picture of the process in step. */
  #follow(group: Group, call: Syscall): void {
    const { family, ret } = call;
    if (ret < 0) return;
    switch (family) {
      case Family.chdir:
        group.cwd = call.path?.startsWith("/") === true ? call.path : undefined;
        return;
      case Family.fchdir:
        group.cwd = call.fdPath === "" ? undefined : call.fdPath;
        return;
      case Family.getcwd:
        group.cwd = call.path ?? group.cwd;
        return;
      case Family.closeRange:
        for (const fd of group.descriptors) {
          if (fd < call.fd || fd > call.fd2) continue;
          group.descriptors.delete(fd);
          this.#descriptors -= 1;
        }
        return;
      case Family.pipe:
      case Family.socketpair:
        this.#remember(group.descriptors, call.fd);
        this.#remember(group.descriptors, call.fd2);
        return;
      case Family.dup:
        this.#remember(group.descriptors, call.fd2);
        return;
      case Family.accept:
        this.#serve(call);
        this.#remember(group.descriptors, call.fd);
        return;
      case Family.open:
      case Family.anonymousFd:
      case Family.ioUring:
        this.#remember(group.descriptors, call.fd);
        return;
      case Family.socket:
      case Family.close:
        group.bound.delete(call.fd);
        this.#remember(group.descriptors, family === Family.socket ? call.fd : -1);
        return;
      case Family.bind:
        this.#serve(call);
        if (call.tuple !== undefined && call.tuple.family !== AddressFamily.unix) {
          const { sip: ip, sport: port } = call.tuple;
          if (port !== 0) bindTo(group, call.fd, { ip, port });
        }
        return;
      default:
        return;
    }
  }

  #serve(call: Syscall): void {
    const tuple = call.tuple;
    if (tuple === undefined || this.#served.size >= servedMax) return;
    const bind = call.family === Family.bind;
    const ip = bind ? tuple.sip : tuple.dip;
    const port = bind ? tuple.sport : tuple.dport;
    if (port === 0) return;
    this.#served.add(ip === 0 || ip === "::" ? `* ${port}` : `${ip} ${port}`);
  }
}
