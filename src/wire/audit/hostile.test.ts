// Wrong, cut and hostile text: never an exception, linear time, bounded memory, and the same result however the bytes were cut.

import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { printInput } from "../strace/inputs-test.ts";
import { auditFormat } from "./format.ts";
import { newEvent } from "./event.ts";
import type { Input } from "../../model/syscall.ts";
import { Processes } from "./processes.ts";
import { event, inputsOf, openReader, takeAll } from "./inputs-test.ts";
import { AuditReader } from "./reader.ts";

const log = [
  event(1, 59, {
    more: [
      'EXECVE argc=3 a0="sh" a1_len=4 a1[0]=6162',
      "EXECVE a1[1]=6364 a2=C3A9",
      'CWD cwd="/tmp"',
    ],
  }),
  event(2, 56, { exit: 11, args: ["1200011"] }),
  event(4, 257, {
    pid: 11,
    ppid: 10,
    exit: 3,
    args: ["ffffff9c", "0", "241", "1b6"],
    more: ["PATH item=1 name=612062 inode=5 dev=fe:01 nametype=CREATE", 'CWD cwd="/"'],
  }),
  event(5, 42, { pid: 12, ppid: 11, args: ["3"], more: ["SOCKADDR saddr=02001F907F000001"] }),
  "----\ntime->Tue Nov 24 16:05:07 2026\ntype=EOE msg=audit(1700000000.005:5): \n",
  "type=USER_LOGIN msg=audit(1700000003.001:9): pid=1 msg='op=login res=success'\n",
  event(10, 231, { exit: "none", at: 4 }),
].join("");
const bytes = new TextEncoder().encode(log);
const stamp = {
  type: "SYSCALL",
  seconds: 1_700_000_000,
  millis: 0,
  words: false,
  node: undefined,
  body: "",
  added: "",
};

function readInPieces(whole: Uint8Array, size: number): string[] {
  const reader = new AuditReader();
  const page: string[] = [];
  const scratch = new Uint8Array(size);
  const take = (): void => {
    for (let i = reader.next(); i !== undefined; i = reader.next()) {
      page.push(`${"ts" in i ? i.ts : ""} ${printInput(i)}`);
    }
  };
  for (let at = 0; at < whole.length; at += size) {
    const piece = whole.subarray(at, at + size);
    scratch.set(piece);
    reader.push(scratch.subarray(0, piece.length));
    take();
    scratch.fill(0);
  }
  reader.end();
  take();
  return page;
}

test("the inputs do not depend on how the bytes were cut, down to one byte", () => {
  const whole = readInPieces(bytes, bytes.length);
  expect(whole.length).toBeGreaterThan(7);
  for (const size of [1, 2, 3, 7, 64, 100, 1000]) {
    expect(readInPieces(bytes, size), `size ${size}`).toEqual(whole);
  }
});

/** The log with some bytes replaced, removed, doubled; positions and values from the generator. */
function mutations(): fc.Arbitrary<Uint8Array> {
  const syntax = [...'"=()[]: \n\r\0\u001d-0123456789afAF.,é'].map((c) => c.charCodeAt(0) & 255);
  const edit = fc.record({
    at: fc.nat(bytes.length - 1),
    kind: fc.constantFrom("set", "delete", "insert", "cut", "repeat"),
    value: fc.oneof(fc.constantFrom(...syntax), fc.nat(255)),
    length: fc.nat(80),
  });
  return fc.array(edit, { minLength: 1, maxLength: 12 }).map((edits) => {
    let out = [...bytes];
    for (const { at, kind, value, length } of edits) {
      const i = Math.min(at, out.length);
      if (kind === "set") out[i] = value;
      else if (kind === "insert") out.splice(i, 0, value);
      else if (kind === "delete") out.splice(i, length);
      else if (kind === "repeat") out.splice(i, 0, ...out.slice(i, i + length));
      else out = out.slice(0, Math.max(i, 200));
    }
    return new Uint8Array(out);
  });
}

