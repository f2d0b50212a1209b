// What the arguments of each call mean: one row per call, in strace's order of arguments, and the fields of the model they fill.

import {
  AddressFamily,
  atFdcwd,
  Family,
  type FamilyName,
  noFd,
  noThreadInfo,
  type Syscall,
  type SyscallName,
  syscalls,
} from "../../model/syscall.ts";
import {
  type Address,
  inetTuple,
  readAddress,
  readEnds,
  readTarget,
  unixTuple,
} from "./address.ts";
import * as constants from "./constants.ts";
import { shapes } from "./shapes.ts";
import {
  elementsOf,
  memberOf,
  readDescriptor,
  readNumber,
  readString,
  splitArguments,
} from "./scan.ts";

export type CallRow = {
  readonly name: SyscallName;
  readonly family: FamilyName;
  /** Words for the arguments in order (`.` is skipped), then what the result is. */
  readonly shape: string;
};

export const callRows: ReadonlyMap<string, CallRow> = new Map(
  syscalls.flatMap((row) => {
    const call = { name: row.name, family: row.family, shape: shapes[row.name] ?? "" };
    const aliases: readonly string[] = "aliases" in row ? row.aliases : [];
    return [row.name, ...aliases].map((name): [string, CallRow] => [name, call]);
  }),
);

/** For strace's -e trace=…: every call that the reader makes use of; `?` passes over those that a version or machine lacks. */
export function traceExpression(): string {
  return [...callRows.keys()].map((name) => `?${name}`).join(",");
}

const shapeWords: ReadonlyMap<string, readonly string[]> = new Map(
  [...new Set([...callRows.values()].map((row) => row.shape))].map((shape) => [
    shape,
    shape.split(" ").filter((word) => word !== ""),
  ]),
);

/** Words after which the tuple means something; else it only held the descriptor's own addresses. */
const addressWords: ReadonlySet<string> = new Set(
  "local remote receiver peer sender messageOut messageIn messagesOut messagesIn pair".split(" "),
);

/** Sets what the shape names. `call.ret` is set already; `resultTarget` is the decoration of the result. */
export function fillCall(
  call: Syscall,
  row: CallRow,
  args: readonly string[],
  resultTarget: string | undefined,
): void {
  call.family = Family[row.family];
  call.name = row.name;
  const words = shapeWords.get(row.shape) ?? [];
  let at = 0;
  for (const word of words) {
    if (word === "=fd") call.fd = call.ret >= 0 ? call.ret : noFd;
    else if (word === "=fd2") call.fd2 = call.ret >= 0 ? call.ret : noFd;
    else {
      const argument = args[at];
      if (argument === undefined) continue;
      // The notation may leave the directory out: openat("/x", …).
      if (word.toLowerCase().endsWith("dirfd") && argument.startsWith('"')) continue;
      fillArgument(call, word, argument);
      at += 1;
    }
  }
  if (!words.some((word) => addressWords.has(word))) call.tuple = undefined;
  if (resultTarget !== undefined && words.includes("=fd")) {
    const target = readTarget(resultTarget);
    if (target.kind === "file") call.fdPath = target.path;
    if (row.family === "accept") fillAccepted(call, resultTarget);
  }
  fillRest(call);
}

/** What a call implies without printing it. */
function fillRest(call: Syscall): void {
  switch (call.name) {
    case "creat":
      call.flags = constants.openFlags("O_WRONLY|O_CREAT|O_TRUNC");
      return;
    case "delete_module":
      call.mode = 1;
      return;
    default:
      return;
  }
}

function fillArgument(call: Syscall, word: string, argument: string): void {
  switch (word) {
    case "fd":
      return fillDescriptor(call, argument);
    case "fd2":
      call.fd2 = readDescriptor(argument)?.fd ?? noFd;
      return;
    case "dirfd":
      call.dirfd = readDescriptor(argument)?.fd ?? atFdcwd;
      return;
    case "newDirfd":
      call.newDirfd = readDescriptor(argument)?.fd ?? atFdcwd;
      return;
    case "path":
      call.path = readString(argument);
      return;
    case "newPath":
      call.newPath = readString(argument);
      return;
    case "openFlags":
      call.flags = constants.openFlags(argument);
      return;
    case "how":
      call.flags = constants.openFlags(memberOf(argument, "flags") ?? argument);
      call.mode = readNumber(memberOf(argument, "mode") ?? "") ?? 0;
      return;
    case "mode":
      call.mode = constants.fileMode(argument);
      return;
    case "flags":
      call.flags = constants.callFlags(argument);
      return;
    case "mapFlags":
      call.flags = constants.memoryMapFlags(argument);
      return;
    case "cloneFlags":
      call.flags = constants.cloneFlags(argument);
      return;
    default:
      return fillOther(call, word, argument);
  }
}

