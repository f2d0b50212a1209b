// The lists that a capture begins with: the machine, its processes, their descriptors, its users. One entry per call, so that a
// large list is never held as objects. Format: libscap's savefile, versions as blocks.ts numbers them.

import { ipFromBytes } from "../../base/ip.ts";
import type { FileType } from "../../model/entity.ts";
import {
  type DescriptorSnapshot,
  type Input,
  type SocketTuple,
  type ThreadSnapshot,
  noThreadInfo,
} from "../../model/syscall.ts";
import type { Cursor } from "./cursor.ts";
import { hex64, inetTuple, unixTuple } from "./extract.ts";

export function readMachine(from: Cursor): Input | undefined {
  from.skip(4 + 8 + 8);
  const hostname = from.fixedText(128);
  if (from.overrun) return undefined;
  const boot = from.left >= 8 ? from.bigUint64() : 0n;
  return { kind: "host", hostname, bootNs: boot === 0n ? undefined : boot };
}

/** An entry that may say its own length; the cursor stands behind it afterwards. Undefined where it runs over its bound. */
function readEntry<T>(from: Cursor, saysLength: boolean, read: () => T): T | undefined {
  const outerEnd = from.end;
  if (saysLength) {
    const start = from.at;
    const length = from.uint32();
    if (from.overrun || length < 4 || start + length > outerEnd) return undefined;
    from.end = start + length;
  }
  const entry = read();
  const overrun = from.overrun;
  if (saysLength) {
    from.at = from.end;
    from.end = outerEnd;
  }
  return overrun ? undefined : entry;
}

/** One process; the cursor stands behind it afterwards. Undefined where the entry runs over its bound. */
export function readProcess(from: Cursor, version: number): ThreadSnapshot | undefined {
  return readEntry(from, version >= 9, () => readProcessFields(from, version));
}

function readProcessFields(from: Cursor, version: number): ThreadSnapshot {
  const tid = from.int64();
  const pid = from.int64();
  const parentTid = from.int64();
  const session = version >= 6 ? from.int64() : undefined;
  const processGroup = version >= 8 ? from.int64() : undefined;
  const comm = from.text();
  const argv0 = from.text();
  const exePath = version >= 7 ? from.text() : undefined;
  const args = from.list();
  const cwd = from.text();
  from.skip(8 + 4);
  const uid = from.uint32();
  const gid = from.uint32();
  if (version >= 2) from.skip(3 * 4 + 2 * 8);
  const env = version >= 3 ? from.list() : undefined;
  const vtid = version >= 4 ? from.int64() : undefined;
  const vpid = version >= 4 ? from.int64() : undefined;
  const cgroups = version >= 4 ? from.list() : undefined;
  if (version >= 5) from.text();
  return {
    kind: "thread",
    ...noThreadInfo,
    tid,
    pid,
    parentTid,
    session,
    processGroup,
    comm,
    argv0,
    exePath,
    args,
    cwd,
    uid: uid === 0xffffffff ? undefined : uid,
    gid: gid === 0xffffffff ? undefined : gid,
    env,
    vtid,
    vpid,
    cgroups,
    ...(version >= 9 ? readProcessTail(from) : {}),
  };
}

type ProcessTail = {
  tty?: number;
  loginUid?: number | undefined;
  capabilities?: bigint;
  exeUpperLayer?: boolean;
  exeInode?: number;
};

/** What later releases appended; which of the two orders it is, the bytes left say (format spec §6.1). */
function readProcessTail(from: Cursor): ProcessTail {
  const tail: ProcessTail = {};
  const long = from.left > 29;
  if (long) {
    from.skip(8);
    tail.tty = from.uint32();
  }
  if (from.left >= 4) {
    const loginUid = from.uint32();
    tail.loginUid = loginUid === 0xffffffff ? undefined : loginUid;
  }
  if (from.left >= 1) from.skip(1);
  if (from.left >= 24) {
    from.skip(16);
    tail.capabilities = from.bigUint64();
  }
  if (!long) return tail;
  if (from.left >= 1) tail.exeUpperLayer = from.uint8() !== 0;
  if (from.left >= 8) tail.exeInode = from.uint64();
  return tail;
}

