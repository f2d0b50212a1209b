import { expect, test } from "vitest";
import { CloneFlag } from "../../model/syscall.ts";
import { OpenFlag } from "../../model/opflag.ts";
import { auditFormat } from "./format.ts";
import { callsOf, event, inputsOf, openReader, pageOf, takeAll } from "./inputs-test.ts";

const path = (item: number, name: string, kind: string): string =>
  `PATH item=${item} name=${name} inode=${100 + item} dev=fe:01 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=${kind}`;

test("a program's execution: arguments, program, directory, users and parent", () => {
  const text = event(1, 59, {
    pid: 20,
    ppid: 7,
    exe: "/usr/bin/dash",
    more: [
      'EXECVE argc=5 a0="sh" a1="-c" a2=6563686F2022C3A922 a3="" a4="x=1"',
      'CWD cwd="/srv"',
      path(0, '"/bin/sh"', "NORMAL"),
      path(1, '"/lib64/ld.so"', "NORMAL"),
    ],
  });
  const [call] = callsOf(text);
  expect(call).toMatchObject({
    name: "execve",
    pid: 20,
    tid: 20,
    ret: 0,
    path: "/bin/sh",
    ts: 1e6,
  });
  expect(call?.info).toMatchObject({
    argv0: "sh",
    args: ["-c", 'echo "é"', "", "x=1"],
    exePath: "/usr/bin/dash",
    comm: "dash",
    cwd: "/srv",
    parentTid: 7,
    uid: 1000,
    gid: 1000,
    loginUid: 1000,
    tty: 1,
    // `ses` is the audit session, not the process' session.
    session: undefined,
    env: undefined,
  });
});

test("a long argument comes in pieces, in either order; what is missing is said", () => {
  const pieces = ["a1_len=8 a1[0]=61C3", "a1[1]=A962 a2=63"];
  const first = `EXECVE argc=3 a0="p" ${pieces[0]}`;
  const second = `EXECVE  ${pieces[1]}`;
  for (const more of [
    [first, second],
    [second, first],
  ]) {
    expect(callsOf(event(1, 59, { more }))[0]?.info?.args).toEqual(["aéb", "c"]);
  }
  const reader = openReader(event(1, 59, { more: ['EXECVE argc=4 a0="p" a1="q"'] }));
  const [call] = takeAll(reader);
  expect(call).toMatchObject({ info: { argv0: "p", args: ["q"] } });
  expect(reader.diagnostics.map((item) => item.code)).toEqual(["SF1402"]);
});

test("records of several events interleave; unknown records between them do no harm", () => {
  const one = event(1, 257, {
    exit: 3,
    args: ["ffffff9c"],
    more: ['CWD cwd="/a"', path(0, '"x"', "NORMAL")],
  });
  const two = event(2, 87, {
    more: ['CWD cwd="/a"', path(0, '"/b"', "PARENT"), path(1, '"/b/y"', "DELETE")],
  });
  const [a, b] = [one, two].map((text) => text.trimEnd().split("\n"));
  const mixed: string[] = [];
  for (let i = 0; i < 6; i++)
    mixed.push(...(a?.slice(i, i + 1) ?? []), ...(b?.slice(i, i + 1) ?? []));
  mixed.splice(
    3,
    0,
    "type=USER_LOGIN msg=audit(1700000000.001:9): pid=1 uid=0 msg='op=login res=success'",
  );
  const reader = openReader(`${mixed.join("\n")}\n`);
  const calls = takeAll(reader).filter((input) => input.kind === "call");
  expect(calls.map((call) => [call.name, call.path])).toEqual([
    ["openat", "x"],
    ["unlink", "/b/y"],
  ]);
  expect(reader.counters).toMatchObject({ events: 3, relevant: 2 });
  expect(reader.counters.skipped).toEqual(new Map([["USER_LOGIN", 1]]));
  expect(reader.precision).toBe("ms");
});

test("without EOE and PROCTITLE an event ends when time has passed", () => {
  const bare = (text: string): string =>
    text
      .split("\n")
      .filter((line) => !line.includes("PROCTITLE"))
      .join("\n");
  const reader = openReader("");
  expect(reader.base).toBeUndefined();
  const text =
    bare(event(1, 3, { at: 0 })) + bare(event(2, 3, { at: 1 })) + bare(event(3, 3, { at: 9 }));
  expect(callsOf(text).map((call) => call.ts)).toEqual([0, 1e9, 9e9]);
});

