// System calls as every source says them: one decoded exit, old encodings and name variants already folded. The table below is
// the only list of calls; a wire format maps its own event numbers or names onto these rows.

import type { Ip } from "../base/ip.ts";
import { wide } from "../base/wide.ts";
import type { FileType } from "./entity.ts";
import type { FlowInput } from "./flow-input.ts";
import type { TimeBase, TimeNs } from "./time.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { GapReason, TimePrecision } from "./record.ts";

/** What a call does to the state; the flow engine switches on this number. */
export const Family = {
  open: 0,
  close: 1,
  read: 2,
  write: 3,
  mmap: 4,
  socket: 5,
  bind: 6,
  listen: 7,
  connect: 8,
  accept: 9,
  socketpair: 10,
  pipe: 11,
  dup: 12,
  chdir: 13,
  fchdir: 14,
  getcwd: 15,
  clone: 16,
  exec: 17,
  exit: 18,
  setuid: 19,
  setgid: 20,
  capset: 21,
  setns: 22,
  unshare: 23,
  mkdir: 24,
  rmdir: 25,
  unlink: 26,
  link: 27,
  symlink: 28,
  rename: 29,
  chmod: 30,
  chown: 31,
  mknod: 32,
  truncate: 33,
  mount: 34,
  umount: 35,
  chroot: 36,
  shutdown: 37,
  transfer: 38,
  ptrace: 39,
  signal: 40,
  module: 41,
  bpf: 42,
  ioUring: 43,
  anonymousFd: 44,
  closeRange: 45,
  session: 46,
  ignored: 47,
} as const;
export type FamilyName = keyof typeof Family;

export type SyscallRow = {
  readonly name: string;
  readonly family: FamilyName;
  /** Names that sources use for the same call (compat and 64-bit twins). */
  readonly aliases?: readonly string[];
};

