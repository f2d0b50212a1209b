// Entities on their way out: each is written once, before the first record that needs it, a process after its ancestors and its
// container. Which versions there are is decided here; ids are the codec's business. Format spec §2.

import { Hand } from "../base/hand.ts";
import type { FileIdentity } from "../context/descriptor.ts";
import type { KernelState } from "../context/state.ts";
import {
  type Container,
  type Host,
  type ObjectState,
  type Process,
  containerTypes,
  lineageMax,
} from "../model/entity.ts";
import { limits } from "../model/limits.ts";
import type { Record } from "../model/record.ts";
import { type TimeBase, type TimeNs, toAbsolute } from "../model/time.ts";
import { FileCache, FileEntry } from "./file-entry.ts";
import type { Flow } from "./flow.ts";
import { Owner, type ProcessThread } from "./owner.ts";
import { Pods } from "./pods.ts";

type ContainerEntry = { container: Container; complete: boolean };

export class Entities {
  readonly #state: KernelState<Owner, Flow>;
  readonly #base: TimeBase;
  readonly #out: (record: Record) => void;
  readonly host: Host;
  readonly owners = new Map<string, Owner>();
  readonly #ownersHand = new Hand(this.owners);
  readonly #byPid = new Map<number, Owner[]>();
  readonly #files: FileCache;
  #containers = new Map<string, ContainerEntry>();
  readonly #pods: Pods;
  processesEvicted = 0;
  containersEvicted = 0;
  #ownerSerial = 0;

  constructor(
    state: KernelState<Owner, Flow>,
    host: Host,
    base: TimeBase,
    out: (record: Record) => void,
    filesMax: number = limits.files.max,
  ) {
    this.#state = state;
    this.host = host;
    this.#base = base;
    this.#out = out;
    this.#pods = new Pods(host);
    this.#files = new FileCache(filesMax);
  }

  get filesEvicted(): number {
    return this.#files.evicted;
  }

  /** The process of a leader, known to the output or not. */
  ownerOf(leader: ProcessThread): Owner {
    const known = leader.owner;
    if (known !== undefined && known.pid === leader.pid) return known;
    const key = this.#keyOf(leader);
    let owner = this.owners.get(key);
    if (owner === undefined) {
      owner = new Owner(key, leader.pid, leader.createdAt);
      if (this.owners.size >= limits.processes.max) this.#forgetOldest();
      this.owners.set(key, owner);
      this.#ownersHand.added();
      const same = this.#byPid.get(leader.pid);
      if (same === undefined) this.#byPid.set(leader.pid, [owner]);
      else same.push(owner);
    }
    leader.owner = owner;
    return owner;
  }

  #keyOf(leader: ProcessThread): string {
    const key = `${leader.pid}/${leader.createdAt ?? "-"}`;
    if (this.#state.quirks) return key;
    // A pid may be used again without our seeing why: only the original takes the two for one.
    const known = this.owners.get(key);
    return known !== undefined && known.exited ? `${key}/${++this.#ownerSerial}` : key;
  }

