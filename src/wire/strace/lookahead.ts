// Facts that strace prints on a later line than the call that needs them: the own address of a connection, the working directory of
// the first program. Entries wait for them in the queue, for a bounded number of lines.

import { type Endpoint, readTarget } from "./address.ts";
import type { CallRow } from "./calls.ts";
import { cwdOf } from "./describe.ts";
import type { Journal } from "./journal.ts";
import type { CallText } from "./line.ts";
import { readDescriptor } from "./scan.ts";
import type { CallEntry, Thread } from "./thread.ts";

const linesForCwd = 64;
const linesForLocalSide = 256;
const socketsMax = 64;
/** Only the beginning of a line is searched. */
const searchedMax = 4096;

export class Lookahead {
  readonly #journal: Journal;
  readonly #sockets: CallEntry[] = [];

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Decides whether a new entry waits. */
  hold(entry: CallEntry, call: CallText): void {
    if (wantsLocalSide(entry.row, call)) {
      entry.blocked = true;
      entry.deadline = this.#journal.line + linesForLocalSide;
      if (this.#sockets.length >= socketsMax) this.#sockets.shift();
      this.#sockets.push(entry);
    } else if (entry.row.family === "exec") this.#holdExec(entry);
  }

  /** The first exec of a process that nobody forked: its directory is on one of the next lines, if -y was given. */
  #holdExec(entry: CallEntry): void {
    const { thread, result } = entry;
    if (thread.forked || thread.origin !== undefined || this.#journal.notation) return;
    if (thread.leader !== thread || thread.group?.described === true) return;
    if (result.error !== undefined || thread.wantsCwd !== undefined) return;
    entry.blocked = true;
    entry.deadline = this.#journal.line + linesForCwd;
    thread.wantsCwd = entry;
  }

  /** A line of the thread: it may tell what an earlier entry waits for. */
  look(thread: Thread, text: string): void {
    const exec = thread.wantsCwd;
    if (exec === undefined && this.#sockets.length === 0) return;
    const searched = beforeStrings(text);
    if (exec !== undefined) {
      const from = searched.indexOf("AT_FDCWD<");
      exec.cwd = from < 0 ? undefined : cwdOf([text.slice(from, from + searchedMax)]);
      if (exec.cwd !== undefined) {
        exec.blocked = false;
        thread.wantsCwd = undefined;
      }
    }
    for (let i = 0; i < this.#sockets.length; i++) {
      const entry = this.#sockets[i];
      if (entry === undefined) continue;
      const same = thread.leader !== undefined && entry.thread.leader === thread.leader;
      const local = same ? localSideIn(searched, text, entry) : undefined;
      const expired = entry.deadline <= this.#journal.line;
      if (local === undefined && !expired) continue;
      entry.local = local;
      entry.blocked = false;
      this.#sockets.splice(i, 1);
      i -= 1;
    }
  }
}

/** A connect, or the first datagram of a socket, whose descriptor -yy shows without an own address yet. */
function wantsLocalSide(row: CallRow, call: CallText): boolean {
  const datagram = row.name === "sendto" || row.name === "sendmsg";
  if (row.family !== "connect" && !datagram) return false;
  const { error } = call.result;
  if (error !== undefined && (datagram || error !== "EINPROGRESS")) return false;
  const target = readDescriptor(call.values[0] ?? "")?.target;
  const read = target === undefined ? undefined : readTarget(target);
  if (read?.kind !== "inet" || read.remote !== undefined || read.local !== undefined) return false;
  return (call.values[row.name === "sendto" ? 4 : 1] ?? "").includes("port=");
}

/** A program can write anything into strings: what stands before the first one is strace's own word. */
function beforeStrings(text: string): string {
  const quote = text.indexOf('"');
  return text.slice(0, Math.min(quote < 0 ? text.length : quote, searchedMax));
}

/** Finds `3<TCP:[local->remote]>` of the entry's descriptor in a later line of its process. */
function localSideIn(searched: string, text: string, entry: CallEntry): Endpoint | undefined {
  const fd = readDescriptor(entry.args[0] ?? "")?.fd;
  if (fd === undefined) return undefined;
  const at = searched.indexOf(`${fd}<`);
  if (at < 0 || (at > 0 && /\d/.test(searched.charAt(at - 1)))) return undefined;
  const target = readDescriptor(text.slice(at, at + 160))?.target;
  const read = target === undefined ? undefined : readTarget(target);
  if (read?.kind !== "inet") return undefined;
  if (entry.row.family === "connect" && read.remote === undefined) return undefined;
  return read.local;
}
