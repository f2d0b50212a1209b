// Names that strace prints and the numbers they stand for on Linux; and the kernel's open and clone flags as libscap numbers them.

import { OpenFlag } from "../../model/opflag.ts";
import { CloneFlag } from "../../model/syscall.ts";
import { readNumber } from "./scan.ts";

function numbered(from: number, names: string): [string, number][] {
  return names.split(" ").map((name, i) => [name, from + i]);
}

const errnos: ReadonlyMap<string, number> = new Map([
  ...numbered(
    1,
    "EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV " +
      "ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK " +
      "ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP",
  ),
  ...numbered(42, "ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT"),
  ...numbered(52, "EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT"),
  ...numbered(59, "EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT"),
  ...numbered(70, "ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG"),
  ...numbered(79, "ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS"),
  ...numbered(
    88,
    "ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT " +
      "EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN " +
      "ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM " +
      "ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED " +
      "EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON",
  ),
  ["EWOULDBLOCK", 11],
  ["ENOTSUP", 95],
]);

const unknownErrno = 4095;

/** −errno of a name. A name that is not in the table is still a failure. */
export function failureOf(name: string | undefined): number {
  return -((name === undefined ? 1 : errnos.get(name)) ?? unknownErrno);
}

const signals: ReadonlyMap<string, number> = new Map([
  ...numbered(
    1,
    "SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM " +
      "SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO " +
      "SIGPWR SIGSYS",
  ),
  ["SIGRTMIN", 32],
]);

/** `SIGTERM`, `SIGRT_3`, `9`; 0 for anything else. */
export function signalNumber(text: string): number {
  const known = signals.get(text);
  if (known !== undefined) return known;
  if (text.startsWith("SIGRT_")) return 32 + (readNumber(text, 6) ?? 0);
  return readNumber(text) ?? 0;
}

/** Kernel values of what open takes (asm-generic, as on x86-64), beside libscap's. */
const openFlagRows: readonly [string, number, number][] = [
  ["O_WRONLY", 1, OpenFlag.WRONLY],
  ["O_RDWR", 2, OpenFlag.RDWR],
  ["O_CREAT", 0o100, OpenFlag.CREAT],
  ["O_EXCL", 0o200, OpenFlag.EXCL],
  ["O_TRUNC", 0o1000, OpenFlag.TRUNC],
  ["O_APPEND", 0o2000, OpenFlag.APPEND],
  ["O_NONBLOCK", 0o4000, OpenFlag.NONBLOCK],
  ["O_DSYNC", 0o10000, OpenFlag.DSYNC],
  ["O_DIRECT", 0o40000, OpenFlag.DIRECT],
  ["O_LARGEFILE", 0o100000, OpenFlag.LARGEFILE],
  ["O_DIRECTORY", 0o200000, OpenFlag.DIRECTORY],
  ["O_CLOEXEC", 0o2000000, OpenFlag.CLOEXEC],
  ["O_SYNC", 0o4010000, OpenFlag.SYNC],
  ["O_TMPFILE", 0o20200000, OpenFlag.TMPFILE],
];

const openFlagValues = new Map(openFlagRows.map(([name, kernel]) => [name, kernel]));

/** `O_RDWR|O_CREAT|0x8000` → libscap's bits. */
export function openFlags(text: string): number {
  const kernel = flagBits(text, openFlagValues);
  let portable = (kernel & 3) === 0 ? OpenFlag.RDONLY : 0;
  for (const [, value, bits] of openFlagRows) {
    if (value <= 2 ? (kernel & 3) === value : (kernel & value) === value) portable |= bits;
  }
  return portable;
}

