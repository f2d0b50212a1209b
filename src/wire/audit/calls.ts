// What a system call's record means: numbers of its first four arguments, names from PATH records, addresses from SOCKADDR, into the
// model's fields. The words that say which argument is what are strace's: both print the arguments in the kernel's order.

import { type Ip, ipFromBytes, parseIp } from "../../base/ip.ts";
import { decodeText } from "../../base/text.ts";
import { OpenFlag } from "../../model/opflag.ts";
import {
  AddressFamily,
  atFdcwd,
  Family,
  noFd,
  noThreadInfo,
  type SocketTuple,
  type Syscall,
} from "../../model/syscall.ts";
import { type Endpoint, inetTuple, unixTuple } from "../strace/address.ts";
import type { CallRow } from "../strace/calls.ts";
import * as constants from "../strace/constants.ts";
import { readNumber } from "../strace/scan.ts";
import { type AuditEvent, type PathItem, decimal, machineOf } from "./event.ts";
import { hexBytes } from "./line.ts";

/** Arguments that the record holds; later ones are lost. */
const argumentsLogged = 4;

/** The result: −errno where it failed; undefined: the call has none, or will be started again. */
export function resultOf(event: AuditEvent): number | undefined {
  const exit = event.call?.get("exit");
  if (exit === undefined) return event.call?.has("success") === true ? undefined : 0;
  if (/^E[A-Z0-9]+/.test(exit)) return constants.failureOf(/^[A-Z0-9]+/.exec(exit)?.[0]);
  const value = readNumber(exit);
  // ERESTARTSYS and its kin: the kernel begins the call again.
  return value === undefined || (value <= -512 && value >= -516) ? undefined : value;
}

/** The argument as strace would print it. */
function argument(event: AuditEvent, index: number): string | undefined {
  const value = event.call?.get(`a${index}`);
  if (value === undefined || index >= argumentsLogged) return undefined;
  return event.words ? value : `0x${value}`;
}

/** As the C type int; undefined where the record has a word that is no number. */
export function intOf(event: AuditEvent, index: number): number | undefined {
  const text = argument(event, index);
  if (text === undefined) return undefined;
  if (text === "AT_FDCWD") return atFdcwd;
  if (text === "root") return 0;
  // Words have modes in octal, with a zero before them.
  if (!text.startsWith("0x")) return decimal(text) === undefined ? undefined : readNumber(text);
  const digits = text.slice(2);
  return /^[0-9a-f]{1,16}$/.test(digits) ? parseInt(digits.slice(-8), 16) | 0 : undefined;
}

/** The lower half of a set of flags, or the words as they stand. */
function flagsText(event: AuditEvent, index: number): string {
  const number = intOf(event, index);
  return number === undefined ? (argument(event, index) ?? "0") : String(number >>> 0);
}

/** Sets what the call's shape names. `call.ret` is set already. */
export function fillCall(call: Syscall, row: CallRow, event: AuditEvent): void {
  call.family = Family[row.family];
  call.name = row.name;
  let at = 0;
  for (const word of row.shape.split(" ")) {
    if (word === "=fd") call.fd = call.ret >= 0 ? call.ret : noFd;
    else if (word === "=fd2") call.fd2 = call.ret >= 0 ? call.ret : noFd;
    else if (word !== "") fillArgument(call, word, event, at++);
  }
  fillNames(call, row, event);
  fillRest(call, event);
}

function fillArgument(call: Syscall, word: string, event: AuditEvent, at: number): void {
  switch (word) {
    case "fd":
      call.fd = intOf(event, at) ?? noFd;
      return;
    case "fd2":
      call.fd2 = intOf(event, at) ?? noFd;
      return;
    case "dirfd":
      call.dirfd = intOf(event, at) ?? atFdcwd;
      return;
    case "newDirfd":
      call.newDirfd = intOf(event, at) ?? atFdcwd;
      return;
    case "openFlags":
      call.flags = openFlags(flagsText(event, at), event);
      return;
    case "how":
      call.flags = openFlags(event.openFlags ?? "0", event);
      return;
    case "mode":
      call.mode = constants.fileMode(flagsText(event, at));
      return;
    case "flags":
      call.flags = constants.callFlags(flagsText(event, at));
      return;
    case "mapFlags":
      call.flags = constants.memoryMapFlags(flagsText(event, at)) & mapFlagsMask;
      return;
    case "cloneFlags":
      call.flags = constants.cloneFlags(flagsText(event, at));
      return;
    default:
      return fillOther(call, word, event, at);
  }
}

/** Of the flags of mmap those that have names here: shared, private, fixed, anonymous. */
const mapFlagsMask = 0x33;

