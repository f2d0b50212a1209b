// Descriptors that were open already, as the lists of a capture and the kernel's paths describe them.

import type { DescriptorSnapshot, SocketTuple } from "../model/syscall.ts";
import { type Descriptor, anonymousDescriptor, fileDescriptor } from "./descriptor.ts";

export function snapshotDescriptor(snapshot: DescriptorSnapshot, quirks: boolean): Descriptor {
  const { tuple, path, inode } = snapshot;
  switch (snapshot.type) {
    case "file": {
      const { fileType = "f", openFlags, device } = snapshot;
      return fileDescriptor(fileType, path, openFlags, inode, device);
    }
    case "unix": {
      const name = tuple === undefined ? path : unixPath(tuple, quirks);
      return { ...anonymousDescriptor, kind: "unix", letter: "u", path: name, inode };
    }
    case "other":
      return { ...anonymousDescriptor, path, inode };
    default: {
      // 255 is IPPROTO_RAW; SysFlow says 254.
      const proto = snapshot.proto === 255 ? 254 : snapshot.proto;
      const { sip = 0, sport = 0, dip = 0, dport = 0 } = tuple ?? {};
      const v6 = typeof sip === "string" || typeof dip === "string";
      const kind = snapshot.type === "listening" ? "listening" : v6 ? "inet6" : "inet";
      return { ...anonymousDescriptor, kind, net: { sip, sport, dip, dport, proto }, inode };
    }
  }
}

/** The original puts the kernel's addresses of the two ends in front. */
export function unixPath(tuple: SocketTuple, quirks: boolean): string {
  if (!quirks || tuple.family !== 1) return tuple.path;
  return `${tuple.sourceId ?? "0"}->${tuple.peerId ?? "0"} ${tuple.path}`;
}

/** A descriptor that only its path in /proc describes. */
export function describedByPath(path: string): Descriptor {
  if (path.startsWith("/")) return fileDescriptor("f", path, 0);
  if (path.startsWith("pipe:")) return fileDescriptor("p", path, 0);
  if (path.startsWith("socket:") || path.startsWith("UNIX")) {
    return { ...anonymousDescriptor, kind: "unix", letter: "u", path };
  }
  return anonymousDescriptor;
}
