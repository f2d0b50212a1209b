// Our mode: what the original wrote with its quirks mended, and what it could not say. One record per fork and per exit of a
// process; threads are counted; failures that matter are told; every flow is exported, whether idle or not.

import type { Slot } from "../context/descriptor.ts";
import type { ReleaseReason } from "../context/state.ts";
import type { FlowInput } from "../model/flow-input.ts";
import { Op } from "../model/opflag.ts";
import type { FileFlow, NetworkFlow } from "../model/record.ts";
import { CloneFlag, Family, type Syscall, type ThreadSnapshot } from "../model/syscall.ts";
import { leavingMax } from "./compat.ts";
import { FileEvents } from "./file-event.ts";
import type { Flow } from "./flow.ts";
import { type HalfClone, keepHalf, takeHalf } from "./half-clone.ts";
import { KernelFlows } from "./kernel-flow.ts";
import type { Mode } from "./mode.ts";
import { NativeEvents } from "./native-event.ts";
import { NativeFlows } from "./native-flow.ts";
import type { Output } from "./output.ts";
import type { Owner, ProcessThread } from "./owner.ts";
import { ThreadTally } from "./thread-tally.ts";

const awaitSeconds = 2;
const forgetSeconds = 1;

export class NativeMode implements Mode {
  readonly #output: Output;
  readonly #flows: NativeFlows;
  readonly #kernelFlows: KernelFlows;
  readonly #events: NativeEvents;
  readonly #fileEvents: FileEvents;
  #callerHalves: HalfClone[] = [];
  #childHalves: HalfClone[] = [];
  readonly #threads: ThreadTally;
  readonly #leaving: { readonly owner: Owner; readonly second: number }[] = [];

  constructor(output: Output) {
    this.#output = output;
    this.#flows = new NativeFlows(output);
    this.#kernelFlows = new KernelFlows(output, this.#flows);
    this.#events = new NativeEvents(output);
    this.#fileEvents = new FileEvents(output);
    this.#threads = new ThreadTally(output);
  }

  /** What the kernel counted. */
  flow(said: FlowInput): void {
    this.#kernelFlows.apply(said);
  }

  tellBegins(): void {
    this.#flows.tellBegins();
  }

  takeBegins(): (FileFlow | NetworkFlow)[] {
    return this.#flows.takeBegins();
  }

  /** /proc was asked what a process is now, for its exec or a change of its user was lost: a new version, if it is another. */
  learned(snapshot: ThreadSnapshot): void {
    const { state, entities, now } = this.#output;
    const thread = state.threads.get(snapshot.tid);
    const old = thread?.owner?.version;
    // Lists in captures tell what was; only the probe's reader asks again.
    if (thread?.start === undefined || old === undefined) return;
    const exe = thread.exePath ?? thread.argv0;
    const same = exe === old.exe && thread.args.join(" ") === old.args;
    if (same && thread.uid === old.uid && thread.gid === old.gid) return;
    entities.modify(thread, now);
  }

  handle(call: Syscall): void {
    if (call.stateOnly) return;
    switch (call.family) {
      case Family.read: {
        const flow = this.#touch(this.#output.state.slot, call, Op.READ, call.fd);
        if (flow !== undefined) this.#flows.read(flow, call.ret);
        return;
      }
      case Family.write: {
        const flow = this.#touch(this.#output.state.slot, call, Op.WRITE, call.fd);
        if (flow !== undefined) this.#flows.write(flow, call.ret);
        return;
      }
      case Family.open: {
        if (call.ret < 0) return this.#events.failedOpen(call);
        const flow = this.#touch(this.#output.state.slot, call, Op.OPEN, call.fd);
        if (flow === undefined) return;
        flow.opens += 1;
        flow.openFlags |= call.flags;
        return;
      }
      case Family.close:
        if (call.ret >= 0) this.#touch(this.#output.state.slot, call, Op.CLOSE, call.fd);
        return;
      case Family.mmap:
        this.#touch(this.#output.state.slot, call, Op.MMAP, call.fd);
        return;
      default:
        this.#handleRare(call);
    }
  }

