// The flows of one process by file, in the order in which they began. Most files are open in one process at a time: then the file
// itself knows the flow, and only for others a map is asked.

import type { FileEntry } from "./file-entry.ts";
import type { Flow } from "./flow.ts";
import type { Owner } from "./owner.ts";

export class FileFlows {
  readonly #owner: Owner;
  /** Of files that another process had open first. */
  #others: Map<FileEntry, Flow> | undefined = undefined;
  #head: Flow | undefined = undefined;
  #tail: Flow | undefined = undefined;
  size = 0;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  get(file: FileEntry): Flow | undefined {
    const { flow } = file;
    if (flow !== undefined && flow.owner === this.#owner) return flow;
    return this.#others?.get(file);
  }

  /** The file has no flow in this process yet. */
  set(file: FileEntry, flow: Flow): void {
    if (file.flow === undefined) file.flow = flow;
    else {
      this.#others ??= new Map();
      this.#others.set(file, flow);
    }
    flow.ownNext = undefined;
    flow.ownPrevious = this.#tail;
    if (this.#tail === undefined) this.#head = flow;
    else this.#tail.ownNext = flow;
    this.#tail = flow;
    this.size += 1;
  }

  delete(file: FileEntry): void {
    const flow = this.get(file);
    if (flow === undefined) return;
    if (file.flow === flow) file.flow = undefined;
    else this.#others?.delete(file);
    if (flow.ownPrevious === undefined) this.#head = flow.ownNext;
    else flow.ownPrevious.ownNext = flow.ownNext;
    if (flow.ownNext === undefined) this.#tail = flow.ownPrevious;
    else flow.ownNext.ownPrevious = flow.ownPrevious;
    flow.ownNext = undefined;
    flow.ownPrevious = undefined;
    this.size -= 1;
  }

  values(): Flow[] {
    const flows: Flow[] = [];
    for (let flow = this.#head; flow !== undefined; flow = flow.ownNext) flows.push(flow);
    return flows;
  }
}
