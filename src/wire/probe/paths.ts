// Path numbers → paths. Two generations: what was not used while a whole one filled up is forgotten, and counted.

import { decodeText } from "../../base/text.ts";
import { pathFlags } from "../../model/probe.ts";
import { limits } from "../../model/limits.ts";
import { pathAt, u32 } from "./layout.ts";

export type KnownPath = {
  readonly path: string;
  /** As /proc shows it: with the kernel's remark where the file is gone. */
  readonly shown: string;
};

const deletedRemark = " (deleted)";
/** Stands before a path whose beginning was too far up. */
const truncatedBefore = "...";

export class PathTable {
  readonly #half: number;
  #young = new Map<number, KnownPath>();
  #old = new Map<number, KnownPath>();
  evicted = 0;
  /** Numbers that messages named and nobody explained. */
  unknown = 0;

  constructor(max: number = limits.paths.max) {
    this.#half = Math.max(1, max >> 1);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** 0 stands for no path, or a lost one. */
  get(id: number): KnownPath | undefined {
    if (id === 0) return undefined;
    const young = this.#young.get(id);
    if (young !== undefined) return young;
    const old = this.#old.get(id);
    if (old === undefined) {
      this.unknown += 1;
      return undefined;
    }
    this.#old.delete(id);
    this.#set(id, old);
    return old;
  }

  #set(id: number, path: KnownPath): void {
    this.#young.set(id, path);
    if (this.#young.size < this.#half) return;
    this.evicted += this.#old.size;
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** Takes in a PATH message at byte `at`; false when its text overruns `end`. */
  learn(bytes: Uint8Array, words: Int32Array, at: number, end: number): boolean {
    const id = u32(words, (at + pathAt.id) >> 2);
    const size = u32(words, (at + pathAt.bytes) >> 2);
    const flags = u32(words, (at + pathAt.flags) >> 2);
    const text = at + 64;
    if (text + size > end || id === 0) return false;
    const path = pathOf(bytes, text, text + size, (flags & pathFlags.truncated) !== 0);
    const shown = (flags & pathFlags.deleted) !== 0 ? path + deletedRemark : path;
    this.#old.delete(id);
    this.#set(id, { path, shown });
    return true;
  }

  /** Another run of the probe numbers anew. */
  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}

/** Components, leaf first, each ended by NUL → a path; no component: the root. */
export function pathOf(bytes: Uint8Array, start: number, end: number, truncated = false): string {
  let path = "";
  for (let at = start; at < end;) {
    let stop = at;
    while (stop < end && bytes[stop] !== 0) stop++;
    if (stop > at) path = `/${decodeText(bytes, at, stop)}${path}`;
    at = stop + 1;
  }
  if (truncated) return truncatedBefore + path;
  return path === "" ? "/" : path;
}
