// Parameters of one event into the fields of a Syscall, as its layout says. Nothing is decoded that no field needs: payloads of
// reads and writes are stepped over.

import { type Ip, ipFromBytes } from "../../base/ip.ts";
import { limits } from "../../model/limits.ts";
import {
  AddressFamily,
  type SocketTuple,
  type Syscall,
  atFdcwd,
  noFd,
  noThreadInfo,
} from "../../model/syscall.ts";

import type { TextCaches } from "./text-cache.ts";

/** The parameters of the event at hand: where their lengths and their bytes are. Reused for every event. */
export type Parameters = {
  bytes: Uint8Array;
  view: DataView;
  count: number;
  lengthsAt: number;
  wide: boolean;
  dataAt: number;
  end: number;
  readonly caches: TextCaches;
};

export const notAvailable = "<NA>";

/** A signed 64-bit integer as a double; small ones stay small integers. */
export function readInt64(view: DataView, at: number): number {
  const low = view.getInt32(at, true);
  const high = view.getInt32(at + 4, true);
  if (high === low >> 31) return low;
  return high * 4294967296 + (low >>> 0);
}

export function readUint64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 4294967296 + view.getUint32(at, true);
}

export function lengthOf(parameters: Parameters, index: number): number {
  return parameters.wide
    ? parameters.view.getUint32(parameters.lengthsAt + 4 * index, true)
    : parameters.view.getUint16(parameters.lengthsAt + 2 * index, true);
}

/** Text up to its terminating NUL. */
export function readText(from: Parameters, at: number, length: number): string {
  let end = at + Math.min(length, limits.textBytes.max);
  if (end > at && from.bytes[end - 1] === 0) end--;
  return from.caches.texts.get(from.bytes, from.view, at, end);
}

/**
 * Strings behind each other, each ended by NUL: one NUL at the end is taken off, the rest split at NUL, and one empty element at the
 * end dropped. That is what the original's recordings show (format spec §6.5).
 */
export function readList(from: Parameters, at: number, length: number): readonly string[] {
  let end = at + Math.min(length, limits.textBytes.max);
  if (end > at && from.bytes[end - 1] === 0) end--;
  return from.caches.lists.get(from.bytes, from.view, at, end);
}

/** What the fields hold where the source says nothing. */
export function clearFields(into: Syscall): void {
  into.fd = noFd;
  into.fd2 = noFd;
  into.dirfd = atFdcwd;
  into.newDirfd = atFdcwd;
  into.path = undefined;
  into.newPath = undefined;
  into.flags = 0;
  into.mode = 0;
  into.domain = 0;
  into.socketType = 0;
  into.protocol = 0;
  into.tuple = undefined;
  into.uid = -1;
  into.gid = -1;
  into.target = 0;
  into.info = undefined;
  into.device = 0;
  into.inode = 0;
}

/** What the entry event said, for its exit. */
export function copyFields(from: Syscall, into: Syscall): void {
  into.fd = from.fd;
  into.fd2 = from.fd2;
  into.dirfd = from.dirfd;
  into.newDirfd = from.newDirfd;
  into.path = from.path;
  into.newPath = from.newPath;
  into.flags = from.flags;
  into.mode = from.mode;
  into.domain = from.domain;
  into.socketType = from.socketType;
  into.protocol = from.protocol;
  into.tuple = from.tuple;
  into.uid = from.uid;
  into.gid = from.gid;
  into.target = from.target;
  into.info = undefined;
  into.device = 0;
  into.inode = 0;
}

/** Fills the fields that the codes name; false when a length points behind the event. */
export function extract(parameters: Parameters, codes: Uint8Array, into: Syscall): boolean {
  const count = Math.min(parameters.count, codes.length);
  let at = parameters.dataAt;
  for (let i = 0; i < count; i++) {
    const length = lengthOf(parameters, i);
    if (at + length > parameters.end) return false;
    const code = codes[i] ?? 0;
    if (code !== 0 && length > 0) fill(parameters, code, at, length, into);
    at += length;
  }
  return true;
}

// The numbers are those of parameterCodes in layout.ts: literals make this a jump table.
function fill(from: Parameters, code: number, at: number, length: number, into: Syscall): void {
  switch (code) {
    case 1: // ret
      if (length >= 8) into.ret = readInt64(from.view, at);
      return;
    case 2: // fd
      if (length >= 8) into.fd = readInt64(from.view, at);
      return;
    case 3: // newFd
      if (length >= 8) {
        into.ret = readInt64(from.view, at);
        into.fd = into.ret >= 0 ? into.ret : noFd;
      }
      return;
    case 4: // path
      into.path = readText(from, at, length);
      return;
    case 5: // flags
      if (length >= 4) into.flags = from.view.getInt32(at, true);
      return;
    case 6: // mode
      if (length >= 4) into.mode = from.view.getUint32(at, true);
      return;
    case 7: // tuple
      into.tuple = readTuple(from, at, length);
      return;
    case 8: // fd2
      if (length >= 8) into.fd2 = readInt64(from.view, at);
      return;
    case 9: // newFd2
      if (length >= 8) {
        into.ret = readInt64(from.view, at);
        into.fd2 = into.ret >= 0 ? into.ret : noFd;
      }
      return;
    case 10: // dirfd
      if (length >= 8) into.dirfd = readInt64(from.view, at);
      return;
    case 11: // newDirfd
      if (length >= 8) into.newDirfd = readInt64(from.view, at);
      return;
    case 12: // newPath
      into.newPath = readText(from, at, length);
      return;
    case 13: // path?
      if (into.path === undefined || into.path === "" || into.path === notAvailable) {
        into.path = readText(from, at, length);
      }
      return;
    case 14: // flags+
      if (length >= 4) {
        const flags = from.view.getInt32(at, true);
        into.flags = into.flags === 0 ? flags : into.flags | (flags & ~0x3fff);
      }
      return;
    default:
      fillRare(from, code, at, length, into);
  }
}

