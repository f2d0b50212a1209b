// Mutated strace logs: lines moved, cut, doubled and spliced; numbers, texts, brackets and words inside them changed.

import { straceFormat } from "../../src/wire/strace/format.ts";
import type { FuzzTarget } from "./harness.ts";
import { type Bytes, mutateBytes, mutateList } from "./mutate.ts";
import type { Random } from "./random.ts";

const logs = [
  String.raw`100 1700000000.000100 execve("/usr/bin/sh", ["sh", "-c", "ls > /tmp/out"], 0x7ffdb8759f00 /* 39 vars */) = 0
100 1700000000.000200 openat(AT_FDCWD</tmp>, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3</etc/ld.so.cache>
100 1700000000.000300 mmap(NULL, 35519, PROT_READ, MAP_PRIVATE, 3</etc/ld.so.cache>, 0) = 0x7f1a3f1e6000
100 1700000000.000400 read(3</etc/ld.so.cache>, "\177ELF\2\1\1"..., 832) = 832
100 1700000000.000500 close(3</etc/ld.so.cache>) = 0
100 1700000000.000600 vfork( <unfinished ...>
101 1700000000.000700 execve("/usr/bin/ls", ["ls", "a\"b\tc"], 0x556da82fde18 /* 39 vars */ <unfinished ...>
100 1700000000.000800 <... vfork resumed>) = 101
101 1700000000.000900 <... execve resumed>) = 0
101 1700000000.001000 write(1</tmp/out>, "x\n", 2) = 2
101 1700000000.001100 exit_group(0) = ?
101 1700000000.001200 +++ exited with 0 +++
100 1700000001.001300 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=101, si_uid=0, si_status=0} ---
100 1700000001.001400 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, child_tid=0x7f, exit_signal=0, stack=0x7f}, 88) = 102
102 1700000001.001500 unlink("/tmp/out") = -1 ENOENT (No such file or directory)
100 1700000002.001600 exit_group(3) = ?
100 1700000002.001700 +++ exited with 3 +++
`,
  String.raw`7 1700000000.1 execve("/usr/sbin/web", ["web", "-p", "80"], 0x7f /* 3 vars */) = 0
7 1700000000.2 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3<TCP:[19664]>
7 1700000000.3 bind(3<TCP:[19664]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 1700000000.4 listen(3<TCP:[0.0.0.0:80]>, 128) = 0
7 1700000000.5 accept4(3<TCP:[0.0.0.0:80]>, {sa_family=AF_INET, sin_port=htons(999), sin_addr=inet_addr("10.0.0.1")}, [128 => 16], SOCK_CLOEXEC) = 4<TCP:[10.0.0.2:80->10.0.0.1:999]>
7 1700000000.6 recvfrom(4<TCP:[10.0.0.2:80->10.0.0.1:999]>, "GET / HTTP/1.1\r\n", 4096, 0, NULL, NULL) = 16
7 1700000000.7 connect(5<TCPv6:[77]>, {sa_family=AF_INET6, sin6_port=htons(3000), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 EINPROGRESS (Operation now in progress)
7 1700000000.8 connect(6<UNIX-STREAM:[88]>, {sa_family=AF_UNIX, sun_path="/run/db.sock"}, 110) = 0
7 1700000001.1 sendmsg(6<UNIX-STREAM:[88->89]>, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, MSG_NOSIGNAL) = 1
7 1700000001.2 pipe2([7<pipe:[5]>, 8<pipe:[5]>], O_CLOEXEC) = 0
7 1700000001.3 dup2(7<pipe:[5]>, 0) = 0<pipe:[5]>
7 1700000001.4 renameat2(AT_FDCWD</srv>, "a", AT_FDCWD</srv>, "b\303\251", 0) = 0
7 1700000001.5 chmod("/srv/b", 0755) = 0
7 1700000001.6 setuid(33) = 0
7 1700000001.7 mount("/dev/sda", "/mnt", "ext4", MS_RDONLY, NULL) = 0
7 1700000001.8 ptrace(PTRACE_ATTACH, 99) = 0
7 1700000001.9 kill(99, SIGKILL) = 0
7 1700000002.0 shutdown(4<TCP:[10.0.0.2:80->10.0.0.1:999]>, SHUT_RDWR) = 0
7 1700000002.1 getdents64(9</srv>, 0x55 /* 3 entries */, 32768) = 80
7 1700000002.2 +++ killed by SIGKILL (core dumped) +++
`,
  `10.000 bash/100   clone()                                   = 101
10.001 bash/101   execve("/usr/bin/curl", "http://a/x")     = 0
10.002 curl/101   connect(3, 10.0.0.2:80)                   = 0
10.009 curl/101   read(3)                                   = 4096
10.010 curl/101   openat("/tmp/x", O_WRONLY|O_CREAT)        = 4
10.011 curl/101   write(4)                                  = 4096
10.012 curl/101   exit_group(0)                             = ?
`,
];

const words = [
  ...[
    "openat",
    "execve",
    "clone",
    "close",
    "read",
    "connect",
    "<unfinished ...>",
    "<... read resumed>",
    "= 0",
    "= -1 EPERM",
  ],
  ...[
    "= ?",
    "AT_FDCWD",
    "NULL",
    "0x",
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "->",
    ", ",
    "...",
    " /* ",
    " */ ",
    "\n",
  ],
  ...[
    "+++ exited with 0 +++",
    "--- SIGTERM {} ---",
    "sin_port=htons(80)",
    "\\303",
    "\\x",
    "O_CREAT|",
    "strace: ",
    "[pid 5] ",
  ],
];

function mutateLine(random: Random, line: string): string {
  const at = random.int(line.length + 1);
  switch (random.int(8)) {
    case 0:
      return line.slice(0, at);
    case 1:
      return line.slice(0, at) + random.pick(words) + line.slice(at);
    case 2: {
      const number = random.chance(2) ? random.word() : -random.word();
      let nth = random.int(6);
      return line.replace(/\d+/g, (digits) => (nth-- === 0 ? String(number) : digits));
    }
    case 3: {
      const end = Math.min(line.length, at + random.int(20));
      return line.slice(0, at) + line.slice(end);
    }
    case 4:
      return (
        line.slice(0, at) +
        line.slice(at, at + 12).repeat(1 + random.int(1 << random.int(9))) +
        line.slice(at)
      );
    case 5:
      return line.replace(/^\d+/, String(random.pick([0, 1, 7, 100, 101, 102, random.word()])));
    case 6:
      return line.slice(0, at) + String.fromCharCode(random.int(256)) + line.slice(at + 1);
    default:
      return (
        line.slice(0, at) +
        random.pick(["{", "[", "(", '"', "<"]).repeat(random.int(200)) +
        line.slice(at)
      );
  }
}

function mutate(random: Random, seed: Bytes, other: Bytes): Bytes {
  const lines = new TextDecoder("latin1").decode(seed).split("\n");
  const others = new TextDecoder("latin1").decode(other).split("\n");
  const rounds = 1 + random.int(1 << random.int(5));
  for (let i = 0; i < rounds; i++) {
    if (random.chance(4)) mutateList(random, lines, others);
    else {
      const index = random.int(lines.length);
      lines[index] = mutateLine(random, lines[index] ?? "");
    }
  }
  const bytes = Uint8Array.from(lines.join("\n"), (character) => character.charCodeAt(0));
  return random.chance(20) ? mutateBytes(random, bytes) : bytes;
}

export const straceTarget: FuzzTarget = {
  name: "strace",
  format: straceFormat,
  seeds: () => logs.map((log) => new TextEncoder().encode(log)),
  mutate,
};