test("names: which is the old one and which the new", () => {
  const names = (number: number, more: string[]): (string | undefined)[] => {
    const [call] = callsOf(event(1, number, { more }));
    return [call?.path, call?.newPath];
  };
  const parents = [path(0, '"/d"', "PARENT"), path(1, '"/d"', "PARENT")];
  expect(names(82, [...parents, path(2, '"o"', "DELETE"), path(3, '"n"', "CREATE")])).toEqual([
    "o",
    "n",
  ]);
  // The target existed and is replaced.
  const replaced = [path(2, '"o"', "DELETE"), path(3, '"n"', "DELETE"), path(4, '"n"', "CREATE")];
  expect(names(82, [...parents, ...replaced])).toEqual(["o", "n"]);
  expect(
    names(86, [path(0, '"/d"', "PARENT"), path(1, '"o"', "NORMAL"), path(2, '"n"', "CREATE")]),
  ).toEqual(["o", "n"]);
  expect(
    names(88, [path(0, '"/d"', "PARENT"), path(1, '"to"', "UNKNOWN"), path(2, '"s"', "CREATE")]),
  ).toEqual(["to", "s"]);
  expect(names(83, [path(0, '"/d"', "PARENT"), path(1, "6120622F", "CREATE")])).toEqual([
    "a b/",
    undefined,
  ]);
  // ausearch prints the last item first.
  expect(names(87, [path(1, '"/d/x"', "DELETE"), path(0, '"/d"', "PARENT")])).toEqual([
    "/d/x",
    undefined,
  ]);
  expect(names(87, [path(0, "(null)", "NORMAL")])).toEqual([undefined, undefined]);
  // No PATH record: nothing is known, and nothing is made up.
  expect(names(87, [])).toEqual([undefined, undefined]);
});

test("open: flags, mode, file; arm64 has other bits; a mode without O_CREAT is no argument", () => {
  const more = [path(0, '"/x"', "NORMAL")];
  const [made] = callsOf(event(1, 257, { exit: 5, args: ["7", "0", "80241", "1a4"], more }));
  expect(made).toMatchObject({ fd: 5, dirfd: 7, mode: 0o644, inode: 100, device: 0xfe01 });
  expect(made?.flags).toBe(OpenFlag.WRONLY | OpenFlag.CREAT | OpenFlag.TRUNC | OpenFlag.CLOEXEC);
  const [read] = callsOf(event(1, 257, { exit: 3, args: ["ffffff9c", "0", "0", "7f00"], more }));
  expect(read).toMatchObject({ dirfd: -100, flags: OpenFlag.RDONLY, mode: 0 });
  const arm = { arch: "c00000b7", exit: 3, args: ["ffffff9c", "0", "4000", "0"], more };
  expect(callsOf(event(1, 56, arm))[0]?.flags).toBe(OpenFlag.RDONLY | OpenFlag.DIRECTORY);
  expect(callsOf(event(1, 257, { ...arm, arch: "c000003e" }))[0]?.flags).toBe(
    OpenFlag.RDONLY | OpenFlag.DIRECT,
  );
  expect(callsOf(event(1, 5, { arch: "40000003", exit: 3, args: ["0", "0"], more }))[0]?.name).toBe(
    "open",
  );
});