function fillRare(from: Parameters, code: number, at: number, length: number, into: Syscall): void {
  const { view } = from;
  switch (code) {
    case 15: // flags8
      into.flags = view.getUint8(at);
      return;
    case 16: // mode8
      into.mode = view.getUint8(at);
      return;
    case 17: // mode16
      if (length >= 2) into.mode = view.getUint16(at, true);
      return;
    case 18: // mode64
      if (length >= 8) into.mode = readInt64(view, at);
      return;
    case 19: // domain
      if (length >= 4) into.domain = view.getUint32(at, true);
      return;
    case 20: // type
      if (length >= 4) into.socketType = view.getUint32(at, true);
      return;
    case 21: // protocol
      if (length >= 4) into.protocol = view.getUint32(at, true);
      return;
    case 22: // local
      into.tuple = readAddress(from, at, length, true);
      return;
    case 23: // remote
      into.tuple = readAddress(from, at, length, false);
      return;
    case 24: // source
      if (length >= 8) into.tuple = unixTuple("", hex64(view, at), undefined);
      return;
    case 25: // peer
      if (length >= 8) into.tuple = unixTuple("", into.tuple?.sourceId, hex64(view, at));
      return;
    case 26: // uid
      if (length >= 4) into.uid = view.getInt32(at, true);
      return;
    case 27: // gid
      if (length >= 4) into.gid = view.getInt32(at, true);
      return;
    case 28: // device
      if (length >= 4) into.device = view.getUint32(at, true);
      return;
    case 29: // inode
      if (length >= 8) into.inode = readUint64(view, at);
      return;
    case 30: // target
      if (length >= 8) into.target = readInt64(view, at);
      return;
    case 31: // capabilities
      if (length >= 8) {
        into.info = { ...noThreadInfo, capabilities: view.getBigUint64(at, true) };
      }
      return;
    case 32: // tuple?
      into.tuple = readTuple(from, at, length) ?? into.tuple;
      return;
    default:
      return;
  }
}

/** As libscap prints kernel addresses: lower-case hexadecimal without zeros in front. */
export function hex64(view: DataView, at: number): string {
  const high = view.getUint32(at + 4, true);
  const low = view.getUint32(at, true);
  return high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, "0");
}

export function unixTuple(
  path: string,
  sourceId: string | undefined,
  peerId: string | undefined,
): SocketTuple {
  const { unix } = AddressFamily;
  return { family: unix, sip: 0, sport: 0, dip: 0, dport: 0, path, sourceId, peerId };
}

export function inetTuple(sip: Ip, sport: number, dip: Ip, dport: number): SocketTuple {
  // A mapped address is an IPv4 address: an unset one beside it does not make the pair IPv6.
  const v6 =
    (typeof sip === "string" && (sip !== "::" || typeof dip === "string")) ||
    (typeof dip === "string" && dip !== "::");
  return {
    family: v6 ? AddressFamily.inet6 : AddressFamily.inet,
    sip: v6 || typeof sip === "number" ? sip : 0,
    sport,
    dip: v6 || typeof dip === "number" ? dip : 0,
    dport,
    path: "",
    sourceId: undefined,
    peerId: undefined,
  };
}

/** A pair of ends; undefined for an empty or unknown one. */
export function readTuple(from: Parameters, at: number, length: number): SocketTuple | undefined {
  const { view, bytes } = from;
  if (length < 1) return undefined;
  const family = view.getUint8(at);
  if (family === AddressFamily.inet && length >= 13) {
    return inetTuple(
      view.getUint32(at + 1, false),
      view.getUint16(at + 5, true),
      view.getUint32(at + 7, false),
      view.getUint16(at + 11, true),
    );
  }
  if (family === AddressFamily.inet6 && length >= 37) {
    return inetTuple(
      ipFromBytes(bytes, at + 1),
      view.getUint16(at + 17, true),
      ipFromBytes(bytes, at + 19),
      view.getUint16(at + 35, true),
    );
  }
  if (family === AddressFamily.unix && length >= 17) {
    const path = readText(from, at + 17, length - 17);
    return unixTuple(path, hex64(view, at + 1), hex64(view, at + 9));
  }
  return undefined;
}

/** One end only. */
function readAddress(
  from: Parameters,
  at: number,
  length: number,
  local: boolean,
): SocketTuple | undefined {
  const { view, bytes } = from;
  if (length < 1) return undefined;
  const family = view.getUint8(at);
  let ip: Ip;
  let port: number;
  if (family === AddressFamily.inet && length >= 7) {
    ip = view.getUint32(at + 1, false);
    port = view.getUint16(at + 5, true);
  } else if (family === AddressFamily.inet6 && length >= 19) {
    ip = ipFromBytes(bytes, at + 1);
    port = view.getUint16(at + 17, true);
  } else if (family === AddressFamily.unix) {
    return unixTuple(readText(from, at + 1, length - 1), undefined, undefined);
  } else return undefined;
  const none = typeof ip === "number" ? 0 : "::";
  return local ? inetTuple(ip, port, none, 0) : inetTuple(none, 0, ip, port);
}
