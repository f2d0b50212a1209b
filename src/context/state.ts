// What the kernel knew, rebuilt from system calls: threads, descriptors, working directories, users, containers. It says what a
// call was about (thread, descriptor, paths); what that means is the flow engine's business. Format spec §6.5.

import {
  type ContainerSnapshot,
  type DescriptorSnapshot,
  Family,
  type Input,
} from "../model/syscall.ts";
import { type Syscall, type ThreadSnapshot, atFdcwd } from "../model/syscall.ts";
import type { FlowInput } from "../model/flow-input.ts";
import { limits } from "../model/limits.ts";
import { OpenFlag } from "../model/opflag.ts";
import {
  type Descriptor,
  Slot,
  acceptedDescriptor,
  anonymousDescriptor,
  boundDescriptor,
  fdMax,
  fileDescriptor,
  socketDescriptor,
  withTuple,
} from "./descriptor.ts";
import { asDirectory, joinPath } from "./path.ts";
import { Departed, applyFork, identify, replaces } from "./identity.ts";
import { describedByPath, snapshotDescriptor, unixPath } from "./snapshot.ts";
import { applyClone, applyExec, describe } from "./thread-event.ts";
import { Thread, ThreadTable } from "./thread.ts";

export type StateOptions<Owner, Flow> = {
  /** Behave as the libraries did that the original was built on. */
  readonly quirks: boolean;
  /** A number no longer stands for what it stood for. */
  readonly onRelease: (slot: Slot<Flow>, why: ReleaseReason) => void;
  /** `copy` refers to the same open file as `slot`. */
  readonly onDuplicate: (slot: Slot<Flow>, copy: Slot<Flow>) => void;
  /** The thread's id is used again, or the table was full. */
  readonly onForget: (thread: Thread<Owner, Flow>) => void;
};

/** The descriptor was closed; the socket got another address; the process is gone. */
export type ReleaseReason = "closed" | "readdressed" | "gone";

const inProgress = -115;
/** CLOSE_RANGE_CLOEXEC: nothing is closed yet. */
const closeRangeOnExec = 4;
/** What the libraries of that time called a unix socket whose connect failed. */
const failedUnixName = "0";
/** As libscap numbers fcntl's commands, and as Linux does. */
const duplicating: ReadonlySet<number> = new Set([1, 26, 1030]);

export class KernelState<Owner, Flow> {
  readonly quirks: boolean;
  readonly threads: ThreadTable<Owner, Flow>;
  readonly users = new Map<number, string>();
  readonly groups = new Map<number, string>();
  readonly containers = new Map<string, ContainerSnapshot>();
  hostname: string | undefined;
  bootId: string | undefined;
  /** Descriptors that were not followed because there were too many. */
  descriptorsEvicted = 0;
  containersEvicted = 0;
  #descriptors = 0;
  /** Ended processes of which the probe may still tell something. */
  readonly departed = new Departed<Owner, Flow>();
  readonly #options: StateOptions<Owner, Flow>;

  // What the last call was about.
  thread: Thread<Owner, Flow>;
  leader: Thread<Owner, Flow>;
  slot: Slot<Flow> | undefined;
  /** Second descriptor of pairs and copies. */
  slot2: Slot<Flow> | undefined;
  /** clone seen from the caller: the child that it made, where it can be told. */
  child: Thread<Owner, Flow> | undefined;

  constructor(options: StateOptions<Owner, Flow>) {
    this.#options = options;
    this.quirks = options.quirks;
    this.threads = new ThreadTable<Owner, Flow>((thread) => {
      options.onForget(thread);
      this.#forgetDescriptors(thread);
      this.departed.add(thread);
    }, !options.quirks);
    this.thread = new Thread<Owner, Flow>(-1, -1);
    this.leader = this.thread;
  }

  get descriptors(): number {
    return this.#descriptors;
  }

  /** A new recording begins. */
  clear(): void {
    this.threads.clear();
    this.users.clear();
    this.groups.clear();
    this.containers.clear();
    this.departed.clear();
    this.#descriptors = 0;
  }