test("sockets: addresses of both families, unix names, the server's own end", () => {
  const inet = "SOCKADDR saddr=02001F907F0000010000000000000000";
  const six =
    "SOCKADDR saddr=0A000050000000002001 0DB8000000000000000000000001 00000000".replaceAll(
      /(?<=[0-9A-F]) (?=[0-9A-F])/g,
      "",
    );
  const page = pageOf(
    event(1, 41, { exit: 3, args: ["2", "80001", "6"] }) +
      event(2, 42, { exit: -115, args: ["3"], more: [inet] }) +
      event(3, 41, { exit: 4, args: ["a", "1", "0"] }) +
      event(4, 49, { args: ["4"], more: [six] }) +
      event(5, 288, {
        exit: 5,
        args: ["4"],
        more: ["SOCKADDR saddr=0A00C0DE000000000000000000000000000000000000000100000000"],
      }) +
      event(6, 42, { args: ["6"], more: ["SOCKADDR saddr=01002F72756E2F6C6F6700FFFF"] }) +
      event(7, 42, { args: ["7"], more: ["SOCKADDR saddr=010000616263"] }) +
      event(8, 42, { args: ["8"], more: ["SOCKADDR saddr=100000000000000000000000"] }),
  );
  expect(page).toEqual([
    "thread 10 comm=app cwd=?",
    "10/10 socket ret=3 fd=3 domain=2 type=1 protocol=6",
    "10/10 connect ret=-115 fd=3 0.0.0.0:0->127.0.0.1:8080",
    "10/10 socket ret=4 fd=4 domain=10 type=1",
    "10/10 bind fd=4 2001:db8::1:80->:::0",
    "10/10 accept accept4 ret=5 fd=5 fd2=4 ::1:49374->2001:db8::1:80",
    // Sockets whose making the rules did not log are described first.
    "descriptor 10 6 unix - ",
    "10/10 connect fd=6 unix:/run/log ?->?",
    "descriptor 10 7 unix - ",
    "10/10 connect fd=7 unix:@abc ?->?",
    "10/10 connect fd=8",
  ]);
});

test("descriptors: pairs, copies, mapped files", () => {
  const page = pageOf(
    event(1, 293, { more: ["FD_PAIR fd0=4 fd1=5"] }) +
      event(2, 33, { exit: 1, args: ["4", "1"] }) +
      event(3, 72, { exit: 9, args: ["4", "406"] }) +
      event(4, 72, { exit: 0, args: ["4", "3"] }) +
      event(5, 9, {
        exit: 140000000000000,
        args: ["0", "1000", "1", "2"],
        more: ["MMAP fd=4 flags=0x2"],
      }) +
      event(6, 9, { exit: 140000000000000, args: ["0", "1000", "1", "22"] }) +
      event(7, 3, { args: ["4"] }),
  );
  expect(page.slice(1)).toEqual([
    "10/10 pipe pipe2 fd=4 fd2=5",
    "10/10 dup dup2 ret=1 fd=4 fd2=1",
    "10/10 dup fcntl ret=9 fd=4 fd2=9 flags=26",
    "10/10 mmap ret=140000000000000 fd=4 flags=2",
    "10/10 close fd=4",
  ]);
});

test("messages of sendmmsg are no bytes; calls that begin again have no result", () => {
  const text = event(1, 307, { exit: 3, args: ["4"] }) + event(2, 45, { exit: -512, args: ["4"] });
  const reader = openReader(text);
  const calls = takeAll(reader).filter((input) => input.kind === "call");
  expect(calls.map((call) => [call.name, call.ret])).toEqual([["sendmmsg", 0]]);
  expect(reader.counters.skipped.get("no result")).toBe(1);
});

test("other calls: signals, ids, namespaces, modules, capabilities", () => {
  const page = pageOf(
    event(1, 62, { args: ["4d2", "9"] }) +
      event(2, 101, { args: ["10", "63"] }) +
      event(3, 105, { exit: -1, args: ["0"] }) +
      event(4, 272, { args: ["10000000"] }) +
      event(5, 313, { args: ["5"], more: ['KERN_MODULE name="dm"'] }) +
      event(6, 176, { args: ["0"], more: ['KERN_MODULE name="dm"'] }) +
      event(7, 126, {
        more: ["CAPSET pid=10 cap_pi=0 cap_pp=0 cap_pe=00000000a80425fb cap_pa=0"],
      }) +
      event(8, 231, { args: ["3"], exit: "none" }),
  );
  expect(page.slice(1)).toEqual([
    "10/10 signal kill mode=9 target=1234",
    "10/10 ptrace mode=16 target=99",
    "10/10 setuid ret=-1 uid=0",
    "10/10 unshare",
    "10/10 module finit_module fd=5",
    "10/10 module delete_module path=dm mode=1",
    "10/10 capset {capabilities:2818844155}",
    "10/10 exit exit_group mode=768",
  ]);
});

