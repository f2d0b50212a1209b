// What all parts of the reader write to: the queue of entries that wait to be handed on, counts, and messages with their line.

import { type Diagnostic, type DiagnosticCode, diagnostic } from "../../model/diagnostic.ts";
import { limits } from "../../model/limits.ts";
import type { GapReason } from "../../model/record.ts";
import type { InputCounters } from "../../model/syscall.ts";
import type { TimeNs } from "../../model/time.ts";
import { type Entry, newThread, type Thread } from "./thread.ts";

/** Text kept alive by waiting entries and unfinished calls. */
export const heldBytesMax = 16 * 1024 * 1024;
const reasonsMax = 1024;
const compactAt = 4096;

/** Where no thread has been seen yet. */
const nobody = newThread(-1, undefined);

export class Journal {
  readonly counters: InputCounters = { bytes: 0, events: 0, relevant: 0, skipped: new Map() };
  readonly diagnostics: Diagnostic[] = [];
  diagnosticsDropped = 0;
  /** Number of the line that is being read, from 1. */
  line = 0;
  /** Time of that line. */
  now: TimeNs = 0;
  heldBytes = 0;
  /** The log is a page of the test notation. */
  notation = false;
  readonly #path: string | undefined;
  #queue: Entry[] = [];
  #at = 0;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  get head(): Entry | undefined {
    return this.#queue[this.#at];
  }

  get isEmpty(): boolean {
    return this.#at === this.#queue.length;
  }

  enqueue(entry: Entry): void {
    this.heldBytes += entry.size;
    this.#queue.push(entry);
  }

  /** Takes the head away. */
  shift(): void {
    this.heldBytes -= this.head?.size ?? 0;
    this.#at += 1;
    if (this.#at < compactAt && this.#at < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#at);
    this.#at = 0;
  }

  skip(reason: string): void {
    const { skipped } = this.counters;
    const key = skipped.has(reason) || skipped.size < reasonsMax ? reason : "other";
    skipped.set(key, (skipped.get(key) ?? 0) + 1);
  }

  report(code: DiagnosticCode, message: string, line = this.line): void {
    if (this.diagnostics.length >= limits.diagnostics.max) {
      this.diagnosticsDropped += 1;
      return;
    }
    this.diagnostics.push(diagnostic(code, message, { path: this.#path, line }));
  }

  gap(reason: GapReason, where: string, thread: Thread | undefined): void {
    this.enqueue({
      kind: "gap",
      ts: this.now,
      thread: thread ?? nobody,
      size: 0,
      deadline: this.line,
      blocked: false,
      reason,
      where,
    });
  }
}