  /** Everything but calls. */
  learn(input: Exclude<Input, Syscall | FlowInput>): void {
    switch (input.kind) {
      case "thread":
        return this.#learnThread(input);
      case "descriptor":
        return this.#learnDescriptor(input);
      case "container":
        if (!this.containers.has(input.id) && this.containers.size >= limits.processes.max) {
          this.containersEvicted += 1;
          return;
        }
        this.containers.set(input.id, input);
        return;
      case "user":
        if (this.#isName(input.name) && this.users.size < limits.processes.max) {
          this.users.set(input.uid, input.name);
        }
        return;
      case "group":
        if (this.#isName(input.name) && this.groups.size < limits.processes.max) {
          this.groups.set(input.gid, input.name);
        }
        return;
      case "host":
        if (input.hostname !== "") this.hostname = input.hostname;
        this.bootId = input.bootId ?? this.bootId;
        return;
      case "section":
        return this.clear();
      case "kubernetes":
      case "time":
      case "gap":
        return;
    }
  }

  /** Captures say "<NA>" where the machine had no name; the original repeats it. */
  #isName(name: string): boolean {
    return this.quirks || (name !== "" && name !== "<NA>");
  }

  #learnThread(snapshot: ThreadSnapshot): void {
    let known = this.threads.get(snapshot.tid);
    if (known !== undefined && replaces(known, snapshot.start)) known = undefined;
    const thread = known ?? new Thread<Owner, Flow>(snapshot.tid, snapshot.pid);
    thread.pid = snapshot.pid;
    describe(thread, snapshot);
    thread.exePath = snapshot.exePath ?? thread.exePath;
    thread.cwd = asDirectory(snapshot.cwd ?? thread.cwd);
    thread.start ??= snapshot.start;
    if (known === undefined) this.threads.add(thread);
  }

  #learnDescriptor(snapshot: DescriptorSnapshot): void {
    const thread = this.threads.get(snapshot.tid) ?? this.#unknown(snapshot.tid, 0);
    const descriptor = snapshotDescriptor(snapshot, this.quirks);
    this.#open(this.threads.leaderOf(thread), snapshot.fd, descriptor);
  }

  /** Brings the state up to what the call sees; `settle` then does what follows from it. */
  update(call: Syscall): void {
    const { start } = call;
    const thread =
      start === undefined
        ? (this.threads.get(call.tid) ?? this.#unknown(call.tid, call.pid))
        : identify(this, call.tid, start);
    this.thread = thread;
    this.leader = this.threads.leaderOf(thread);
    this.slot = undefined;
    switch (call.family) {
      case Family.read:
      case Family.write:
        this.slot = this.#find(call);
        if (this.slot !== undefined && this.slot.descriptor.kind !== "file" && call.ret >= 0) {
          this.#readdress(this.slot, call);
        }
        return;
      case Family.close:
      case Family.mmap:
      case Family.setns:
      case Family.shutdown:
      case Family.listen:
      case Family.truncate:
      case Family.chmod:
      case Family.chown:
      case Family.module:
        this.slot = this.#find(call);
        return;
      case Family.open:
        this.#openFile(call);
        return;
      default:
        this.#updateRare(call);
    }
  }

  #updateRare(call: Syscall): void {
    switch (call.family) {
      case Family.socket:
        if (call.fd < 0) return;
        this.slot = this.#open(
          this.leader,
          call.fd,
          socketDescriptor(call.domain, call.socketType, call.protocol),
        );
        return;
      case Family.connect:
        this.#connect(call);
        return;
      case Family.accept:
        if (call.fd < 0 || call.tuple === undefined) return;
        this.slot = this.#open(
          this.leader,
          call.fd,
          acceptedDescriptor(call.tuple, unixPath(call.tuple, this.quirks)),
        );
        return;
      case Family.bind:
        this.slot = this.#find(call);
        if (this.slot !== undefined && call.ret >= 0 && call.tuple !== undefined) {
          this.#change(this.slot, boundDescriptor(this.slot.descriptor, call.tuple));
        }
        return;
      case Family.pipe:
      case Family.socketpair:
        this.#openPair(call);
        return;
      case Family.transfer:
        this.slot = this.#find(call);
        this.slot2 = this.leader.descriptors.get(call.fd2);
        return;
      case Family.anonymousFd:
        if (call.fd < 0) return;
        this.slot = this.#open(this.leader, call.fd, anonymousDescriptor);
        return;
      case Family.clone: {
        if (call.childStart !== undefined && call.ret > 0) {
          this.child = applyFork(this, call, call.childStart);
          return;
        }
        this.child = applyClone(this, call);
        this.thread = this.threads.get(call.tid) ?? this.thread;
        this.leader = this.threads.leaderOf(this.thread);
        return;
      }
      case Family.exec:
        applyExec(this, this.thread, call);
        this.leader = this.threads.leaderOf(this.thread);
        return;
      default:
        this.#updateIdentity(call);
    }
  }

  #updateIdentity(call: Syscall): void {
    if (call.ret < 0) return;
    const { thread, leader } = this;
    switch (call.family) {
      case Family.setuid:
        if (call.uid === -1 || call.uid === 0xffffffff) return;
        if (this.quirks && call.name !== "setuid" && call.name !== "setresuid") return;
        if (call.name === "setfsuid") return;
        thread.uid = call.uid;
        thread.userFromEvent = true;
        if (!this.quirks) leader.uid = call.uid;
        return;
      case Family.setgid:
        if (call.gid === -1 || call.gid === 0xffffffff) return;
        if (call.name === "setfsgid" || call.name === "setgroups") return;
        thread.gid = call.gid;
        if (!this.quirks) leader.gid = call.gid;
        return;
      case Family.capset:
        if (call.info?.capabilities !== undefined) leader.capabilities = call.info.capabilities;
        return;
      case Family.chdir:
        if (call.path !== undefined) leader.cwd = asDirectory(joinPath(leader.cwd, call.path));
        return;
      case Family.getcwd:
        if (call.path !== undefined) leader.cwd = asDirectory(call.path);
        return;
      case Family.fchdir: {
        const slot = this.#find(call);
        if (slot?.descriptor.kind === "file") leader.cwd = asDirectory(slot.descriptor.path);
        return;
      }
      case Family.session:
        if (call.name === "setsid") leader.session = leader.pid;
        return;
      default:
        return;
    }
  }

  /** What a call ends: closed descriptors and threads are still there while the engine looks at it. */
  settle(call: Syscall): void {
    switch (call.family) {
      case Family.close:
        if (call.ret >= 0 && this.slot !== undefined) this.#close(this.leader, call.fd);
        return;
      case Family.closeRange:
        if (call.ret >= 0 && !this.quirks) this.#closeRange(this.leader, call);
        return;
      case Family.dup:
        this.#duplicate(call);
        return;
      case Family.exit:
        this.#forgetDescriptors(this.thread);
        this.threads.delete(this.thread);
        this.departed.add(this.thread);
        return;
      default:
        return;
    }
  }

  /** Absolute where the directory is known. `dirfd` is atFdcwd for calls that have none. */
  resolve(dirfd: number, path: string): string {
    return joinPath(this.directory(dirfd), path);
  }

  directory(dirfd: number): string {
    if (dirfd === atFdcwd) return this.leader.cwd;
    const descriptor = this.leader.descriptors.get(dirfd)?.descriptor;
    return descriptor?.kind === "file" ? descriptor.path : "";
  }

  /** In the original's captures a result belongs to a descriptor only if its entry event was the thread's last. */
  #find(call: Syscall): Slot<Flow> | undefined {
    if (this.quirks && !call.entered) return undefined;
    const slot = this.leader.descriptors.get(call.fd);
    if (slot !== undefined || this.quirks || call.fdPath === "" || call.fd < 0) return slot;
    return this.#open(this.leader, call.fd, describedByPath(call.fdPath));
  }

  #unknown(tid: number, pid: number): Thread<Owner, Flow> {
    const thread = new Thread<Owner, Flow>(tid, this.quirks ? -1 : pid > 0 ? pid : tid);
    if (thread.pid > 0 && thread.pid !== tid && this.threads.get(pid) === undefined) {
      this.threads.add(new Thread<Owner, Flow>(pid, pid));
    }
    this.threads.add(thread);
    return thread;
  }

  #openFile(call: Syscall): void {
    if (call.fd < 0) return;
    const directory = (call.flags & OpenFlag.DIRECTORY) !== 0;
    const path =
      !this.quirks && call.fdPath !== ""
        ? call.fdPath
        : this.resolve(call.dirfd, call.path ?? "<NA>");
    this.slot = this.#open(
      this.leader,
      call.fd,
      fileDescriptor(
        directory ? "d" : "f",
        path,
        call.flags,
        call.inode === 0 ? undefined : call.inode,
        call.device === 0 ? undefined : call.device,
      ),
    );
  }

  #openPair(call: Syscall): void {
    if (call.ret < 0 || call.fd < 0 || call.fd2 < 0) return;
    const inode = call.inode === 0 ? undefined : call.inode;
    const descriptor: Descriptor =
      call.family === Family.pipe
        ? fileDescriptor("p", this.quirks || inode === undefined ? "" : `pipe:[${inode}]`, 0, inode)
        : { ...anonymousDescriptor, kind: "unix", letter: "u" };
    this.slot = this.#open(this.leader, call.fd, descriptor);
    this.slot2 = this.#open(this.leader, call.fd2, descriptor);
  }

  #connect(call: Syscall): void {
    const slot = this.#find(call);
    this.slot = slot;
    const { tuple } = call;
    if (slot === undefined || tuple === undefined) return;
    if (call.ret < 0 && call.ret !== inProgress) {
      // The libraries of that time renamed a unix socket even so; the tuple of a failed call has its ids then.
      if (!this.quirks || tuple.family !== 1 || tuple.sourceId === undefined) return;
      this.#change(slot, { ...slot.descriptor, kind: "unix", letter: "u", path: failedUnixName });
      return;
    }
    this.#change(slot, withTuple(slot.descriptor, tuple, unixPath(tuple, this.quirks)));
  }

  /** Datagrams and sockets that nothing named yet take the address that the call names. */
  #readdress(slot: Slot<Flow>, call: Syscall): void {
    switch (call.name) {
      case "recvfrom":
      case "recvmsg":
      case "sendto":
      case "sendmsg":
      case "send":
      case "recv":
      case "sendmmsg":
      case "recvmmsg":
        break;
      default:
        return;
    }
    const { tuple } = call;
    if (tuple === undefined) return;
    const { net, kind } = slot.descriptor;
    if (net === undefined && kind !== "unix") return;
    if (net !== undefined && net.proto === 6 && (net.sport !== 0 || net.dport !== 0)) return;
    this.#change(slot, withTuple(slot.descriptor, tuple, unixPath(tuple, this.quirks)));
  }

  #change(slot: Slot<Flow>, descriptor: Descriptor): void {
    if (slot.descriptor === descriptor) return;
    this.#options.onRelease(slot, "readdressed");
    slot.descriptor = descriptor;
    slot.flow = undefined;
  }

  #open(leader: Thread<Owner, Flow>, fd: number, descriptor: Descriptor): Slot<Flow> | undefined {
    if (fd < 0 || fd >= fdMax) return undefined;
    const old = leader.descriptors.get(fd);
    if (old !== undefined) this.#options.onRelease(old, "closed");
    else if (this.#descriptors >= limits.descriptors.max) {
      this.descriptorsEvicted += 1;
      return undefined;
    } else this.#descriptors += 1;
    const slot = new Slot<Flow>(descriptor);
    leader.descriptors.set(fd, slot);
    return slot;
  }

  #close(leader: Thread<Owner, Flow>, fd: number): void {
    const slot = leader.descriptors.get(fd);
    if (slot === undefined) return;
    this.#options.onRelease(slot, "closed");
    if (leader.descriptors.delete(fd)) this.#descriptors -= 1;
  }

  inheritDescriptors(leader: Thread<Owner, Flow>, child: Thread<Owner, Flow>): void {
    if (this.#descriptors + leader.descriptors.size > limits.descriptors.max) {
      this.descriptorsEvicted += leader.descriptors.size;
      return;
    }
    this.descriptorsEvicted += leader.descriptors.copyInto(child.descriptors);
    this.#descriptors += child.descriptors.size;
  }

  #closeRange(leader: Thread<Owner, Flow>, call: Syscall): void {
    if ((call.flags & closeRangeOnExec) !== 0) return;
    const last = call.fd2 < 0 ? fdMax : call.fd2;
    for (const fd of leader.descriptors.numbers(call.fd, last)) this.#close(leader, fd);
  }

  #duplicate(call: Syscall): void {
    if (call.ret < 0 || call.fd2 < 0 || call.fd2 === call.fd) return;
    if (call.name === "fcntl" && !duplicating.has(call.flags)) return;
    const slot = this.#find(call);
    if (slot === undefined) return;
    const copy = this.#open(this.leader, call.fd2, slot.descriptor);
    if (copy !== undefined) this.#options.onDuplicate(slot, copy);
  }

  #forgetDescriptors(thread: Thread<Owner, Flow>): void {
    const { descriptors } = thread;
    if (descriptors.size === 0) return;
    descriptors.forEach((slot) => this.#options.onRelease(slot, "gone"));
    this.#descriptors -= descriptors.size;
    descriptors.clear();
  }
}