export const syscalls = [
  { name: "open", family: "open" },
  { name: "openat", family: "open" },
  { name: "openat2", family: "open" },
  { name: "creat", family: "open" },
  { name: "open_by_handle_at", family: "open" },
  { name: "close", family: "close" },
  { name: "close_range", family: "closeRange" },
  { name: "read", family: "read" },
  { name: "readv", family: "read" },
  { name: "pread64", family: "read", aliases: ["pread"] },
  { name: "preadv", family: "read" },
  { name: "preadv2", family: "read" },
  { name: "recv", family: "read" },
  { name: "recvfrom", family: "read" },
  { name: "recvmsg", family: "read" },
  { name: "recvmmsg", family: "read", aliases: ["recvmmsg_time64"] },
  { name: "getdents", family: "read", aliases: ["getdents64"] },
  { name: "write", family: "write" },
  { name: "writev", family: "write" },
  { name: "pwrite64", family: "write", aliases: ["pwrite"] },
  { name: "pwritev", family: "write" },
  { name: "pwritev2", family: "write" },
  { name: "send", family: "write" },
  { name: "sendto", family: "write" },
  { name: "sendmsg", family: "write" },
  { name: "sendmmsg", family: "write" },
  { name: "mmap", family: "mmap", aliases: ["mmap2"] },
  { name: "socket", family: "socket" },
  { name: "bind", family: "bind" },
  { name: "listen", family: "listen" },
  { name: "connect", family: "connect" },
  { name: "accept", family: "accept" },
  { name: "accept4", family: "accept" },
  { name: "socketpair", family: "socketpair" },
  { name: "pipe", family: "pipe" },
  { name: "pipe2", family: "pipe" },
  { name: "dup", family: "dup" },
  { name: "dup2", family: "dup" },
  { name: "dup3", family: "dup" },
  { name: "fcntl", family: "dup", aliases: ["fcntl64"] },
  { name: "pidfd_getfd", family: "anonymousFd" },
  { name: "chdir", family: "chdir" },
  { name: "fchdir", family: "fchdir" },
  { name: "getcwd", family: "getcwd" },
  { name: "clone", family: "clone" },
  { name: "clone3", family: "clone" },
  { name: "fork", family: "clone" },
  { name: "vfork", family: "clone" },
  { name: "execve", family: "exec" },
  { name: "execveat", family: "exec" },
  { name: "exit", family: "exit" },
  { name: "exit_group", family: "exit" },
  { name: "setuid", family: "setuid", aliases: ["setuid32"] },
  { name: "setreuid", family: "setuid", aliases: ["setreuid32"] },
  { name: "setresuid", family: "setuid", aliases: ["setresuid32"] },
  { name: "setfsuid", family: "setuid", aliases: ["setfsuid32"] },
  { name: "setgid", family: "setgid", aliases: ["setgid32"] },
  { name: "setregid", family: "setgid", aliases: ["setregid32"] },
  { name: "setresgid", family: "setgid", aliases: ["setresgid32"] },
  { name: "setfsgid", family: "setgid", aliases: ["setfsgid32"] },
  { name: "setgroups", family: "setgid", aliases: ["setgroups32"] },
  { name: "capset", family: "capset" },
  { name: "setns", family: "setns" },
  { name: "unshare", family: "unshare" },
  { name: "setsid", family: "session" },
  { name: "setpgid", family: "session" },
  { name: "mkdir", family: "mkdir" },
  { name: "mkdirat", family: "mkdir" },
  { name: "rmdir", family: "rmdir" },
  { name: "unlink", family: "unlink" },
  { name: "unlinkat", family: "unlink" },
  { name: "link", family: "link" },
  { name: "linkat", family: "link" },
  { name: "symlink", family: "symlink" },
  { name: "symlinkat", family: "symlink" },
  { name: "rename", family: "rename" },
  { name: "renameat", family: "rename" },
  { name: "renameat2", family: "rename" },
  { name: "chmod", family: "chmod" },
  { name: "fchmod", family: "chmod" },
  { name: "fchmodat", family: "chmod" },
  { name: "fchmodat2", family: "chmod" },
  { name: "chown", family: "chown", aliases: ["chown32"] },
  { name: "fchown", family: "chown", aliases: ["fchown32"] },
  { name: "lchown", family: "chown", aliases: ["lchown32"] },
  { name: "fchownat", family: "chown" },
  { name: "mknod", family: "mknod" },
  { name: "mknodat", family: "mknod" },
  { name: "truncate", family: "truncate", aliases: ["truncate64"] },
  { name: "ftruncate", family: "truncate", aliases: ["ftruncate64"] },
  { name: "mount", family: "mount" },
  { name: "move_mount", family: "mount" },
  { name: "umount2", family: "umount", aliases: ["umount"] },
  { name: "chroot", family: "chroot" },
  { name: "pivot_root", family: "chroot" },
  { name: "shutdown", family: "shutdown" },
  { name: "sendfile", family: "transfer", aliases: ["sendfile64"] },
  { name: "splice", family: "transfer" },
  { name: "tee", family: "transfer" },
  { name: "copy_file_range", family: "transfer" },
  { name: "ptrace", family: "ptrace" },
  { name: "process_vm_writev", family: "ptrace" },
  { name: "process_vm_readv", family: "ptrace" },
  { name: "kill", family: "signal" },
  { name: "tkill", family: "signal" },
  { name: "tgkill", family: "signal" },
  { name: "pidfd_send_signal", family: "signal" },
  { name: "init_module", family: "module" },
  { name: "finit_module", family: "module" },
  { name: "delete_module", family: "module" },
  { name: "bpf", family: "bpf" },
  { name: "io_uring_setup", family: "ioUring" },
  { name: "io_uring_enter", family: "ioUring" },
  { name: "io_uring_register", family: "ioUring" },
  { name: "eventfd", family: "anonymousFd", aliases: ["eventfd2"] },
  { name: "epoll_create", family: "anonymousFd", aliases: ["epoll_create1"] },
  { name: "inotify_init", family: "anonymousFd", aliases: ["inotify_init1"] },
  { name: "fanotify_init", family: "anonymousFd" },
  { name: "timerfd_create", family: "anonymousFd" },
  { name: "signalfd", family: "anonymousFd", aliases: ["signalfd4"] },
  { name: "memfd_create", family: "anonymousFd" },
  { name: "userfaultfd", family: "anonymousFd" },
  { name: "pidfd_open", family: "anonymousFd" },
  { name: "perf_event_open", family: "anonymousFd" },
] as const satisfies readonly SyscallRow[];

export type SyscallName = (typeof syscalls)[number]["name"];

/** A dirfd that means the current directory. */
export const atFdcwd = -100;
/** No descriptor: the call has none, or the source lost it. */
export const noFd = -1;

/** Portable clone flags (libscap's). */
export const CloneFlag = {
  FILES: 1,
  FS: 2,
  NEWNET: 1 << 4,
  NEWNS: 1 << 5,
  NEWPID: 1 << 6,
  PARENT: 1 << 8,
  THREAD: 1 << 13,
  VM: 1 << 15,
  VFORK: 1 << 27,
  CHILD_IN_PIDNS: 1 << 29,
} as const;

