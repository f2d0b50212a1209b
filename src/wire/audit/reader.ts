// Text of an audit log → system calls. Lines become events (event.ts), events wait until they are whole and until it is known who made
// their process, then become inputs (calls.ts, processes.ts). docs/guide/audit.md says what the log cannot say.

import { type Diagnostic, type DiagnosticCode, diagnostic } from "../../model/diagnostic.ts";
import { decodeText } from "../../base/text.ts";
import { limits } from "../../model/limits.ts";
import type { TimePrecision } from "../../model/record.ts";
import {
  CloneFlag,
  emptySyscall,
  Family,
  type Input,
  type InputCounters,
  type Syscall,
  type SyscallReader,
} from "../../model/syscall.ts";
import { second, type TimeBase, type TimeNs } from "../../model/time.ts";
import { inetTuple } from "../strace/address.ts";
import { type CallRow, callRows } from "../strace/calls.ts";
import { LineSplitter } from "../strace/lines.ts";
import { AuditClock } from "./clock.ts";
import { cloneFlagsOf, exitStatus, fillCall, isDuplicate, resultOf } from "./calls.ts";
import { type AuditEvent, callName, machineOf, usedTypes } from "./event.ts";
import { Waiting } from "./waiting.ts";
import { type AuditLine, isRemark, isSeparator, parseLine } from "./line.ts";
import { describedSocket } from "./socket.ts";
import { type Facts, factsOf, Processes, type Says } from "./processes.ts";

export type AuditOptions = {
  readonly base?: TimeBase | undefined;
  readonly path?: string | undefined;
};

/** Records of one event come within two seconds: auditd's end_of_event_timeout. */
const eventSeconds = 2;
const reasonsMax = 1024;