test("a child's clone stands before its first call, wherever the log has it", () => {
  const child = event(2, 257, { pid: 11, ppid: 10, exit: 3, more: [path(0, '"/x"', "NORMAL")] });
  const clone = event(3, 56, { exit: 11, args: ["1200011"] });
  for (const text of [clone + child, child + clone]) {
    expect(pageOf(event(1, 3) + text).slice(1)).toEqual([
      "10/10 close fd=0",
      "10/10 clone ret=11",
      "11/11 open openat ret=3 fd=3 dirfd=0 path=/x flags=1 device=65025 inode=100",
    ]);
  }
  // The same for a vfork, which is told when the child has begun its program.
  const program = event(2, 59, { pid: 11, ppid: 10, exe: "/bin/ls", at: 0.2 });
  const vfork = event(3, 58, { exit: 11, at: 0.1 });
  const calls = callsOf(event(1, 3, { at: 0 }) + program + vfork);
  expect(calls.map((call) => call.name)).toEqual(["close", "vfork", "execve"]);
});

test("a vfork that comes later than the reader waits does not make its child anew", () => {
  let text = event(1, 3, { at: 0 }) + event(2, 59, { pid: 11, ppid: 10, at: 0.2 });
  for (let i = 3; i < 1200; i++) text += event(i, 3, { at: 0.3 });
  text += event(1200, 58, { exit: 11, at: 0.1 });
  const reader = openReader(text);
  const clones = takeAll(reader).filter((input) => input.kind === "call" && input.name === "vfork");
  expect(clones).toEqual([]);
  expect(reader.counters.skipped.get("clone of a process seen before")).toBe(1);
});

test("threads are counted; clone3 made a process only if the pid is heard of again", () => {
  const thread = event(1, 56, { exit: 12, args: ["3d0f00"] });
  const [call] = callsOf(thread);
  expect((call?.flags ?? 0) & CloneFlag.THREAD).toBe(CloneFlag.THREAD);
  const clone3 = event(1, 435, { exit: 13 });
  const alone = openReader(clone3);
  expect(takeAll(alone).filter((input) => input.kind === "call")).toEqual([]);
  expect(alone.counters.skipped.get("clone3 of a process or a thread")).toBe(1);
  const child = event(2, 3, { pid: 13, ppid: 10 });
  expect(callsOf(clone3 + child).map((item) => [item.name, item.ret])).toEqual([
    ["clone3", 13],
    ["close", 0],
  ]);
  const later = clone3 + event(3, 3, { at: 9 }) + event(4, 3, { pid: 13, ppid: 10, at: 20 });
  const names = callsOf(later).map((item) => `${item.pid} ${item.name} ${item.paired}`);
  expect(names).toEqual(["10 close true", "13 clone false", "13 close true"]);
});

test("what the rules did not log shows in later records: another program, other users", () => {
  const page = pageOf(
    event(1, 3) +
      event(2, 3, { exe: "/bin/nc" }) +
      event(3, 3, { exe: "/bin/nc", uid: 0 }) +
      event(4, 3, { exe: "/bin/nc", uid: 0 }),
  );
  expect(page).toEqual([
    "thread 10 comm=app cwd=?",
    "10/10 close fd=0",
    "10/10 exec execve {tid:10 pid:10 comm:nc args: exePath:/bin/nc uid:1000 gid:1000}",
    "10/10 close fd=0",
    "10/10 setgid setresgid gid=0",
    "10/10 setuid setresuid uid=0",
    "10/10 close fd=0",
    "10/10 close fd=0",
  ]);
  // A logged setuid says it itself, once.
  const own = callsOf(
    event(1, 3) + event(2, 117, { args: ["0", "0", "0"], uid: 0 }) + event(3, 3, { uid: 0 }),
  );
  expect(own.filter((call) => call.name.startsWith("set")).map((call) => call.name)).toEqual([
    "setresuid",
    "setresgid",
  ]);
});

test("a pid that is used again by another parent's child is another process", () => {
  const calls = callsOf(
    event(1, 59, { pid: 20, ppid: 7, exe: "/bin/a" }) +
      event(2, 59, { pid: 20, ppid: 8, exe: "/bin/b", at: 60 }),
  );
  expect(calls.map((call) => [call.name, call.ret, call.info?.parentTid])).toEqual([
    ["execve", 0, 7],
    ["clone", 0, 8],
    ["execve", 0, 8],
  ]);
  // Adopted by pid 1 after its parent's end: the same.
  const adopted = callsOf(event(1, 59, { pid: 20, ppid: 7 }) + event(2, 59, { pid: 20, ppid: 1 }));
  expect(adopted.map((call) => call.name)).toEqual(["execve", "execve"]);
});

