// The forms that a log can have: without pids or times, mixed with other output, decorated, damaged. Expectations were derived by hand
// from strace's manual page, as in reader.test.ts.

import { expect, test } from "vitest";
import { OpenFlag } from "../../model/opflag.ts";
import { callsOf, openReader, pageOf, printInput, takeAll } from "./inputs-test.ts";

test("a log that mixes with the program's own output, without pids at first (no -o)", () => {
  const log = `\
execve("/usr/bin/sh", ["sh", "-c", "echo hi"], 0x7f /* 3 vars */) = 0
set_tid_address(0x7f68e1183a10)         = 14865
write(1, "hi\\n", 3hi
)                     = 3
clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f71strace: Process 14868 attached
 <unfinished ...>
[pid 14868] exit_group(2)               = ?
[pid 14865] <... clone resumed>)        = 14868
[pid 14868] +++ exited with 2 +++
--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=14868, si_uid=0, si_status=2} ---
exit_group(0)                           = ?
+++ exited with 0 +++
`;
  expect(pageOf(log)).toEqual([
    "14865/14865 exec execve path=/usr/bin/sh {tid:14865 pid:14865 comm:sh argv0:sh args:-c|echo hi exePath:/usr/bin/sh}",
    "14865/14865 write ret=3 fd=1",
    "14865/14865 clone ret=14868",
    `14868/14868 exit exit_group mode=${2 << 8}`,
    "14865/14865 exit exit_group",
  ]);
});

test("attached to a process with threads: they are its threads, not processes of their own", () => {
  const page = pageOf(`\
strace: Process 11673 attached with 2 threads
[pid 11676] openat(AT_FDCWD</w>, "/etc/hostname", O_RDONLY|O_CLOEXEC <unfinished ...>
[pid 11673] close(4</x>)                = 0
[pid 11676] <... openat resumed>)       = 3</etc/hostname>
strace: Process 11673 detached
`);
  expect(page.filter((line) => line.includes("/11673")).map((line) => line.slice(0, 16))).toEqual([
    "11673/11673 clos",
    // The directory is learned from AT_FDCWD.
    "11676/11673 chdi",
    "11676/11673 open",
  ]);
});

test("nothing names the process: it is called 1, and that is said", () => {
  const reader = openReader('execve("/bin/a", ["a"], 0x1 /* 1 var */) = 0\nclose(3) = 0\n');
  expect(takeAll(reader).map(printInput)).toEqual([
    "1/1 exec execve path=/bin/a {tid:1 pid:1 comm:a argv0:a args: exePath:/bin/a}",
    "1/1 close fd=3",
  ]);
  expect(reader.diagnostics.map((item) => item.code)).toEqual(["SF1206", "SF1205"]);
});

test("a log of several processes without pids at first: the first number that is nobody's child", () => {
  const page = pageOf(`\
clone(child_stack=NULL, flags=SIGCHLD)  = 200
[pid   200] close(3)                    = 0
[pid   100] close(4)                    = 0
`);
  expect(page).toEqual([
    "thread 100 comm=? cwd=?",
    "100/100 clone ret=200",
    "200/200 close fd=3",
    "100/100 close fd=4",
  ]);
});

test("what a program prints cannot pass for a line of a log with times", () => {
  const log = `\
1 1795523749.1 write(1</dev/pts/0>, "evil", 100) = 100
execve("/bin/evil", ["evil"], 0x7f /* 3 vars */) = 0
sh/1 exit_group(0) = ?
1 1795523749.2 close(3) = 0
`;
  expect(callsOf(log).map((call) => call.name)).toEqual(["write", "close"]);
});

function timesOf(text: string): number[] {
  return callsOf(text).map((call) => call.ts);
}

