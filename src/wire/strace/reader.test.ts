// Pages of strace 6.1's own output, recorded from small programs and cut down, with what they must mean. Every expectation was
// derived by hand from the manual pages of the calls and of strace, and from the program; none is a copy of the reader's output.

import { expect, test } from "vitest";
import { CloneFlag } from "../../model/syscall.ts";
import { OpenFlag } from "../../model/opflag.ts";
import { callsOf, inputsOf, openReader, pageOf, printInput, takeAll } from "./inputs-test.ts";

/** `sh -c 'ls >/tmp/out; exit 3'`: exec, redirection, vfork whose child runs before the call returns. */
const shell = `\
8539  1795523749.549857 execve("/usr/bin/sh", ["sh", "-c", "ls > /tmp/out; exit 3"], 0x7ffdb8759f00 /* 39 vars */) = 0
8539  1795523749.550225 brk(NULL)       = 0x556da82fd000
8539  1795523749.550690 openat(AT_FDCWD</tmp>, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3</etc/ld.so.cache>
8539  1795523749.550934 mmap(NULL, 35519, PROT_READ, MAP_PRIVATE, 3</etc/ld.so.cache>, 0) = 0x7f1a3f1e6000
8539  1795523749.551018 close(3</etc/ld.so.cache>) = 0
8539  1795523749.554428 openat(AT_FDCWD</tmp>, "out", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</tmp/out>
8539  1795523749.554555 fcntl(1</dev/pts/0<char 136:0>>, F_DUPFD, 10) = 11</dev/pts/0<char 136:0>>
8539  1795523749.554643 close(1</dev/pts/0<char 136:0>>) = 0
8539  1795523749.554721 fcntl(11</dev/pts/0<char 136:0>>, F_SETFD, FD_CLOEXEC) = 0
8539  1795523749.554924 dup2(3</tmp/out>, 1) = 1</tmp/out>
8539  1795523749.556069 vfork( <unfinished ...>
8540  1795523749.556264 execve("/usr/bin/ls", ["ls", "a\\"b\\tc"], 0x556da82fde18 /* 39 vars */ <unfinished ...>
8539  1795523749.556355 <... vfork resumed>) = 8540
8539  1795523749.556393 wait4(-1,  <unfinished ...>
8540  1795523749.556475 <... execve resumed>) = 0
8540  1795523749.556590 write(1</tmp/out>, "x\\n", 2) = 2
8540  1795523749.556600 exit_group(0)           = ?
8540  1795523749.556700 +++ exited with 0 +++
8539  1795523749.556800 <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 8540
8539  1795523749.556900 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=8540, si_uid=0, si_status=0, si_utime=0, si_stime=0} ---
8539  1795523749.557000 exit_group(3)           = ?
8539  1795523749.557100 +++ exited with 3 +++
`;

const read = OpenFlag.RDONLY | OpenFlag.CLOEXEC;
const create = OpenFlag.WRONLY | OpenFlag.CREAT | OpenFlag.TRUNC;

test("a shell that redirects and forks: programs, descriptors, birth before first act, ends", () => {
  const vfork = CloneFlag.VM | CloneFlag.VFORK;
  expect(pageOf(shell)).toEqual([
    "8539/8539 exec execve path=/usr/bin/sh {tid:8539 pid:8539 comm:sh argv0:sh args:-c|ls > /tmp/out; exit 3 exePath:/usr/bin/sh cwd:/tmp}",
    `8539/8539 open openat ret=3 fd=3 path=/etc/ld.so.cache fdPath=/etc/ld.so.cache flags=${read}`,
    `8539/8539 mmap ret=${0x7f1a3f1e6000} fd=3 fdPath=/etc/ld.so.cache flags=2`,
    "8539/8539 close fd=3 fdPath=/etc/ld.so.cache",
    `8539/8539 open openat ret=3 fd=3 path=out fdPath=/tmp/out flags=${create} mode=${0o666}`,
    "descriptor 8539 1 file c /dev/pts/0",
    // 1 is libscap's F_DUPFD.
    "8539/8539 dup fcntl ret=11 fd=1 fd2=11 fdPath=/dev/pts/0 flags=1",
    "8539/8539 close fd=1 fdPath=/dev/pts/0",
    "8539/8539 dup dup2 ret=1 fd=3 fd2=1 fdPath=/tmp/out",
    `8539/8539 clone vfork ret=8540 flags=${vfork}`,
    '8540/8540 exec execve path=/usr/bin/ls {tid:8540 pid:8540 comm:ls argv0:ls args:a"b\tc exePath:/usr/bin/ls cwd:/tmp}',
    "8540/8540 write ret=2 fd=1 fdPath=/tmp/out",
    "8540/8540 exit exit_group",
    `8539/8539 exit exit_group mode=${3 << 8}`,
  ]);
});