export class AuditReader implements SyscallReader {
  readonly counters: InputCounters = { bytes: 0, events: 0, relevant: 0, skipped: new Map() };
  readonly diagnostics: Diagnostic[] = [];
  diagnosticsDropped = 0;
  readonly #path: string | undefined;
  readonly #clock: AuditClock;
  readonly #lines = new LineSplitter(limits.textBytes.max);
  readonly #processes = new Processes(
    (input) => this.#out.push(input),
    (reason) => this.#skip(reason),
  );
  readonly #waiting = new Waiting();
  #line = 0;
  #newest = 0;
  #lastOther = "";
  #lastSecond = 0;
  #out: Input[] = [];
  #at = 0;
  #ended = false;
  #finished = false;
  readonly #said = new Set<DiagnosticCode>();

  constructor(options: AuditOptions = {}) {
    this.#path = options.path;
    this.#clock = new AuditClock(options.base);
  }

  get base(): TimeBase | undefined {
    return this.#clock.base;
  }

  get now(): TimeNs {
    return this.#clock.now;
  }

  get precision(): TimePrecision | undefined {
    return this.#clock.base === undefined ? undefined : "ms";
  }

  push(bytes: Uint8Array): void {
    this.counters.bytes += bytes.length;
    this.#lines.push(bytes);
  }

  end(): void {
    this.#ended = true;
  }

  next(): Input | undefined {
    for (;;) {
      const input = this.#out[this.#at];
      if (input !== undefined) {
        this.#at += 1;
        return input;
      }
      if (this.#at > 0) {
        this.#out = [];
        this.#at = 0;
      }
      if (this.#handOn()) continue;
      const line = this.#lines.next() ?? (this.#ended ? this.#lines.rest() : undefined);
      if (line !== undefined) {
        this.#line += 1;
        if (line.tooLong) this.#skipLongLine();
        else this.#readLine(decodeText(line.bytes, line.start, line.end));
        continue;
      }
      if (!this.#ended || this.#finished) return undefined;
      this.#finished = true;
    }
  }

  // ── lines ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #readLine(text: string): void {
    if (isRemark(text)) return;
    if (isSeparator(text)) {
      return this.#waiting.closeAll();
    }
    const line = parseLine(text);
    if (line === undefined) return this.#readForeign(text);
    if (line.words) {
      this.#sayOnce("SF1404", "times are in words (ausearch -i): they are taken for UTC");
    }
    if (line.seconds > this.#newest) this.#newest = line.seconds;
    if (!usedTypes.has(line.type)) return this.#skipRecord(line);
    if (!this.#waiting.has(line.key)) {
      // The event was handed on already.
      if (line.type === "EOE") return;
      if (line.key !== this.#lastOther) this.counters.events += 1;
    }
    this.#waiting.add(line, this.#line);
  }

  /** Logins, services, messages of auditd itself: they are no system calls. */
  #skipRecord(line: AuditLine): void {
    this.#skip(line.type.slice(0, 32));
    const isNew = line.key !== this.#lastOther && !this.#waiting.has(line.key);
    this.#lastOther = line.key;
    if (!isNew) return;
    this.counters.events += 1;
    // The machine has started anew: whoever was there is gone.
    if (line.type === "SYSTEM_BOOT") this.#restart();
  }

  #restart(): void {
    while (this.#emitHead(true));
    this.#processes.clear();
    this.#out.push({ kind: "section" });
  }

  #skipLongLine(): void {
    this.counters.events += 1;
    this.#skip("line too long");
    const { max } = limits.textBytes;
    this.#report("SF1403", `line ${this.#line} is longer than ${max} bytes and was skipped`);
    this.#gap("damaged", `line ${this.#line}`);
  }

  #readForeign(text: string): void {
    this.#skip("foreign line");
    if (!text.includes("audit(") && !text.startsWith("type=")) return;
    this.counters.events += 1;
    this.#report("SF1401", `not a record of the audit log: ${text.slice(0, 60).trim()}`);
    this.#gap("damaged", `line ${this.#line}`);
  }

  #skip(reason: string): void {
    const { skipped } = this.counters;
    const key = skipped.has(reason) || skipped.size < reasonsMax ? reason : "other";
    skipped.set(key, (skipped.get(key) ?? 0) + 1);
  }

  #report(code: DiagnosticCode, message: string, line = this.#line): void {
    if (this.diagnostics.length >= limits.diagnostics.max) {
      this.diagnosticsDropped += 1;
      return;
    }
    this.diagnostics.push(diagnostic(code, message, { path: this.#path, line }));
  }

  #sayOnce(code: DiagnosticCode, message: string, line?: number): void {
    if (this.#said.has(code)) return;
    this.#said.add(code);
    this.#report(code, message, line);
  }

  #gap(reason: "damaged" | "unsupported", where: string): void {
    this.#out.push({ kind: "gap", ts: this.#clock.now, reason, lost: 1, unit: "events", where });
  }

  // ── events ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Emits the oldest event if nothing more is expected of it. */
  #handOn(): boolean {
    return this.#emitHead(this.#finished || this.#waiting.full);
  }

  #emitHead(forced: boolean): boolean {
    const event = this.#waiting.oldest;
    if (event === undefined) return false;
    const late = this.#newest - event.seconds > eventSeconds;
    if (!event.closed && !late && !forced) return false;
    const facts = factsOf(event);
    if (facts !== undefined && !event.told && !this.#processes.has(facts.pid)) {
      const birth = this.#waiting.birthOf(facts);
      // Its parent's clone may be told after the child's first call.
      if (birth === undefined && !late && !forced) return false;
      if (birth !== undefined) this.#emit(birth);
    }
    this.#waiting.remove(event);
    if (!event.told) this.#emit(event);
    return true;
  }

  #emit(event: AuditEvent): void {
    event.told = true;
    const { call } = event;
    const facts = factsOf(event);
    const name = call === undefined ? "" : callName(call);
    const row = callRows.get(name);
    const ts = this.#clock.move(event.seconds, event.millis, row !== undefined && waits(row));
    if (call === undefined) this.#skip("record without its system call");
    else if (facts === undefined) this.#reportDamaged(event);
    else if (row === undefined) this.#skipCall(event, name);
    else this.#emitCall(event, row, name, facts, ts);
    const now = Math.floor(ts / second);
    if (now <= this.#lastSecond) return;
    this.#lastSecond = now;
    if (this.#out.length === this.#at) this.#out.push({ kind: "time", ts });
  }

  #reportDamaged(event: AuditEvent): void {
    this.#skip("not understood");
    this.#report("SF1401", "a SYSCALL record without its process", event.line);
    this.#gap("damaged", `line ${event.line}`);
  }

  #skipCall(event: AuditEvent, name: string): void {
    const { call } = event;
    if (/^\d+$/.test(name) && call !== undefined && machineOf(call) === undefined) {
      const arch = (call.get("arch") ?? "none").slice(0, 16);
      this.#sayOnce("SF1405", `no names are known for calls of machine ${arch}`, event.line);
      this.#skip("call of an unknown machine");
      this.#gap("unsupported", `line ${event.line}: machine ${arch}`);
      return;
    }
    this.#skip(name.slice(0, 32));
  }

  #emitCall(event: AuditEvent, row: CallRow, name: string, facts: Facts, ts: TimeNs): void {
    const ret = resultOf(event);
    if (ret === undefined) return this.#skip("no result");
    const fresh = this.#processes.observe(event, facts, ts, saysOf(row, ret));
    const call = emptySyscall();
    call.ts = ts;
    call.tid = facts.pid;
    call.pid = facts.pid;
    call.ret = ret;
    if (row.family === "clone") return this.#emitClone(call, event, row, name);
    if (row.family === "exit") return this.#emitExit(call, event, row);
    if (row.name === "fcntl" && isDuplicate(event) === undefined) return this.#skip("fcntl");
    if (row.name === "mmap" && event.mapFd === undefined) return this.#skip("mmap of no file");
    if (row.family === "exec" && ret >= 0) this.#reportMissing(event);
    fillCall(call, row, event);
    if (row.family === "exec" && ret >= 0) this.#processes.fillExec(call, event, facts, fresh);
    this.#completeSocket(call);
    this.#processes.follow(call, facts);
    this.counters.relevant += 1;
    this.#out.push(call);
  }

  /** What the log leaves out of sockets is taken from calls before. */
  #completeSocket(call: Syscall): void {
    const { tuple, fd, pid } = call;
    if (call.family === Family.accept) {
      const bound = this.#processes.boundTo(pid, call.fd2);
      if (tuple === undefined || tuple.family === 1 || bound === undefined) return;
      call.tuple = inetTuple({ ip: tuple.sip, port: tuple.sport }, bound);
      return;
    }
    if (tuple === undefined || fd < 0 || this.#processes.isSocket(pid, fd)) return;
    const snapshot = describedSocket(call);
    if (snapshot === undefined) return;
    this.#processes.noteSocket(pid, fd);
    this.#out.push(snapshot);
  }

  #emitClone(call: Syscall, event: AuditEvent, row: CallRow, name: string): void {
    const flags = cloneFlagsOf(event, name);
    call.family = Family.clone;
    call.name = row.name;
    if (call.ret > 0) {
      if (flags === undefined && !this.#waiting.hasPid(call.ret)) {
        // A thread makes no records of its own name: only a process is ever heard of again.
        this.#processes.expect(call.ret, call.pid);
        return this.#skip("clone3 of a process or a thread");
      }
      const isThread = ((flags ?? 0) & CloneFlag.THREAD) !== 0;
      if (!isThread && !this.#processes.bear(call.ret, call.pid, event)) {
        return this.#skip("clone of a process seen before");
      }
    }
    call.flags = flags ?? 0;
    this.counters.relevant += 1;
    this.#out.push(call);
  }

  #emitExit(call: Syscall, event: AuditEvent, row: CallRow): void {
    // The record names the process only: which thread ended, and whether it was the last, is not in it.
    if (row.name === "exit") return this.#skip("exit of a thread");
    call.family = Family.exit;
    call.name = row.name;
    call.mode = exitStatus(event);
    this.#processes.end(call.pid);
    this.counters.relevant += 1;
    this.#out.push(call);
  }

  #reportMissing(event: AuditEvent): void {
    const { argc } = event;
    if (argc === undefined) return;
    const found = event.argv.size + event.pieces.size;
    if (found >= argc) return;
    const message = `${argc - found} of ${argc} arguments of the program are not in the log`;
    this.#report("SF1402", message, event.line);
  }
}

/** Calls that may wait, so that they are told long after they began. */
function waits(row: CallRow): boolean {
  switch (row.family) {
    case "read":
    case "write":
    case "accept":
    case "connect":
    case "transfer":
    case "clone":
      return true;
    default:
      return false;
  }
}

function saysOf(row: CallRow, ret: number): Says {
  if (row.family === "exec" && ret >= 0) return "program";
  return row.family === "setuid" || row.family === "setgid" ? "user" : "nothing";
}