test("the forms of time: -t, -tt, -ttt, -r, ns precision, none; midnight", () => {
  expect(timesOf("1 13:02:44 close(3) = 0\n1 13:02:45 close(4) = 0\n")).toEqual([
    46_964e9, 46_965e9,
  ]);
  expect(timesOf("1 23:59:59.500000 close(3) = 0\n1 00:00:00.250000 close(4) = 0\n")).toEqual([
    86_399.5e9, 86_400.25e9,
  ]);
  expect(timesOf("1795525364.659526963 close(3) = 0\n")).toEqual([659_526_963]);
  expect(timesOf("     0.000285 close(3) = 0 <0.000031>\n     0.000078 close(4) = 0\n")).toEqual([
    285_000, 363_000,
  ]);
  expect(timesOf("14898 13:02:44.663718 (+     0.000225) close(3) = 0\n")).toEqual([
    46_964_663_718_000,
  ]);
  const [first = 0, second = 0] = timesOf("close(3) = 0\nclose(4) = 0\n");
  expect(second).toBeGreaterThan(first);
});

test("a given base counts; small steps back of the clock stand still", () => {
  const options = { base: 999_500_000_000n };
  const times = callsOf(
    "1 1000.5 close(3) = 0\n1 1000.4 close(4) = 0\n1 1000.6 close(5) = 0\n",
    options,
  ).map((call) => call.ts);
  expect(times).toEqual([1e9, 1e9, 1.1e9]);
});

test("other decorations: -Y names, -n numbers, -i pointers, -xx strings, -v environment", () => {
  const log = `\
[pid 14882<sh>] 13:02:44.638674 [ 257] [00007f15dc920a07] openat(AT_FDCWD, "\\x2f\\x65\\x74\\x63", O_RDONLY) = 3
[pid 14882<sh>] 13:02:44.638743 execve("/bin/ls", ["ls"], ["A=1", "PATH=/bin"]) = 0
`;
  expect(pageOf(log)).toEqual([
    "thread 14882 comm=sh cwd=?",
    `14882/14882 open openat ret=3 fd=3 path=/etc flags=${OpenFlag.RDONLY}`,
    "14882/14882 exec execve path=/bin/ls {tid:14882 pid:14882 comm:ls argv0:ls args: env:A=1|PATH=/bin exePath:/bin/ls}",
  ]);
});

test("-ff: the file's name gives the thread", () => {
  expect(pageOf("1.5 close(3) = 0\n", { tid: 77 })[1]).toBe("77/77 close fd=3");
});

test("damage is named with its line and leaves a gap; what stands around it is read", () => {
  const reader = openReader(
    '1 5.0 close(3) = 0\n1 5.1 openat(AT_FDCWD, "x\n1 5.2 <... read resumed>"a", 1) = 1\n1 5.3 close(4) = 0\n1 5.4 write(1, "cut of',
  );
  const inputs = takeAll(reader);
  expect(inputs.filter((input) => input.kind === "call").map(printInput)).toEqual([
    "1/1 close fd=3",
    "1/1 close fd=4",
  ]);
  const said = reader.diagnostics.map((item) => `${item.code}:${item.place.line ?? 0}`);
  expect(said.sort()).toEqual(["SF1201:2", "SF1202:3", "SF1207:5"]);
  expect(inputs.filter((input) => input.kind === "gap").length).toBe(3);
});

test("a process that nobody made, in a log that follows forks, is a loss", () => {
  const reader = openReader(
    '1 5.0 execve("/bin/a", ["a"], 0x1 /* 1 var */) = 0\n9 5.1 close(4) = 0\n',
  );
  const inputs = takeAll(reader);
  expect(inputs.some((input) => input.kind === "gap" && input.reason === "lost-process")).toBe(
    true,
  );
  expect(reader.diagnostics[0]?.code).toBe("SF1204");
});

test("so many diagnostics are kept; the rest is counted", () => {
  const lines = Array.from({ length: 150 }, (_, i) => `1 5.${100 + i} openat(AT_FDCWD, "x`);
  const reader = openReader(`1 5.0 close(3) = 0\n${lines.join("\n")}\n`);
  takeAll(reader);
  expect(reader.diagnostics.length).toBe(100);
  expect(reader.diagnosticsDropped).toBe(50);
});