test("times are nanoseconds since the first whole second; a resumed call is dated by its end", () => {
  const reader = openReader(shell);
  const calls = takeAll(reader).filter((input) => input.kind === "call");
  expect(reader.base).toBe(1_795_523_749_000_000_000n);
  expect(calls[0]?.ts).toBe(549_857_000);
  expect(calls.find((call) => call.path === "/usr/bin/ls")?.ts).toBe(556_475_000);
  // The child must exist before its first line.
  expect(calls.find((call) => call.name === "vfork")?.ts).toBe(556_264_000);
  const times = calls.map((call) => call.ts);
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test("events, relevant ones and skipped ones are counted", () => {
  const reader = openReader(shell);
  takeAll(reader);
  expect(reader.counters.events).toBe(22);
  // 12 calls, the vfork, two ends — minus brk, fcntl(F_SETFD), wait4, SIGCHLD, the exit_groups.
  expect(reader.counters.relevant).toBe(13);
  expect(reader.counters.skipped.get("brk")).toBe(1);
  expect(reader.counters.skipped.get("fcntl")).toBe(1);
  expect(reader.counters.skipped.get("wait4")).toBe(1);
  expect(reader.diagnostics).toEqual([]);
});

/** A server thread and its client in one process, over TCP; then UDP, IPv6, unix. */
const sockets = `\
100 10.000000 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3<TCP:[19664]>
100 10.000100 bind(3<TCP:[19664]>, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
100 10.000200 listen(3<TCP:[127.0.0.1:36487]>, 5) = 0
100 10.000300 clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, child_tid=0x7fefdfa4b990, parent_tid=0x7fefdfa4b990, exit_signal=0, stack=0x7fefdf24b000, stack_size=0x7fff80, tls=0x7fefdfa4b6c0} => {parent_tid=[101]}, 88) = 101
101 10.000400 accept4(3<TCP:[127.0.0.1:36487]>,  <unfinished ...>
100 10.000500 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 8<TCP:[20851]>
100 10.000600 connect(8<TCP:[20851]>, {sa_family=AF_INET, sin_port=htons(36487), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
101 10.000700 <... accept4 resumed>{sa_family=AF_INET, sin_port=htons(60520), sin_addr=inet_addr("127.0.0.1")}, [16], SOCK_CLOEXEC) = 7<TCP:[127.0.0.1:36487->127.0.0.1:60520]>
100 10.000800 sendto(8<TCP:[127.0.0.1:60520->127.0.0.1:36487]>, "GET", 3, 0, NULL, 0) = 3
101 10.000900 recvfrom(7<TCP:[127.0.0.1:36487->127.0.0.1:60520]>,  <unfinished ...>
101 10.001000 <... recvfrom resumed>"GET", 100, 0, NULL, NULL) = 3
101 10.001100 shutdown(7<TCP:[127.0.0.1:36487->127.0.0.1:60520]>, SHUT_WR) = 0
101 10.001200 close(7<TCP:[127.0.0.1:36487->127.0.0.1:60520]>) = 0
101 10.001300 exit(0) = ?
101 10.001400 +++ exited with 0 +++
`;

test("the accepted and the made connection have the same ends, client first", () => {
  const page = pageOf(sockets);
  const thread = CloneFlag.VM | CloneFlag.FS | CloneFlag.FILES | CloneFlag.THREAD;
  expect(page).toEqual([
    "thread 100 comm=? cwd=?",
    "100/100 socket ret=3 fd=3 domain=2 type=1",
    "100/100 bind fd=3 127.0.0.1:0->0.0.0.0:0",
    // The kernel chose the port: the socket is described anew.
    "descriptor 100 3 listening - 127.0.0.1:36487->0.0.0.0:0",
    "100/100 listen fd=3",
    `100/100 clone clone3 ret=101 flags=${thread}`,
    "100/100 socket ret=8 fd=8 domain=2 type=1",
    "100/100 connect fd=8 127.0.0.1:60520->127.0.0.1:36487",
    "101/100 accept accept4 ret=7 fd=7 fd2=3 127.0.0.1:60520->127.0.0.1:36487",
    "100/100 write sendto ret=3 fd=8",
    "101/100 read recvfrom ret=3 fd=7",
    "101/100 shutdown fd=7 mode=1",
    "101/100 close fd=7",
    "101/100 exit",
  ]);
});

test("without -yy, accept's own side is where the socket was bound, or what getsockname said", () => {
  const page = pageOf(`\
5 1.0 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
5 1.1 getsockname(3, {sa_family=AF_INET, sin_port=htons(36487), sin_addr=inet_addr("127.0.0.1")}, [16]) = 0
5 1.2 accept4(3, {sa_family=AF_INET, sin_port=htons(60520), sin_addr=inet_addr("127.0.0.9")}, [16], SOCK_CLOEXEC) = 7
5 1.3 fork() = 6
6 1.4 bind(4, 0.0.0.0:80) = 0
6 1.5 accept(4, 10.0.0.9:555) = 8
6 1.6 accept(3, 10.0.0.9:556) = 9
`);
  expect(page.filter((line) => line.includes("accept"))).toEqual([
    "5/5 accept accept4 ret=7 fd=7 fd2=3 127.0.0.9:60520->127.0.0.1:36487",
    "6/6 accept ret=8 fd=8 fd2=4 10.0.0.9:555->0.0.0.0:80",
    "6/6 accept ret=9 fd=9 fd2=3 10.0.0.9:556->127.0.0.1:36487",
  ]);
});

test("datagrams: from the sender to the receiver; a message vector's bytes, not its count", () => {
  const page = pageOf(`\
1 10.0 socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 7<UDP:[19688]>
1 10.1 bind(7<UDP:[19688]>, {sa_family=AF_INET, sin_port=htons(59074), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
1 10.2 recvfrom(7<UDP:[127.0.0.1:59074]>, "xxxxxxxxxx", 100, 0, {sa_family=AF_INET, sin_port=htons(46349), sin_addr=inet_addr("127.0.0.1")}, [16]) = 10
1 10.3 sendmsg(8<UDP:[0.0.0.0:46349]>, {msg_name={sa_family=AF_INET, sin_port=htons(59074), sin_addr=inet_addr("127.0.0.1")}, msg_namelen=16, msg_iov=[{iov_base="ab", iov_len=2}, {iov_base="cd", iov_len=2}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 4
1 10.4 sendmmsg(8<UDP:[0.0.0.0:46349]>, [{msg_hdr={msg_name={sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.53")}, msg_namelen=16, msg_iov=[{iov_base="q1", iov_len=2}], msg_iovlen=1}, msg_len=30}, {msg_hdr={msg_name=NULL}, msg_len=31}], 2, MSG_NOSIGNAL) = 2
1 10.5 sendto(9<UDPv6:[19690]>, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(9999), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 1
1 10.6 write(2, "9<UDPv6:[[::1]:6666]>", 20) = 20
1 10.7 close(9<UDPv6:[[::1]:5353]>) = 0
`);
  expect(page.filter((line) => / (read|write) /.test(line))).toEqual([
    "1/1 read recvfrom ret=10 fd=7 127.0.0.1:46349->127.0.0.1:59074",
    "1/1 write sendmsg ret=4 fd=8 0.0.0.0:46349->127.0.0.1:59074",
    "1/1 write sendmmsg ret=61 fd=8 0.0.0.0:46349->10.0.0.53:53",
    // The kernel chose the port while sending: the next line about the socket shows it; what a program writes does not count.
    "1/1 write sendto ret=1 fd=9 ::1:5353->::1:9999",
    "1/1 write ret=20 fd=2",
  ]);
});

test("unix sockets: paths, abstract names, the inodes of both ends", () => {
  expect(
    pageOf(`\
1 10.0 bind(5<UNIX-STREAM:[19666]>, {sa_family=AF_UNIX, sun_path="u.sock"}, 9) = 0
1 10.1 bind(6<UNIX-STREAM:[19667]>, {sa_family=AF_UNIX, sun_path=@"abs\\1name"}, 11) = 0
1 10.2 connect(8<UNIX-STREAM:[19687]>, {sa_family=AF_UNIX, sun_path=@"abs\\1name"}, 11) = 0
1 10.3 accept4(6<UNIX-STREAM:[19667,@"abs\\1name"]>, {sa_family=AF_UNIX}, [110 => 2], SOCK_CLOEXEC) = 7<UNIX-STREAM:[19686->19687,@"abs\\1name"]>
1 10.4 socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, [12<UNIX-STREAM:[19692->19693]>, 13<UNIX-STREAM:[19693->19692]>]) = 0
1 10.5 sendto(11<UNIX:[19691]>, "x", 1, 0, {sa_family=AF_UNIX, sun_path="/nope"}, 8) = -1 ENOENT (No such file or directory)
`).filter((line) => line.startsWith("1/")),
  ).toEqual([
    "1/1 bind fd=5 unix:u.sock ?->?",
    "1/1 bind fd=6 unix:@abs\u0001name ?->?",
    "1/1 connect fd=8 unix:@abs\u0001name ?->?",
    "1/1 accept accept4 ret=7 fd=7 fd2=6 unix:@abs\u0001name 19687->19686",
    "1/1 socketpair fd=12 fd2=13 domain=1 type=1 unix: 19692->19693",
    "1/1 write sendto ret=-2 fd=11 unix:/nope ?->?",
  ]);
});

test("names in the file system, links, modes, owners, devices", () => {
  expect(
    pageOf(`\
1 10.0 openat(AT_FDCWD</w>, "f\\n\\"x\\303\\251", O_RDWR|O_CREAT|O_APPEND|O_CLOEXEC, 0640) = 16</w/f\\n\\"x\\303\\251>
1 10.1 read(16</w/f\\n\\"x\\303\\251>(deleted), "", 10) = 0
1 10.2 openat2(5</w/d>, "h", {flags=O_RDONLY|O_DIRECTORY, mode=0, resolve=RESOLVE_BENEATH}, 24) = 25</w/d/h>
1 10.3 mkdirat(AT_FDCWD</w>, "d1", 0777) = 0
1 10.4 renameat2(AT_FDCWD</w>, "d1", 5</w/d>, "d2", RENAME_NOREPLACE) = 0
1 10.5 symlinkat("t", 5</w/d>, "sl") = 0
1 10.6 linkat(AT_FDCWD</w>, "m", 5</w/d>, "hl", 0) = 0
1 10.7 unlinkat(5</w/d>, "hl", AT_REMOVEDIR) = 0
1 10.8 fchmodat(AT_FDCWD</w>, "m", 04755) = 0
1 10.9 fchownat(AT_FDCWD</w>, "m", 1000, -1, AT_SYMLINK_NOFOLLOW) = 0
1 11.0 mknodat(AT_FDCWD</w>, "dev", S_IFCHR|0666, makedev(0x1, 0x3)) = 0
1 11.1 mount("/dev/sda1", "/mnt", "ext4", MS_RDONLY|MS_NOSUID, NULL) = 0
1 11.2 umount2("/mnt", MNT_DETACH) = 0
1 11.3 open("/etc/shadow", O_RDONLY) = -1 EACCES (Permission denied)
`),
  ).toEqual(
    [
      "thread 1 comm=? cwd=/w",
      `1/1 open openat ret=16 fd=16 path=f\n"xé fdPath=/w/f\n"xé flags=${OpenFlag.RDWR | OpenFlag.CREAT | OpenFlag.APPEND | OpenFlag.CLOEXEC} mode=${0o640}`,
      '1/1 read fd=16 fdPath=/w/f\n"xé',
      "descriptor 1 5 file d /w/d",
      `1/1 open openat2 ret=25 fd=25 dirfd=5 path=h fdPath=/w/d/h flags=${OpenFlag.RDONLY | OpenFlag.DIRECTORY}`,
      "time",
      `1/1 mkdir mkdirat path=d1 mode=${0o777}`,
      "1/1 rename renameat2 newDirfd=5 path=d1 newPath=d2",
      "1/1 symlink symlinkat newDirfd=5 path=t newPath=sl",
      "1/1 link linkat newDirfd=5 path=m newPath=hl",
      "1/1 unlink unlinkat dirfd=5 path=hl flags=512",
      `1/1 chmod fchmodat path=m mode=${0o4755}`,
      "1/1 chown fchownat path=m flags=256 uid=1000",
      `1/1 mknod mknodat path=dev mode=${0o20666} device=${0x103}`,
      "1/1 mount path=/mnt newPath=/dev/sda1 flags=3",
      "1/1 umount umount2 path=/mnt flags=2",
      `1/1 open ret=-13 path=/etc/shadow flags=${OpenFlag.RDONLY}`,
    ].filter((line) => line !== "time"),
  );
});

test("identities, namespaces, signals, tracing, modules", () => {
  expect(
    pageOf(`\
7 10.0 setresuid(1000, 1001, -1) = 0
7 10.1 setgid(100) = 0
7 10.2 setsid() = 7
7 10.3 unshare(CLONE_NEWNS|CLONE_NEWNET) = 0
7 10.4 kill(12246, SIGKILL) = 0
7 10.5 tgkill(300, 301, SIGRT_1) = 0
7 10.6 ptrace(PTRACE_ATTACH, 999, NULL, 0) = -1 ESRCH (No such process)
7 10.7 pidfd_send_signal(4<pid:77>, SIGTERM, NULL, 0) = 0
7 10.8 finit_module(3</lib/m.ko>, "", 0) = 0
7 10.9 delete_module("m", O_NONBLOCK) = 0
7 10.91 bpf(BPF_PROG_LOAD, {prog_type=BPF_PROG_TYPE_KPROBE, insn_cnt=5}, 128) = 6<anon_inode:bpf-prog>
7 10.92 capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_CHOWN|1<<CAP_SYS_ADMIN, permitted=0, inheritable=0}) = 0
7 10.93 chroot("/jail") = 0
7 10.94 io_uring_setup(4, {flags=0, sq_entries=4}) = 9<anon_inode:[io_uring]>
`).filter((line) => line.startsWith("7/")),
  ).toEqual([
    "7/7 setuid setresuid uid=1001",
    "7/7 setgid gid=100",
    "7/7 session setsid ret=7",
    `7/7 unshare flags=${CloneFlag.NEWNS | CloneFlag.NEWNET}`,
    "7/7 signal kill mode=9 target=12246",
    "7/7 signal tgkill mode=33 target=300",
    "7/7 ptrace ret=-3 mode=16 target=999",
    "7/7 signal pidfd_send_signal mode=15 target=77",
    "7/7 module finit_module fd=3 fdPath=/lib/m.ko",
    "7/7 module delete_module path=m mode=1",
    "7/7 bpf ret=6 mode=5",
    `7/7 capset {capabilities:${(1n << 0n) | (1n << 21n)}}`,
    "7/7 chroot path=/jail",
    "7/7 ioUring io_uring_setup ret=9 fd=9",
  ]);
});

test("two shells fork at once: the child that shows up first waits until its parent is known", () => {
  const page = pageOf(`\
1 10.0 execve("/bin/sh", ["sh"], 0x1 /* 3 vars */) = 0
1 10.1 chdir("/") = 0
1 10.2 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7) = 2
1 10.3 vfork( <unfinished ...>
2 10.4 vfork( <unfinished ...>
4 10.5 chdir("/four") = 0
3 10.6 chdir("/three") = 0
2 10.7 <... vfork resumed>) = 4
1 10.8 <... vfork resumed>) = 3
`);
  const flags = CloneFlag.VM | CloneFlag.VFORK;
  expect(page.slice(2)).toEqual([
    "1/1 clone ret=2",
    `2/2 clone vfork ret=4 flags=${flags}`,
    "4/4 chdir path=/four",
    `1/1 clone vfork ret=3 flags=${flags}`,
    "3/3 chdir path=/three",
  ]);
});

test("a pid namespace: inside, forks return other numbers than the ones strace prints", () => {
  const forks = (text: string): string[] =>
    pageOf(text)
      .filter((line) => line.includes(" clone"))
      .map((line) => line.replace(/ flags=.*/, ""));
  // Recorded from `unshare -pf sh -c 'ls; (cat)'`; the second fork's child shows up after the call.
  expect(
    forks(`\
26427 1.0 unshare(CLONE_NEWNS|CLONE_NEWPID) = 0
26427 1.1 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 26428
26428 1.2 vfork( <unfinished ...>
26429 1.3 close(3) = 0
26428 1.4 <... vfork resumed>) = 2
26428 1.5 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 3
26430 1.6 close(3) = 0
`),
  ).toEqual([
    "26427/26427 clone ret=26428",
    "26428/26428 clone vfork ret=26429",
    "26428/26428 clone ret=26430",
  ]);
  expect(
    forks(`\
1 1.0 unshare(CLONE_NEWPID) = 0
1 1.1 fork() = 50
50 1.2 fork() = 2 /* 51 in strace's PID NS */
`),
  ).toEqual(["1/1 clone fork ret=50", "50/50 clone fork ret=51"]);
});

test("close frees its number when it begins: another thread's call that ends before it may have it again", () => {
  const page = pageOf(`\
1 1.0 close(7 <unfinished ...>
2 1.1 openat(AT_FDCWD, "/x", O_RDONLY) = 7
1 1.2 <... close resumed>)              = 0
`);
  expect(page.filter((line) => line.includes("fd=7")).map((line) => line.slice(0, 14))).toEqual([
    "1/1 close fd=7",
    "2/2 open opena",
  ]);
});

test("a thread that is no leader executes: it ends, and the leader runs the program", () => {
  expect(
    pageOf(`\
10 5.0 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88) = 12
12 5.1 execve("/bin/true", ["true"], 0x7ffd /* 39 vars */ <unfinished ...>
10 5.2 +++ superseded by execve in pid 12 +++
10 5.3 <... execve resumed>)        = 0
10 5.4 exit_group(0) = ?
10 5.5 +++ exited with 0 +++
`),
  ).toEqual([
    "thread 10 comm=? cwd=?",
    `10/10 clone clone3 ret=12 flags=${CloneFlag.VM | CloneFlag.THREAD}`,
    "12/10 exit",
    "10/10 exec execve path=/bin/true {tid:10 pid:10 comm:true argv0:true args: exePath:/bin/true}",
    "10/10 exit exit_group",
  ]);
});

test("killed, with and without a core; a signal from outside the recording", () => {
  expect(
    pageOf(`\
5 1.0 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=4242, si_uid=0} ---
5 1.1 +++ killed by SIGTERM +++
6 1.2 --- SIGSEGV {si_signo=SIGSEGV, si_code=SI_KERNEL, si_addr=NULL} ---
6 1.3 +++ killed by SIGSEGV (core dumped) +++
`).filter((line) => line.includes("/")),
  ).toEqual([
    "4242/0 signal kill mode=15 target=5",
    "5/5 exit exit_group mode=15",
    `6/6 exit exit_group mode=${11 | 128}`,
  ]);
});

test("interrupted calls have no result and make no input; the restarted one does", () => {
  const calls = callsOf(`\
1 1.0 read(0</dev/pts/0>, 0x7ffd, 100) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
1 1.1 --- SIGWINCH {si_signo=SIGWINCH, si_code=SI_KERNEL} ---
1 1.2 read(0</dev/pts/0>, "a\\n", 100) = 2
1 1.3 read(0</dev/pts/0>, 0x7ffd, 100) = -1 EAGAIN (Resource temporarily unavailable)
`);
  expect(calls.map((call) => call.ret)).toEqual([2, -11]);
});

test("CRLF line ends change nothing", () => {
  expect(pageOf(shell.replaceAll("\n", "\r\n"))).toEqual(pageOf(shell));
});

test("the test notation: a page anyone can read", () => {
  const page = `\
# curl-download
10.000 bash/100   clone()                                   = 101
10.001 bash/101   execve("/usr/bin/curl", "http://a/x")     = 0
10.002 curl/101   socket(AF_INET, SOCK_STREAM)              = 3
10.003 curl/101   connect(3, 10.0.0.2:80)                   = 0
10.009 curl/101   read(3)                                   = 4096
10.010 curl/101   openat("/tmp/x", O_WRONLY|O_CREAT)        = -EACCES
10.011 curl/101   exit_group(1)
`;
  const inputs = inputsOf(page);
  expect(inputs.map(printInput)).toEqual([
    "thread 100 comm=bash cwd=?",
    "100/100 clone ret=101",
    "101/101 exec execve path=/usr/bin/curl {tid:101 pid:101 comm:curl argv0:/usr/bin/curl args:http://a/x exePath:/usr/bin/curl}",
    "101/101 socket ret=3 fd=3 domain=2 type=1",
    "101/101 connect fd=3 0.0.0.0:0->10.0.0.2:80",
    "101/101 read ret=4096 fd=3",
    `101/101 open openat ret=-13 path=/tmp/x flags=${OpenFlag.WRONLY | OpenFlag.CREAT}`,
    `101/101 exit exit_group mode=${1 << 8}`,
  ]);
  expect(openReader(page).diagnostics).toEqual([]);
});
