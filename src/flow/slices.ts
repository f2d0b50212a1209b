// Which slice of a flow is its first one: the schema's own number where it has one, else an opening operation or a key not seen
// before. Bounded: what is forgotten looks like a first slice again, and is counted.

import { type Process, type ProcessIdentity, processKey } from "../model/entity.ts";
import { limits } from "../model/limits.ts";
import { Op, hasOp } from "../model/opflag.ts";
import type { FileFlow, NetworkFlow } from "../model/record.ts";

const beginning = Op.OPEN | Op.CONNECT | Op.ACCEPT;

export class FirstSlices {
  /** Open flows of each process; by key too, because every file of a recording describes its processes anew. */
  #seen = new WeakMap<ProcessIdentity, Set<string>>();
  readonly #seenByKey = new Map<string, Set<string>>();
  #seenCount = 0;
  /** Open flows forgotten because there were too many: their next slice looks like a first one. */
  forgotten = 0;

  /** Schema 6 numbers the slices; before that, an opening operation or a key not seen before tells. Call it once a record. */
  isFirst(flow: FileFlow | NetworkFlow): boolean {
    if (flow.slice !== undefined) return flow.slice === 0;
    const key = flowKey(flow);
    const open = this.#openFlowsOf(flow.proc);
    const known = open.has(key);
    if (hasOp(flow.ops, Op.CLOSE)) {
      if (open.delete(key)) this.#seenCount -= 1;
    } else if (!known) {
      open.add(key);
      this.#seenCount += 1;
    }
    if (this.#seenCount > limits.flows.max || this.#seenByKey.size > limits.processes.max) {
      this.forgotten += this.#seenCount;
      this.#seen = new WeakMap();
      this.#seenByKey.clear();
      this.#seenCount = 0;
    }
    return !known || (flow.ops & beginning) !== 0;
  }

  #openFlowsOf(process: Process): Set<string> {
    const known = this.#seen.get(process.identity);
    if (known !== undefined) return known;
    const key = processKey(process);
    const open = this.#seenByKey.get(key) ?? new Set<string>();
    this.#seenByKey.set(key, open);
    this.#seen.set(process.identity, open);
    return open;
  }
}

function flowKey(flow: FileFlow | NetworkFlow): string {
  if (flow.flowId !== undefined) return `#${flow.flowId}`;
  const fd = flow.fd ?? "";
  // Threads share descriptors: the slices of one open file may come from several of them.
  if (flow.type === "FF") return `${fd} ${flow.file.path}`;
  const { sip, sport, dip, dport } = flow.net;
  return `${fd} ${sip}:${sport}>${dip}:${dport}`;
}
