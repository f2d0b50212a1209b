// The entities of one file, by the ids that the file uses: schema 5's OIDs and FOIDs, schema 6's numbers. Bounded: when a table
// is full, the entry that was not used for longest (second chance) goes, and is counted.

import type { Container, File, Host, Pod, Process, ProcessIdentity } from "../../model/entity.ts";
import type { Cursor } from "./cursor.ts";

type Entry = {
  readonly hash: number;
  next: Entry | undefined;
  used: boolean;
};

export type ProcessEntry = Entry & {
  readonly low: number;
  readonly mid: number;
  readonly high: number;
  readonly pid: number;
  readonly identity: ProcessIdentity;
  versions: number;
};

export type FileEntry = Entry & { readonly id: Uint8Array; file: File };

// Honest ids do not collide this often; a chain this long is an attack on the table.
const chainMax = 32;
const versionsMax = 128;
const versionsKept = 64;

/** A hash table with chains and second-chance eviction. */
class Table<E extends Entry> {
  readonly #first = new Map<number, Entry>();
  readonly #ring: E[] = [];
  readonly #max: number;
  #hand = 0;
  evicted = 0;

  constructor(max: number) {
    this.#max = max;
  }

  first(hash: number): E | undefined {
    return this.#first.get(hash) as E | undefined;
  }

  add(entry: E): void {
    const first = this.first(entry.hash);
    entry.next = first;
    this.#first.set(entry.hash, entry);
    this.#trim(entry);
    if (this.#ring.length < this.#max) this.#ring.push(entry);
    else this.#replace(entry);
  }

  /** Forgets the oldest of a chain that is too long. */
  #trim(entry: Entry): void {
    let link = entry;
    for (let length = 1; link.next !== undefined; length++) {
      if (length >= chainMax) {
        link.next = undefined;
        this.evicted += 1;
        return;
      }
      link = link.next;
    }
  }

  #replace(entry: E): void {
    const ring = this.#ring;
    for (;;) {
      const old = ring[this.#hand] as E;
      if (!old.used) {
        this.#unlink(old);
        this.evicted += 1;
        ring[this.#hand] = entry;
        this.#hand = (this.#hand + 1) % ring.length;
        return;
      }
      old.used = false;
      this.#hand = (this.#hand + 1) % ring.length;
    }
  }

  #unlink(entry: Entry): void {
    let link = this.#first.get(entry.hash);
    if (link === entry) {
      if (entry.next === undefined) this.#first.delete(entry.hash);
      else this.#first.set(entry.hash, entry.next);
      return;
    }
    while (link !== undefined && link.next !== entry) link = link.next;
    if (link !== undefined) link.next = entry.next;
  }
}

export class Entities {
  readonly #processes: Table<ProcessEntry>;
  readonly #files: Table<FileEntry>;
  readonly containers = new Map<string, Container>();
  /** Schema 6's numbers. */
  readonly processNumbers = new Map<
    number,
    { readonly identity: ProcessIdentity; versions: number }
  >();
  readonly fileNumbers = new Map<number, File>();
  readonly containerNumbers = new Map<number, Container>();
  readonly pods = new Map<string, Pod>();
  readonly host: Host;
  readonly #containersMax: number;
  #lastProcess: ProcessEntry | undefined;
  #forgotten = 0;

  readonly #max: { processes: number; files: number; containers: number };

  constructor(host: Host, max: { processes: number; files: number; containers: number }) {
    this.host = host;
    this.#processes = new Table(max.processes);
    this.#files = new Table(max.files);
    this.#containersMax = max.containers;
    this.#max = max;
  }

  get evicted(): number {
    return this.#processes.evicted + this.#files.evicted + this.#forgotten;
  }

  /** The entry for the id whose creation time stands in the cursor's parts; a stub when the file has not described it. */
  process(cursor: Cursor, pid: number): ProcessEntry {
    const { low, mid, high } = cursor;
    const last = this.#lastProcess;
    if (last !== undefined && last.low === low && last.pid === pid) {
      if (last.mid === mid && last.high === high) return last;
    }
    const hash = mix(low, mid, pid | 0);
    let entry = this.#processes.first(hash);
    while (entry !== undefined) {
      if (entry.low === low && entry.pid === pid && entry.mid === mid && entry.high === high) break;
      entry = entry.next as ProcessEntry | undefined;
    }
    entry ??= this.#addProcess(cursor, pid, hash);
    entry.used = true;
    this.#lastProcess = entry;
    return entry;
  }