const protocols = [undefined, undefined, 6, 17, 1, 255];

type Shape = {
  readonly type: DescriptorSnapshot["type"];
  readonly fileType: FileType | undefined;
};

const file: Shape = { type: "file", fileType: "f" };
const other: Shape = { type: "other", fileType: "?" };
/** By libscap's number of the descriptor's type; 0 is unknown. */
const shapes: readonly Shape[] = [
  other,
  file,
  { type: "file", fileType: "d" },
  { type: "ipv4", fileType: undefined },
  { type: "ipv6", fileType: undefined },
  { type: "listening", fileType: undefined },
  { type: "listening", fileType: undefined },
  { type: "file", fileType: "p" },
  { type: "unix", fileType: "u" },
  other,
  other,
  other,
  other,
  other,
  other,
  other,
  file,
];

/** One descriptor of thread `tid`. */
export function readDescriptor(
  from: Cursor,
  version: number,
  tid: number,
): DescriptorSnapshot | undefined {
  return readEntry(from, version >= 2, () => readDescriptorFields(from, version, tid));
}

function readDescriptorFields(from: Cursor, version: number, tid: number): DescriptorSnapshot {
  const fd = from.int64();
  const inode = from.uint64();
  const number = from.uint8();
  const shape = shapes[number] ?? other;
  let tuple: SocketTuple | undefined;
  let proto: number | undefined;
  let path = "";
  let openFlags = 0;
  let device: number | undefined;
  if (number >= 3 && number <= 6) {
    tuple = readAddresses(from, number);
    proto = protocols[from.uint8()];
  } else if (number === 8) {
    const at = from.at;
    from.skip(16);
    if (!from.overrun) {
      path = from.text();
      tuple = unixTuple(path, hex64(from.view, at), hex64(from.view, at + 8));
    }
  } else if (number === 16) {
    openFlags = from.uint32();
    path = from.text();
    if (version >= 2 && from.left >= 4) device = from.uint32();
  } else path = from.text();
  return {
    kind: "descriptor",
    tid,
    fd,
    type: shape.type,
    fileType: shape.fileType,
    path,
    openFlags,
    tuple,
    proto,
    inode: inode === 0 ? undefined : inode,
    device,
  };
}

function readAddresses(from: Cursor, number: number): SocketTuple | undefined {
  switch (number) {
    case 3: {
      const sip = from.address4();
      const dip = from.address4();
      const sport = from.uint16();
      return inetTuple(sip, sport, dip, from.uint16());
    }
    case 4: {
      const source = from.address6();
      const peer = from.address6();
      if (source < 0 || peer < 0) return undefined;
      const sport = from.uint16();
      const dport = from.uint16();
      return inetTuple(
        ipFromBytes(from.bytes, source),
        sport,
        ipFromBytes(from.bytes, peer),
        dport,
      );
    }
    case 5: {
      const ip = from.address4();
      return inetTuple(ip, from.uint16(), 0, 0);
    }
    default: {
      const at = from.address6();
      return at < 0 ? undefined : inetTuple(ipFromBytes(from.bytes, at), from.uint16(), "::", 0);
    }
  }
}

/** One user or group. */
export function readUser(from: Cursor, version: number): Input | undefined {
  return readEntry(from, version >= 2, () => readUserFields(from));
}

function readUserFields(from: Cursor): Input {
  const isGroup = from.uint8() !== 0;
  const id = from.uint32();
  if (isGroup) return { kind: "group", gid: id, name: from.text() };
  from.skip(4);
  const name = from.text();
  from.text();
  from.text();
  return { kind: "user", uid: id, name };
}
