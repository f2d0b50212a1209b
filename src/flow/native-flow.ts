// Our flows: one per process and file, and one per process and connection. A file's flow stays open when the file is closed and
// opened again; it ends with the export interval in which nothing has it open any more, with the process, or by eviction. A
// connection ends when its last descriptor is closed. Totals are the exact sums of the calls.

import type { ReleaseReason } from "../context/state.ts";
import type { Descriptor, Slot } from "../context/descriptor.ts";
import { limits } from "../model/limits.ts";
import { Op, type OpSet } from "../model/opflag.ts";
import type { FileFlow, NetworkFlow, Tuple } from "../model/record.ts";
import type { Syscall } from "../model/syscall.ts";
import type { TimeNs } from "../model/time.ts";
import { exportSeconds } from "./compat.ts";
import type { Delta } from "./delta.ts";
import type { FileEntry } from "./file-entry.ts";
import { ClosedList, Flow, FlowList } from "./flow.ts";
import type { Output } from "./output.ts";
import type { Owner } from "./owner.ts";

/** No call yet in this slice; more than one thread or descriptor. */
const none = -2;
const several = -1;
/** Ended flows kept for reuse. */
const spareMax = 1024;
/** Begins that wait to be taken; beyond, a flow is known when its first record is. */
const begunMax = 65_536;

export type FlowLimits = { readonly open: number; readonly closed: number };
const flowLimits: FlowLimits = { open: limits.flows.max, closed: limits.closedFlows.max };

export class NativeFlows {
  readonly #output: Output;
  /** Open, but nothing happened since their last export: they wait outside the list of those that are due. */
  readonly #idle = new FlowList();
  readonly #closed = new ClosedList();
  readonly #max: number;
  readonly #closedMax: number;
  readonly #spare: Flow[] = [];
  #lastId = 0;
  /** Flows that began and were not told yet; undefined: nobody asks. */
  #begun: Flow[] | undefined = undefined;

  constructor(output: Output, max: FlowLimits = flowLimits) {
    this.#output = output;
    this.#max = max.open;
    this.#closedMax = max.closed;
  }

  /** From now on begins are kept for `takeBegins`. */
  tellBegins(): void {
    this.#begun ??= [];
  }

  /**
   * Flows that began since the last time, as records of their first slice with what happened so far: same number, same slice 0 as the
   * record that comes later. One that has ended meanwhile is left out: its record is there already.
   */
  takeBegins(): (FileFlow | NetworkFlow)[] {
    const records: (FileFlow | NetworkFlow)[] = [];
    for (const flow of this.#begun ?? []) {
      if (!flow.alive || flow.ops === 0 || flow.slice > 0 || flow.id !== 0) continue;
      flow.id = ++this.#lastId;
      const record = recordOf(flow, flow.last, false);
      if (record !== undefined) records.push(record);
    }
    if (this.#begun !== undefined) this.#begun = [];
    return records;
  }

  get size(): number {
    return this.#output.flows.size + this.#idle.size;
  }

  /** The flow of a descriptor, begun where there is none; undefined for descriptors that carry no data of interest. */
  of(slot: Slot<Flow>, ts: TimeNs): Flow | undefined {
    const known = slot.flow;
    if (known !== undefined && known.alive) return known;
    const { descriptor } = slot;
    let flow: Flow | undefined;
    switch (descriptor.kind) {
      case "inet":
      case "inet6":
        flow = this.#netFlow(descriptor, ts);
        break;
      case "unix":
        flow = this.#fileFlow(descriptor, ts);
        break;
      case "file":
        if (descriptor.letter !== "?") flow = this.#fileFlow(descriptor, ts);
        break;
      case "listening":
      case "other":
        break;
    }
    if (flow === undefined) return undefined;
    if (flow.closed) this.#closed.remove(flow);
    flow.refs += 1;
    slot.flow = flow;
    return flow;
  }

  #owner(ts: TimeNs): Owner {
    const { state, entities } = this.#output;
    return entities.known(state.leader, "REUP", ts);
  }

