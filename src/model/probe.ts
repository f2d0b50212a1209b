// What the kernel probe says: every message's layout, as tables. `probe/sysflow.h` is generated from them; wire/probe reads with
// them. All numbers are little-endian; every message begins with the head and is a multiple of eight bytes long.

export type ProbeField = {
  readonly name: string;
  readonly type: "u8" | "u16" | "u32" | "u64" | "i64" | "bytes16";
  /** Bytes from the message's beginning. */
  readonly at: number;
  readonly doc: string;
};

/** Raised when a layout changes; probe and reader must agree. */
export const probeVersion = 1;

/**
 * Around every message of the stream, as the kernel's ring buffer lays it out (include/uapi/linux/bpf.h): the message's length with
 * the two bits, an offset that means nothing here, the message, padding to eight bytes.
 */
export const probeFrame = { size: 8, busy: 0x80000000, discard: 0x40000000 } as const;

export const probeHead = [
  { name: "type", type: "u16", at: 0, doc: "see probeMessages" },
  { name: "code", type: "u16", at: 2, doc: "system call number, reason or command, by type" },
  { name: "length", type: "u32", at: 4, doc: "of the whole message, bytes" },
  { name: "pid", type: "u32", at: 8, doc: "thread group id in the initial namespace" },
  { name: "tid", type: "u32", at: 12, doc: "thread id in the initial namespace" },
  { name: "time", type: "u64", at: 16, doc: "nanoseconds since boot, suspend included" },
  { name: "start", type: "u64", at: 24, doc: "when the process began, nanoseconds since boot" },
] as const satisfies readonly ProbeField[];

/** Why a FLOW message was sent. All but `begin`, `checkpoint` and `scan` are a flow's last word. */
export const flowReasons = {
  begin: 1,
  checkpoint: 2,
  close: 3,
  exit: 4,
  exec: 5,
  /** Another file took its descriptor's number. */
  replaced: 6,
  /** It found no room in the ring and was collected later. */
  parked: 7,
  /** Found open when the recording began, or when a process was scanned again. */
  scan: 8,
} as const;

/** What a descriptor refers to. */
export const flowKinds = { file: 1, inet: 2, inet6: 3, unix: 4, pipe: 5, other: 6 } as const;

/** Bits of a FLOW message's `flags`. */
export const flowFlags = {
  /** It was open before it was seen. */
  preexisting: 1,
  accepted: 2,
  /** One socket, more peers than are told apart. */
  manyPeers: 4,
  /** Moved by io_uring: `fd` is not a descriptor. */
  uring: 8,
} as const;

/** Bits of a PATH message's `flags`. */
export const pathFlags = { truncated: 1, deleted: 2 } as const;

/** Bits of EXEC's `flags`. */
export const execFlags = { argvTruncated: 1, upperLayer: 2 } as const;

/** Bits of a CALL message's `flags`. */
export const callFlags = { text1Truncated: 1, text2Truncated: 2, text1IsAddress: 4 } as const;

/** Bits of HELLO's `features`. */
export const probeFeatures = { uring: 1, scan: 2 } as const;

const processFields = [
  { name: "ppid", type: "u32", at: 32, doc: "parent's thread group id" },
  { name: "vpid", type: "u32", at: 36, doc: "the process' id in its own namespace" },
] as const satisfies readonly ProbeField[];

