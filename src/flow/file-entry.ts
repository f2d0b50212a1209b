// Files that are known to the output: what was written, and what may be forgotten.

import type { Container, File, FileType, Host, ObjectState } from "../model/entity.ts";
import type { TimeNs } from "../model/time.ts";
import type { Flow } from "./flow.ts";

/** A file, and what the engine knows of it. It is its own first version: where every open names a new file, objects are what costs. */
export class FileEntry implements File {
  readonly host: Host;
  readonly state: ObjectState;
  readonly ts: TimeNs;
  readonly type: FileType;
  readonly path: string;
  readonly container: Container | undefined;
  readonly inode: number | undefined;
  readonly device: number | undefined;
  numberedBy: object | undefined = undefined;
  number = 0;
  /** The present version, where more became known since the first. */
  #newer: File | undefined = undefined;
  written = false;
  /** In the cache: what left it must be written again before it is used. */
  cached = false;
  /** Looked up since it was last considered for leaving. */
  recent = false;
  /** Native mode: open on it in the process that had it open first. */
  flow: Flow | undefined = undefined;

  constructor(
    host: Host,
    state: ObjectState,
    ts: TimeNs,
    type: FileType,
    path: string,
    container: Container | undefined,
    inode: number | undefined,
    device: number | undefined,
  ) {
    this.host = host;
    this.state = state;
    this.ts = ts;
    this.type = type;
    this.path = path;
    this.container = container;
    this.inode = inode;
    this.device = device;
  }

  get file(): File {
    return this.#newer ?? this;
  }

  /** The next version: records made earlier keep saying what was known then. */
  learn(more: Partial<File>): void {
    const { host, state, ts, type, path, container, inode, device, numberedBy, number } = this;
    const first = { host, state, ts, type, path, container, inode, device, numberedBy, number };
    this.#newer = { ...first, ...this.#newer, ...more };
  }
}

/** Places in a set: a power of two. */
const ways = 8;

/**
 * Files by container and path. Each falls on one of the table's sets and there takes the place of one that was not looked up lately:
 * nothing is moved or put together anew when files come and go, and whatever the paths, a look-up is short.
 */
export class FileCache {
  readonly #mask: number;
  readonly #entries: (FileEntry | undefined)[];
  readonly #hashes: Int32Array;
  /** For each set the place that is considered next. */
  readonly #hands: Uint8Array;
  #place: string | undefined;
  #placeHash = hashText("", 0);
  /** Of the last look-up, for what is added after it. */
  #path: string | undefined;
  #hash = 0;
  evicted = 0;

  /** At most `max` entries, rounded down to a power of two from 8 on. */
  constructor(max: number) {
    const sets = 2 ** Math.max(0, Math.floor(Math.log2(max / ways)));
    this.#mask = sets - 1;
    this.#hashes = new Int32Array(sets * ways);
    this.#hands = new Uint8Array(sets);
    this.#entries = Array.from({ length: sets * ways }, () => undefined);
  }

  #hashOf(place: string | undefined, path: string): number {
    if (path === this.#path && place === this.#place) return this.#hash;
    if (place !== this.#place) {
      this.#place = place;
      this.#placeHash = hashText(place ?? "", 0);
    }
    this.#path = path;
    this.#hash = hashText(path, this.#placeHash);
    return this.#hash;
  }

  get(place: string | undefined, path: string): FileEntry | undefined {
    const hash = this.#hashOf(place, path);
    const first = (hash & this.#mask) * ways;
    for (let at = first; at < first + ways; at++) {
      if (this.#hashes[at] !== hash) continue;
      const entry = this.#entries[at];
      if (entry !== undefined && entry.path === path && entry.container?.id === place) {
        entry.recent = true;
        return entry;
      }
    }
    return undefined;
  }

  add(entry: FileEntry): void {
    const hash = this.#hashOf(entry.container?.id, entry.path);
    const set = hash & this.#mask;
    const first = set * ways;
    let hand = this.#hands[set] ?? 0;
    let old = this.#entries[first + hand];
    while (old?.recent === true) {
      old.recent = false;
      hand = (hand + 1) & (ways - 1);
      old = this.#entries[first + hand];
    }
    if (old !== undefined) {
      old.cached = false;
      old.written = false;
      this.evicted += 1;
    }
    this.#entries[first + hand] = entry;
    this.#hashes[first + hand] = hash;
    this.#hands[set] = (hand + 1) & (ways - 1);
    entry.cached = true;
  }
}

/** FNV-1a over the text's units. */
function hashText(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}