  #touch(slot: Slot<Flow> | undefined, call: Syscall, op: number, fd: number): Flow | undefined {
    if (slot === undefined) {
      this.#output.drop("unknown descriptor");
      return undefined;
    }
    const flow = this.#flows.of(slot, call.ts);
    if (flow === undefined) {
      this.#output.drop("unsupported descriptor");
      return undefined;
    }
    this.#output.counters.relevant += 1;
    this.#flows.touch(flow, call, op, fd);
    return flow;
  }

  #handleRare(call: Syscall): void {
    const { state, entities } = this.#output;
    switch (call.family) {
      case Family.connect:
        if (this.#events.failedConnect(call)) return;
        this.#touch(state.slot, call, Op.CONNECT, call.fd);
        return;
      case Family.accept:
        if (call.ret >= 0) this.#touch(state.slot, call, Op.ACCEPT, call.fd);
        return;
      case Family.shutdown:
        this.#touch(state.slot, call, Op.SHUTDOWN, call.fd);
        return;
      case Family.setns:
        if (call.start !== undefined) return this.#events.handle(call);
        this.#touch(state.slot, call, Op.SETNS, call.fd);
        return;
      case Family.truncate:
        if (call.name === "truncate") return this.#events.handle(call);
        if (call.ret >= 0) this.#touch(state.slot, call, Op.FTRUNCATE, call.fd);
        return;
      case Family.transfer:
        return this.#transfer(call);
      case Family.mkdir:
      case Family.rmdir:
      case Family.unlink:
      case Family.link:
      case Family.symlink:
      case Family.rename:
        this.#output.counters.relevant += 1;
        entities.ensure(entities.known(state.leader, "REUP", call.ts));
        return this.#fileEvents.handle(call);
      case Family.clone:
        return this.#clone(call);
      case Family.exec:
        return this.#exec(call);
      case Family.setuid:
        return this.#setUser(call);
      case Family.setgid:
      case Family.capset:
        this.#refresh(call);
        return this.#events.handle(call);
      case Family.exit:
        return this.#exit(call);
      default:
        return this.#events.handle(call);
    }
  }

  /** sendfile, splice and copy_file_range read from one descriptor and write to the other. */
  #transfer(call: Syscall): void {
    const { slot, slot2 } = this.#output.state;
    if (slot !== undefined) {
      const flow = this.#touch(slot, call, Op.READ, call.fd);
      if (flow !== undefined) this.#flows.read(flow, call.ret);
    }
    if (slot2 !== undefined) {
      const flow = this.#touch(slot2, call, Op.WRITE, call.fd2);
      if (flow !== undefined) this.#flows.write(flow, call.ret);
    }
  }

  #clone(call: Syscall): void {
    const { state, entities } = this.#output;
    this.#output.counters.relevant += 1;
    const isThread = (call.flags & CloneFlag.THREAD) !== 0;
    if (call.ret < 0) {
      if (!isThread) return this.#events.process(call, Op.CLONE, []);
      this.#threads.of(entities.known(state.leader, "REUP", call.ts), call.ts).errors += 1;
      return;
    }
    const { child } = state;
    if (child === undefined) return this.#otherSide(call, isThread);
    const leader = state.threads.leaderOf(child);
    if (leader !== child || child.pid !== child.tid) {
      this.#threads.of(entities.known(leader, "REUP", call.ts), call.ts).cloned += 1;
      return;
    }
    this.#born(call, child);
  }

  /** The child is known now, from whichever side: the one record of its creation. */
  #born(call: Syscall, child: ProcessThread): void {
    const { state, entities, second } = this.#output;
    const byChild = call.ret === 0;
    const parentThread = byChild ? state.threads.get(child.parentTid) : state.thread;
    // Its own messages may have come first, from a time when nobody knew its parent.
    const orphan = child.owner?.version !== undefined && child.owner.version.parent === undefined;
    const made = entities.known(child, "CREATED", call.ts);
    if (orphan) entities.modify(child, call.ts);
    entities.ensure(made);
    if (parentThread === undefined) return;
    const parent = entities.known(state.threads.leaderOf(parentThread), "REUP", call.ts);
    entities.ensure(parent);
    const { ts } = call;
    const tid = parentThread.tid;
    this.#output.push({
      type: "PE",
      proc: parent.current,
      ts,
      tid,
      ops: Op.CLONE,
      args: [],
      ret: child.pid,
      target: made.version,
    });
    if (!byChild) return;
    const namespaced = (call.flags & (CloneFlag.CHILD_IN_PIDNS | CloneFlag.NEWPID)) !== 0;
    const half = { owner: parent, id: child.vtid, ts, second, tid, namespaced };
    if (takeHalf(this.#callerHalves, half) === undefined) keepHalf(this.#childHalves, half);
  }

  #otherSide(call: Syscall, isThread: boolean): void {
    const { state, entities, second } = this.#output;
    const { thread } = state;
    if (call.ret === 0) {
      const { version } = entities.known(state.leader, "CREATED", call.ts);
      const isEntry = thread.vpid === 1;
      if (state.leader === thread && version !== undefined && version.entry !== isEntry) {
        entities.modify(thread, call.ts);
      }
      return;
    }
    if (isThread) return;
    const known = state.threads.get(call.ret);
    // The child told first, under the same id.
    if (known?.createdAt !== undefined && known.parentTid === thread.tid) return;
    const owner = entities.known(state.leader, "REUP", call.ts);
    const namespaced = (call.flags & (CloneFlag.CHILD_IN_PIDNS | CloneFlag.NEWPID)) !== 0;
    const half = { owner, id: call.ret, ts: call.ts, second, tid: call.tid, namespaced };
    if (takeHalf(this.#childHalves, half) === undefined) {
      const dropped = keepHalf(this.#callerHalves, half);
      if (dropped !== undefined) this.#tellHalf(dropped);
    }
  }

  /** The child never appeared: the parent's word is all there is. */
  #tellHalf(half: HalfClone): void {
    const { owner, ts, tid, id } = half;
    this.#output.entities.ensure(owner);
    this.#output.push({
      type: "PE",
      proc: owner.current,
      ts,
      tid,
      ops: Op.CLONE,
      args: [],
      ret: id,
    });
  }

  #exec(call: Syscall): void {
    const { state, entities } = this.#output;
    const { leader } = state;
    const owner = entities.ownerOf(leader);
    if (call.ret < 0) {
      const { path } = call;
      return this.#events.process(call, Op.EXEC, path === undefined ? [] : [path]);
    }
    if (owner.version === undefined) entities.known(leader, "CREATED", call.ts);
    else {
      // What it did before, it did as the program that it was.
      if (owner.fileFlows.size > 0 || owner.netFlows.size > 0) entities.ensure(owner);
      entities.modify(leader, call.ts);
    }
    this.#events.process(call, Op.EXEC, []);
  }

  #setUser(call: Syscall): void {
    this.#refresh(call);
    const name =
      this.#output.state.users.get(call.uid) ?? (call.uid === 0 ? "root" : `${call.uid}`);
    this.#events.process(call, Op.SETUID, call.uid < 0 ? [] : [name]);
  }

  /** A new version where the identity has changed. */
  #refresh(call: Syscall): void {
    const { state, entities } = this.#output;
    const { leader } = state;
    const { version } = entities.known(leader, "REUP", call.ts);
    if (version === undefined) return;
    const { uid, gid, capabilities } = version;
    if (uid === leader.uid && gid === leader.gid && capabilities === leader.capabilities) return;
    entities.modify(leader, call.ts);
  }

  #exit(call: Syscall): void {
    const { state, entities, second } = this.#output;
    const { leader, thread } = state;
    if (leader !== thread) {
      this.#threads.of(entities.known(leader, "REUP", call.ts), call.ts).exited += 1;
      return;
    }
    const owner = entities.known(leader, "REUP", call.ts);
    const { counts } = call;
    entities.ensure(owner);
    // The last words about a process' flows come by another way than its exit, and later.
    if (counts === undefined) this.#flows.finishAll(owner, call.ts);
    else {
      owner.failedOpens += counts.failedOpens;
      this.#threads.add(owner, counts, call.ts);
    }
    this.#threads.tell(owner, call.ts);
    this.#output.counters.relevant += 1;
    if (counts?.left !== true) this.#tellExit(owner, call);
    owner.exited = true;
    this.#leaving.push({ owner, second });
    if (this.#leaving.length > leavingMax) this.#forgetGone(1);
  }

  #tellExit(owner: Owner, call: Syscall): void {
    this.#output.push({
      type: "PE",
      proc: owner.current,
      ts: call.ts,
      tid: call.tid,
      ops: Op.EXIT,
      args: [],
      ret: call.mode | 0,
      ...(owner.failedOpens > 0 ? { failedOpens: owner.failedOpens } : {}),
    });
  }

  tick(): void {
    const { second } = this.#output;
    this.#flows.tick();
    this.#threads.tick();
    const awaited = (half: HalfClone): boolean => second - half.second < awaitSeconds;
    for (const half of this.#callerHalves) if (!awaited(half)) this.#tellHalf(half);
    this.#callerHalves = this.#callerHalves.filter(awaited);
    this.#childHalves = this.#childHalves.filter(awaited);
    let gone = 0;
    for (const { second: at } of this.#leaving) {
      if (second - at <= forgetSeconds) break;
      gone += 1;
    }
    if (gone > 0) this.#forgetGone(gone);
  }

  #forgetGone(count: number): void {
    for (const { owner } of this.#leaving.splice(0, count)) {
      this.#flows.finishAll(owner, this.#output.now);
      this.#output.entities.forget(owner);
    }
  }

  end(): void {
    for (const half of this.#callerHalves) this.#tellHalf(half);
    this.#callerHalves = [];
    this.#childHalves = [];
    this.#flows.end();
    this.#threads.end();
    this.#leaving.length = 0;
  }

  release(slot: Slot<Flow>, why: ReleaseReason): void {
    this.#flows.release(slot, why);
  }

  share(slot: Slot<Flow>, copy: Slot<Flow>): void {
    this.#flows.share(slot, copy);
  }

  /** The id is used again, or the table of threads was full: what is known of the process is written. */
  forget(thread: ProcessThread): void {
    const { owner } = thread;
    if (owner === undefined) return;
    this.#flows.finishAll(owner, this.#output.now);
    this.#threads.tell(owner, this.#output.now);
    this.#output.entities.forget(owner);
    owner.exited = true;
  }
}