  #fileFlow(descriptor: Descriptor, ts: TimeNs): Flow {
    const { entities, state } = this.#output;
    const owner = this.#owner(ts);
    const { path, letter, inode, device, more } = descriptor;
    const { containerId } = state.thread;
    const file = entities.file(containerId, path, letter, "REUP", ts, inode, device, more);
    const known = owner.fileFlows.get(file);
    if (known !== undefined) return known;
    const flow = this.#begin(owner, "", file, undefined, ts);
    owner.fileFlows.set(file, flow);
    return flow;
  }

  #netFlow(descriptor: Descriptor, ts: TimeNs): Flow | undefined {
    const { net } = descriptor;
    if (net === undefined) return undefined;
    const owner = this.#owner(ts);
    const key = netKey(net, descriptor.accepted);
    const known = owner.netFlows.get(key);
    if (known !== undefined) return known;
    const flow = this.#begin(owner, key, undefined, net, ts);
    owner.netFlows.set(key, flow);
    return flow;
  }

  #begin(
    owner: Owner,
    key: string,
    file: FileEntry | undefined,
    net: Tuple | undefined,
    ts: TimeNs,
  ): Flow {
    if (this.size >= this.#max) {
      const oldest = this.#idle.head ?? this.#output.flows.head;
      if (oldest !== undefined) {
        this.#output.counters.evictions["flows"] =
          (this.#output.counters.evictions["flows"] ?? 0) + 1;
        this.finish(oldest, this.#output.now);
      }
    }
    let flow = this.#spare.pop();
    if (flow === undefined) flow = new Flow(owner, key, file, net, none, none, ts, 0);
    else flow.begin(owner, key, file, net, ts);
    flow.exportSecond = this.#output.second;
    this.#output.flows.append(flow);
    if (this.#begun !== undefined && this.#begun.length < begunMax) this.#begun.push(flow);
    return flow;
  }

  /**
   * Many operations at once, of one descriptor, between two moments. An earlier begin may become known late: descriptors of one
   * file are told in the order in which they end.
   */
  add(flow: Flow, delta: Delta, from: TimeNs, to: TimeNs, tid: number, fd: number): void {
    if (flow.ops === 0) {
      this.#due(flow);
      flow.ts = from;
      flow.last = to;
      flow.tid = tid;
      flow.fd = fd;
    } else {
      if (flow.tid !== tid) flow.tid = several;
      if (flow.fd !== fd) flow.fd = several;
      if (from < flow.ts && flow.slice === 0) flow.ts = from;
      if (to > flow.last) flow.last = to;
    }
    flow.ops |= delta.ops;
    flow.opens += delta.opens;
    flow.openFlags |= delta.openFlags;
    flow.rops += delta.rops;
    flow.wops += delta.wops;
    flow.rbytes += delta.rbytes;
    flow.wbytes += delta.wbytes;
  }

  /** The client's port was not known when the connection began. True: the flow goes on under the full name. */
  rename(flow: Flow, net: Tuple, accepted: boolean): boolean {
    const { owner } = flow;
    const key = netKey(net, accepted);
    if (flow.net === undefined || flow.slice > 0 || owner.netFlows.has(key)) return false;
    owner.netFlows.delete(flow.key);
    flow.key = key;
    flow.net = net;
    owner.netFlows.set(key, flow);
    return true;
  }

  /** Something happened on the flow. */
  touch(flow: Flow, call: Syscall, op: OpSet, fd: number): void {
    if (flow.ops === 0) {
      flow.ts = call.ts;
      flow.tid = call.tid;
      flow.fd = fd;
      this.#due(flow);
    } else {
      if (flow.tid !== call.tid) flow.tid = several;
      if (flow.fd !== fd) flow.fd = several;
    }
    flow.ops |= op;
    flow.last = call.ts;
  }

  /** The flow's next slice begins: it is due when it ends. */
  #due(flow: Flow): void {
    if (flow.listed && !flow.parked) return;
    this.#idle.remove(flow);
    flow.parked = false;
    flow.exportSecond = this.#output.second;
    this.#output.flows.append(flow);
  }

  read(flow: Flow, bytes: number): void {
    flow.rops += 1;
    if (bytes > 0) flow.rbytes += bytes;
  }

  write(flow: Flow, bytes: number): void {
    flow.wops += 1;
    if (bytes > 0) flow.wbytes += bytes;
  }

  /** A second descriptor refers to what has a flow already. */
  share(slot: Slot<Flow>, copy: Slot<Flow>): void {
    const { flow } = slot;
    if (flow === undefined || !flow.alive) return;
    flow.refs += 1;
    copy.flow = flow;
  }

  /** A descriptor no longer refers to its flow. */
  release(slot: Slot<Flow>, why: ReleaseReason): void {
    const { flow } = slot;
    if (flow === undefined || !flow.alive) return;
    slot.flow = undefined;
    flow.refs -= 1;
    if (why === "closed" && flow.ops !== 0) flow.ops |= Op.CLOSE;
    if (flow.refs > 0) return;
    if (flow.net !== undefined && why === "closed") {
      this.finish(flow, flow.last);
      return;
    }
    this.#closed.append(flow);
    const { head } = this.#closed;
    // The end of a flow that was closed: complete, only not joined with what may come.
    if (this.#closed.size > this.#closedMax && head !== undefined) this.finish(head, head.last);
  }

  /** The last slice. What is still open is cut. */
  finish(flow: Flow, now: TimeNs): void {
    const { owner, file, refs } = flow;
    if (flow.parked) this.#idle.remove(flow);
    else this.#output.flows.remove(flow);
    this.#closed.remove(flow);
    flow.alive = false;
    if (file !== undefined) owner.fileFlows.delete(file);
    else owner.netFlows.delete(flow.key);
    if (refs > 0 && flow.ops !== 0) flow.ops |= Op.TRUNCATE;
    this.#write(flow, refs > 0 ? now : flow.last, true);
    // What no slot refers to can serve again.
    if (refs <= 0 && this.#spare.length < spareMax) this.#spare.push(flow);
  }

  /** The last slice of a flow that nothing has open. */
  close(flow: Flow): void {
    if (flow.alive && flow.refs <= 0) this.finish(flow, flow.last);
  }

  /** The process ended, or is forgotten. */
  finishAll(owner: Owner, now: TimeNs): void {
    for (const flow of [...owner.fileFlows.values()]) this.finish(flow, now);
    for (const flow of [...owner.netFlows.values()]) this.finish(flow, now);
  }

  #write(flow: Flow, endTs: TimeNs, final: boolean): void {
    const { ops, owner, file } = flow;
    if (ops === 0) return;
    const output = this.#output;
    output.entities.ensure(owner);
    if (flow.id === 0) flow.id = ++this.#lastId;
    if (file !== undefined) output.entities.introduceFile(file);
    const record = recordOf(flow, endTs, final);
    if (record !== undefined) output.push(record);
    flow.slice += 1;
  }

  tick(): void {
    const { flows, second, now } = this.#output;
    for (let flow = flows.head; flow !== undefined; flow = flows.head) {
      if (second - flow.exportSecond < exportSeconds) break;
      if (flow.refs <= 0) {
        this.finish(flow, now);
        continue;
      }
      flows.remove(flow);
      this.#write(flow, now, false);
      flow.reset(now, second);
      flow.openFlags = 0;
      flow.tid = none;
      flow.fd = none;
      flow.parked = true;
      this.#idle.append(flow);
    }
  }

  end(): void {
    const { flows, now } = this.#output;
    for (let flow = flows.head; flow !== undefined; flow = flows.head) this.finish(flow, now);
    for (let flow = this.#idle.head; flow !== undefined; flow = this.#idle.head) {
      this.finish(flow, now);
    }
  }
}

/** The present slice as a record. Written out: a million are made here, and a spread costs as much as the rest of it. */
function recordOf(flow: Flow, endTs: TimeNs, final: boolean): FileFlow | NetworkFlow | undefined {
  const { ops, owner, file, net, ts, rops, wops, rbytes, wbytes } = flow;
  const tid = flow.tid < 0 ? undefined : flow.tid;
  const fd = flow.fd < 0 ? undefined : flow.fd;
  const { id: flowId, slice } = flow;
  const proc = owner.current;
  if (net !== undefined) {
    return {
      type: "NF",
      proc,
      ts,
      endTs,
      tid,
      ops,
      net,
      fd,
      rops,
      wops,
      rbytes,
      wbytes,
      flowId,
      slice,
      final,
    };
  }
  if (file === undefined) return undefined;
  return {
    type: "FF",
    proc,
    ts,
    endTs,
    tid,
    ops,
    file: file.file,
    fd,
    openFlags: flow.openFlags,
    opens: flow.opens,
    rops,
    wops,
    rbytes,
    wbytes,
    flowId,
    slice,
    final,
  };
}

/**
 * A process may be at both ends of a connection: these are two flows. Where the client's port is not known, connections to one place
 * are told apart by nothing: they are one flow.
 */
function netKey(net: Tuple, accepted: boolean): string {
  return `${accepted ? "<" : ""}${net.sip}:${net.sport}>${net.dip}:${net.dport}/${net.proto ?? ""}`;
}