  #forgetOldest(): void {
    const oldest = this.#ownersHand.next();
    if (oldest === undefined) return;
    this.processesEvicted += 1;
    this.forget(oldest);
  }

  forget(owner: Owner): void {
    this.owners.delete(owner.key);
    const same = this.#byPid.get(owner.pid);
    if (same === undefined) return;
    const at = same.indexOf(owner);
    if (at >= 0) same.splice(at, 1);
    if (same.length === 0) this.#byPid.delete(owner.pid);
  }

  /** Writes what is not written yet: container, ancestors from the root, the process. True when the process was new. */
  introduce(leader: ProcessThread, state: ObjectState, ts: TimeNs): boolean {
    const owner = this.ownerOf(leader);
    if (owner.written) return false;
    const chain: ProcessThread[] = [leader];
    for (let next = this.#parentOf(leader); next !== undefined; next = this.#parentOf(next)) {
      if (this.ownerOf(next).written || chain.includes(next) || chain.length > lineageMax) break;
      chain.push(next);
    }
    for (let i = chain.length - 1; i > 0; i--) {
      const ancestor = chain[i];
      if (ancestor !== undefined) this.#write(this.ownerOf(ancestor), ancestor, "REUP", ts);
    }
    this.#write(owner, leader, state, ts);
    return true;
  }

  #write(owner: Owner, thread: ProcessThread, state: ObjectState, ts: TimeNs): void {
    this.#writeVersion(owner.version ?? this.describe(owner, thread, state, ts));
  }

  /** exec and setuid of a known process: a new version. The original keeps what it learned first of the rest. */
  modify(leader: ProcessThread, ts: TimeNs): void {
    const owner = this.ownerOf(leader);
    const old = owner.version;
    const next = this.describe(owner, leader, "MODIFIED", ts);
    if (this.#state.quirks && old !== undefined) {
      const { cwd, env, tty, entry, container, parent } = old;
      owner.version = { ...next, cwd, env, tty, entry, container, parent };
    }
    owner.written = false;
    this.#write(owner, leader, "MODIFIED", ts);
  }

  /** The process of a leader, described after its ancestors; not yet written. */
  known(leader: ProcessThread, state: ObjectState, ts: TimeNs): Owner {
    const owner = this.ownerOf(leader);
    if (owner.version !== undefined) return owner;
    const chain: ProcessThread[] = [];
    for (let next = this.#parentOf(leader); next !== undefined; next = this.#parentOf(next)) {
      if (this.ownerOf(next).version !== undefined || chain.includes(next)) break;
      if (next === leader || chain.length > lineageMax) break;
      chain.push(next);
    }
    for (let i = chain.length - 1; i >= 0; i--) {
      const ancestor = chain[i];
      if (ancestor !== undefined) this.describe(this.ownerOf(ancestor), ancestor, "REUP", ts);
    }
    this.describe(owner, leader, state, ts);
    return owner;
  }

  /** Writes what is not written yet of a described process and of its ancestors. */
  ensure(owner: Owner): void {
    if (owner.written) return;
    const chain: Owner[] = [];
    for (let next: Owner | undefined = owner; next !== undefined && !next.written;) {
      if (chain.includes(next) || chain.length > lineageMax) break;
      chain.push(next);
      const identity: unknown = next.version?.parent?.identity;
      next = identity instanceof Owner ? identity : undefined;
    }
    for (let i = chain.length - 1; i >= 0; i--) {
      const { version } = chain[i] ?? {};
      if (version !== undefined) this.#writeVersion(version);
    }
  }

  #writeVersion(process: Process): void {
    if (process.container !== undefined) {
      this.#introduceContainer(process.container.id, process.ts);
    }
    if (process.identity instanceof Owner) process.identity.written = true;
    this.#out({ type: "P", process });
  }

  /** A new recording: processes of the old one are other processes. */
  restart(): void {
    this.owners.clear();
    this.#byPid.clear();
  }

  /** Makes the thread's present state the current version. */
  describe(
    owner: Owner,
    thread: ProcessThread,
    state: ObjectState,
    ts: TimeNs,
    withParent = true,
  ): Process {
    const old = owner.version;
    const previous = old === undefined ? undefined : withoutOldest(old);
    const { argv0, exePath, args } = thread;
    const named = exePath !== undefined && exePath !== "" && exePath !== "<NA>" ? exePath : argv0;
    const { createdAt } = thread;
    const parent = withParent ? this.#parentVersion(thread, ts) : undefined;
    const process: Process = {
      identity: owner,
      host: this.host,
      pid: thread.pid,
      createdNs: createdAt === undefined ? undefined : toAbsolute(this.#base, createdAt),
      parent,
      previous,
      known: true,
      state,
      ts,
      exe: named === "<NA>" ? undefined : named,
      args: args.join(" "),
      uid: thread.uid,
      user: this.#userOf(thread),
      gid: thread.gid,
      group: this.#groupOf(thread),
      tty: thread.tty !== 0,
      entry: thread.vpid === 1,
      container:
        thread.containerId === undefined ? undefined : this.container(thread.containerId, ts),
      cwd: thread.cwd === "" ? undefined : thread.cwd,
      env: thread.env,
      argv: argv0 === undefined ? undefined : [argv0, ...args],
      comm: thread.comm,
      session: thread.session,
      processGroup: thread.processGroup,
      loginUid: thread.loginUid,
      capabilities: thread.capabilities,
      exeInode: thread.exeInode,
      exeUpperLayer: thread.exeUpperLayer,
      networkNamespace: thread.networkNamespace,
    };
    owner.version = process;
    return process;
  }

  /** The parent as a description refers to it; one that ended is found by its pid. */
  #parentVersion(thread: ProcessThread, ts: TimeNs): Process | undefined {
    const parent = this.#parentOf(thread);
    if (parent === undefined) return this.#byPid.get(thread.parentTid)?.[0]?.version;
    const owner = this.ownerOf(parent);
    // Beyond the longest lineage, or in a circle of recycled ids: described without going further up.
    return owner.version ?? this.describe(owner, parent, "REUP", ts, false);
  }

  #parentOf(thread: ProcessThread): ProcessThread | undefined {
    if (thread.parentTid <= 0) return undefined;
    const parent = this.#state.threads.get(thread.parentTid);
    return parent === undefined ? undefined : this.#state.threads.leaderOf(parent);
  }

  #userOf(thread: ProcessThread): string | undefined {
    if (thread.uid === undefined) return undefined;
    // The original knows the names of users that an event set, not of those in the list of processes.
    if (this.#state.quirks && !thread.userFromEvent) return thread.uid === 0 ? "root" : undefined;
    return this.#state.users.get(thread.uid) ?? (thread.uid === 0 ? "root" : undefined);
  }

  #groupOf(thread: ProcessThread): string | undefined {
    if (thread.gid === undefined) return undefined;
    if (this.#state.quirks && !thread.userFromEvent) return thread.gid === 0 ? "root" : undefined;
    return this.#state.groups.get(thread.gid) ?? (thread.gid === 0 ? "root" : undefined);
  }

  container(id: string, ts: TimeNs): Container {
    return this.#containerEntry(id, ts).container;
  }

  #containerEntry(id: string, ts: TimeNs): ContainerEntry {
    const known = this.#containers.get(id);
    if (known !== undefined) return known;
    if (this.#containers.size >= limits.containers.max) {
      this.containersEvicted += this.#containers.size;
      this.#containers.clear();
      this.#containersWritten.clear();
    }
    const entry = { container: this.#describeContainer(id, ts), complete: false };
    this.#containers.set(id, entry);
    return entry;
  }

  #describeContainer(id: string, ts: TimeNs): Container {
    const snapshot = this.#state.containers.get(id);
    const known = snapshot?.complete === true;
    const { image, imageTag } = snapshot ?? {};
    return {
      host: this.host,
      id,
      name: known ? snapshot.name : undefined,
      image: known && image !== undefined ? this.#imageOf(image, imageTag) : undefined,
      imageId: known ? snapshot.imageId : undefined,
      type: snapshot?.type === undefined ? undefined : containerTypes[snapshot.type],
      privileged: snapshot?.privileged,
      pod: this.#pods.of(snapshot?.pod, ts),
      ...(snapshot?.pod?.id === undefined ? {} : { podId: snapshot.pod.id }),
    };
  }

  #imageOf(image: string, tag: string | undefined): string {
    if (this.#state.quirks) return `${image}:${tag ?? ""}`;
    const named = image.slice(image.lastIndexOf("/") + 1);
    return tag === undefined || named.includes(":") || named.includes("@")
      ? image
      : `${image}:${tag}`;
  }

  readonly #containersWritten = new Set<string>();

  #introduceContainer(id: string, ts: TimeNs): void {
    const entry = this.#containerEntry(id, ts);
    const complete = this.#state.containers.get(id)?.complete === true;
    const written = this.#containersWritten.has(id);
    if (written && (entry.complete || !complete)) return;
    entry.complete = complete;
    const container = this.#describeContainer(id, ts);
    this.#pods.introduce(container.pod, this.#out);
    // Nothing here sees a container begin: it was there, or more became known of it.
    const state = written ? "MODIFIED" : "REUP";
    entry.container = this.#state.quirks ? container : { ...container, state, ts };
    this.#containersWritten.add(id);
    this.#out({ type: "C", container: entry.container });
  }

  /** The file by container and path; made where it is new, and then not yet written. */
  file(
    containerId: string | undefined,
    path: string,
    type: string,
    state: ObjectState,
    ts: TimeNs,
    inode?: number,
    device?: number,
    more?: FileIdentity,
  ): FileEntry {
    const known = this.#files.get(containerId, path);
    if (known !== undefined) {
      if (known.type === "?" && type !== "?") this.#learnType(known, type, inode, device);
      return known;
    }
    const container = containerId === undefined ? undefined : this.container(containerId, ts);
    const entry = new FileEntry(this.host, state, ts, type, path, container, inode, device);
    if (more !== undefined) entry.learn(more);
    this.#files.add(entry);
    return entry;
  }

  /** Named before by a call that does not say what it is. The original keeps what it wrote first. */
  #learnType(entry: FileEntry, type: string, inode?: number, device?: number): void {
    if (this.#state.quirks || entry.file.type !== "?") return;
    entry.learn({ type, inode, device });
    entry.written = false;
  }

  introduceFile(entry: FileEntry): void {
    if (entry.written) return;
    if (!entry.cached) {
      entry.learn({ state: "REUP" });
      this.#files.add(entry);
    }
    const { file } = entry;
    if (file.container !== undefined) this.#introduceContainer(file.container.id, file.ts);
    entry.written = true;
    this.#out({ type: "F", file });
  }
}

/** Older versions than these many are forgotten. */
const versionsMax = 32;

function withoutOldest(process: Process): Process {
  let depth = 0;
  for (let next = process.previous; next !== undefined; next = next.previous) depth += 1;
  return depth < versionsMax ? process : { ...process, previous: undefined };
}