test("the working directory follows the records", () => {
  const open = (serial: number, cwd: string): string =>
    event(serial, 257, {
      exit: 3,
      args: ["ffffff9c"],
      more: [`CWD cwd="${cwd}"`, path(0, '"x"', "NORMAL")],
    });
  expect(
    callsOf(open(1, "/a") + open(2, "/a") + open(3, "/b")).map(
      (call) => `${call.name} ${call.path}`,
    ),
  ).toEqual(["openat x", "openat x", "chdir /b", "openat x"]);
});

test("times never run back for a call that waited, but follow a clock that was set back", () => {
  const text =
    event(1, 3, { at: 100 }) + event(2, 288, { at: 3, exit: 4 }) + event(3, 3, { at: 101 });
  expect(callsOf(text).map((call) => call.ts)).toEqual([0, 0, 1e9]);
  let set = event(1, 3, { at: 100 });
  for (let i = 0; i < 70; i++) set += event(2 + i, 3, { at: 20 });
  expect(
    callsOf(set)
      .map((call) => call.ts)
      .slice(62, 66),
  ).toEqual([0, 0, -80e9, -80e9]);
});

test("a machine that starts anew is a new recording", () => {
  const boot =
    "type=SYSTEM_BOOT msg=audit(1700000001.000:1): pid=1 uid=0 msg=' comm=\"systemd\" res=success'\n";
  const kinds = inputsOf(event(5, 3) + boot + event(2, 3, { at: 2 })).map((input) => input.kind);
  expect(kinds).toEqual(["thread", "call", "section", "thread", "call"]);
});

test("calls of an unknown machine leave a gap; words for its numbers help", () => {
  const reader = openReader(event(1, 5, { arch: "80000016" }) + event(2, 5, { arch: "80000016" }));
  const inputs = takeAll(reader);
  expect(inputs.filter((input) => input.kind === "gap")).toHaveLength(2);
  expect(reader.diagnostics.map((item) => item.code)).toEqual(["SF1405"]);
  expect(
    callsOf(event(1, "unlink", { arch: "s390x", more: [path(0, '"/x"', "DELETE")] }))[0]?.path,
  ).toBe("/x");
});

test("nothing is dropped in silence", () => {
  const reader = openReader(
    `${event(1, 0, { exit: 10, args: ["3"] })}${event(2, 16)}type=CWD msg=audit(1700000000.003:3): cwd="/"\n` +
      "type=SYSCALL msg=audit(broken): x\ntype=SYSCALL msg=audit(1700000000.004:4): arch=c000003e syscall=3\nnoise\n",
  );
  const page = takeAll(reader).filter((input) => input.kind !== "time");
  expect(page.map((input) => input.kind)).toEqual(["gap", "thread", "call", "gap"]);
  expect(Object.fromEntries(reader.counters.skipped)).toEqual({
    "foreign line": 2,
    ioctl: 1,
    "record without its system call": 1,
    "not understood": 1,
  });
  expect(reader.diagnostics.map((item) => [item.code, item.place.line])).toEqual([
    ["SF1401", 6],
    ["SF1401", 7],
  ]);
});

test("names of users that auditd adds are learned", () => {
  const line = event(1, 3).replace(
    /(key="k")\n/,
    '$1\u001dARCH=x86_64 SYSCALL=close AUID="alice" UID="alice" EUID="alice"\n',
  );
  expect(inputsOf(line)[0]).toEqual({ kind: "user", uid: 1000, name: "alice" });
});

