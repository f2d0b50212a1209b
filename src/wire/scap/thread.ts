// What the exits of clone and execve say about a thread. Every age of these events has its own order, which the row's text gives.

import type { Syscall, ThreadInfo } from "../../model/syscall.ts";
import { type ThreadParameter, threadParameters } from "./events/process.ts";
import { type Parameters, lengthOf, readInt64, readList, readText, readUint64 } from "./extract.ts";

/** Index of each parameter in one row, −1 where the row lacks it. */
export type ThreadLayout = {
  readonly [Name in ThreadParameter]: number;
} & { readonly size: number };

export function compileThreadLayout(text: string): ThreadLayout {
  const words = text.split(" ").filter((word) => word !== "");
  const entries = threadParameters.map((name) => [name, words.indexOf(name)]);
  for (const word of words) {
    if (word !== "." && !threadParameters.some((name) => name === word)) {
      throw new Error(`assertion failed: no thread parameter is called ${word}`);
    }
  }
  return { ...Object.fromEntries(entries), size: words.length } as ThreadLayout;
}

const parametersMax = 48;
const starts = new Int32Array(parametersMax);
const sizes = new Int32Array(parametersMax);

/** Fills ret, flags and info (and path, where the exit has the file name); false when a length points behind the event. */
export function extractThread(from: Parameters, layout: ThreadLayout, into: Syscall): boolean {
  const count = Math.min(from.count, parametersMax);
  let at = from.dataAt;
  for (let i = 0; i < count; i++) {
    const length = lengthOf(from, i);
    if (at + length > from.end) return false;
    starts[i] = at;
    sizes[i] = length;
    at += length;
  }
  sizes.fill(-1, count);
  into.ret = int64(from, layout.ret) ?? 0;
  if (layout.flags >= 0) into.flags = int32(from, layout.flags) ?? 0;
  const filename = text(from, layout.filename);
  if (into.path === undefined && filename !== undefined) into.path = filename;
  into.info = threadInfo(from, layout);
  return true;
}

function threadInfo(from: Parameters, layout: ThreadLayout): ThreadInfo {
  const flags = int32(from, layout.exeflags);
  const inode = sizeAt(layout.inode);
  return {
    tid: int64(from, layout.tid),
    pid: int64(from, layout.pid),
    parentTid: int64(from, layout.ptid),
    vtid: int64(from, layout.vtid),
    vpid: int64(from, layout.vpid),
    comm: text(from, layout.comm),
    argv0: text(from, layout.exe),
    args: list(from, layout.args),
    env: list(from, layout.env),
    exePath: text(from, layout.exepath),
    cwd: text(from, layout.cwd),
    cgroups: list(from, layout.cgroups),
    uid: id(from, layout.uid),
    gid: id(from, layout.gid),
    tty: int32(from, layout.tty),
    session: undefined,
    processGroup: int64(from, layout.pgid),
    loginUid: id(from, layout.loginuid),
    capabilities:
      sizeAt(layout.capabilities) >= 8
        ? from.view.getBigUint64(startAt(layout.capabilities), true)
        : undefined,
    exeInode: inode >= 8 ? readUint64(from.view, startAt(layout.inode)) : undefined,
    exeUpperLayer: flags === undefined ? undefined : (flags & exeUpperLayerBit) !== 0,
  };
}

/** Bit of execve's flags: the program lies in the upper layer of an overlay. */
const exeUpperLayerBit = 2;

function sizeAt(index: number): number {
  return index < 0 ? -1 : (sizes[index] ?? -1);
}

function startAt(index: number): number {
  return starts[index] ?? 0;
}

function int64(from: Parameters, index: number): number | undefined {
  return sizeAt(index) >= 8 ? readInt64(from.view, startAt(index)) : undefined;
}

function int32(from: Parameters, index: number): number | undefined {
  return sizeAt(index) >= 4 ? from.view.getInt32(startAt(index), true) : undefined;
}

/** User and group ids: all ones means "none". */
function id(from: Parameters, index: number): number | undefined {
  const value = sizeAt(index) >= 4 ? from.view.getUint32(startAt(index), true) : 0xffffffff;
  return value === 0xffffffff ? undefined : value;
}

function text(from: Parameters, index: number): string | undefined {
  const size = sizeAt(index);
  return size < 0 ? undefined : readText(from, startAt(index), size);
}

function list(from: Parameters, index: number): readonly string[] | undefined {
  const size = sizeAt(index);
  return size < 0 ? undefined : readList(from, startAt(index), size);
}