const cloneFlagRows: readonly [string, number, number][] = [
  ["CLONE_VM", 0x100, CloneFlag.VM],
  ["CLONE_FS", 0x200, CloneFlag.FS],
  ["CLONE_FILES", 0x400, CloneFlag.FILES],
  ["CLONE_VFORK", 0x4000, CloneFlag.VFORK],
  ["CLONE_PARENT", 0x8000, CloneFlag.PARENT],
  ["CLONE_THREAD", 0x10000, CloneFlag.THREAD],
  ["CLONE_NEWNS", 0x20000, CloneFlag.NEWNS],
  ["CLONE_NEWPID", 0x20000000, CloneFlag.NEWPID],
  ["CLONE_NEWNET", 0x40000000, CloneFlag.NEWNET],
];
const cloneFlagValues = new Map(cloneFlagRows.map(([name, kernel]) => [name, kernel]));

/** `CLONE_VM|CLONE_THREAD|SIGCHLD` → libscap's bits. */
export function cloneFlags(text: string): number {
  const kernel = flagBits(text, cloneFlagValues);
  let portable = 0;
  for (const [, value, bits] of cloneFlagRows) if ((kernel & value) !== 0) portable |= bits;
  return portable;
}

/** Adds up `A|B|0x10`; names that are not in the table count nothing. */
export function flagBits(text: string, values: ReadonlyMap<string, number>): number {
  let bits = 0;
  for (const part of text.split("|")) {
    const word = part.trim();
    bits |= values.get(word) ?? readNumber(word) ?? 0;
  }
  return bits;
}

const addressFamilies: ReadonlyMap<string, number> = new Map([
  ["AF_UNSPEC", 0],
  ["AF_UNIX", 1],
  ["AF_LOCAL", 1],
  ["AF_INET", 2],
  ["AF_INET6", 10],
  ["AF_NETLINK", 16],
  ["AF_PACKET", 17],
  ["AF_BLUETOOTH", 31],
  ["AF_ALG", 38],
  ["AF_VSOCK", 40],
]);
/** `AF_INET` → 2; a family that is not in the table is −1. */
export function addressFamily(text: string): number {
  return addressFamilies.get(text) ?? addressFamilies.get(`AF_${text}`) ?? readNumber(text) ?? -1;
}

const socketTypes: ReadonlyMap<string, number> = new Map([
  ["SOCK_STREAM", 1],
  ["SOCK_DGRAM", 2],
  ["SOCK_RAW", 3],
  ["SOCK_RDM", 4],
  ["SOCK_SEQPACKET", 5],
  ["SOCK_PACKET", 10],
]);
/** The type without SOCK_CLOEXEC and SOCK_NONBLOCK. */
export function socketType(text: string): number {
  return flagBits(text, socketTypes) & 15;
}

const protocols: ReadonlyMap<string, number> = new Map([
  ["IPPROTO_IP", 0],
  ["IPPROTO_ICMP", 1],
  ["IPPROTO_TCP", 6],
  ["IPPROTO_UDP", 17],
  ["IPPROTO_ICMPV6", 58],
  ["IPPROTO_SCTP", 132],
  ["IPPROTO_UDPLITE", 136],
  ["IPPROTO_RAW", 255],
]);
export function protocolNumber(text: string): number {
  return protocols.get(text) ?? readNumber(text) ?? 0;
}

const modes: ReadonlyMap<string, number> = new Map([
  ["S_IFIFO", 0o010000],
  ["S_IFCHR", 0o020000],
  ["S_IFDIR", 0o040000],
  ["S_IFBLK", 0o060000],
  ["S_IFREG", 0o100000],
  ["S_IFSOCK", 0o140000],
  ["S_ISUID", 0o4000],
  ["S_ISGID", 0o2000],
  ["S_ISVTX", 0o1000],
]);
/** `S_IFIFO|0666`. */
export function fileMode(text: string): number {
  return flagBits(text, modes);
}

