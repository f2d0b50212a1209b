// What /proc says of one process, as the snapshot that a recording begins with (proc(5)). Only processes that were selected are
// looked at. Nothing here throws: what cannot be read, or is gone meanwhile, is undefined.

import { closeSync, openSync, readSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { decodeText } from "../base/text.ts";
import type { ThreadSnapshot } from "../model/syscall.ts";

export type ProcOptions = {
  /** Where /proc is mounted; tests have one of their own. */
  readonly proc?: string | undefined;
  /** Reads the environment too, where it may be read. Off by default: environments hold secrets. */
  readonly environment?: boolean | undefined;
};

/** A kernel gives a page; arguments may be longer. */
const textMax = 131_072;
const noLogin = 4_294_967_295;

export function readProcess(pid: number, options: ProcOptions = {}): ThreadSnapshot | undefined {
  const folder = `${options.proc ?? "/proc"}/${pid}`;
  const stat = statOf(folder);
  if (stat === undefined) return undefined;
  const status = statusOf(folder);
  const argv = textsOf(`${folder}/cmdline`);
  const login = numberOf(textOf(`${folder}/loginuid`));
  return {
    kind: "thread",
    tid: pid,
    pid,
    parentTid: stat.parent,
    vtid: status.vpid,
    vpid: status.vpid,
    comm: stat.comm,
    argv0: argv?.[0],
    args: argv?.slice(1),
    env: options.environment === true ? textsOf(`${folder}/environ`) : undefined,
    exePath: linkOf(`${folder}/exe`),
    cwd: linkOf(`${folder}/cwd`),
    cgroups: cgroupsOf(folder),
    uid: status.uid,
    gid: status.gid,
    tty: stat.tty,
    session: stat.session,
    processGroup: stat.processGroup,
    loginUid: login === noLogin ? undefined : login,
    capabilities: status.capabilities,
    exeInode: attempt(() => statSync(`${folder}/exe`).ino),
    exeUpperLayer: undefined,
  };
}

type Stat = {
  readonly comm: string;
  readonly state: string;
  readonly parent: number;
  readonly processGroup: number;
  readonly session: number;
  /** 0: no controlling terminal. */
  readonly tty: number;
  /** Hundredths of a second since boot. */
  readonly start: number;
};

function statOf(folder: string): Stat | undefined {
  const text = textOf(`${folder}/stat`);
  // The name may hold anything, parentheses too.
  const open = text?.indexOf("(") ?? -1;
  const close = text?.lastIndexOf(")") ?? -1;
  if (text === undefined || open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(" ");
  const at = (index: number): number => Number(fields[index] ?? "0");
  return {
    comm: text.slice(open + 1, close),
    state: fields[0] ?? "?",
    parent: at(1),
    processGroup: at(2),
    session: at(3),
    tty: at(4),
    start: at(19),
  };
}

/** When it began, in hundredths of a second since boot; undefined when there is no such process, or only its remains. */
export function startOf(pid: number, proc = "/proc"): number | undefined {
  const stat = statOf(`${proc}/${pid}`);
  return stat === undefined || stat.state === "Z" || stat.state === "X" ? undefined : stat.start;
}

type Status = {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly vpid: number | undefined;
  readonly capabilities: bigint | undefined;
};

function statusOf(folder: string): Status {
  const text = textOf(`${folder}/status`) ?? "";
  // Real, effective, saved, file system: records name the one that rights are judged by.
  const uid = /^Uid:\t\d+\t(\d+)/m.exec(text)?.[1];
  const gid = /^Gid:\t\d+\t(\d+)/m.exec(text)?.[1];
  const vpid = /^NSpid:(?:\t\d+)*\t(\d+)$/m.exec(text)?.[1];
  const effective = /^CapEff:\t([0-9a-f]{1,16})$/m.exec(text)?.[1];
  return {
    uid: numberOf(uid),
    gid: numberOf(gid),
    vpid: numberOf(vpid),
    capabilities: effective === undefined ? undefined : BigInt(`0x${effective}`),
  };
}

/** Paths of its control groups, one for each hierarchy. */
function cgroupsOf(folder: string): readonly string[] | undefined {
  const lines = textOf(`${folder}/cgroup`)?.split("\n") ?? [];
  const paths = lines.map((line) => /^\d+:[^:]*:(.+)$/.exec(line)?.[1]);
  const found = paths.filter((path) => path !== undefined);
  return found.length === 0 ? undefined : found;
}

/** Its children that live now, of all its threads; undefined where the kernel does not list them (CONFIG_PROC_CHILDREN). */
export function childrenOf(pid: number, proc = "/proc"): number[] | undefined {
  const tasks = attempt(() => readdirSync(`${proc}/${pid}/task`)) ?? [];
  let listed = tasks.length === 0;
  const children: number[] = [];
  for (const task of tasks) {
    const text = textOf(`${proc}/${pid}/task/${task}/children`);
    if (text === undefined) continue;
    listed = true;
    for (const word of text.split(" ")) {
      const child = numberOf(word);
      if (child !== undefined && child > 0) children.push(child);
    }
  }
  return listed ? children : undefined;
}

/** The process and all that descend from it now, it first; the bound is the kernel's own largest number of processes. */
export function treeOf(pid: number, proc = "/proc"): number[] {
  const seen = new Set<number>();
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next) || startOf(next, proc) === undefined) continue;
    seen.add(next);
    waiting.push(...(childrenOf(next, proc) ?? []));
  }
  return [...seen];
}

/** PROC_PID_INIT_INO of include/linux/proc_ns.h. */
const firstPidNamespace = "pid:[4026531836]";

/** Process ids are the kernel's own; in another namespace the same numbers mean other processes. */
export function seesFirstPids(proc = "/proc"): boolean {
  const found = linkOf(`${proc}/self/ns/pid`);
  return found === undefined || found === firstPidNamespace;
}

/** Every process there is. */
export function processIds(proc = "/proc"): number[] {
  const names = attempt(() => readdirSync(proc)) ?? [];
  return names.filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
}

function numberOf(text: string | undefined): number | undefined {
  const trimmed = text?.trim();
  return trimmed !== undefined && /^\d{1,15}$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** Texts that NUL ends. */
function textsOf(path: string): readonly string[] | undefined {
  const text = textOf(path);
  if (text === undefined || text === "") return undefined;
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

function linkOf(path: string): string | undefined {
  const bytes = attempt(() => readlinkSync(path, { encoding: "buffer" }));
  return bytes === undefined ? undefined : decodeText(bytes, 0, bytes.length);
}

function textOf(path: string): string | undefined {
  return attempt(() => {
    const file = openSync(path, "r");
    try {
      const parts = new Uint8Array(textMax);
      let length = 0;
      for (;;) {
        const read = readSync(file, parts, length, textMax - length, null);
        length += read;
        if (read === 0 || length === textMax) break;
      }
      return decodeText(parts, 0, length);
    } finally {
      closeSync(file);
    }
  });
}

/** Processes end while they are looked at, and some may not be looked at: both are the same answer. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