/** What clone and exec say about the thread that results. Undefined: the source does not say. */
export type ThreadInfo = {
  readonly tid: number | undefined;
  readonly pid: number | undefined;
  readonly parentTid: number | undefined;
  readonly vtid: number | undefined;
  readonly vpid: number | undefined;
  readonly comm: string | undefined;
  /** argv[0]. */
  readonly argv0: string | undefined;
  /** argv[1..]. */
  readonly args: readonly string[] | undefined;
  readonly env: readonly string[] | undefined;
  /** Path of the program, resolved by the kernel. */
  readonly exePath: string | undefined;
  readonly cwd: string | undefined;
  readonly cgroups: readonly string[] | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly tty: number | undefined;
  readonly session: number | undefined;
  readonly processGroup: number | undefined;
  readonly loginUid: number | undefined;
  readonly capabilities: bigint | undefined;
  readonly exeInode: number | undefined;
  readonly exeUpperLayer: boolean | undefined;
  /** Inode of the network namespace. */
  readonly networkNamespace?: number | undefined;
};

/** Nothing is said. */
export const noThreadInfo: ThreadInfo = {
  tid: undefined,
  pid: undefined,
  parentTid: undefined,
  vtid: undefined,
  vpid: undefined,
  comm: undefined,
  argv0: undefined,
  args: undefined,
  env: undefined,
  exePath: undefined,
  cwd: undefined,
  cgroups: undefined,
  uid: undefined,
  gid: undefined,
  tty: undefined,
  session: undefined,
  processGroup: undefined,
  loginUid: undefined,
  capabilities: undefined,
  exeInode: undefined,
  exeUpperLayer: undefined,
};

/** Address families as libscap numbers them. */
export const AddressFamily = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;

/** An address as the call names it. For `tuple`, source is the client side of connect and accept. */
export type SocketTuple = {
  readonly family: number;
  readonly sip: Ip;
  readonly sport: number;
  readonly dip: Ip;
  readonly dport: number;
  /** unix: the path ("" for unnamed), with libscap's `hex->hex ` kept out. */
  readonly path: string;
  /** unix: kernel addresses or inodes of the two ends, where the source knows them. */
  readonly sourceId?: string | undefined;
  readonly peerId?: string | undefined;
};

/** What the kernel counted over a process' life, told at its exit. */
export type ExitCounts = {
  /** Opens that failed with ENOENT. */
  readonly failedOpens: number;
  readonly threadsCloned: number;
  readonly threadsExited: number;
  /** It lives on; only the recording of it ends. */
  readonly left: boolean;
};

/**
 * One decoded system call. The object is a cursor that a reader fills again and again: copy what you keep. Only the fields that
 * the family uses are set; the others hold stale values.
 */
export type Syscall = {
  kind: "call";
  family: number;
  name: SyscallName;
  ts: TimeNs;
  tid: number;
  /** Thread-group leader where the source says it, else 0. */
  pid: number;
  /** Result, or −errno. */
  ret: number;
  /** False: the source lost the call's entry (capture started in the middle, events dropped), so arguments may be missing. */
  paired: boolean;
  /** The source showed the entry event of this very call just before (captures only; stricter than `paired`). */
  entered: boolean;
  /** The producer asks to update state only: nothing is to be recorded (captures only). */
  stateOnly: boolean;
  /** open, socket, accept …: the new descriptor (= ret); else the descriptor argument; noFd where unknown. */
  fd: number;
  /** accept: the listening socket; dup: the new descriptor; pipe, socketpair: the second one; transfer: the output. */
  fd2: number;
  dirfd: number;
  newDirfd: number;
  /** As the program passed it: may be relative. */
  path: string | undefined;
  newPath: string | undefined;
  /** strace -y and the probe: the kernel's path of `fd` (absolute), "" where not given. */
  fdPath: string;
  /** open: OpenFlag bits; clone: CloneFlag bits; mmap: map flags; unshare, setns: namespace bits; unlinkat: AT_ flags; dup: fcntl command or 0. */
  flags: number;
  /** chmod, mknod, open: mode bits; shutdown: how; signal: signal number; ptrace, bpf: request; module: 0 load, 1 remove; exit: wait status. */
  mode: number;
  /** socket: domain, type, protocol. */
  domain: number;
  socketType: number;
  protocol: number;
  tuple: SocketTuple | undefined;
  uid: number;
  gid: number;
  /** signal, ptrace: the target's pid. */
  target: number;
  info: ThreadInfo | undefined;
  device: number;
  inode: number;
  /**
   * The probe: when the process began that made the call. Its calls name thread group leaders only, paths are absolute as far as
   * they are known, and flows come as inputs of their own. Undefined: a capture or a log.
   */
  start: TimeNs | undefined;
  /** clone, the probe: when the child began. */
  childStart: TimeNs | undefined;
  /** exit, the probe. */
  counts: ExitCounts | undefined;
};