/** libscap's numbers of F_DUPFD and F_DUPFD_CLOEXEC. */
const dupCommands = { plain: 1, closeOnExec: 26 } as const;

function fillOther(call: Syscall, word: string, event: AuditEvent, at: number): void {
  const text = flagsText(event, at);
  switch (word) {
    case "domain":
      call.domain = constants.addressFamily(text.toUpperCase());
      return;
    case "type":
      call.socketType = constants.socketType(text);
      return;
    case "protocol":
      call.protocol = constants.protocolNumber(
        event.words ? `IPPROTO_${text.toUpperCase()}` : text,
      );
      return;
    case "uid":
      call.uid = laterId(call.uid, intOf(event, at));
      return;
    case "gid":
      call.gid = laterId(call.gid, intOf(event, at));
      return;
    case "device":
      call.device = (intOf(event, at) ?? 0) >>> 0;
      return;
    case "dupCommand":
      call.flags =
        isDuplicate(event) === "closeOnExec" ? dupCommands.closeOnExec : dupCommands.plain;
      return;
    case "request":
      call.mode = constants.requestNumber(text);
      return;
    case "signal":
      call.mode = constants.signalNumber(text);
      return;
    case "target":
      call.target = intOf(event, at) ?? 0;
      return;
    case "pair":
      [call.fd, call.fd2] = event.pair ?? [noFd, noFd];
      return;
    case "capabilities":
      if (event.capabilities !== undefined) {
        call.info = { ...noThreadInfo, capabilities: event.capabilities };
      }
      return;
    default:
      return fillAddress(call, word, event);
  }
}

/** setreuid(real, effective), setresuid(real, effective, saved): the effective id counts, −1 keeps what is. */
function laterId(before: number, id: number | undefined): number {
  return id === undefined || id === -1 ? before : id >>> 0;
}

/** fcntl: whether it makes a copy of a descriptor. */
export function isDuplicate(event: AuditEvent): "plain" | "closeOnExec" | undefined {
  switch (flagsText(event, 1)) {
    case "0":
    case "F_DUPFD":
      return "plain";
    case "1030":
    case "F_DUPFD_CLOEXEC":
      return "closeOnExec";
    default:
      return undefined;
  }
}

/** arm64 has O_DIRECTORY, O_NOFOLLOW, O_DIRECT and O_LARGEFILE in other places: arch/arm64/include/uapi/asm/fcntl.h. */
const armFlags: readonly (readonly [arm: number, generic: number])[] = [
  [0o40000, 0o200000],
  [0o100000, 0o400000],
  [0o200000, 0o40000],
  [0o400000, 0o100000],
];

function openFlags(text: string, event: AuditEvent): number {
  const number = readNumber(text);
  const moved = event.call !== undefined && machineOf(event.call) === "arm64";
  if (number === undefined || !moved) return constants.openFlags(text);
  let generic = number;
  for (const [arm] of armFlags) generic &= ~arm;
  for (const [arm, bit] of armFlags) if ((number & arm) !== 0) generic |= bit;
  return constants.openFlags(String(generic >>> 0));
}

// ── addresses ────────────────────────────────────────────────────────────────────────────────────────────────────────────

type Address =
  | { readonly kind: "inet"; readonly at: Endpoint }
  | { readonly kind: "unix"; readonly path: string };

function fillAddress(call: Syscall, word: string, event: AuditEvent): void {
  const { address } = event;
  if (address === undefined) return;
  switch (word) {
    case "remote":
    case "receiver":
    case "messageOut":
    case "messagesOut":
      call.tuple = tupleOf(readAddress(address, event.words), true);
      return;
    case "local":
    case "peer":
    case "sender":
    case "messageIn":
    case "messagesIn":
      call.tuple = tupleOf(readAddress(address, event.words), false);
      return;
    default:
      return;
  }
}

function tupleOf(address: Address | undefined, outgoing: boolean): SocketTuple | undefined {
  if (address === undefined) return undefined;
  if (address.kind === "unix") return unixTuple(address.path, undefined, undefined);
  return outgoing ? inetTuple(undefined, address.at) : inetTuple(address.at, undefined);
}

/** struct sockaddr as hexadecimal digits, or ausearch's words for it. Undefined: netlink, packet and the like. */
export function readAddress(text: string, words: boolean): Address | undefined {
  const bytes = words ? undefined : hexBytes(text);
  if (bytes === undefined) return readAddressWords(text);
  switch ((bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8)) {
    case AddressFamily.inet:
      if (bytes.length < 8) return undefined;
      return { kind: "inet", at: { ip: readIp4(bytes, 4), port: readPort(bytes) } };
    case AddressFamily.inet6:
      if (bytes.length < 24) return undefined;
      return { kind: "inet", at: { ip: ipFromBytes(bytes, 8), port: readPort(bytes) } };
    case AddressFamily.unix:
      return { kind: "unix", path: readUnixPath(bytes) };
    default:
      return undefined;
  }
}

