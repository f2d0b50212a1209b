// An open flow, and the list of all of them in the order in which they are due for export. Only numbers change per call.

import type { Tuple } from "../model/record.ts";
import { wide } from "../base/wide.ts";
import type { TimeNs } from "../model/time.ts";
import type { OpSet } from "../model/opflag.ts";
import type { FileEntry } from "./file-entry.ts";
import type { Owner } from "./owner.ts";

export class Flow {
  owner: Owner;
  key: string;
  /** Exactly one of the two is set. */
  file: FileEntry | undefined;
  net: Tuple | undefined;
  /** −1 where the flow joins several. */
  tid: number;
  fd: number;
  ts: TimeNs = wide;
  ops: OpSet = 0;
  openFlags = 0;
  opens = 0;
  rops = 0;
  wops = 0;
  rbytes = wide;
  wbytes = wide;
  /** Last time that something happened. */
  last: TimeNs = wide;
  /** Whole seconds of event time. */
  exportSecond: number;
  lastSecond: number;
  /** Native mode: descriptors that refer to it, and how often it was written. */
  refs = 0;
  slice = 0;
  id = 0;
  alive = true;
  /** Native mode: nothing happened since the last slice. */
  parked = false;
  listed = false;
  next: Flow | undefined = undefined;
  previous: Flow | undefined = undefined;
  /** Native mode: neighbours in the list of the closed. */
  closed = false;
  closedNext: Flow | undefined = undefined;
  closedPrevious: Flow | undefined = undefined;
  /** Native mode: neighbours among the file flows of its process. */
  ownNext: Flow | undefined = undefined;
  ownPrevious: Flow | undefined = undefined;

  constructor(
    owner: Owner,
    key: string,
    file: FileEntry | undefined,
    net: Tuple | undefined,
    tid: number,
    fd: number,
    ts: TimeNs,
    nowSecond: number,
  ) {
    this.owner = owner;
    this.key = key;
    this.file = file;
    this.net = net;
    this.tid = tid;
    this.fd = fd;
    this.ts = ts;
    this.last = ts;
    this.rbytes = 0;
    this.wbytes = 0;
    this.exportSecond = nowSecond;
    this.lastSecond = nowSecond;
  }

  /** An ended flow's object serves the next one: short-lived flows are the most common objects there are. */
  begin(
    owner: Owner,
    key: string,
    file: FileEntry | undefined,
    net: Tuple | undefined,
    ts: TimeNs,
  ): void {
    this.owner = owner;
    this.key = key;
    this.file = file;
    this.net = net;
    this.last = ts;
    this.openFlags = 0;
    this.refs = 0;
    this.slice = 0;
    this.id = 0;
    this.alive = true;
    this.parked = false;
    this.reset(ts, 0);
  }

  /** The next slice begins. */
  reset(ts: TimeNs, nowSecond: number): void {
    this.ts = ts;
    this.ops = 0;
    this.opens = 0;
    this.rops = 0;
    this.wops = 0;
    this.rbytes = 0;
    this.wbytes = 0;
    this.exportSecond = nowSecond;
  }
}

/** Doubly linked through the flows themselves; a flow is appended when its export interval begins, so the head is due first. */
export class FlowList {
  head: Flow | undefined = undefined;
  #tail: Flow | undefined = undefined;
  size = 0;

  append(flow: Flow): void {
    flow.listed = true;
    flow.next = undefined;
    flow.previous = this.#tail;
    if (this.#tail === undefined) this.head = flow;
    else this.#tail.next = flow;
    this.#tail = flow;
    this.size += 1;
  }

  remove(flow: Flow): void {
    if (!flow.listed) return;
    flow.listed = false;
    if (flow.previous === undefined) this.head = flow.next;
    else flow.previous.next = flow.next;
    if (flow.next === undefined) this.#tail = flow.previous;
    else flow.next.previous = flow.previous;
    flow.next = undefined;
    flow.previous = undefined;
    this.size -= 1;
  }
}

/** Flows that nothing has open, longest closed first: the same again, through other links, for a flow is in both. */
export class ClosedList {
  head: Flow | undefined = undefined;
  #tail: Flow | undefined = undefined;
  size = 0;

  append(flow: Flow): void {
    flow.closed = true;
    flow.closedNext = undefined;
    flow.closedPrevious = this.#tail;
    if (this.#tail === undefined) this.head = flow;
    else this.#tail.closedNext = flow;
    this.#tail = flow;
    this.size += 1;
  }

  remove(flow: Flow): void {
    if (!flow.closed) return;
    flow.closed = false;
    if (flow.closedPrevious === undefined) this.head = flow.closedNext;
    else flow.closedPrevious.closedNext = flow.closedNext;
    if (flow.closedNext === undefined) this.#tail = flow.closedPrevious;
    else flow.closedNext.closedPrevious = flow.closedPrevious;
    flow.closedNext = undefined;
    flow.closedPrevious = undefined;
    this.size -= 1;
  }
}
