// The original's behaviour, quirks included: flows per thread, path and descriptor, slices of 30 s, idle flows that vanish, two
// records per clone. It is what recorded files are compared with; the other mode is what we think right. Format spec §3.

import type { Slot } from "../context/descriptor.ts";
import { limits } from "../model/limits.ts";
import { Op, type OpSet } from "../model/opflag.ts";
import { Family, type Syscall, type SyscallName } from "../model/syscall.ts";
import type { TimeNs } from "../model/time.ts";
import { FileEvents } from "./file-event.ts";
import { Flow } from "./flow.ts";
import type { Mode } from "./mode.ts";
import type { Output } from "./output.ts";
import type { FlowGroup, Owner } from "./owner.ts";
import { writeFlow } from "./write-flow.ts";

export const exportSeconds = 30;
const idleSeconds = 60;
const forgetSeconds = 1;
/** Processes that ended and are still remembered. */
export const leavingMax = 65_536;

/** Calls whose effect on the state counts, but which the original does not record. */
const unrecorded: ReadonlySet<SyscallName> = new Set([
  "clone3",
  "creat",
  "openat2",
  "open_by_handle_at",
  "execveat",
  "getdents",
  "preadv2",
  "pwritev2",
  "setreuid",
  "setfsuid",
]);

export class CompatMode implements Mode {
  readonly #output: Output;
  readonly #fileEvents: FileEvents;
  readonly #leaving: { readonly owner: Owner; readonly second: number }[] = [];

  constructor(output: Output) {
    this.#output = output;
    this.#fileEvents = new FileEvents(output);
  }

  handle(call: Syscall): void {
    if (call.stateOnly || unrecorded.has(call.name)) return;
    switch (call.family) {
      case Family.read:
        return this.#descriptorCall(call, Op.READ);
      case Family.write:
        return this.#descriptorCall(call, Op.WRITE);
      case Family.open:
        return this.#descriptorCall(call, Op.OPEN);
      case Family.close:
        return this.#descriptorCall(call, Op.CLOSE);
      case Family.mmap:
        return this.#descriptorCall(call, Op.MMAP);
      case Family.connect:
        return this.#descriptorCall(call, Op.CONNECT);
      case Family.accept:
        return this.#descriptorCall(call, Op.ACCEPT);
      case Family.shutdown:
        return this.#descriptorCall(call, Op.SHUTDOWN);
      case Family.setns:
        return this.#descriptorCall(call, Op.SETNS);
      case Family.mkdir:
      case Family.rmdir:
      case Family.unlink:
      case Family.link:
      case Family.symlink:
      case Family.rename:
        this.#output.counters.relevant += 1;
        this.#output.entities.introduce(this.#output.state.leader, "REUP", call.ts);
        return this.#fileEvents.handle(call);
      case Family.clone:
        return this.#processEvent(call, Op.CLONE, []);
      case Family.exec:
        return this.#changeEvent(call, Op.EXEC, "CREATED", []);
      case Family.setuid:
        return this.#changeEvent(call, Op.SETUID, "REUP", [this.#userName(call.uid)]);
      case Family.exit:
        return this.#exit(call);
      default:
        return;
    }
  }

  /** The original asks the host for names; ids inside a container it cannot name. */
  #userName(uid: number): string {
    if (this.#output.state.thread.containerId !== undefined) return "<NA>";
    return this.#output.state.users.get(uid) ?? (uid === 0 ? "root" : "<NA>");
  }