test("damaged text gives the same inputs in one piece and byte by byte", () => {
  fc.assert(
    fc.property(mutations(), (mutated) => {
      expect(readInPieces(mutated, 1)).toEqual(readInPieces(mutated, mutated.length + 1));
    }),
    { numRuns: 150, seed: 1 },
  );
});

test("mutated logs never throw, and most of what is whole is still read", () => {
  let alive = 0;
  let runs = 0;
  fc.assert(
    fc.property(mutations(), (mutated) => {
      runs += 1;
      const reader = openReader(mutated);
      if (takeAll(reader).some((input) => input.kind === "call")) alive += 1;
      expect(reader.diagnostics.length).toBeLessThanOrEqual(limits.diagnostics.max);
      auditFormat.sniff(mutated);
    }),
    { numRuns: 2000, seed: 7 },
  );
  expect(alive / runs).toBeGreaterThan(0.9);
});

test("any bytes at all never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (any) => {
      takeAll(openReader(any));
      auditFormat.sniff(any);
    }),
    { numRuns: 1000, seed: 3 },
  );
});

/** Milliseconds of processor time: other work on the machine does not count. */
function timeOf(text: string): number {
  const start = process.cpuUsage();
  inputsOf(text);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

test("lines built to make a scanner walk twice take time in proportion to their length", () => {
  const head = (type: string): string => `type=${type} msg=audit(1700000000.001:1): `;
  const words = (type: string): string => `type=${type} msg=audit(11/24/26 01:02:03.004:1) : `;
  const shapes: readonly ((n: number) => string)[] = [
    (n) => `${head("SYSCALL")}${"a=".repeat(n / 2)}\n`,
    (n) => `${head("SYSCALL")}${'a="'.repeat(n / 3)}\n`,
    (n) => `${head("SYSCALL")}${"= ".repeat(n / 2)}\n`,
    (n) => `${head("EXECVE")}argc=9 ${"a0[0]=41 ".repeat(n / 9)}\n`,
    (n) =>
      `${head("EXECVE")}argc=9999999 ${Array.from({ length: n / 8 }, (_, i) => `a${i}=1`).join(" ")}\n`,
    (n) => `${head("EXECVE")}a0=${"41".repeat(n / 2)}\n`,
    (n) => `${words("EXECVE")}argc=2 a0=${" a0=".repeat(n / 4)}\n`,
    (n) =>
      `${words("EXECVE")}argc=9 ${Array.from({ length: n / 8 }, (_, i) => `a${i}=1`).join(" ")}\n`,
    (n) => `${words("PATH")}name=${" inode=".repeat(n / 7)}\n`,
    (n) => `${words("SOCKADDR")}saddr=${"path=".repeat(n / 5)}\n`,
    (n) => `${"type=".repeat(n / 5)}\n`,
    (n) => `${"audit(".repeat(n / 6)}\n`,
    (n) =>
      Array.from(
        { length: n / 100 },
        (_, i) => `${head("PATH").replace(":1)", `:${i})`)}item=0 name="x"`,
      ).join("\n"),
    (n) => Array.from({ length: n / 40 }, () => `${head("PATH")}item=0 name="x"`).join("\n"),
    (n) =>
      Array.from({ length: n / 200 }, (_, i) => event(i, 3, { pid: 100 + i, ppid: 7 })).join(""),
    (n) => "\n".repeat(n),
  ];
  for (const shape of shapes) {
    timeOf(shape(20_000));
    const small = timeOf(shape(100_000));
    const large = timeOf(shape(800_000));
    // Eight times the text; quadratic would be 64 times.
    expect(large, shape(80).slice(0, 80)).toBeLessThan(Math.max(1000, 24 * small));
  }
});