function fillOther(call: Syscall, word: string, argument: string): void {
  switch (word) {
    case "domain":
      call.domain = constants.addressFamily(argument);
      return;
    case "type":
      call.socketType = constants.socketType(argument);
      return;
    case "protocol":
      call.protocol = constants.protocolNumber(argument);
      return;
    case "uid":
      call.uid = laterId(call.uid, argument);
      return;
    case "gid":
      call.gid = laterId(call.gid, argument);
      return;
    case "device":
      call.device = readDevice(argument);
      return;
    case "dupCommand":
      call.flags = argument === "F_DUPFD_CLOEXEC" ? dupCommands.closeOnExec : dupCommands.plain;
      return;
    case "request":
      call.mode = constants.requestNumber(argument);
      return;
    case "signal":
      call.mode = constants.signalNumber(argument);
      return;
    case "target":
      call.target = readNumber(argument) ?? 0;
      return;
    case "pidfd":
      call.target = readPidOf(argument);
      return;
    case "pair": {
      const [first, second] = elementsOf(argument) ?? [];
      const end = readDescriptor(first ?? "");
      call.fd = end?.fd ?? noFd;
      const target = end?.target === undefined ? undefined : readTarget(end.target);
      if (target?.kind === "pipe") call.inode = target.inode;
      else if (target?.kind === "unix") call.tuple = unixTuple("", target.inode, target.peer);
      call.fd2 = readDescriptor(second ?? "")?.fd ?? noFd;
      return;
    }
    case "capabilities": {
      const effective = memberOf(argument, "effective");
      if (effective === undefined) return;
      call.info = { ...noThreadInfo, capabilities: constants.capabilityMask(effective) };
      return;
    }
    default:
      return fillAddress(call, word, argument);
  }
}

/** libscap's numbers of F_DUPFD and F_DUPFD_CLOEXEC. */
const dupCommands = { plain: 1, closeOnExec: 26 } as const;

/** setreuid(real, effective), setresuid(real, effective, saved): the effective id counts, −1 keeps what is. */
function laterId(before: number, argument: string): number {
  const id = readNumber(argument) ?? -1;
  return id < 0 || id === 0xffffffff ? before : id;
}

function readPidOf(argument: string): number {
  const target = readDescriptor(argument)?.target;
  return target?.startsWith("pid:") === true ? (readNumber(target, 4) ?? 0) : 0;
}

/** `makedev(0x1, 0x3)`, as the kernel's new_encode_dev packs it. */
function readDevice(argument: string): number {
  if (!argument.startsWith("makedev(")) return readNumber(argument) ?? 0;
  const [major = "", minor = ""] = splitArguments(argument, 8)?.values ?? [];
  const low = readNumber(minor) ?? 0;
  return (low & 0xff) | ((readNumber(major) ?? 0) << 8) | ((low & ~0xff) << 12);
}

function fillDescriptor(call: Syscall, argument: string): void {
  const descriptor = readDescriptor(argument);
  call.fd = descriptor?.fd ?? noFd;
  if (descriptor?.target === undefined) return;
  const target = readTarget(descriptor.target);
  if (target.kind === "file") call.fdPath = target.path;
  // The local side, for connect and datagrams that name the other one.
  else if (target.kind === "inet") call.tuple = inetTuple(target.local, target.remote);
}

function fillAddress(call: Syscall, word: string, argument: string): void {
  const ends = readEnds(argument);
  if (ends !== undefined) {
    call.tuple = ends;
    return;
  }
  switch (word) {
    case "local": {
      const address = readAddress(argument);
      call.tuple = address === undefined ? undefined : addressTuple(address, undefined, false);
      return;
    }
    case "remote":
    case "receiver":
      return fillPeer(call, readAddress(argument), true);
    case "peer":
    case "sender":
      return fillPeer(call, readAddress(argument), false);
    case "messageOut":
      return fillPeer(call, messageAddress(argument), true);
    case "messageIn":
      return fillPeer(call, messageAddress(argument), false);
    case "messagesOut":
    case "messagesIn": {
      const messages = elementsOf(argument);
      if (messages === undefined) return fillPeer(call, undefined, true);
      const header = memberOf(messages[0] ?? "", "msg_hdr") ?? "";
      fillPeer(call, messageAddress(header), word === "messagesOut");
      // The result counts messages; volume is bytes.
      if (call.ret >= 0) call.ret = messages.slice(0, call.ret).reduce(addLength, 0);
      return;
    }
    default:
      return;
  }
}

