// What the arguments and texts of the rare calls mean: one row per call, in the order of its arguments, and the fields of the model
// that they fill. The directories that paths start from are told as paths: what is given on is absolute as far as it is known.

import { type Ip, ipFromBytes } from "../../base/ip.ts";
import { decodeText } from "../../base/text.ts";
import { probeMessages } from "../../model/probe.ts";
import {
  AddressFamily,
  atFdcwd,
  Family,
  noFd,
  noThreadInfo,
  type SocketTuple,
  type Syscall,
  type SyscallName,
} from "../../model/syscall.ts";
import { cloneFlagsOf, creatFlags, openFlagsOf } from "./flags.ts";
import { big64, callAt, signed64, u32 } from "./layout.ts";
import type { NumberedCall } from "./numbers.ts";
import type { PathTable } from "./paths.ts";

/** Words for the arguments (`.` is skipped); `texts` says what the two texts are where they are not `path newPath`. */
type Shape = {
  readonly arguments?: string;
  readonly texts?: "link" | "mount" | "move" | "name" | "address";
};

/** A call that is missing here is not told: its effects are in flows, or nowhere. */
const shapes: { readonly [Name in SyscallName]?: Shape } = {
  open: { arguments: ". openFlags mode" },
  openat: { arguments: ". . openFlags mode" },
  openat2: {},
  creat: { arguments: ". mode" },
  open_by_handle_at: { arguments: ". . openFlags" },
  bind: { arguments: "fd", texts: "address" },
  listen: { arguments: "fd", texts: "address" },
  connect: { arguments: "fd", texts: "address" },
  execve: {},
  execveat: {},
  clone: { arguments: "cloneFlags" },
  clone3: {},
  fork: {},
  vfork: {},
  setuid: { arguments: "uid" },
  setreuid: { arguments: ". uid" },
  setresuid: { arguments: ". uid" },
  setfsuid: { arguments: "uid" },
  setgid: { arguments: "gid" },
  setregid: { arguments: ". gid" },
  setresgid: { arguments: ". gid" },
  setfsgid: { arguments: "gid" },
  setgroups: {},
  capset: {},
  setns: { arguments: ". cloneFlags" },
  unshare: { arguments: "cloneFlags" },
  setsid: {},
  setpgid: {},
  chdir: {},
  mkdir: {},
  mkdirat: {},
  rmdir: {},
  unlink: {},
  unlinkat: { arguments: ". . flags" },
  link: {},
  linkat: {},
  symlink: { texts: "link" },
  symlinkat: { texts: "link" },
  rename: {},
  renameat: {},
  renameat2: {},
  chmod: { arguments: ". mode" },
  fchmod: { arguments: ". mode" },
  fchmodat: { arguments: ". . mode" },
  fchmodat2: { arguments: ". . mode" },
  chown: { arguments: ". owner group" },
  fchown: { arguments: ". owner group" },
  lchown: { arguments: ". owner group" },
  fchownat: { arguments: ". . owner group" },
  mknod: { arguments: ". mode" },
  mknodat: { arguments: ". . mode" },
  truncate: {},
  mount: { arguments: ". . . flags", texts: "mount" },
  move_mount: { texts: "move" },
  umount2: { arguments: ". flags" },
  chroot: {},
  pivot_root: {},
  ptrace: { arguments: "mode target" },
  process_vm_writev: { arguments: "target" },
  process_vm_readv: { arguments: "target" },
  // Ids as the caller sees them, in its own pid namespace.
  kill: { arguments: "target mode" },
  tkill: { arguments: "target mode" },
  tgkill: { arguments: "target . mode" },
  pidfd_send_signal: { arguments: ". mode" },
  init_module: {},
  finit_module: {},
  delete_module: { texts: "name" },
  bpf: { arguments: "mode" },
  io_uring_setup: {},
};

const words: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(shapes).map(([name, shape]) => [
    name,
    (shape.arguments ?? "").split(" ").filter((word) => word !== ""),
  ]),
);
const addressTextMax = 108;
const noIp4 = 0;
const noIp6 = "::";
/** IPPROTO_RAW, and SysFlow's number for it. */
const rawKernel = 255;
const rawSysflow = 254;

export class CallDecoder {
  readonly #paths: PathTable;
  #machine = 0;

  constructor(paths: PathTable) {
    this.#paths = paths;
  }

  begin(machine: number): void {
    this.#machine = machine;
  }

  /** Fills the call from the message at byte `at`. False: its texts overrun `end`. Undefined: the call is not told. */
  decode(
    call: Syscall,
    numbered: NumberedCall,
    bytes: Uint8Array,
    stream: Int32Array,
    at: number,
    end: number,
  ): boolean | undefined {
    const { name } = numbered;
    const shape = shapes[name];
    if (shape === undefined) return undefined;
    const w = at >> 2;
    const sizes = u32(stream, w + (callAt.text1Bytes >> 2));
    const text1 = at + probeMessages.call.size;
    const text2 = text1 + (sizes & 0xffff);
    const behind = text2 + (sizes >>> 16);
    if (behind > end) return false;
    call.name = name;
    call.family = numbered.family;
    call.ret = signed64(stream, w + (callAt.ret >> 2));
    this.#arguments(call, words.get(name) ?? [], stream, w + (callAt.arg0 >> 2));
    if (shape.texts === "address") {
      call.tuple = addressOf(bytes, text1, text2, name !== "connect");
      const protocol = u32(stream, w + (callAt.arg4 >> 2));
      call.protocol = protocol === rawKernel ? rawSysflow : protocol;
    } else {
      const first = textOf(bytes, text1, text2);
      const second = textOf(bytes, text2, behind);
      const dir1 = this.#paths.get(u32(stream, w + (callAt.dir1 >> 2)))?.path;
      const dir2 = this.#paths.get(u32(stream, w + (callAt.dir2 >> 2)))?.path;
      fillPaths(call, shape.texts, first, second, dir1, dir2);
    }
    this.#imply(call, stream, w);
    return true;
  }

