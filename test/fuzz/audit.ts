// Mutated audit logs: records moved, cut, doubled and spliced between events; numbers, values, quotes and words inside them changed.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { auditFormat } from "../../src/wire/audit/format.ts";
import { repositoryRoot } from "../corpus.ts";
import type { FuzzTarget } from "./harness.ts";
import { type Bytes, mutateBytes, mutateList } from "./mutate.ts";
import type { Random } from "./random.ts";

/** What ausearch makes of an event, plain and in words; last record first. */
const printed = `----
time->Tue Nov 14 22:13:20 2023
type=PROCTITLE msg=audit(1700000000.001:1): proctitle=6C73002D6C
type=PATH msg=audit(1700000000.001:1): item=0 name="/bin/ls" inode=9 dev=fe:00 mode=0100755 nametype=NORMAL
type=CWD msg=audit(1700000000.001:1): cwd="/"
type=EXECVE msg=audit(1700000000.001:1):  a1[1]=6C a2="x"
type=EXECVE msg=audit(1700000000.001:1): argc=3 a0="ls" a1_len=4 a1[0]=2D
type=SYSCALL msg=audit(1700000000.001:1): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=1 ppid=1 pid=7 auid=4294967295 uid=0 gid=0 euid=0 egid=0 tty=(none) ses=4294967295 comm="ls" exe="/bin/ls" key=(null)
----
type=SOCKADDR msg=audit(11/14/2023 22:13:20.002:2) : saddr={ saddr_fam=inet laddr=10.0.0.2 lport=80 }
type=SYSCALL msg=audit(11/14/2023 22:13:20.002:2) : arch=x86_64 syscall=connect success=no exit=ECONNREFUSED(Connection refused) a0=0x3 a1=0x1 a2=0x10 a3=0x0 items=0 ppid=1 pid=7 auid=unset uid=root gid=root euid=root egid=root tty=(none) ses=unset comm=ls exe=/bin/ls key=(null)
----
type=SYSCALL msg=audit(11/14/2023 22:13:20.003:3) : arch=aarch64 syscall=clone success=yes exit=8 a0=CLONE_VM|CLONE_VFORK|SIGCHLD a1=0x1 a2=0x10 a3=0x0 items=0 ppid=1 pid=7 auid=unset uid=root gid=root euid=root egid=root tty=pts0 ses=1 comm=ls exe=/bin/ls key=(null)
----
`;

const words = [
  ...[
    "type=SYSCALL ",
    "type=EXECVE ",
    "type=EOE ",
    "type=PATH ",
    "msg=audit(",
    "): ",
    ") : ",
    "----\n",
  ],
  ...[
    " exit=",
    " pid=",
    " ppid=10",
    "syscall=56",
    "syscall=435",
    "arch=c00000b7",
    "a0[1]=41",
    "a1=",
    "argc=",
  ],
  ...[
    '"',
    "'",
    "(null)",
    "\u001d",
    "=",
    " ",
    "\n",
    "nametype=CREATE",
    "saddr=0A00",
    "success=no exit=-13",
  ],
];

function mutateLine(random: Random, line: string): string {
  const at = random.int(line.length + 1);
  const end = Math.min(line.length, at + random.int(20));
  switch (random.int(7)) {
    case 0:
      return line.slice(0, at);
    case 1:
      return line.slice(0, at) + random.pick(words) + line.slice(at);
    case 2: {
      const number = random.chance(2) ? random.word() : -random.word();
      let nth = random.int(16);
      return line.replace(/\d+/g, (digits) => (nth-- === 0 ? String(number) : digits));
    }
    case 3:
      return line.slice(0, at) + line.slice(end);
    case 4:
      return line.slice(0, at) + line.slice(at, end).repeat(1 << random.int(9)) + line.slice(at);
    case 5:
      return line.replace(/ pid=\d+/, ` pid=${random.pick([0, 1, 7, 8, 10, random.word()])}`);
    default:
      return line.slice(0, at) + String.fromCharCode(random.int(256)) + line.slice(at + 1);
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

function seeds(): Bytes[] {
  const packed = readFileSync(join(repositoryRoot, "test", "audit", "intrusion.log.gz"));
  const lines = gunzipSync(packed).toString("latin1").split("\n");
  // Its beginning and its end: the end has the attack.
  const parts = [lines.slice(0, 40), lines.slice(-90)].map((part) => part.join("\n"));
  return [...parts, printed].map((text) => Buffer.from(text, "latin1"));
}

export const auditTarget: FuzzTarget = { name: "audit", format: auditFormat, seeds, mutate };