  #processEvent(call: Syscall, ops: OpSet, args: readonly string[]): void {
    const { state, entities } = this.#output;
    this.#output.counters.relevant += 1;
    entities.introduce(state.leader, "CREATED", call.ts);
    this.#pushEvent(call, ops, args);
  }

  /** exec and setuid: a known process is described anew, even when the call failed. */
  #changeEvent(
    call: Syscall,
    ops: OpSet,
    state: "CREATED" | "REUP",
    args: readonly string[],
  ): void {
    const { leader } = this.#output.state;
    const { entities } = this.#output;
    this.#output.counters.relevant += 1;
    if (!entities.introduce(leader, state, call.ts)) entities.modify(leader, call.ts);
    this.#pushEvent(call, ops, args);
  }

  #pushEvent(call: Syscall, ops: OpSet, args: readonly string[]): void {
    const { state, entities } = this.#output;
    const proc = entities.ownerOf(state.leader).version;
    if (proc === undefined) return;
    const ret = ops === Op.EXIT ? call.mode : call.ret;
    this.#output.push({ type: "PE", proc, ts: call.ts, tid: call.tid, ops, args, ret: ret | 0 });
  }

  #exit(call: Syscall): void {
    const { state, entities } = this.#output;
    this.#output.counters.relevant += 1;
    const { leader, thread } = state;
    entities.introduce(leader, "REUP", call.ts);
    const owner = entities.ownerOf(leader);
    const whole = leader === thread;
    if (whole) this.#cutAll(owner, [owner.files, owner.nets], call.ts);
    else this.#cutThread(owner, call);
    this.#pushEvent(call, Op.EXIT, []);
    if (!whole) return;
    this.#leaving.push({ owner, second: this.#output.second });
    if (this.#leaving.length > leavingMax) this.#forgetGone(1);
  }

  #cutAll(owner: Owner, kinds: readonly Map<string, FlowGroup>[], ts: TimeNs): void {
    for (const groups of kinds) {
      for (const group of [...groups.values()]) {
        for (const flow of [...group.values()]) this.#cut(flow, ts);
      }
    }
    owner.byThread.clear();
  }

  /** A thread takes with it what other threads did on its descriptors. */
  #cutThread(owner: Owner, call: Syscall): void {
    const own = [...(owner.byThread.get(call.tid) ?? [])];
    for (const isNet of [false, true]) {
      for (const flow of own) {
        if (!flow.alive || (flow.net !== undefined) !== isNet) continue;
        const group = (isNet ? owner.nets : owner.files).get(flow.key);
        if (group !== undefined) this.#cutGroup([...group.values()], call.ts);
      }
    }
  }

  /** Flows of several threads on one descriptor end together; those that began it come first. */
  #cutGroup(group: readonly Flow[], ts: TimeNs): void {
    const beginning = Op.OPEN | Op.CONNECT | Op.ACCEPT;
    for (const flow of group) if ((flow.ops & beginning) !== 0) this.#cut(flow, ts);
    for (const flow of group) if (flow.alive) this.#cut(flow, ts);
  }

  #cut(flow: Flow, ts: TimeNs): void {
    flow.ops |= Op.TRUNCATE;
    this.#finish(flow, ts);
  }

  #finish(flow: Flow, ts: TimeNs): void {
    this.#remove(flow);
    writeFlow(this.#output, flow, ts);
  }

  #remove(flow: Flow): void {
    flow.alive = false;
    this.#output.flows.remove(flow);
    const { owner, key, tid } = flow;
    const ofThread = owner.byThread.get(tid);
    ofThread?.delete(flow);
    if (ofThread?.size === 0) owner.byThread.delete(tid);
    const groups = flow.net === undefined ? owner.files : owner.nets;
    const group = groups.get(key);
    group?.delete(tid);
    if (group?.size === 0) groups.delete(key);
  }

  #descriptorCall(call: Syscall, op: OpSet): void {
    const { state } = this.#output;
    const { slot } = state;
    if (slot === undefined) {
      this.#output.drop("unknown descriptor");
      return;
    }
    const { descriptor } = slot;
    let net = false;
    switch (descriptor.kind) {
      case "inet":
        net = true;
        break;
      case "unix":
        break;
      case "file":
        if (!"fdup".includes(descriptor.letter)) return this.#output.drop("unsupported descriptor");
        break;
      case "inet6":
        return this.#output.drop("IPv6");
      case "listening":
      case "other":
        return this.#output.drop("unsupported descriptor");
    }
    this.#output.counters.relevant += 1;
    const cached = slot.flow;
    const flow =
      cached !== undefined && cached.alive && cached.tid === call.tid
        ? cached
        : this.#open(slot, call, net);
    this.#account(flow, call, op, slot);
  }

  #open(slot: Slot<Flow>, call: Syscall, isNet: boolean): Flow {
    const { state, entities, flows } = this.#output;
    const { leader, thread } = state;
    entities.introduce(leader, "REUP", call.ts);
    const owner = entities.ownerOf(leader);
    const { descriptor } = slot;
    const key = isNet
      ? netKey(call.fd, descriptor.net)
      : `${call.fd} ${thread.containerId ?? ""} ${descriptor.path}`;
    const groups = isNet ? owner.nets : owner.files;
    const group = groups.get(key);
    let flow = group?.get(call.tid);
    if (flow === undefined) {
      const file = isNet
        ? undefined
        : entities.file(thread.containerId, descriptor.path, descriptor.letter, "REUP", call.ts);
      if (file !== undefined) entities.introduceFile(file);
      const net = isNet ? descriptor.net : undefined;
      const { second } = this.#output;
      flow = new Flow(owner, key, file, net, call.tid, call.fd, call.ts, second);
      if (group === undefined) groups.set(key, new Map([[call.tid, flow]]));
      else group.set(call.tid, flow);
      const ofThread = owner.byThread.get(call.tid);
      if (ofThread === undefined) owner.byThread.set(call.tid, new Set([flow]));
      else ofThread.add(flow);
      this.#makeRoom();
      flows.append(flow);
    }
    slot.flow = flow;
    return flow;
  }

  /** The original has no bound; reaching ours cuts the oldest flow. */
  #makeRoom(): void {
    const { flows, counters, now } = this.#output;
    if (flows.size < limits.flows.max || flows.head === undefined) return;
    counters.evictions["flows"] = (counters.evictions["flows"] ?? 0) + 1;
    this.#cut(flows.head, now);
  }

  #account(flow: Flow, call: Syscall, op: OpSet, slot: Slot<Flow>): void {
    flow.ops |= op;
    flow.lastSecond = this.#output.second;
    switch (op) {
      case Op.READ:
        flow.rops += 1;
        if (call.ret > 0) flow.rbytes += call.ret;
        return;
      case Op.WRITE:
        flow.wops += 1;
        if (call.ret > 0) flow.wbytes += call.ret;
        return;
      case Op.OPEN:
        flow.openFlags = slot.descriptor.openFlags;
        return;
      case Op.CLOSE:
        this.#close(flow, call.ts);
        return;
      default:
        return;
    }
  }

  #close(flow: Flow, ts: TimeNs): void {
    const groups = flow.net === undefined ? flow.owner.files : flow.owner.nets;
    const group = groups.get(flow.key);
    if (group !== undefined && group.size > 1) {
      const others = [...group.values()].filter((other) => other !== flow);
      this.#cutGroup(others, ts);
    }
    this.#finish(flow, ts);
  }

  tick(): void {
    const { flows, second, now } = this.#output;
    for (let flow = flows.head; flow !== undefined; flow = flows.head) {
      if (second - flow.exportSecond < exportSeconds) break;
      if (second - flow.lastSecond >= idleSeconds) {
        this.#remove(flow);
        this.#output.drop("idle flow");
        continue;
      }
      flows.remove(flow);
      writeFlow(this.#output, flow, now);
      flow.reset(now, second);
      flows.append(flow);
    }
    let gone = 0;
    for (const { second: at } of this.#leaving) {
      if (second - at <= forgetSeconds) break;
      gone += 1;
    }
    if (gone > 0) this.#forgetGone(gone);
  }

  #forgetGone(count: number): void {
    for (const { owner } of this.#leaving.splice(0, count)) this.#output.entities.forget(owner);
  }

  end(): void {
    for (const owner of this.#output.entities.owners.values()) {
      this.#cutAll(owner, [owner.nets, owner.files], this.#output.now);
    }
    // Of processes that are not known any more.
    const { flows, now } = this.#output;
    for (let flow = flows.head; flow !== undefined; flow = flows.head) this.#cut(flow, now);
  }
}

function netKey(
  fd: number,
  net: { sip: unknown; sport: number; dip: unknown; dport: number } | undefined,
): string {
  return net === undefined ? `${fd}` : `${fd} ${net.sip}:${net.sport} ${net.dip}:${net.dport}`;
}