function readPort(bytes: Uint8Array): number {
  return ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
}

function readIp4(bytes: Uint8Array, at: number): Ip {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return high * 65_536 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
}

/** An abstract name begins with NUL, which tools print as "@"; what stands behind a name's NUL is left over. */
function readUnixPath(bytes: Uint8Array): string {
  const abstract = bytes.length > 2 && bytes[2] === 0;
  const start = abstract ? 3 : 2;
  const end = bytes.indexOf(0, start);
  const name = decodeText(bytes, Math.min(start, bytes.length), end < 0 ? bytes.length : end);
  return abstract && name !== "" ? `@${name}` : name;
}

/** `{ saddr_fam=inet laddr=10.0.0.2 lport=80 }`, and `inet host:10.0.0.2 serv:80` of older versions. */
function readAddressWords(text: string): Address | undefined {
  const path = /\bpath[=:](.*?)(?: \})?$/.exec(text)?.[1];
  if (path !== undefined) return { kind: "unix", path: path.trim() };
  const ip = parseIp(/\b(?:laddr=|host:)([0-9a-f.:]{2,45})/.exec(text)?.[1] ?? "");
  const port = /\b(?:lport=|serv:)(\d{1,5})\b/.exec(text)?.[1];
  return ip === undefined ? undefined : { kind: "inet", at: { ip, port: Number(port ?? 0) } };
}

// ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Which of the names the call looked up is its path, and which the new one. */
function fillNames(call: Syscall, row: CallRow, event: AuditEvent): void {
  const words = row.shape.split(" ");
  const items = event.items.filter((item) => item.kind !== "PARENT").sort(byItem);
  const last = items.at(-1);
  switch (call.family) {
    case Family.rename:
    case Family.link:
    case Family.symlink: {
      // One name of two, or none, is what a failure leaves; which of them it is cannot be told.
      const made = items.findLast((item) => item.kind === "CREATE") ?? last;
      const from = items.find((item) => item !== made && item.kind !== "CREATE");
      call.path = from?.name;
      call.newPath = items.length > 1 ? made?.name : undefined;
      return;
    }
    case Family.mount:
      call.path = items[0]?.name;
      return;
    case Family.open:
      call.path = last?.name;
      call.inode = last?.inode ?? 0;
      call.device = last?.device ?? 0;
      return;
    default:
      if (words.includes("path")) call.path = last?.name;
      else if (call.family === Family.exec) call.path = items[0]?.name;
  }
}

function byItem(a: PathItem, b: PathItem): number {
  return a.item - b.item;
}

/** What the call implies, or other records say. */
function fillRest(call: Syscall, event: AuditEvent): void {
  switch (call.name) {
    case "creat":
      call.flags = constants.openFlags("O_WRONLY|O_CREAT|O_TRUNC");
      return;
    case "open":
    case "openat":
      // What follows the flags is an argument only where a file may be made.
      if ((call.flags & (OpenFlag.CREAT | OpenFlag.TMPFILE)) === 0) call.mode = 0;
      return;
    case "fchmodat":
      // The call has three arguments; the record has four registers.
      call.flags = 0;
      return;
    case "delete_module":
      call.mode = 1;
      call.path = event.module;
      return;
    case "mmap":
      call.fd = event.mapFd ?? noFd;
      return;
    case "execveat":
      call.dirfd = intOf(event, 0) ?? atFdcwd;
      return;
    case "sendmmsg":
    case "recvmmsg":
      // The result counts messages; their bytes are not in the log.
      call.ret = Math.min(0, call.ret);
      return;
    default:
      return;
  }
}

export function exitStatus(event: AuditEvent): number {
  const text = event.call?.get("a0");
  if (text === "EXIT_FAILURE") return 1 << 8;
  return ((intOf(event, 0) ?? 0) & 255) << 8;
}

/** libscap's bits; undefined for clone3, whose flags lie in the program's memory. */
export function cloneFlagsOf(event: AuditEvent, name: string): number | undefined {
  switch (name) {
    case "clone":
      return constants.cloneFlags(flagsText(event, 0));
    case "fork":
      return 0;
    case "vfork":
      return constants.cloneFlags("CLONE_VM|CLONE_VFORK");
    default:
      return undefined;
  }
}
