// Raw messages folded by the judge: each system call's result added to the flow whose id it carries. Calls between two descriptors
// carry the id of the one written to; the other is the flow that began last on its descriptor.

import type { Message } from "./stream.ts";

/** x86-64 (arch/x86/entry/syscalls/syscall_64.tbl). */
export const callNumbers = {
  read: 0,
  write: 1,
  pread64: 17,
  pwrite64: 18,
  readv: 19,
  writev: 20,
  sendfile: 40,
  sendto: 44,
  recvfrom: 45,
  sendmsg: 46,
  recvmsg: 47,
  getdents: 78,
  rename: 82,
  link: 86,
  unlink: 87,
  getdents64: 217,
  splice: 275,
  tee: 276,
  openat: 257,
  open: 2,
  preadv: 295,
  pwritev: 296,
  recvmmsg: 299,
  sendmmsg: 307,
  copy_file_range: 326,
  preadv2: 327,
  pwritev2: 328,
} as const;

export type CallName = keyof typeof callNumbers;

export const readCalls: readonly CallName[] = [
  "read",
  "pread64",
  "readv",
  "preadv",
  "preadv2",
  "recvfrom",
  "recvmsg",
  "recvmmsg",
  "getdents",
  "getdents64",
];
export const writeCalls: readonly CallName[] = [
  "write",
  "pwrite64",
  "writev",
  "pwritev",
  "pwritev2",
  "sendto",
  "sendmsg",
  "sendmmsg",
];
/** Call → which argument is read from, which is written to. */
export const transferCalls = {
  sendfile: [1, 0],
  splice: [0, 2],
  tee: [0, 1],
  copy_file_range: [0, 2],
} as const;

const way = new Int8Array(512);
for (const name of readCalls) way[callNumbers[name]] = 1;
for (const name of writeCalls) way[callNumbers[name]] = 2;
const readArgument = new Int8Array(512).fill(-1);
for (const [name, [from]] of Object.entries(transferCalls)) {
  const number = callNumbers[name as keyof typeof transferCalls];
  way[number] = 3;
  readArgument[number] = from;
}
const manyMessages: ReadonlySet<number> = new Set([callNumbers.recvmmsg, callNumbers.sendmmsg]);

export type RawTotals = {
  rops: number;
  wops: number;
  rbytes: number;
  wbytes: number;
  /** Its bytes cannot be told from raw messages: some results count messages. */
  uncertain: boolean;
};

export class RawFold {
  readonly flows = new Map<number, RawTotals>();
  readonly #current = new Map<number, number>();
  /** Calls that move bytes and name no flow. */
  homeless = 0;

  begin(id: number, pid: number, fd: number): void {
    this.#current.set(pid * 0x1_0000_0000 + fd, id);
  }

  take(message: Message): void {
    const direction = way[message.code] ?? 0;
    if (direction === 0) return;
    const ret = message.get("raw", "ret");
    const flow = message.get("raw", "flow");
    if (flow === 0) {
      if (ret >= 0) this.homeless += 1;
      return;
    }
    const totals = this.#of(flow);
    const bytes = Math.max(ret, 0);
    if (manyMessages.has(message.code)) totals.uncertain = true;
    if (direction === 1) {
      totals.rops += 1;
      totals.rbytes += bytes;
      return;
    }
    totals.wops += 1;
    totals.wbytes += bytes;
    if (direction < 3) return;
    const argument = readArgument[message.code] === 1 ? "arg1" : "arg0";
    // A descriptor is 32 bits of its register.
    const fd = message.get("raw", argument) % 0x1_0000_0000;
    const from = this.#current.get(message.get("raw", "pid") * 0x1_0000_0000 + fd);
    if (from === undefined) {
      this.homeless += 1;
      return;
    }
    const read = this.#of(from);
    read.rops += 1;
    read.rbytes += bytes;
  }

  #of(id: number): RawTotals {
    let found = this.flows.get(id);
    if (found === undefined) {
      found = { rops: 0, wops: 0, rbytes: 0, wbytes: 0, uncertain: false };
      this.flows.set(id, found);
    }
    return found;
  }
}
