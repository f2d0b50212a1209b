// Flows as the kernel counted them, joined to ours: a kernel flow is one descriptor's, a record's flow is all that a process did with
// a file or a connection. What a message adds becomes many operations at once; delta.ts says how much that is.

import {
  type Descriptor,
  Slot,
  anonymousDescriptor,
  fileDescriptor,
} from "../context/descriptor.ts";
import { identify } from "../context/identity.ts";
import { type FlowInput, FlowWhy } from "../model/flow-input.ts";
import { Op } from "../model/opflag.ts";
import type { Tuple } from "../model/record.ts";
import { type TimeNs, second } from "../model/time.ts";
import { Deltas, type RunningTotals } from "./delta.ts";
import type { Flow } from "./flow.ts";
import type { NativeFlows } from "./native-flow.ts";
import type { Output } from "./output.ts";
import type { ProcessThread } from "./owner.ts";

/** One descriptor of one process, as long as it stands for the same opened thing. */
type Followed = {
  readonly slot: Slot<Flow>;
  readonly thread: ProcessThread;
  readonly fd: number;
  /** The path is the kernel's word, not a substitute. */
  pathKnown: boolean;
  /** When the kernel last spoke of it. */
  saidAt: TimeNs;
  toldFirst: boolean;
};

/** Flows that changed are told about once a second: what a message adds happened not much longer ago than that. */
const checkpointNs = second;
const evictedName = "kernel flows";

export class KernelFlows {
  readonly #output: Output;
  readonly #flows: NativeFlows;
  readonly #deltas: Deltas<Followed>;
  #run = 0;

  constructor(output: Output, flows: NativeFlows) {
    this.#output = output;
    this.#flows = flows;
    this.#deltas = new Deltas<Followed>((totals) => this.#release(totals, "gone"));
  }

  apply(said: FlowInput): void {
    if (said.run !== this.#run) {
      this.#deltas.clear();
      this.#run = said.run;
    }
    const { why, idHigh, idLow } = said;
    const known = this.#deltas.find(idHigh, idLow);
    if (why === FlowWhy.operation) {
      if (known === undefined) return this.#output.drop("unknown descriptor");
      return this.#operation(known, said);
    }
    const totals = known ?? this.#begin(said);
    if (known !== undefined) this.#refresh(known, said);
    if (this.#deltas.total(totals, said)) {
      const { subject } = totals;
      const last = Math.min(said.last, said.ts);
      this.#add(totals, Math.min(this.#from(subject, said), last), last);
      subject.toldFirst = true;
    }
    totals.subject.saidAt = said.ts;
    if (said.standing !== "open" || totals.ended) this.#end(totals, said);
  }

  #operation(known: RunningTotals<Followed>, said: FlowInput): void {
    // The last word said so; it came first.
    if (known.ended && said.ops === Op.CLOSE) return;
    if (this.#deltas.operation(known, said)) return this.#add(known, said.ts, said.ts);
    const { flow } = known.subject.slot;
    // The kernel forgets some flags once the file is open; the call has them all.
    if (said.opens > 0 && flow?.alive === true) flow.openFlags |= said.openFlags;
    this.#output.drop("said by totals already");
  }

  /** When what a message adds began at the earliest, as well as that is known. */
  #from(subject: Followed, said: FlowInput): TimeNs {
    if (!subject.toldFirst) return said.first;
    return Math.max(subject.saidAt, said.ts - checkpointNs);
  }

  #begin(said: FlowInput): RunningTotals<Followed> {
    const thread = identify(this.#output.state, said.pid, said.start);
    const { fd, pathKnown, ts } = said;
    const slot = new Slot<Flow>(describeFlow(said));
    const subject = { slot, thread, fd, pathKnown, saidAt: ts, toldFirst: false };
    const totals = this.#deltas.begin(said.idHigh, said.idLow, subject);
    const { evictions } = this.#output.counters;
    if (this.#deltas.evicted > 0) evictions[evictedName] = this.#deltas.evicted;
    return totals;
  }

  /** What became known since the flow was first told: a path that had been lost, the ends of a connection. */
  #refresh({ subject }: RunningTotals<Followed>, said: FlowInput): void {
    const { slot } = subject;
    if (said.what === "net") {
      const old = slot.descriptor.net;
      if (said.net === undefined || (old !== undefined && isSameTuple(old, said.net))) return;
      if (slot.flow?.alive === true && old?.sport === 0) {
        if (this.#flows.rename(slot.flow, said.net, said.accepted)) {
          slot.descriptor = describeFlow(said);
          return;
        }
      }
    } else {
      if (subject.pathKnown || !said.pathKnown) return;
      subject.pathKnown = true;
    }
    this.#flows.release(slot, "readdressed");
    slot.descriptor = describeFlow(said);
  }

  #add({ subject }: RunningTotals<Followed>, from: TimeNs, to: TimeNs): void {
    const { slot, thread, fd } = subject;
    const output = this.#output;
    let { flow } = slot;
    if (flow === undefined || !flow.alive) {
      output.state.thread = thread;
      output.state.leader = thread;
      flow = this.#flows.of(slot, from);
      if (flow === undefined) return output.drop("unsupported descriptor");
    }
    output.counters.relevant += 1;
    this.#flows.add(flow, this.#deltas.delta, from, to, thread.tid, fd);
  }

  /** The descriptor stands for something else now, or for nothing. */
  #end(totals: RunningTotals<Followed>, said: FlowInput): void {
    const { flow } = totals.subject.slot;
    if (said.standing === "cut" && flow?.alive === true && flow.ops !== 0) {
      flow.ops |= Op.TRUNCATE;
      if (said.ts > flow.last) flow.last = said.ts;
    }
    this.#release(totals, said.standing === "closed" ? "closed" : "gone");
    this.#deltas.end(totals);
  }

  #release({ subject }: RunningTotals<Followed>, why: "closed" | "gone"): void {
    const { slot } = subject;
    const { flow } = slot;
    if (flow === undefined || !flow.alive) return;
    this.#flows.release(slot, why);
    // Nothing more will open it.
    if (flow.owner.exited && flow.refs <= 0) this.#flows.close(flow);
  }
}

function describeFlow(said: FlowInput): Descriptor {
  const { letter, path, net, accepted } = said;
  const inode = said.inode === 0 ? undefined : said.inode;
  switch (said.what) {
    case "file":
    case "unix": {
      const generation = said.generation === 0 ? undefined : said.generation;
      const peerInode = said.peerInode === 0 ? undefined : said.peerInode;
      const device = said.device === 0 ? undefined : said.device;
      const file = fileDescriptor(letter, path, said.openFlags, inode, device);
      return { ...file, kind: said.what, more: { generation, peerInode } };
    }
    case "net": {
      const kind = typeof net?.dip === "string" || typeof net?.sip === "string" ? "inet6" : "inet";
      return { ...anonymousDescriptor, kind, net, accepted, inode };
    }
    case "other":
      return anonymousDescriptor;
  }
}

function isSameTuple(a: Tuple, b: Tuple): boolean {
  return (
    a.sport === b.sport &&
    a.dport === b.dport &&
    a.sip === b.sip &&
    a.dip === b.dip &&
    a.proto === b.proto
  );
}