test("a line of 10 MB is skipped, named, and leaves a gap; the next one is read", () => {
  const reader = new AuditReader();
  const chunk = new Uint8Array(1024 * 1024).fill(97);
  reader.push(new TextEncoder().encode('type=EXECVE msg=audit(1700000000.001:1): a0="'));
  for (let i = 0; i < 10; i++) {
    reader.push(chunk);
    expect(reader.next()).toBeUndefined();
  }
  reader.push(new TextEncoder().encode(`"\n${event(2, 3)}`));
  reader.end();
  expect(takeAll(reader).map((input) => input.kind)).toEqual(["gap", "thread", "call"]);
  expect(reader.diagnostics.map((item) => item.code)).toEqual(["SF1403"]);
});

test("records that never end hold a bounded number of events and bytes", () => {
  const reader = new AuditReader();
  const piece = "61".repeat(250_000);
  for (let i = 0; i < 200; i++) {
    // One event, whose text alone is more than is held.
    const line = `type=EXECVE msg=audit(1700000000.001:1): argc=9 a${i % 9}[${i}]=${piece}\n`;
    reader.push(new TextEncoder().encode(line));
    while (reader.next() !== undefined);
  }
  // 100 MB of text, at most 16 of them held.
  expect(reader.counters.skipped.get("record without its system call")).toBeGreaterThan(4);
  for (let i = 0; i < 5000; i++) {
    reader.push(
      new TextEncoder().encode(`type=CWD msg=audit(1700000000.001:${i + 10}): cwd="/"\n`),
    );
    while (reader.next() !== undefined);
  }
  const skipped = reader.counters.skipped.get("record without its system call") ?? 0;
  expect(skipped).toBeGreaterThan(5000 - limits.auditEvents.max);
});

test("what is known of processes is bounded, and what goes is counted", () => {
  const skipped: string[] = [];
  const inputs: Input[] = [];
  const processes = new Processes(
    (input) => inputs.push(input),
    (reason) => skipped.push(reason),
    3,
  );
  for (let pid = 1; pid <= 5; pid++) {
    const made = newEvent({ ...stamp, key: String(pid) }, pid);
    const facts = {
      pid,
      ppid: 1,
      comm: "a",
      exe: "/a",
      uid: pid,
      gid: 0,
      loginUid: undefined,
      tty: 0,
    };
    made.call = new Map([["uid", String(pid)]]);
    made.added = new Map([["UID", `"user${pid}"`]]);
    processes.observe(made, facts, 0, "nothing");
    processes.expect(100 + pid, pid);
  }
  expect([1, 2, 3, 4, 5].map((pid) => processes.has(pid))).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
  expect(skipped.toSorted()).toEqual([
    "clone3 forgotten",
    "clone3 forgotten",
    "name of a user",
    "name of a user",
    "process evicted",
    "process evicted",
  ]);
  expect(inputs.filter((input) => input.kind === "user")).toHaveLength(3);
});

test("reasons for leaving records out are bounded", () => {
  let text = "";
  for (let i = 0; i < 3000; i++) text += `type=T${i} msg=audit(1700000000.001:${i}): x\n`;
  const reader = openReader(text);
  takeAll(reader);
  expect(reader.counters.skipped.size).toBe(1025);
  expect(reader.counters.skipped.get("other")).toBe(3000 - 1024);
});

test("logs are recognised, and other text is not", () => {
  const is = (text: string): boolean => auditFormat.sniff(new TextEncoder().encode(text));
  for (const line of log.split("\n"))
    if (line.startsWith("type=")) expect(is(line), line).toBe(true);
  const others = [
    "",
    "----\n",
    "type=SYSCALL\n",
    "msg=audit(1.2:3): x\n",
    "type=SYSCALL msg=audit(1700000000.001): x\n",
    '1 1700000000.1 execve("/bin/sh", ["sh"], 0x7f /* 3 vars */) = 0\n',
    "see type=X msg=audit(now:1): in the manual\n",
    '{"type": "SYSCALL"}\n',
    'hello\ntype=CWD msg=audit(1700000000.001:1): cwd="/"\n',
  ];
  for (const text of others) expect(is(text), text).toBe(false);
});