function addLength(sum: number, message: string): number {
  return sum + (readNumber(memberOf(message, "msg_len") ?? "") ?? 0);
}

function messageAddress(argument: string): Address | undefined {
  const name = memberOf(argument, "msg_name");
  return name === undefined ? undefined : readAddress(name);
}

/** Puts the other side into the tuple, which holds the local side where -yy printed it. */
function fillPeer(call: Syscall, address: Address | undefined, outgoing: boolean): void {
  const local = call.tuple;
  call.tuple = undefined;
  if (address === undefined) return;
  const known = local !== undefined && local.family !== AddressFamily.unix && local.sport !== 0;
  const here = known ? { ip: local.sip, port: local.sport } : undefined;
  call.tuple = addressTuple(address, here, outgoing);
}

function addressTuple(
  address: Address,
  here: { readonly ip: number | string; readonly port: number } | undefined,
  outgoing: boolean,
): Syscall["tuple"] {
  switch (address.kind) {
    case "inet":
      return outgoing ? inetTuple(here, address.at) : inetTuple(address.at, here);
    case "unix":
      return unixTuple(address.path, undefined, undefined);
    case "other":
      return undefined;
    default:
      return undefined;
  }
}

/** accept's new descriptor knows both ends: the peer is the client, hence the source. */
function fillAccepted(call: Syscall, text: string): void {
  const target = readTarget(text);
  if (target.kind === "inet" && target.remote !== undefined) {
    call.tuple = inetTuple(target.remote, target.local);
  } else if (target.kind === "unix") {
    call.tuple = unixTuple(target.path, target.peer, target.inode);
  }
}

const commMax = 15;

/** execve(path, [argv], [env]) and execveat(dirfd, path, …); the notation writes execve("/bin/ls", "-l") without argv[0]. */
export function fillExec(call: Syscall, args: readonly string[], cwd: string | undefined): void {
  const at = call.name === "execveat" ? 1 : 0;
  if (at === 1) call.dirfd = readDescriptor(args[0] ?? "")?.fd ?? atFdcwd;
  call.path = readString(args[at] ?? "");
  const list = elementsOf(args[at + 1] ?? "");
  const words = (list ?? args.slice(at + 1)).map(readString).filter((word) => word !== undefined);
  const argv = list === undefined ? [call.path ?? "", ...words] : words;
  const environment = list === undefined ? undefined : elementsOf(args[at + 2] ?? "");
  const path = call.path ?? "";
  call.info = {
    ...noThreadInfo,
    tid: call.tid,
    pid: call.pid,
    comm: path === "" ? undefined : path.slice(path.lastIndexOf("/") + 1).slice(0, commMax),
    argv0: argv[0],
    args: argv.slice(1),
    env: environment?.map(readString).filter((item) => item !== undefined),
    exePath: absolutePath(path, call.dirfd === atFdcwd ? cwd : undefined),
    cwd,
  };
}

function absolutePath(path: string, cwd: string | undefined): string | undefined {
  if (path.startsWith("/")) return path;
  if (path === "" || cwd === undefined) return undefined;
  const tail = path.startsWith("./") ? path.slice(2) : path;
  return cwd.endsWith("/") ? `${cwd}${tail}` : `${cwd}/${tail}`;
}

/** The CLONE_ names anywhere in the arguments of clone, clone3, fork, vfork. */
export function cloneFlagsOf(name: string, text: string): number {
  if (name === "fork") return 0;
  if (name === "vfork") return constants.cloneFlags("CLONE_VM|CLONE_VFORK");
  const at = text.indexOf("flags=");
  const from = at < 0 ? text.indexOf("CLONE_") : at + 6;
  if (from < 0) return 0;
  let end = from;
  while (end < text.length && !",)} ".includes(text.charAt(end))) end++;
  return constants.cloneFlags(text.slice(from, end));
}
