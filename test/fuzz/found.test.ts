// Inputs that the fuzzer found to crash something, cut down to what did it. They must go through everything, and yield something.

import { expect, test } from "vitest";
import { convert } from "./harness.ts";
import { fuzzTargets } from "./targets.ts";

const digits = "101".repeat(150);

const found: readonly { readonly what: string; readonly format: string; readonly text: string }[] =
  [
    {
      what: "a child's pid of hundreds of digits became Infinity in the writer",
      format: "strace",
      text: `7 1.0 clone() = ${digits}\n7 1.1 execve("/bin/sh", ["sh"], 0x7f /* 3 vars */) = 0\n`,
    },
    {
      what: "a result of hundreds of digits became Infinity in the writer",
      format: "strace",
      text: `7 1.0 openat(AT_FDCWD, "/x", O_RDONLY) = 3</x>\n7 1.1 read(3</x>, "", 9) = ${digits}\n7 1.2 read(3</x>, "", 9) = ${digits}\n7 1.3 close(3</x>) = 0\n`,
    },
    {
      what: "a pipe's inode of hundreds of digits",
      format: "strace",
      text: `7 1.0 pipe([3<pipe:[${digits}]>, 4<pipe:[${digits}]>]) = 0\n7 1.1 write(4<pipe:[${digits}]>, "x", 1) = 1\n7 1.2 close(4<pipe:[${digits}]>) = 0\n`,
    },
  ];

/** A SysFlow file whose header has an entry with a length that never ends. */
const endless = Uint8Array.from([
  ...[0x4f, 0x62, 0x6a, 1, 2, 22],
  ...new TextEncoder().encode("avro.schema"),
  ...Array.from({ length: 300 }, () => 0xff),
  ...Array.from({ length: 300 }, () => 0x01),
]);

test("a header with an endless number ends", () => {
  const target = fuzzTargets.find((item) => item.name === "sysflow");
  if (target === undefined) throw new Error("no SysFlow files");
  expect(convert(target.format, endless, endless.length, 0).fruit).toBe(0);
});

test.each(found)("$what", ({ format, text }) => {
  const target = fuzzTargets.find((item) => item.name === format);
  if (target === undefined) throw new Error(`no format is called ${format}`);
  const bytes = new TextEncoder().encode(text);
  // Both schemas, both modes.
  for (const number of [0, 1, 2, 3]) {
    expect(convert(target.format, bytes, bytes.length, number).fruit).toBeGreaterThan(0);
  }
});