const mapFlags: ReadonlyMap<string, number> = new Map([
  ["MAP_SHARED", 1],
  ["MAP_PRIVATE", 2],
  ["MAP_FIXED", 16],
  ["MAP_ANONYMOUS", 32],
]);
const otherFlags: ReadonlyMap<string, number> = new Map([
  ["AT_REMOVEDIR", 0x200],
  ["AT_SYMLINK_NOFOLLOW", 0x100],
  ["AT_EMPTY_PATH", 0x1000],
  ["MNT_FORCE", 1],
  ["MNT_DETACH", 2],
  ["MNT_EXPIRE", 4],
  ["UMOUNT_NOFOLLOW", 8],
  ["MS_RDONLY", 1],
  ["MS_NOSUID", 2],
  ["MS_NODEV", 4],
  ["MS_NOEXEC", 8],
  ["MS_REMOUNT", 32],
  ["MS_BIND", 4096],
  ["MS_MOVE", 8192],
  ["MS_REC", 16384],
  ["MS_PRIVATE", 1 << 18],
  ["MS_SLAVE", 1 << 19],
  ["MS_SHARED", 1 << 20],
]);
export function memoryMapFlags(text: string): number {
  return flagBits(text, mapFlags);
}
/** AT_, MS_, MNT_ flags. */
export function callFlags(text: string): number {
  return flagBits(text, otherFlags);
}

const requests: ReadonlyMap<string, number> = new Map([
  ...numbered(
    0,
    "PTRACE_TRACEME PTRACE_PEEKTEXT PTRACE_PEEKDATA PTRACE_PEEKUSER PTRACE_POKETEXT PTRACE_POKEDATA PTRACE_POKEUSER " +
      "PTRACE_CONT PTRACE_KILL PTRACE_SINGLESTEP",
  ),
  ...numbered(12, "PTRACE_GETREGS PTRACE_SETREGS PTRACE_GETFPREGS PTRACE_SETFPREGS"),
  ...numbered(16, "PTRACE_ATTACH PTRACE_DETACH"),
  ["PTRACE_SYSCALL", 24],
  ...numbered(
    0x4200,
    "PTRACE_SETOPTIONS PTRACE_GETEVENTMSG PTRACE_GETSIGINFO PTRACE_SETSIGINFO PTRACE_GETREGSET PTRACE_SETREGSET PTRACE_SEIZE " +
      "PTRACE_INTERRUPT PTRACE_LISTEN",
  ),
  ...numbered(
    0,
    "BPF_MAP_CREATE BPF_MAP_LOOKUP_ELEM BPF_MAP_UPDATE_ELEM BPF_MAP_DELETE_ELEM BPF_MAP_GET_NEXT_KEY BPF_PROG_LOAD " +
      "BPF_OBJ_PIN BPF_OBJ_GET BPF_PROG_ATTACH BPF_PROG_DETACH BPF_PROG_TEST_RUN BPF_PROG_GET_NEXT_ID BPF_MAP_GET_NEXT_ID " +
      "BPF_PROG_GET_FD_BY_ID BPF_MAP_GET_FD_BY_ID BPF_OBJ_GET_INFO_BY_FD BPF_PROG_QUERY BPF_RAW_TRACEPOINT_OPEN BPF_BTF_LOAD",
  ),
  ["BPF_LINK_CREATE", 28],
  ["SHUT_RD", 0],
  ["SHUT_WR", 1],
  ["SHUT_RDWR", 2],
]);
/** Requests of ptrace and bpf, ways of shutdown. */
export function requestNumber(text: string): number {
  return requests.get(text) ?? readNumber(text) ?? -1;
}

const capabilityNames =
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE " +
  "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN " +
  "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE " +
  "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE";
const capabilityBits: ReadonlyMap<string, number> = new Map(numbered(0, capabilityNames));

/** `1<<CAP_CHOWN|1<<CAP_KILL`, `0` → a bit mask. */
export function capabilityMask(text: string): bigint {
  let mask = 0n;
  for (const part of text.split("|")) {
    const at = part.indexOf("CAP_");
    const bit = at < 0 ? undefined : capabilityBits.get(part.slice(at + 4).trim());
    if (bit !== undefined) mask |= 1n << BigInt(bit);
    else if (at < 0) mask |= BigInt(Math.max(0, readNumber(part.trim()) ?? 0));
  }
  return mask;
}
