// Open file descriptors of a process. A descriptor is immutable and may be shared by slots, processes and flows; a slot is one
// number in one table and knows the flow that is open on it.

import type { FileType } from "../model/entity.ts";
import type { Tuple } from "../model/record.ts";
import { AddressFamily, type SocketTuple } from "../model/syscall.ts";

export type DescriptorKind = "file" | "inet" | "inet6" | "listening" | "unix" | "other";

export type Descriptor = {
  readonly kind: DescriptorKind;
  /** For kinds that are files. */
  readonly letter: FileType;
  readonly path: string;
  readonly openFlags: number;
  /** For kinds that are network sockets. */
  readonly net: Tuple | undefined;
  /** The server's end of a connection. */
  readonly accepted: boolean;
  readonly inode: number | undefined;
  readonly device: number | undefined;
  /** What only the probe knows. */
  readonly more?: FileIdentity | undefined;
};

/** What tells apart files that had the same inode after each other, and the two ends of a pipe or socket. */
export type FileIdentity = {
  readonly generation: number | undefined;
  readonly peerInode: number | undefined;
};

/** `Flow` is whatever the flow engine keeps open on a descriptor. */
export class Slot<Flow> {
  descriptor: Descriptor;
  flow: Flow | undefined = undefined;

  constructor(descriptor: Descriptor) {
    this.descriptor = descriptor;
  }
}

/** Numbers above are not followed: no default limit of a process reaches them. */
export const fdMax = 1_048_576;
/** Most processes stay below; above, numbers are sparse. */
const nearMax = 1024;
/** A fork copies at most so many, so that forks cannot be made to cost more than what they are told in. */
const inheritedMax = 4096;

export class DescriptorTable<Flow> {
  readonly #near: (Slot<Flow> | undefined)[] = [];
  #far: Map<number, Slot<Flow>> | undefined;
  size = 0;

  get(fd: number): Slot<Flow> | undefined {
    if (fd < nearMax) return fd >= 0 ? this.#near[fd] : undefined;
    return this.#far?.get(fd);
  }

  /** False when the number was already in use (the slot is replaced). */
  set(fd: number, slot: Slot<Flow>): boolean {
    const fresh = this.get(fd) === undefined;
    if (fd < nearMax) this.#near[fd] = slot;
    else {
      this.#far ??= new Map();
      this.#far.set(fd, slot);
    }
    if (fresh) this.size += 1;
    return fresh;
  }

  delete(fd: number): boolean {
    if (this.get(fd) === undefined) return false;
    if (fd < nearMax) this.#near[fd] = undefined;
    else this.#far?.delete(fd);
    this.size -= 1;
    return true;
  }

  clear(): void {
    this.#near.length = 0;
    this.#far = undefined;
    this.size = 0;
  }

  /** Numbers in use between two bounds, both included. */
  numbers(from: number, to: number): number[] {
    const found: number[] = [];
    for (let fd = Math.max(0, from); fd < this.#near.length && fd <= to; fd++) {
      if (this.#near[fd] !== undefined) found.push(fd);
    }
    for (const fd of this.#far?.keys() ?? []) if (fd >= from && fd <= to) found.push(fd);
    return found;
  }

  forEach(visit: (slot: Slot<Flow>) => void): void {
    for (const slot of this.#near) if (slot !== undefined) visit(slot);
    if (this.#far !== undefined) for (const slot of this.#far.values()) visit(slot);
  }

  /** What a child inherits; how many were left out. */
  copyInto(other: DescriptorTable<Flow>): number {
    const near = this.#near;
    for (let fd = 0; fd < near.length; fd++) {
      const slot = near[fd];
      if (slot !== undefined) other.set(fd, new Slot(slot.descriptor));
    }
    if (this.#far === undefined) return 0;
    for (const [fd, slot] of this.#far) {
      if (other.size >= inheritedMax) return this.size - other.size;
      other.set(fd, new Slot(slot.descriptor));
    }
    return 0;
  }
}

export function fileDescriptor(
  letter: FileType,
  path: string,
  openFlags: number,
  inode?: number,
  device?: number,
): Descriptor {
  return { kind: "file", letter, path, openFlags, net: undefined, accepted: false, inode, device };
}

export const anonymousDescriptor: Descriptor = {
  kind: "other",
  letter: "?",
  path: "",
  openFlags: 0,
  net: undefined,
  accepted: false,
  inode: undefined,
  device: undefined,
};

const noTuple: Omit<Tuple, "proto"> = { sip: 0, sport: 0, dip: 0, dport: 0 };

const protocolTcp = 6;
const protocolRaw = 254;
const typeRaw = 3;

/** IANA number of a socket's protocol; raw sockets are 254, as SysFlow has it. */
function protocolOf(type: number, protocol: number): number | undefined {
  // The type carries SOCK_NONBLOCK and SOCK_CLOEXEC in its upper bits.
  const kind = type & 0xff;
  switch (protocol) {
    case 6:
    case 17:
    case 1:
      return kind === typeRaw ? protocolRaw : protocol;
    case 58:
      return kind === typeRaw ? protocolRaw : 58;
    case 255:
      return protocolRaw;
    case 0:
      if (kind === 1) return protocolTcp;
      return kind === 2 ? 17 : kind === typeRaw ? protocolRaw : undefined;
    default:
      return undefined;
  }
}

export function socketDescriptor(domain: number, type: number, protocol: number): Descriptor {
  if (domain === AddressFamily.unix) return { ...anonymousDescriptor, kind: "unix", letter: "u" };
  const v6 = domain === AddressFamily.inet6;
  if (domain !== AddressFamily.inet && !v6) return anonymousDescriptor;
  const net: Tuple = v6
    ? { sip: "::", sport: 0, dip: "::", dport: 0, proto: protocolOf(type, protocol) }
    : { ...noTuple, proto: protocolOf(type, protocol) };
  return { ...anonymousDescriptor, kind: v6 ? "inet6" : "inet", net };
}

/** What connect, accept and datagrams say about a socket. */
export function withTuple(old: Descriptor, tuple: SocketTuple, path: string): Descriptor {
  if (tuple.family === AddressFamily.unix) {
    if (old.kind === "unix" && old.path === path) return old;
    return { ...old, kind: "unix", letter: "u", path };
  }
  const { sip, sport, dip, dport } = tuple;
  const known = old.net;
  const kind = tuple.family === AddressFamily.inet6 ? "inet6" : "inet";
  if (known !== undefined && old.kind === kind && known.sport === sport && known.dport === dport) {
    if (known.sip === sip && known.dip === dip) return old;
  }
  return { ...old, kind, net: { sip, sport, dip, dport, proto: known?.proto } };
}

export function acceptedDescriptor(tuple: SocketTuple, path: string): Descriptor {
  const accepted = withTuple(anonymousDescriptor, tuple, path);
  if (accepted.net === undefined) return accepted;
  return { ...accepted, accepted: true, net: { ...accepted.net, proto: protocolTcp } };
}

/** After bind: a TCP socket waits for connections; no data flows on it itself. */
export function boundDescriptor(old: Descriptor, tuple: SocketTuple): Descriptor {
  if (tuple.family === AddressFamily.unix) {
    return { ...old, kind: "unix", letter: "u", path: old.path === "" ? tuple.path : old.path };
  }
  if (old.net === undefined) return old;
  const { sip, sport } = tuple;
  const net = { ...old.net, sip, sport };
  return old.net.proto === protocolTcp ? { ...old, kind: "listening", net } : old;
}