test("ausearch -i: words for numbers, values without quotes", () => {
  const text = `----
type=PROCTITLE msg=audit(11/24/2026 16:05:07.291:7) : proctitle=/bin/sh -c x
type=PATH msg=audit(11/24/2026 16:05:07.291:7) : item=0 name=/a b inode=9 dev=fe:00 mode=file,755 ouid=root ogid=root rdev=00:00 nametype=NORMAL cap_fe=0
type=CWD msg=audit(11/24/2026 16:05:07.291:7) : cwd=/srv x
type=EXECVE msg=audit(11/24/2026 16:05:07.291:7) : argc=3 a0=/bin/sh a1=-c a2=echo a1=7 done
type=SYSCALL msg=audit(11/24/2026 16:05:07.291:7) : arch=x86_64 syscall=execve success=yes exit=0 a0=0x1 a1=0x2 a2=0x3 a3=0x4 items=1 ppid=3 pid=4 auid=unset uid=root gid=root euid=root suid=root fsuid=root egid=root sgid=root fsgid=root tty=(none) ses=unset comm=my sh exe=/bin/my sh key=(null)
----
type=CWD msg=audit(11/24/2026 16:05:07.300:8) : cwd=/srv x
type=PATH msg=audit(11/24/2026 16:05:07.300:8) : item=0 name=x inode=9 dev=fe:00 nametype=NORMAL
type=SYSCALL msg=audit(11/24/2026 16:05:07.300:8) : arch=x86_64 syscall=openat success=no exit=EACCES(Permission denied) a0=AT_FDCWD a1=0x2 a2=O_RDWR|O_CREAT a3=0640 items=1 ppid=3 pid=4 auid=unset uid=unknown(77) gid=root euid=unknown(77) tty=(none) comm=my sh exe=/bin/my sh key=(null)
----
type=SOCKADDR msg=audit(11/24/2026 16:05:07.301:9) : saddr={ saddr_fam=inet laddr=10.0.0.2 lport=80 }
type=SYSCALL msg=audit(11/24/2026 16:05:07.301:9) : arch=x86_64 syscall=connect success=yes exit=0 a0=0x3 a1=0x2 a2=0x10 a3=0x0 items=0 ppid=3 pid=4 uid=unknown(77) euid=unknown(77) egid=root tty=(none) comm=my sh exe=/bin/my sh key=(null)
`;
  expect(auditFormat.sniff(new TextEncoder().encode(text))).toBe(true);
  const reader = openReader(text);
  const calls = takeAll(reader).filter((input) => input.kind === "call");
  expect(reader.base).toBe(1795536307000000000n);
  expect(reader.diagnostics.map((item) => item.code)).toEqual(["SF1404"]);
  expect(calls.map((call) => call.name)).toEqual(["execve", "setresuid", "openat", "connect"]);
  expect(calls[0]).toMatchObject({
    path: "/a b",
    info: {
      argv0: "/bin/sh",
      args: ["-c", "echo a1=7 done"],
      exePath: "/bin/my sh",
      comm: "my sh",
      uid: 0,
      cwd: "/srv x",
    },
  });
  expect(calls[2]).toMatchObject({ ret: -13, dirfd: -100, mode: 0o640, path: "x" });
  expect(calls[2]?.flags).toBe(OpenFlag.RDWR | OpenFlag.CREAT);
  expect(calls[3]?.tuple).toMatchObject({ dip: 0x0a000002, dport: 80 });
});

test("dates of ausearch in the orders that locales have", () => {
  const at = (date: string): bigint | undefined => {
    const reader = openReader(
      `type=SYSCALL msg=audit(${date} 01:02:03.004:5) : arch=x86_64 syscall=close success=yes exit=0 a0=0x3 pid=4 ppid=3\n`,
    );
    takeAll(reader);
    return reader.base;
  };
  for (const date of ["11/24/26", "11/24/2026", "24.11.2026", "24/11/2026", "2026-11-24"]) {
    expect(at(date), date).toBe(BigInt(Date.UTC(2026, 10, 24, 1, 2, 3)) * 1_000_000n);
  }
  expect(at("99/99/99")).toBeUndefined();
});

test("lines with a node, from syslog and from the kernel's own log", () => {
  const tail =
    'arch=c000003e syscall=3 success=yes exit=0 a0=3 a1=0 a2=0 a3=0 items=0 ppid=1 pid=9 exe="/x"\n';
  for (const head of [
    "node=db1 type=SYSCALL msg=audit(1700000000.001:1): ",
    "Nov 24 16:05:07 db1 audispd: node=db1 type=SYSCALL msg=audit(1700000000.001:1): ",
    "[  12.345678] audit: type=1300 audit(1700000000.001:1): ",
  ]) {
    expect(callsOf(head + tail)[0]?.pid, head).toBe(9);
  }
});
