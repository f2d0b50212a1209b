// Events of our mode beside those of files' names: permissions, mounts, sockets that are bound or fail, other processes, the
// kernel. What is too frequent to be told one by one is counted instead, and why is said where it is done.

import { OpenFlag, Op, openFlagNames } from "../model/opflag.ts";
import { Family, type Syscall, atFdcwd } from "../model/syscall.ts";
import type { FileEntry } from "./file-entry.ts";
import type { Output } from "./output.ts";
import type { Owner } from "./owner.ts";

const errno = { ENOENT: -2, EINTR: -4, EAGAIN: -11, ENOTDIR: -20 } as const;
const connecting: ReadonlySet<number> = new Set([-4, -11, -106, -114, -115, -512]);
/** bpf commands that load, attach, pin or fetch; the others read and write maps, thousands of times a second. */
const bpfCommands: ReadonlySet<number> = new Set([0, 5, 6, 7, 8, 17, 18, 28]);
const reportedMax = 256;
const modeTypes = new Map([
  [0o020000, "c"],
  [0o060000, "b"],
  [0o010000, "p"],
  [0o140000, "u"],
]);

export class NativeEvents {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  /** The process of the call, in the output. */
  #owner(call: Syscall): Owner {
    const { entities, state } = this.#output;
    const owner = entities.known(state.leader, "REUP", call.ts);
    entities.ensure(owner);
    this.#output.counters.relevant += 1;
    return owner;
  }

  #file(path: string, type: string, call: Syscall): FileEntry {
    const { entities, state } = this.#output;
    const file = entities.file(state.thread.containerId, path, type, "REUP", call.ts);
    entities.introduceFile(file);
    return file;
  }

  /** An operation on a file: one event. */
  file(
    call: Syscall,
    ops: number,
    path: string | undefined,
    type: string,
    args?: readonly string[],
    newPath?: string,
  ): void {
    if (path === undefined) return this.#output.drop("no path");
    const owner = this.#owner(call);
    const file = this.#file(path, type, call).file;
    const newFile = newPath === undefined ? undefined : this.#file(newPath, "?", call).file;
    const { ts, tid, ret } = call;
    this.#output.push({
      type: "FE",
      proc: owner.current,
      ts,
      tid,
      ops,
      file,
      newFile,
      ret: ret | 0,
      ...(args === undefined ? {} : { args }),
    });
  }

  process(call: Syscall, ops: number, args: readonly string[], target?: Owner): void {
    const owner = this.#owner(call);
    if (target !== undefined) this.#output.entities.ensure(target);
    const ret = call.ret | 0;
    const { ts, tid } = call;
    const proc = owner.current;
    this.#output.push({ type: "PE", proc, ts, tid, ops, args, ret, target: target?.version });
  }

  /** Path of the call: its argument, or what its descriptor refers to. */
  #path(call: Syscall): string | undefined {
    const { state } = this.#output;
    const { path } = call;
    if (path !== undefined && path !== "" && path !== "<NA>") {
      return state.resolve(call.dirfd, path);
    }
    const descriptor = state.slot?.descriptor;
    if (descriptor !== undefined && descriptor.kind === "file") return descriptor.path;
    if (path === "" && call.dirfd !== atFdcwd) return state.resolve(call.dirfd, "");
    return undefined;
  }

  /** An open that failed because something forbade it is told; one that found nothing is counted. */
  failedOpen(call: Syscall): void {
    if (call.ret === errno.ENOENT || call.ret === errno.ENOTDIR) {
      const { entities, state } = this.#output;
      entities.ownerOf(state.leader).failedOpens += 1;
      this.#output.drop("open found nothing (counted in EXIT)");
      return;
    }
    if (call.ret === errno.EINTR || call.ret === errno.EAGAIN) {
      this.#output.drop("open was interrupted");
      return;
    }
    const type = (call.flags & OpenFlag.DIRECTORY) !== 0 ? "d" : "f";
    this.file(call, Op.OPEN, this.#path(call), type, openFlagNames(call.flags));
  }

  /** True when the connect failed, and was told. */
  failedConnect(call: Syscall): boolean {
    if (call.ret >= 0 || connecting.has(call.ret)) return false;
    this.#socket(call, Op.CONNECT);
    return true;
  }

  #socket(call: Syscall, ops: number): void {
    const { state } = this.#output;
    const { tuple } = call;
    const descriptor = state.slot?.descriptor;
    if (tuple?.family === 1 || (tuple === undefined && descriptor?.kind === "unix")) {
      this.file(call, ops, tuple?.path ?? descriptor?.path, "u");
      return;
    }
    const net = descriptor?.net;
    const proto =
      net?.proto ?? (call.start !== undefined && call.protocol > 0 ? call.protocol : undefined);
    const said =
      tuple === undefined
        ? net
        : { sip: tuple.sip, sport: tuple.sport, dip: tuple.dip, dport: tuple.dport, proto };
    if (said === undefined) return this.#output.drop("unsupported descriptor");
    const owner = this.#owner(call);
    const { ts, tid } = call;
    this.#output.push({
      type: "NE",
      proc: owner.current,
      ts,
      tid,
      ops,
      net: said,
      ret: call.ret | 0,
    });
  }

  handle(call: Syscall): void {
    switch (call.family) {
      case Family.bind:
        // Netlink and packet sockets have no address that could be said.
        if (call.tuple === undefined) return this.#output.drop("unsupported descriptor");
        return this.#socket(call, Op.BIND);
      case Family.listen:
        // The probe says where; elsewhere the cursor holds a stale address, and the descriptor the right one.
        if (call.start === undefined) call.tuple = undefined;
        return this.#socket(call, Op.LISTEN);
      case Family.chmod:
        return this.file(call, Op.CHMOD, this.#path(call), "f", [octal(call.mode)]);
      case Family.chown:
        return this.file(call, Op.CHOWN, this.#path(call), "f", [
          String(call.uid),
          String(call.gid),
        ]);
      case Family.mknod: {
        const type = modeTypes.get(call.mode & 0o170000) ?? "f";
        return this.file(call, Op.MKNOD, this.#path(call), type, [octal(call.mode)]);
      }
      case Family.truncate:
        return this.file(call, Op.FTRUNCATE, this.#path(call), "f");
      case Family.mount: {
        const { newPath } = call;
        const source = newPath === undefined || newPath === "<NA>" ? "" : newPath;
        return this.file(
          call,
          Op.MOUNT,
          source,
          "?",
          [`0x${(call.flags >>> 0).toString(16)}`],
          this.#path(call),
        );
      }
      case Family.umount:
        return this.file(call, Op.UMOUNT, this.#path(call), "d");
      case Family.chroot:
        return this.file(call, Op.CHROOT, this.#path(call), "d");
      default:
        return this.#kernel(call);
    }
  }

  #kernel(call: Syscall): void {
    switch (call.family) {
      case Family.setgid:
        return this.process(call, Op.SETGID, call.gid < 0 ? [] : [this.#groupName(call.gid)]);
      case Family.capset: {
        const mask = call.info?.capabilities;
        return this.process(call, Op.CAPSET, mask === undefined ? [] : [`0x${mask.toString(16)}`]);
      }
      case Family.setns:
        return this.process(call, Op.SETNS, [`0x${(call.flags >>> 0).toString(16)}`]);
      case Family.unshare:
        return this.process(call, Op.UNSHARE, [`0x${(call.flags >>> 0).toString(16)}`]);
      case Family.module: {
        const name = this.#path(call) ?? "";
        return this.process(call, Op.MODULE, [call.mode === 1 ? "remove" : "load", name]);
      }
      case Family.bpf:
        if (!bpfCommands.has(call.mode)) return this.#output.drop("bpf on a map");
        return this.process(call, Op.BPF, [String(call.mode)]);
      case Family.ioUring:
        if (call.name !== "io_uring_setup") return this.#output.drop("io_uring after its setup");
        return this.process(call, Op.IO_URING, []);
      case Family.signal:
        return this.#signal(call);
      case Family.ptrace:
        return this.#ptrace(call);
      default:
        return;
    }
  }

  #groupName(gid: number): string {
    return this.#output.state.groups.get(gid) ?? (gid === 0 ? "root" : String(gid));
  }

  #target(pid: number, call: Syscall): Owner | undefined {
    const { state, entities } = this.#output;
    const thread = state.threads.get(pid);
    if (thread === undefined) return undefined;
    return entities.known(state.threads.leaderOf(thread), "REUP", call.ts);
  }

  #signal(call: Syscall): void {
    if (call.mode === 0) return this.#output.drop("signal 0 (does it exist?)");
    const target = call.target > 0 ? this.#target(call.target, call) : undefined;
    const { leader } = this.#output.state;
    // Runtimes signal their own threads all the time.
    if (target !== undefined && target === leader.owner) return this.#output.drop("own signal");
    this.process(call, Op.SIGNAL, [String(call.mode), String(call.target)], target);
  }

  /** A debugger makes thousands of requests: each kind is told once per target. */
  #ptrace(call: Syscall): void {
    const owner = this.#output.entities.known(this.#output.state.leader, "REUP", call.ts);
    const request = call.name === "ptrace" ? String(call.mode) : call.name;
    const key = `${request} ${call.target}`;
    owner.reported ??= new Set();
    if (call.ret >= 0) {
      if (owner.reported.has(key)) return this.#output.drop("repeated ptrace request");
      if (owner.reported.size < reportedMax) owner.reported.add(key);
    }
    const target = call.target > 0 ? this.#target(call.target, call) : undefined;
    this.process(call, Op.PTRACE, [request, String(call.target)], target);
  }
}

function octal(mode: number): string {
  return `0${(mode & 0o7777).toString(8)}`;
}
