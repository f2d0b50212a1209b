// FORK, EXEC, EXIT and CALL → the same calls that captures give. Rare beside flows: strings and objects are made here.

import { execFlags, probeMessages } from "../../model/probe.ts";
import {
  atFdcwd,
  emptySyscall,
  Family,
  noFd,
  noThreadInfo,
  type Syscall,
} from "../../model/syscall.ts";
import { CallDecoder, textOf } from "./calls.ts";
import type { ProbeClock } from "./clock.ts";
import { big64, callAt, execAt, exitAt, forkAt, headAt, u32, wide64 } from "./layout.ts";
import type { NumberedCall } from "./numbers.ts";
import { type PathTable, pathOf } from "./paths.ts";

const none = 0xffffffff;
const commBytes = 16;
const opened = callAt.ret >> 2;

export class ControlDecoder {
  readonly #clock: ProbeClock;
  readonly #paths: PathTable;
  readonly #call: Syscall = emptySyscall();
  readonly #calls: CallDecoder;
  #numbers: ReadonlyMap<number, NumberedCall> = new Map();

  constructor(clock: ProbeClock, paths: PathTable) {
    this.#clock = clock;
    this.#paths = paths;
    this.#calls = new CallDecoder(paths);
  }

  begin(machine: number, numbers: ReadonlyMap<number, NumberedCall>): void {
    this.#numbers = numbers;
    this.#calls.begin(machine);
  }

  /** The cursor, with nothing in it but who and when. */
  #start(words: Int32Array, at: number): Syscall {
    const call = this.#call;
    const w = at >> 2;
    call.ts = this.#clock.time(words, w + (headAt.time >> 2));
    // Threads are the process here: what they do is told of the process.
    call.tid = u32(words, w + (headAt.pid >> 2));
    call.pid = call.tid;
    call.start = this.#clock.time(words, w + (headAt.start >> 2));
    call.childStart = undefined;
    call.counts = undefined;
    call.ret = 0;
    call.fd = noFd;
    call.fd2 = noFd;
    call.dirfd = atFdcwd;
    call.newDirfd = atFdcwd;
    call.path = undefined;
    call.newPath = undefined;
    call.flags = 0;
    call.mode = 0;
    call.protocol = 0;
    call.tuple = undefined;
    call.uid = -1;
    call.gid = -1;
    call.target = 0;
    call.info = undefined;
    return call;
  }

  fork(words: Int32Array, at: number): Syscall {
    const call = this.#start(words, at);
    const w = at >> 2;
    call.family = Family.clone;
    call.name = "clone";
    call.ret = u32(words, w + (forkAt.child >> 2));
    call.childStart = this.#clock.time(words, w + (forkAt.childStart >> 2));
    call.info = { ...noThreadInfo, vpid: u32(words, w + (forkAt.vpid >> 2)) };
    return call;
  }

  /** False: its texts overrun the message. */
  exec(bytes: Uint8Array, words: Int32Array, at: number, end: number): Syscall | false {
    const call = this.#start(words, at);
    const field = (offset: number): number => u32(words, (at + offset) >> 2);
    const sizes = field(execAt.cgroupBytes);
    const text = at + probeMessages.exec.size;
    const argvAt = text + (sizes & 0xffff);
    const argvEnd = argvAt + (sizes >>> 16);
    if (argvEnd > end) return false;
    const argv = listOf(bytes, argvAt, argvEnd);
    const loginUid = field(execAt.loginUid);
    const inode = wide64(words, (at + execAt.exeInode) >> 2);
    const comm = at + execAt.comm;
    call.family = Family.exec;
    call.name = "execve";
    call.info = {
      ...noThreadInfo,
      tid: call.tid,
      pid: call.pid,
      parentTid: field(execAt.ppid),
      vtid: call.tid,
      vpid: field(execAt.vpid),
      comm: textOf(bytes, comm, comm + commBytes),
      argv0: argv[0],
      args: argv.slice(1),
      exePath: this.#paths.get(field(execAt.exe))?.shown,
      cwd: this.#paths.get(field(execAt.cwd))?.path,
      cgroups: argvAt > text ? [pathOf(bytes, text, argvAt)] : undefined,
      // The ids that rights are judged by, as in captures.
      uid: field(execAt.euid),
      gid: field(execAt.egid),
      tty: field(execAt.tty),
      session: field(execAt.session),
      processGroup: field(execAt.processGroup),
      loginUid: loginUid === none ? undefined : loginUid,
      capabilities: big64(words, (at + execAt.capabilities) >> 2),
      exeInode: inode === 0 ? undefined : inode,
      exeUpperLayer: (field(execAt.flags) & execFlags.upperLayer) !== 0,
      networkNamespace: field(execAt.netns) === 0 ? undefined : field(execAt.netns),
    };
    return call;
  }

  exit(words: Int32Array, at: number): Syscall {
    const call = this.#start(words, at);
    const field = (offset: number): number => u32(words, (at + offset) >> 2);
    call.family = Family.exit;
    call.name = "exit_group";
    call.mode = field(exitAt.status);
    call.counts = {
      failedOpens: field(exitAt.failedOpens),
      threadsCloned: field(exitAt.threadsCloned),
      threadsExited: field(exitAt.threadsExited),
      left: field(exitAt.left) === 1,
    };
    return call;
  }

  /** False: its texts overrun the message. Undefined: it is not told; `skipped` says what it was. */
  call(bytes: Uint8Array, words: Int32Array, at: number, end: number): Syscall | false | undefined {
    const call = this.#start(words, at);
    const number = (words[at >> 2] as number) >>> 16;
    const numbered = this.#numbers.get(number);
    this.skipped = numbered?.name ?? `system call ${number}`;
    if (numbered === undefined) return undefined;
    // What was opened or connected has a flow.
    const flowing = numbered.family === Family.open || numbered.family === Family.connect;
    if (flowing && (words[(at >> 2) + opened + 1] as number) >= 0) return undefined;
    const told = this.#calls.decode(call, numbered, bytes, words, at, end);
    return told === true ? call : told;
  }

  skipped = "";
}

/** Texts behind each other, each ended by NUL; an empty one is kept, what follows the last NUL too. */
function listOf(bytes: Uint8Array, start: number, end: number): string[] {
  const list: string[] = [];
  for (let at = start; at < end;) {
    let stop = at;
    while (stop < end && bytes[stop] !== 0) stop++;
    list.push(textOf(bytes, at, stop) ?? "");
    at = stop + 1;
  }
  return list;
}
