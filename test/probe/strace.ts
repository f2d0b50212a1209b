// The other witness: sums of a strace log (strace -f -y), by a reader of its own. Knows the calls that move bytes and nothing else.

import { readFileSync } from "node:fs";
import { type CallName, readCalls, transferCalls, writeCalls } from "./raw.ts";
import type { Sums } from "./truth.ts";

const reads: ReadonlySet<string> = new Set<string>(readCalls);
const writes: ReadonlySet<string> = new Set<string>(writeCalls);

const traced: readonly CallName[] = [
  ...readCalls,
  ...writeCalls,
  ...(Object.keys(transferCalls) as CallName[]),
];

/** Arguments of a strace that this reader understands; the log follows -o. */
export const straceArguments: readonly string[] = [
  ..."-f -y -q -s 0 --seccomp-bpf -e abbrev=!recvmmsg,sendmmsg -e signal=none -e".split(" "),
  `trace=${traced.join(",")},clone,clone3`,
];

export type StraceSums = {
  /** tid → target of the descriptor ("/path", "pipe:[1]") → sums; calls on no open descriptor are left out. */
  readonly of: Map<number, Map<string, Sums>>;
  /** tid → pid, of threads that began. */
  readonly leaders: Map<number, number>;
  readonly unread: string[];
};

/** `3</tmp/x>` at the beginning of an argument. */
const descriptor = /^\d+<(.*?)>(?:\(deleted\))?$/;

/** The arguments, cut at the commas that stand in no bracket and no string. */
function cut(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  let quoted = false;
  for (let i = 0; i < list.length; i++) {
    const c = list[i] ?? "";
    if (quoted) {
      if (c === "\\") i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if ("([{<".includes(c)) depth++;
    else if (")]}>".includes(c)) depth--;
    else if (c === "," && depth === 0) {
      parts.push(list.slice(from, i).trim());
      from = i + 1;
    }
  }
  parts.push(list.slice(from).trim());
  return parts;
}

function sumsOf(sums: StraceSums, tid: number, target: string): Sums {
  let table = sums.of.get(tid);
  if (table === undefined) {
    table = new Map();
    sums.of.set(tid, table);
  }
  let entry = table.get(target);
  if (entry === undefined) {
    entry = { rops: 0, wops: 0, rbytes: 0, wbytes: 0 };
    table.set(target, entry);
  }
  return entry;
}

function targetOf(argument: string | undefined): string | undefined {
  return descriptor.exec(argument ?? "")?.[1];
}

function bytesOf(name: string, args: readonly string[], ret: number): number {
  if (ret < 0) return 0;
  if (name !== "recvmmsg" && name !== "sendmmsg") return ret;
  const lengths = [...(args[1] ?? "").matchAll(/msg_len=(\d+)/g)].map((found) => Number(found[1]));
  return lengths.slice(0, ret).reduce((sum, length) => sum + length, 0);
}

function take(sums: StraceSums, tid: number, line: string): void {
  const call = /^(\w+)\((.*)\)\s+= (-?\d+|\? ERESTART|\?)/s.exec(line);
  if (call === null) {
    sums.unread.push(line);
    return;
  }
  const [, name = "", list = "", result = ""] = call;
  if (result === "?") return;
  if (name.startsWith("clone")) {
    if (list.includes("CLONE_THREAD")) {
      sums.leaders.set(Number(result), sums.leaders.get(tid) ?? tid);
    }
    return;
  }
  const args = cut(list);
  // A call that a signal cut short leaves the kernel, and comes again.
  const ret = result.startsWith("?") ? -1 : Number(result);
  const bytes = bytesOf(name, args, ret);
  const from = name in transferCalls ? transferCalls[name as "tee"][0] : 0;
  const to = name in transferCalls ? transferCalls[name as "tee"][1] : 0;
  if (reads.has(name) || name in transferCalls) {
    const target = targetOf(args[from]);
    if (target !== undefined) {
      const entry = sumsOf(sums, tid, target);
      entry.rops += 1;
      entry.rbytes += bytes;
    }
  }
  if (writes.has(name) || name in transferCalls) {
    const target = targetOf(args[to]);
    if (target !== undefined) {
      const entry = sumsOf(sums, tid, target);
      entry.wops += 1;
      entry.wbytes += bytes;
    }
  }
}

export function readStrace(log: string): StraceSums {
  const sums: StraceSums = { of: new Map(), leaders: new Map(), unread: [] };
  const unfinished = new Map<number, string>();
  for (const line of readFileSync(log, "latin1").split("\n")) {
    const found = /^(\d+) +(.*)$/.exec(line);
    if (found === null) continue;
    const tid = Number(found[1]);
    let text = found[2] ?? "";
    if (text.startsWith("+++") || text.startsWith("---")) continue;
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    if (resumed !== null) {
      text = (unfinished.get(tid) ?? "") + (resumed[1] ?? "");
      unfinished.delete(tid);
    }
    const open = text.indexOf(" <unfinished ...>");
    if (open >= 0) unfinished.set(tid, text.slice(0, open));
    else take(sums, tid, text);
  }
  return sums;
}