  #addProcess(cursor: Cursor, pid: number, hash: number): ProcessEntry {
    const { low, mid, high } = cursor;
    const created = (low | mid | high) === 0 ? undefined : cursor.bigOfParts();
    const identity = stubIdentity(this.host, pid, created);
    const entry: ProcessEntry = {
      hash,
      next: undefined,
      used: true,
      low,
      mid,
      high,
      pid,
      identity,
      versions: 0,
    };
    this.#processes.add(entry);
    return entry;
  }

  /** Finds a file by the `size` bytes of its id at the cursor's position, and moves behind them. */
  file(cursor: Cursor, size: number): FileEntry {
    const start = cursor.pos;
    cursor.skip(size);
    const bytes = cursor.bytes;
    if (cursor.fault !== undefined) return brokenFile(this.host);
    const hash = mix(word(bytes, start), word(bytes, start + 4), word(bytes, start + 8));
    let entry = this.#files.first(hash);
    while (entry !== undefined) {
      if (sameBytes(entry.id, bytes, start)) break;
      entry = entry.next as FileEntry | undefined;
    }
    if (entry === undefined) {
      const id = bytes.slice(start, start + size);
      entry = { hash, next: undefined, used: true, id, file: stubFile(this.host, id) };
      this.#files.add(entry);
    }
    entry.used = true;
    return entry;
  }

  /** The process of a number; a stub when the file has not described it. */
  numberedProcess(
    number: number,
    pid = 0,
    createdNs?: bigint,
  ): { readonly identity: ProcessIdentity; versions: number } {
    const known = this.processNumbers.get(number);
    if (known !== undefined) return known;
    const entry = { identity: stubIdentity(this.host, pid, createdNs), versions: 0 };
    this.#count(bound(this.processNumbers, this.#max.processes));
    this.processNumbers.set(number, entry);
    return entry;
  }

  numberedFile(number: number): File {
    const known = this.fileNumbers.get(number);
    if (known !== undefined) return known;
    const file = stubFile(this.host, undefined);
    this.describeFile(number, file);
    return file;
  }

  describeFile(number: number, file: File): void {
    this.#count(bound(this.fileNumbers, this.#max.files));
    this.fileNumbers.set(number, file);
  }

  #count(wasFull: boolean): void {
    if (wasFull) this.#forgotten += 1;
  }

  container(id: string): Container {
    const known = this.containers.get(id);
    if (known !== undefined) return known;
    const stub: Container = {
      host: this.host,
      id,
      name: undefined,
      image: undefined,
      imageId: undefined,
      type: undefined,
      privileged: undefined,
      pod: undefined,
    };
    this.describeContainer(stub);
    return stub;
  }

  describeContainer(container: Container): void {
    bound(this.containers, this.#containersMax);
    this.containers.set(container.id, container);
  }

  numberContainer(number: number, container: Container): void {
    this.#count(bound(this.containerNumbers, this.#containersMax));
    this.containerNumbers.set(number, container);
  }

  describePod(pod: Pod): void {
    bound(this.pods, this.#containersMax);
    this.pods.set(pod.id, pod);
  }
}

/** Makes room in a full map by dropping the oldest; true when it had to. */
function bound<Key>(map: Map<Key, unknown>, max: number): boolean {
  if (map.size < max) return false;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
  return true;
}

/** Makes a version the current one of its identity; a chain of versions that grows without end is cut. */
export function addVersion(entry: { versions: number }, process: Process): void {
  process.identity.current = process;
  entry.versions += 1;
  if (entry.versions < versionsMax) return;
  let version = process;
  for (let i = 1; i < versionsKept && version.previous !== undefined; i++)
    version = version.previous;
  (version as { previous: Process | undefined }).previous = undefined;
  entry.versions = versionsKept;
}

export function stubIdentity(
  host: Host,
  pid: number,
  createdNs: bigint | undefined,
): ProcessIdentity {
  const identity = {} as { current: Process };
  identity.current = {
    identity,
    host,
    pid,
    createdNs,
    parent: undefined,
    previous: undefined,
    known: false,
    state: "REUP",
    ts: 0,
    exe: undefined,
    args: undefined,
    uid: undefined,
    user: undefined,
    gid: undefined,
    group: undefined,
    tty: false,
    entry: false,
    container: undefined,
    cwd: undefined,
    env: noTexts,
    argv: undefined,
    comm: undefined,
    session: undefined,
    processGroup: undefined,
    loginUid: undefined,
    capabilities: undefined,
    exeInode: undefined,
    exeUpperLayer: undefined,
    networkNamespace: undefined,
  };
  return identity;
}

export const noTexts: readonly string[] = [];

export function stubFile(host: Host, id: Uint8Array | undefined): File {
  return {
    host,
    state: "REUP",
    ts: 0,
    type: "?",
    path: "",
    container: undefined,
    foid: id === undefined ? undefined : latin1(id),
  };
}

/** Bytes as a string of their codes. */
function latin1(bytes: Uint8Array): string {
  // fromCharCode.apply takes any array-like; TypeScript asks for number[].
  return String.fromCharCode.apply(undefined, bytes as unknown as number[]);
}

function brokenFile(host: Host): FileEntry {
  const id = new Uint8Array(0);
  return { hash: 0, next: undefined, used: false, id, file: stubFile(host, undefined) };
}

function sameBytes(id: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < id.length; i++) if (id[i] !== bytes[start + i]) return false;
  return true;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** A small integer (31 bits, so that it needs no heap number as a key). */
function mix(a: number, b: number, c: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b), 0xc2b2ae35);
  hash ^= hash >>> 15;
  return hash & 0x3fffffff;
}