  #arguments(call: Syscall, shape: readonly string[], stream: Int32Array, from: number): void {
    for (let i = 0; i < shape.length; i++) {
      const value = u32(stream, from + 2 * i) | 0;
      switch (shape[i]) {
        case "fd":
          call.fd = value;
          break;
        case "openFlags":
          call.flags = openFlagsOf(value, this.#machine);
          break;
        case "cloneFlags":
          call.flags = cloneFlagsOf(value);
          break;
        case "flags":
          call.flags = value;
          break;
        case "mode":
          call.mode = value;
          break;
        case "uid":
        case "owner":
          call.uid = value;
          break;
        case "gid":
        case "group":
          call.gid = value;
          break;
        case "target":
          call.target = value;
          break;
        default:
          break;
      }
    }
  }

  /** What a call implies without saying it, and what holds after it. */
  #imply(call: Syscall, stream: Int32Array, w: number): void {
    switch (call.family) {
      case Family.open:
        if (call.name === "creat") call.flags = creatFlags;
        return;
      case Family.setuid:
        // Judged by the effective id, as captures do.
        if (call.ret >= 0 && call.name !== "setfsuid") {
          call.uid = u32(stream, w + (callAt.euid >> 2));
        }
        return;
      case Family.setgid:
        if (call.ret >= 0 && call.name !== "setfsgid") {
          call.gid = u32(stream, w + (callAt.egid >> 2));
        }
        if (call.name === "setgroups") call.gid = -1;
        return;
      case Family.capset:
        if (call.ret >= 0) {
          const capabilities = big64(stream, w + (callAt.capabilities >> 2));
          call.info = { ...noThreadInfo, capabilities };
        }
        return;
      case Family.module:
        if (call.name === "delete_module") call.mode = 1;
        return;
      default:
        return;
    }
  }
}

function fillPaths(
  call: Syscall,
  texts: Shape["texts"],
  first: string | undefined,
  second: string | undefined,
  dir1: string | undefined,
  dir2: string | undefined,
): void {
  // Names are relative to what was said, or to nothing that could be known.
  call.dirfd = dir1 === undefined && first !== undefined ? noFd : atFdcwd;
  call.newDirfd = dir2 === undefined ? noFd : atFdcwd;
  switch (texts) {
    case "link":
      // What a symbolic link says is text, meant from where the link lies.
      call.path = first;
      call.newPath = joined(dir2 ?? dir1, second);
      if (call.newPath?.startsWith("/") === true) call.newDirfd = atFdcwd;
      return;
    case "mount":
      // The source may be a device, a directory or a mere word.
      call.newPath = first;
      call.path = joined(dir2 ?? dir1, second);
      call.dirfd = dir2 === undefined && dir1 === undefined ? noFd : atFdcwd;
      return;
    case "move":
      call.newPath = joined(dir1, first);
      call.path = joined(dir2, second);
      call.dirfd = dir2 === undefined ? noFd : atFdcwd;
      return;
    case "name":
      call.path = first;
      return;
    default:
      call.path = joined(dir1, first);
      call.newPath = joined(dir2 ?? dir1, second);
      if (dir1 !== undefined) call.newDirfd = atFdcwd;
  }
}

/** A path from a directory; without a text, what the descriptor itself refers to. */
function joined(directory: string | undefined, text: string | undefined): string | undefined {
  if (text === undefined || text === "") return directory ?? text;
  if (text.startsWith("/") || directory === undefined) return text;
  return directory.endsWith("/") ? directory + text : `${directory}/${text}`;
}

/** Undefined where there is none; the NUL at its end is left out. */
export function textOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end <= start) return undefined;
  let stop = start;
  while (stop < end && bytes[stop] !== 0) stop++;
  return decodeText(bytes, start, stop);
}

/** A sockaddr (unix(7), ip(7), ipv6(7)): of our own side, or of the other. */
function addressOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  own: boolean,
): SocketTuple | undefined {
  const length = end - start;
  if (length < 2) return undefined;
  const at = (i: number): number => bytes[start + i] ?? 0;
  const family = at(0) | (at(1) << 8);
  const port = (at(2) << 8) | at(3);
  switch (family) {
    case AddressFamily.unix: {
      // An abstract name begins with NUL; strace and ss write @.
      const abstract = length > 2 && at(2) === 0;
      const from = start + (abstract ? 3 : 2);
      const to = Math.min(end, start + 2 + addressTextMax);
      const text = abstract ? decodeText(bytes, Math.min(from, to), to) : textOf(bytes, from, to);
      const path = abstract ? `@${text ?? ""}` : (text ?? "");
      return { family, sip: noIp4, sport: 0, dip: noIp4, dport: 0, path };
    }
    case AddressFamily.inet: {
      if (length < 8) return undefined;
      const ip = ((at(4) << 24) | (at(5) << 16) | (at(6) << 8) | at(7)) >>> 0;
      return tupleOf(family, ip, port, noIp4, own);
    }
    case AddressFamily.inet6:
      if (length < 24) return undefined;
      return tupleOf(family, ipFromBytes(bytes, start + 8), port, noIp6, own);
    default:
      return undefined;
  }
}

function tupleOf(family: number, ip: Ip, port: number, none: Ip, own: boolean): SocketTuple {
  return own
    ? { family, sip: ip, sport: port, dip: none, dport: 0, path: "" }
    : { family, sip: none, sport: 0, dip: ip, dport: port, path: "" };
}
