// Wrong, cut and hostile text: never an exception, linear time, bounded memory, and the same result however the bytes were cut.

import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { straceFormat } from "./format.ts";
import { inputsOf, openReader, printInput, takeAll } from "./inputs-test.ts";
import { StraceReader } from "./reader.ts";

const log = `\
1 1795523749.1 execve("/bin/sh", ["sh", "-c", "x"], 0x7f /* 3 vars */) = 0
1 1795523749.2 openat(AT_FDCWD</tmp>, "o\\303\\251", O_RDWR|O_CREAT, 0666) = 3</tmp/o\\303\\251>
1 1795523749.3 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88) = 2
2 1795523749.4 connect(4<TCP:[19664]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.2")}, 16) = 0
1 1795523749.5 vfork( <unfinished ...>
3 1795523749.6 execve("/bin/ls", ["ls"], 0x55 /* 39 vars */ <unfinished ...>
2 1795523749.7 sendto(4<TCP:[10.0.0.1:999->10.0.0.2:80]>, "GET", 3, 0, NULL, 0) = 3
3 1795523750.1 <... execve resumed>) = 0
1 1795523750.2 <... vfork resumed>) = 3
3 1795523750.3 write(1</dev/pts/0<char 136:0>>, "\\1\\2\\"abc"..., 5000) = 5000
1 1795523750.4 recvmsg(5<UDP:[10.0.0.1:53]>, {msg_name={sa_family=AF_INET6, sin6_port=htons(1), inet_pton(AF_INET6, "::1", &sin6_addr)}, msg_iov=[{iov_base="a", iov_len=1}]}, 0) = 1
3 1795523750.5 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=77} ---
3 1795523750.6 +++ killed by SIGKILL (core dumped) +++
1 1795523753.7 exit_group(3) = ?
1 1795523753.8 +++ exited with 3 +++
`;
const bytes = new TextEncoder().encode(log);

function readInPieces(whole: Uint8Array, size: number): string[] {
  const reader = new StraceReader();
  const page: string[] = [];
  const scratch = new Uint8Array(size);
  const take = (): void => {
    for (let i = reader.next(); i !== undefined; i = reader.next()) {
      page.push(`${"ts" in i ? i.ts : ""} ${printInput(i)}`);
    }
  };
  for (let at = 0; at < whole.length; at += size) {
    // The caller's buffer is used again after push, as a file source does.
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
  expect(whole.length).toBeGreaterThan(14);
  for (const size of [1, 2, 3, 7, 64, 100, 1000]) {
    expect(readInPieces(bytes, size), `size ${size}`).toEqual(whole);
  }
});

test("damaged text gives the same inputs in one piece and byte by byte", () => {
  fc.assert(
    fc.property(mutations(), (mutated) => {
      expect(readInPieces(mutated, 1)).toEqual(readInPieces(mutated, mutated.length + 1));
    }),
    { numRuns: 150, seed: 1 },
  );
});

/** The log with some bytes replaced, removed, doubled; positions and values from the generator. */
function mutations(): fc.Arbitrary<Uint8Array> {
  const syntax = [...'"\\<>()[]{}=,.:|/ \n\r\0+-*#?0123456789é'].map((c) => c.charCodeAt(0) & 255);
  const edit = fc.record({
    at: fc.nat(bytes.length - 1),
    kind: fc.constantFrom("set", "delete", "insert", "cut", "repeat"),
    value: fc.oneof(fc.constantFrom(...syntax), fc.nat(255)),
    length: fc.nat(40),
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

test("mutated logs never throw, and most of what is whole is still read", () => {
  let alive = 0;
  let runs = 0;
  fc.assert(
    fc.property(mutations(), (mutated) => {
      runs += 1;
      const reader = openReader(mutated);
      const inputs = takeAll(reader);
      if (inputs.some((input) => input.kind === "call")) alive += 1;
      expect(reader.diagnostics.length).toBeLessThanOrEqual(limits.diagnostics.max);
      straceFormat.sniff(mutated);
    }),
    { numRuns: 3000, seed: 7 },
  );
  expect(alive / runs).toBeGreaterThan(0.9);
});

test("any bytes at all never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (any) => {
      takeAll(openReader(any));
      straceFormat.sniff(any);
    }),
    { numRuns: 2000, seed: 3 },
  );
});

const mebibyte = 1024 * 1024;