/** A process-list entry, or a thread that appears in a scan. */
export type ThreadSnapshot = ThreadInfo & {
  readonly kind: "thread";
  readonly tid: number;
  readonly pid: number;
  /** When it began, exact to a hundredth of a second, where the source says it. */
  readonly start?: TimeNs | undefined;
};

export type DescriptorSnapshot = {
  readonly kind: "descriptor";
  readonly tid: number;
  readonly fd: number;
  readonly type: "file" | "ipv4" | "ipv6" | "listening" | "unix" | "other";
  /** For "file". */
  readonly fileType: FileType | undefined;
  readonly path: string;
  readonly openFlags: number;
  readonly tuple: SocketTuple | undefined;
  /** IANA protocol number. */
  readonly proto: number | undefined;
  readonly inode: number | undefined;
  readonly device: number | undefined;
};

export type ContainerSnapshot = {
  readonly kind: "container";
  readonly id: string;
  readonly name: string | undefined;
  readonly image: string | undefined;
  readonly imageId: string | undefined;
  readonly imageTag: string | undefined;
  /** libsinsp's number. */
  readonly type: number | undefined;
  readonly privileged: boolean | undefined;
  readonly complete: boolean;
  /** Of Kubernetes; its uid, name and namespace where they are known. */
  readonly pod?:
    | {
        readonly id: string | undefined;
        readonly name: string | undefined;
        readonly namespace: string | undefined;
      }
    | undefined;
};

/** Everything a source of system calls can say. */
export type Input =
  | Syscall
  | FlowInput
  | ThreadSnapshot
  | DescriptorSnapshot
  | ContainerSnapshot
  /** A new recording begins: all state is dropped. */
  | { readonly kind: "section" }
  | {
      readonly kind: "host";
      readonly hostname: string;
      readonly bootNs: bigint | undefined;
      readonly bootId?: string;
    }
  | { readonly kind: "user"; readonly uid: number; readonly name: string }
  | { readonly kind: "group"; readonly gid: number; readonly name: string }
  /** A Kubernetes API event, as JSON. */
  | { readonly kind: "kubernetes"; readonly ts: TimeNs; readonly json: string }
  /** Time has passed: an event that says nothing else crossed into a new whole second. */
  | { readonly kind: "time"; readonly ts: TimeNs }
  | {
      readonly kind: "gap";
      readonly ts: TimeNs;
      readonly reason: GapReason;
      readonly lost: number;
      readonly unit: "events" | "bytes" | "processes" | "flows";
      readonly where: string | undefined;
    };

/** Counts that `stats` shows; never reset. */
export type InputCounters = {
  bytes: number;
  /** Events in the input, whatever they are. */
  events: number;
  /** Events that became an Input. */
  relevant: number;
  /** Why the others were skipped. */
  skipped: Map<string, number>;
};

/**
 * A pure, push-fed reader of system calls: `push` bytes, then call `next` until it returns undefined. The sequence of inputs does
 * not depend on how the bytes were cut. It never throws; damage makes diagnostics and gap inputs.
 */
export type SyscallReader = {
  push(bytes: Uint8Array): void;
  /** No more bytes will come. */
  end(): void;
  next(): Input | undefined;
  /** Set once the first timestamp was seen (or given at construction). */
  readonly base: TimeBase | undefined;
  /** Time of the last event seen, handled or not. */
  readonly now: TimeNs;
  /** How exact the times are, as soon as one was seen. */
  readonly precision: TimePrecision | undefined;
  readonly counters: InputCounters;
  /** Diagnostics so far, at most limits.diagnostics; `diagnosticsDropped` counts the rest. */
  readonly diagnostics: readonly Diagnostic[];
  readonly diagnosticsDropped: number;
};

export function emptySyscall(): Syscall {
  const call: Syscall = {
    kind: "call",
    family: Family.ignored,
    name: "open",
    ts: wide,
    tid: 0,
    pid: 0,
    ret: wide,
    paired: true,
    entered: true,
    stateOnly: false,
    fd: noFd,
    fd2: noFd,
    dirfd: atFdcwd,
    newDirfd: atFdcwd,
    path: undefined,
    newPath: undefined,
    fdPath: "",
    flags: 0,
    mode: 0,
    domain: 0,
    socketType: 0,
    protocol: 0,
    tuple: undefined,
    uid: wide,
    gid: wide,
    target: 0,
    info: undefined,
    device: wide,
    inode: wide,
    start: undefined,
    childStart: undefined,
    counts: undefined,
  };
  call.ts = 0;
  call.ret = 0;
  call.uid = -1;
  call.gid = -1;
  call.device = 0;
  call.inode = 0;
  return call;
}