export const probeMessages = {
  // Said by the loader.
  hello: {
    type: 1,
    size: 96,
    fields: [
      { name: "version", type: "u32", at: 32, doc: "probeVersion" },
      { name: "flowSize", type: "u32", at: 36, doc: "bytes of a FLOW message" },
      { name: "features", type: "u32", at: 40, doc: "probeFeatures bits" },
      { name: "hz", type: "u32", at: 44, doc: "jiffies per second" },
      { name: "mode", type: "u32", at: 48, doc: "probeModes" },
      { name: "kernel", type: "u32", at: 52, doc: "major × 65536 + minor × 256" },
      { name: "bootId", type: "bytes16", at: 56, doc: "the kernel's random boot id, binary" },
      { name: "realtime", type: "u64", at: 72, doc: "time since 1970 at `time`, nanoseconds" },
      { name: "machine", type: "u32", at: 80, doc: "ELF machine: 62 x86-64, 183 arm64" },
      { name: "headSize", type: "u32", at: 84, doc: "bytes of the head" },
      { name: "magic", type: "u64", at: 88, doc: '"SYSFLOW1"' },
    ],
  },
  clock: {
    type: 2,
    size: 48,
    fields: [
      { name: "realtime", type: "u64", at: 32, doc: "time since 1970 at `time`, nanoseconds" },
      { name: "window", type: "u64", at: 40, doc: "how exact the pair is, nanoseconds" },
    ],
  },
  /** Running counts, every second and at the end. */
  stats: {
    type: 3,
    size: 160,
    fields: [
      { name: "controlSent", type: "u64", at: 32, doc: "messages in the control ring" },
      { name: "controlLost", type: "u64", at: 40, doc: "control messages that found no room" },
      { name: "flowsSent", type: "u64", at: 48, doc: "messages in the flow ring" },
      { name: "flowsParked", type: "u64", at: 56, doc: "ended flows that found no room" },
      { name: "flowsCollected", type: "u64", at: 64, doc: "of these, sent later" },
      { name: "flowsLost", type: "u64", at: 72, doc: "flows lost for good: every table full" },
      { name: "flowsUntracked", type: "u64", at: 80, doc: "operations whose flow had no room" },
      { name: "rawSent", type: "u64", at: 88, doc: "raw messages" },
      { name: "rawLost", type: "u64", at: 96, doc: "raw messages that found no room" },
      { name: "compatCalls", type: "u64", at: 104, doc: "32-bit system calls, not looked at" },
      { name: "faults", type: "u64", at: 112, doc: "user memory that could not be read" },
      { name: "processesLost", type: "u64", at: 120, doc: "processes with no room in the table" },
      {
        name: "dirtyLost",
        type: "u64",
        at: 128,
        doc: "lost messages whose process could not be noted",
      },
      { name: "liveFlows", type: "u64", at: 136, doc: "flows in the table now" },
      { name: "members", type: "u64", at: 144, doc: "processes in the selection now" },
      {
        name: "peersLost",
        type: "u64",
        at: 152,
        doc: "datagrams to peers beyond those told apart",
      },
    ],
  },
  /** `code` 0: the first scan; 1: a process is scanned again. */
  scanBegin: { type: 4, size: 32, fields: [] },
  scanEnd: { type: 5, size: 32, fields: [] },
  /** Control messages of this process were lost: the reader asks /proc what it is now. */
  dirty: {
    type: 6,
    size: 56,
    fields: [
      { name: "forks", type: "u32", at: 32, doc: "lost FORK messages" },
      { name: "execs", type: "u32", at: 36, doc: "lost EXEC messages" },
      { name: "exits", type: "u32", at: 40, doc: "lost EXIT messages" },
      { name: "calls", type: "u32", at: 44, doc: "lost CALL messages: cannot be healed" },
      { name: "paths", type: "u32", at: 48, doc: "lost PATH messages: said again later" },
    ],
  },
  /** Answer to a command. `code` is the command. */
  ack: {
    type: 7,
    size: 40,
    fields: [{ name: "error", type: "u32", at: 32, doc: "0, or why it was refused" }],
  },
  // Said by the kernel, control ring. The head names who did it.
  fork: {
    type: 16,
    size: 56,
    fields: [
      { name: "child", type: "u32", at: 32, doc: "the new process' thread group id" },
      { name: "vpid", type: "u32", at: 36, doc: "its id in its own namespace" },
      { name: "childStart", type: "u64", at: 40, doc: "when it began, nanoseconds since boot" },
      { name: "cgroup", type: "u64", at: 48, doc: "id of its cgroup (v2), 0 if none" },
    ],
  },
  exec: {
    type: 17,
    size: 144,
    fields: [
      ...processFields,
      { name: "uid", type: "u32", at: 40, doc: "real user id" },
      { name: "euid", type: "u32", at: 44, doc: "effective user id" },
      { name: "gid", type: "u32", at: 48, doc: "real group id" },
      { name: "egid", type: "u32", at: 52, doc: "effective group id" },
      { name: "exe", type: "u32", at: 56, doc: "path id of the program" },
      { name: "cwd", type: "u32", at: 60, doc: "path id of the working directory" },
      { name: "session", type: "u32", at: 64, doc: "session id" },
      { name: "processGroup", type: "u32", at: 68, doc: "process group id" },
      { name: "loginUid", type: "u32", at: 72, doc: "audit login uid, 4294967295: none" },
      { name: "tty", type: "u32", at: 76, doc: "1: it has a controlling terminal" },
      { name: "capabilities", type: "u64", at: 80, doc: "effective capabilities" },
      { name: "exeInode", type: "u64", at: 88, doc: "of the program" },
      { name: "cgroup", type: "u64", at: 96, doc: "id of its cgroup (v2), 0 if none" },
      { name: "netns", type: "u32", at: 104, doc: "inode of the network namespace" },
      { name: "mntns", type: "u32", at: 108, doc: "inode of the mount namespace" },
      {
        name: "cgroupBytes",
        type: "u16",
        at: 112,
        doc: "text after the fixed part: components of the cgroup's path, leaf first, each ended by NUL",
      },
      { name: "argvBytes", type: "u16", at: 114, doc: "then argv as it lies in memory" },
      { name: "flags", type: "u32", at: 116, doc: "execFlags bits" },
      { name: "comm", type: "bytes16", at: 120, doc: "thread name" },
      { name: "exeGeneration", type: "u32", at: 136, doc: "inode generation of the program" },
      { name: "envBytes", type: "u32", at: 140, doc: "reserved, 0" },
    ],
  },
  /** The last thread is gone. */
  exit: {
    type: 18,
    size: 56,
    fields: [
      { name: "status", type: "u32", at: 32, doc: "wait status" },
      { name: "failedOpens", type: "u32", at: 36, doc: "opens that failed with ENOENT" },
      { name: "threadsCloned", type: "u32", at: 40, doc: "threads begun besides the first" },
      { name: "threadsExited", type: "u32", at: 44, doc: "threads ended besides the last" },
      {
        name: "left",
        type: "u32",
        at: 48,
        doc: "1: it lives on but left the selection (another user's)",
      },
    ],
  },
  /** A rare system call, told in full: names, credentials, namespaces, failures that matter. `code` is its number. */
  call: {
    type: 19,
    size: 120,
    fields: [
      { name: "ret", type: "i64", at: 32, doc: "result or −errno" },
      { name: "arg0", type: "u64", at: 40, doc: "first argument" },
      { name: "arg1", type: "u64", at: 48, doc: "second argument" },
      { name: "arg2", type: "u64", at: 56, doc: "third argument" },
      { name: "arg3", type: "u64", at: 64, doc: "fourth argument" },
      {
        name: "arg4",
        type: "u64",
        at: 72,
        doc: "fifth argument; bind, listen, connect: the socket's IANA protocol",
      },
      { name: "uid", type: "u32", at: 80, doc: "real user id after the call" },
      { name: "euid", type: "u32", at: 84, doc: "effective user id after the call" },
      { name: "gid", type: "u32", at: 88, doc: "real group id after the call" },
      { name: "egid", type: "u32", at: 92, doc: "effective group id after the call" },
      {
        name: "dir1",
        type: "u32",
        at: 96,
        doc: "path id of the first directory descriptor, of the working directory where that is meant, or of the descriptor argument",
      },
      { name: "dir2", type: "u32", at: 100, doc: "the same of the second" },
      {
        name: "text1Bytes",
        type: "u16",
        at: 104,
        doc: "text after the fixed part: the first path as the program passed it, or a socket address (listen: the one it is bound to)",
      },
      { name: "text2Bytes", type: "u16", at: 106, doc: "then the second" },
      { name: "flags", type: "u32", at: 108, doc: "callFlags bits" },
      { name: "capabilities", type: "u64", at: 112, doc: "effective capabilities after the call" },
    ],
  },
  /** A path id's meaning; once, before the first message that uses it, again when it was lost. */
  path: {
    type: 20,
    size: 64,
    fields: [
      { name: "id", type: "u32", at: 32, doc: "path id, never 0" },
      { name: "mode", type: "u32", at: 36, doc: "inode mode" },
      { name: "inode", type: "u64", at: 40, doc: "inode number" },
      {
        name: "device",
        type: "u32",
        at: 48,
        doc: "the kernel's device number (major << 20 | minor)",
      },
      { name: "generation", type: "u32", at: 52, doc: "inode generation" },
      {
        name: "bytes",
        type: "u32",
        at: 56,
        doc: "text after the fixed part: components, leaf first, each ended by NUL; none: the root",
      },
      { name: "flags", type: "u32", at: 60, doc: "pathFlags bits" },
    ],
  },
  // Said by the kernel, flow ring.
  flow: {
    type: 32,
    size: 160,
    fields: [
      { name: "id", type: "u64", at: 32, doc: "of this flow; never used again" },
      { name: "first", type: "u64", at: 40, doc: "first operation, nanoseconds since boot" },
      {
        name: "last",
        type: "u64",
        at: 48,
        doc: "last operation, nanoseconds since boot, exact to a jiffy",
      },
      { name: "rbytes", type: "u64", at: 56, doc: "bytes read since the flow began" },
      { name: "wbytes", type: "u64", at: 64, doc: "bytes written since the flow began" },
      { name: "rops", type: "u32", at: 72, doc: "reads since the flow began" },
      { name: "wops", type: "u32", at: 76, doc: "writes since the flow began" },
      {
        name: "ops",
        type: "u32",
        at: 80,
        doc: "operations since the flow began (model/opflag.ts)",
      },
      { name: "fd", type: "u32", at: 84, doc: "descriptor" },
      { name: "path", type: "u32", at: 88, doc: "path id, 0: none or lost" },
      { name: "device", type: "u32", at: 92, doc: "the kernel's device number" },
      { name: "inode", type: "u64", at: 96, doc: "inode number" },
      { name: "mode", type: "u16", at: 104, doc: "inode mode" },
      { name: "kind", type: "u8", at: 106, doc: "flowKinds" },
      { name: "flags", type: "u8", at: 107, doc: "flowFlags bits" },
      {
        name: "openFlags",
        type: "u32",
        at: 108,
        doc: "f_flags of all opens and what they were called with, the kernel's bits",
      },
      { name: "opens", type: "u32", at: 112, doc: "opens" },
      { name: "sport", type: "u16", at: 116, doc: "client's port" },
      { name: "dport", type: "u16", at: 118, doc: "server's port" },
      { name: "protocol", type: "u16", at: 120, doc: "IANA protocol number" },
      { name: "state", type: "u16", at: 122, doc: "socket state" },
      { name: "generation", type: "u32", at: 124, doc: "inode generation" },
      {
        name: "source",
        type: "bytes16",
        at: 128,
        doc: "client's address (4 or 16 bytes); unix: peer's inode as u64",
      },
      { name: "destination", type: "bytes16", at: 144, doc: "server's address" },
    ],
  },
  /** Raw mode: one system call's exit. `code` is its number. */
  raw: {
    type: 33,
    size: 72,
    fields: [
      { name: "ret", type: "i64", at: 32, doc: "result or −errno" },
      { name: "flow", type: "u64", at: 40, doc: "id of the flow that it belongs to, 0: none" },
      { name: "arg0", type: "u64", at: 48, doc: "first argument" },
      { name: "arg1", type: "u64", at: 56, doc: "second argument" },
      { name: "arg2", type: "u64", at: 64, doc: "third argument" },
    ],
  },
  /** Raw mode with entries (what system-call loggers send; for comparison): one system call's entry. */
  rawEnter: {
    type: 34,
    size: 72,
    fields: [
      { name: "arg3", type: "u64", at: 32, doc: "fourth argument" },
      { name: "arg4", type: "u64", at: 40, doc: "fifth argument" },
      { name: "arg0", type: "u64", at: 48, doc: "first argument" },
      { name: "arg1", type: "u64", at: 56, doc: "second argument" },
      { name: "arg2", type: "u64", at: 64, doc: "third argument" },
    ],
  },
} as const satisfies {
  readonly [name: string]: {
    readonly type: number;
    readonly size: number;
    readonly fields: readonly ProbeField[];
  };
};

export const probeModes = { aggregate: 0, raw: 1, both: 2, rawEnter: 3 } as const;

/** To the probe: sixteen bytes each, u32 command, u32 pid, u64 value. Each is answered by ACK, in order. */
export const probeCommands = {
  /** The process `pid` joins the selection; its descendants follow from now on. Refused for other users' processes. */
  add: 1,
  /** Every process that is, or comes to be, in the cgroup with id `value` (v2). Root only. */
  addCgroup: 2,
  /** Every process of the host. Root only. */
  addHost: 3,
  /** Says the open descriptors of `pid` (0: of the whole selection) as FLOW messages between SCAN messages. */
  scan: 4,
  /** From now on a flow on path id `value` is told when it begins. */
  watch: 5,
  /** The last word of every flow, STATS, and the end of the stream. */
  stop: 6,
  /** Said by the loader to the kernel side only. */
  remove: 8,
  /** Tests: stop reading the rings for `value` milliseconds. */
  stall: 7,
} as const;