function timeOf(text: string): number {
  const start = performance.now();
  inputsOf(text);
  return performance.now() - start;
}

test("lines built to make a scanner walk twice take time in proportion to their length", () => {
  const shapes: readonly ((n: number) => string)[] = [
    (n) => `1 1.0 read(${"(".repeat(n)}) = 1\n`,
    (n) => `1 1.0 read(${"[{".repeat(n / 2)}) = 1\n`,
    (n) => `1 1.0 read(${"1<".repeat(n / 2)}) = 1\n`,
    (n) => `1 1.0 read(${"1<a:[".repeat(n / 5)}) = 1\n`,
    (n) => `1 1.0 read(${"/*".repeat(n / 2)}) = 1\n`,
    (n) => `1 1.0 read(${'"'.repeat(n)}) = 1\n`,
    (n) => `1 1.0 read("${"\\".repeat(n)}) = 1\n`,
    (n) => `1 1.0 open("${"\\1".repeat(n / 2)}", 0) = 1\n`,
    (n) => `1 1.0 sendmmsg(3, [${"{msg_len=1},".repeat(n / 12)}], 1, 0) = 4000\n`,
    (n) => `1 1.0 execve("/a", [${'"a", '.repeat(n / 5)}], 0x1) = 0\n`,
    (n) => `1 1.0 open("/a", ${"O_CREAT|".repeat(n / 8)}) = 3\n`,
    (n) => `${"[".repeat(n)}\n`,
    (n) => `${"1 ".repeat(n / 2)}\n`,
    (n) => `${"1 1.0 clone( <unfinished ...>\n".repeat(n / 30)}`,
    (n) => "\n".repeat(n),
    (n) => "x".repeat(n),
  ];
  for (const shape of shapes) {
    timeOf(shape(20_000));
    const small = timeOf(shape(100_000));
    const large = timeOf(shape(800_000));
    // Eight times the text; quadratic would be 64 times.
    expect(large, shape(12)).toBeLessThan(Math.max(250, 24 * small));
  }
});

test("a line of 10 MB is skipped, named, and leaves a gap; the next one is read", () => {
  const reader = new StraceReader();
  const chunk = new Uint8Array(mebibyte).fill(97);
  reader.push(new TextEncoder().encode('1 1.0 write(1, "'));
  for (let i = 0; i < 10; i++) {
    reader.push(chunk);
    expect(reader.next()).toBeUndefined();
  }
  reader.push(new TextEncoder().encode('", 5) = 5\n1 1.1 close(3) = 0\n'));
  reader.end();
  const page = takeAll(reader).map(printInput);
  expect(page).toContain("1/1 close fd=3");
  expect(page).toContain("gap damaged line 1");
  expect(reader.diagnostics.map((item) => item.code)).toEqual(["SF1203"]);
});

test("a million forks that never return hold a bounded number of entries", () => {
  let text = "";
  for (let i = 1; i < 30_000; i++) text += `${i} 1.0 vfork( <unfinished ...>\n`;
  const start = performance.now();
  const inputs = inputsOf(text);
  expect(performance.now() - start).toBeLessThan(5000);
  expect(inputs.length).toBeLessThan(60_000);
});

test("logs are recognised, and other text is not", () => {
  const is = (text: string): boolean => straceFormat.sniff(new TextEncoder().encode(text));
  for (const line of log.split("\n").slice(0, -1)) expect(is(line), line).toBe(true);
  expect(is('execve("/bin/true", ["true"], 0x7ffd /* 39 vars */) = 0\n')).toBe(true);
  expect(is("strace: Process 12 attached\n[pid    12] close(3)   = 0\n")).toBe(true);
  expect(is("# a page\n10.000 bash/100   clone() = 101\n")).toBe(true);
  expect(is("13:02:44 close(3</etc/ld.so.cache>) = 0\n")).toBe(true);
  const others = [
    "",
    "hello world\n",
    "int x = f(3);\n",
    "read me (please) = now\n",
    "1. open the door (slowly)\n",
    '{"a": 1}\n',
    "foo(bar) = baz\n",
    "2024-01-01T00:00:00 host sshd[123]: session opened (uid=0) = 1\n",
    "[info] server.listen(80) = ok\n",
    "Obj\u0001\u0004avro.schema",
    "10.0.0.1 - - [10/Oct/2000] GET /index.html\n",
    "rules:\n  - rule: x\n",
  ];
  for (const text of others) expect(is(text), text).toBe(false);
});
