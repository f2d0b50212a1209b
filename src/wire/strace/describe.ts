// What strace's decorations say about descriptors, as the model's snapshots; and a socket's own address, where lines before told it.

import {
  AddressFamily,
  atFdcwd,
  type DescriptorSnapshot,
  type Syscall,
} from "../../model/syscall.ts";
import { type Endpoint, inetTuple, type Target, unixTuple } from "./address.ts";
import { readDescriptor, unescape } from "./scan.ts";
import type { Group } from "./thread.ts";

/** `served` holds the addresses where the recording saw a server: it tells the two ends of an inherited connection apart. */
export function snapshotOf(
  served: ReadonlySet<string>,
  tid: number,
  fd: number,
  target: Target,
  directory: boolean,
): DescriptorSnapshot | undefined {
  const base = {
    kind: "descriptor",
    tid,
    fd,
    fileType: undefined,
    path: "",
    openFlags: 0,
    tuple: undefined,
    proto: undefined,
    inode: undefined,
    device: undefined,
  } as const;
  switch (target.kind) {
    case "file": {
      const fileType = directory ? "d" : target.type;
      return { ...base, type: "file", fileType, path: target.path };
    }
    case "pipe":
      return { ...base, type: "file", fileType: "p", path: target.name, inode: target.inode };
    case "inet": {
      const type = target.v6 ? "ipv6" : "ipv4";
      const { local, remote, proto } = target;
      if (local === undefined) return { ...base, type, proto };
      if (remote === undefined) {
        return { ...base, type: "listening", tuple: inetTuple(local, undefined), proto };
      }
      const server = served.has(`${local.ip} ${local.port}`) || served.has(`* ${local.port}`);
      const tuple = server ? inetTuple(remote, local) : inetTuple(local, remote);
      return { ...base, type, tuple, proto };
    }
    case "unix": {
      const tuple = unixTuple(target.path, target.inode, target.peer);
      return { ...base, type: "unix", path: target.path, tuple };
    }
    case "other":
      return { ...base, type: "other", path: target.name };
    default:
      return undefined;
  }
}

const boundMax = 65_536;

export function bindTo(group: Group, fd: number, at: Endpoint): void {
  if (group.bound.size < boundMax || group.bound.has(fd)) group.bound.set(fd, at);
}

/** Without -yy accept names the client only; the server is where its socket was bound. */
export function addServer(group: Group, call: Syscall): void {
  const { tuple } = call;
  if (tuple === undefined || tuple.family === AddressFamily.unix || tuple.dport !== 0) return;
  const at = group.bound.get(call.fd2);
  if (at !== undefined) call.tuple = { ...tuple, dip: at.ip, dport: at.port };
}

/** The directory behind `AT_FDCWD</…>` in a call's arguments. */
export function cwdOf(args: readonly string[]): string | undefined {
  for (const argument of args) {
    if (!argument.startsWith("AT_FDCWD<")) continue;
    const descriptor = readDescriptor(argument);
    if (descriptor?.fd !== atFdcwd || descriptor.target === undefined) continue;
    return unescape(descriptor.target).replace(/ \(deleted\)$/, "");
  }
  return undefined;
}
