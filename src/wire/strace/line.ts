// One line of a strace log, or of the test notation, cut into its parts: who, when, and what kind of line. The arguments stay text.

import { readNumber, splitArguments } from "./scan.ts";

/** Seconds and nanoseconds as printed. `day` counts from midnight (-t, -tt), `epoch` from 1970; -r's deltas look like epoch. */
export type Stamp = {
  readonly form: "epoch" | "day";
  readonly seconds: number;
  readonly nanos: number;
  /** Digits behind the point. */
  readonly digits: number;
};

export type Line = {
  readonly tid: number | undefined;
  readonly comm: string | undefined;
  readonly stamp: Stamp | undefined;
  /** Written as `name/tid`: the test notation. */
  readonly notation: boolean;
  readonly body: Body;
};

export type Body =
  | { readonly kind: "call"; readonly name: string; readonly text: string }
  | { readonly kind: "unfinished"; readonly name: string; readonly text: string }
  | { readonly kind: "resumed"; readonly name: string; readonly text: string }
  | { readonly kind: "exited"; readonly status: number }
  | { readonly kind: "superseded"; readonly by: number }
  | { readonly kind: "signal"; readonly name: string; readonly text: string }
  | { readonly kind: "attached"; readonly tid: number; readonly threads: number }
  /** The end of a call whose beginning was torn off by the program's own output: `) = 3`. */
  | { readonly kind: "tail"; readonly text: string }
  | { readonly kind: "blank" }
  | { readonly kind: "other" };

const pidMax = 4_194_304;
const unfinished = "<unfinished ...>";

export function parseLine(text: string, signalNumber: (name: string) => number): Line {
  const prefix = parsePrefix(text);
  const body = parseBody(text, prefix.end, signalNumber);
  return { ...prefix, body };
}

type Prefix = {
  tid: number | undefined;
  comm: string | undefined;
  stamp: Stamp | undefined;
  notation: boolean;
  end: number;
};

function skipSpaces(text: string, i: number): number {
  while (text.charCodeAt(i) === 32 || text.charCodeAt(i) === 9) i++;
  return i;
}

/** `[pid 12<sh>]`, a leading pid, a time in any of its forms, `(+ 0.1)`, syscall number and instruction pointer, `comm/tid`. */
function parsePrefix(text: string): Prefix {
  const prefix: Prefix = {
    tid: undefined,
    comm: undefined,
    stamp: undefined,
    notation: false,
    end: 0,
  };
  let i = skipSpaces(text, 0);
  for (let tokens = 0; tokens < 8; tokens++) {
    const next = parsePrefixToken(text, i, prefix);
    if (next === i) break;
    i = skipSpaces(text, next);
  }
  prefix.end = i;
  return prefix;
}

/** Reads one token into the prefix and returns the offset behind it; `i` itself when what stands there is no prefix. */
function parsePrefixToken(text: string, i: number, prefix: Prefix): number {
  const unit = text.charCodeAt(i);
  if (unit === 91) return parseBracket(text, i, prefix);
  if (unit === 40 && text.charCodeAt(i + 1) === 43) {
    const close = text.indexOf(")", i);
    return close < 0 || close - i > 40 ? i : close + 1;
  }
  if (unit >= 48 && unit <= 57) return parseNumberToken(text, i, prefix);
  if (prefix.tid === undefined) return parseNameSlashTid(text, i, prefix);
  return i;
}

function parseBracket(text: string, i: number, prefix: Prefix): number {
  const close = text.indexOf("]", i);
  if (close < 0 || close - i > 80) return i;
  if (!text.startsWith("[pid ", i)) return close + 1;
  const at = skipSpaces(text, i + 5);
  const tid = readDecimal(text, at);
  if (tid === undefined) return i;
  prefix.tid = tid.value;
  if (text.charCodeAt(tid.end) === 60) prefix.comm = text.slice(tid.end + 1, close - 1);
  return close + 1;
}

function readDecimal(text: string, from: number): { value: number; end: number } | undefined {
  let value = 0;
  let i = from;
  for (; i < text.length && i - from < 16; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return i === from ? undefined : { value, end: i };
}

function parseNumberToken(text: string, i: number, prefix: Prefix): number {
  const first = readDecimal(text, i);
  if (first === undefined) return i;
  const mark = text.charCodeAt(first.end);
  if (mark === 46 || mark === 58) {
    return prefix.stamp === undefined ? parseStamp(text, i, first, prefix) : i;
  }
  if (mark === 60) {
    // -Y: pid<comm>
    const close = text.indexOf(">", first.end);
    if (close < 0 || close - first.end > 40 || prefix.tid !== undefined) return i;
    prefix.tid = first.value;
    prefix.comm = text.slice(first.end + 1, close);
    return close + 1;
  }
  if (mark !== 32 && mark !== 9) return i;
  if (prefix.tid === undefined && prefix.stamp === undefined && first.value <= pidMax) {
    prefix.tid = first.value;
    return first.end;
  }
  if (prefix.stamp === undefined && first.value > pidMax) {
    prefix.stamp = { form: "epoch", seconds: first.value, nanos: 0, digits: 0 };
    return first.end;
  }
  return i;
}

function parseStamp(
  text: string,
  i: number,
  first: { value: number; end: number },
  prefix: Prefix,
): number {
  let seconds = first.value;
  let at = first.end;
  let form: Stamp["form"] = "epoch";
  if (text.charCodeAt(at) === 58) {
    const minutes = readDecimal(text, at + 1);
    if (minutes === undefined || text.charCodeAt(minutes.end) !== 58) return i;
    const rest = readDecimal(text, minutes.end + 1);
    if (rest === undefined) return i;
    if (first.value > 23 || minutes.value > 59 || rest.value > 60) return i;
    seconds = first.value * 3600 + minutes.value * 60 + rest.value;
    at = rest.end;
    form = "day";
  }
  let nanos = 0;
  let digits = 0;
  if (text.charCodeAt(at) === 46) {
    const start = at + 1;
    at = start;
    for (; at - start < 9; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      nanos = nanos * 10 + digit;
    }
    digits = at - start;
    nanos *= 10 ** (9 - digits);
  }
  const behind = text.charCodeAt(at);
  if (behind !== 32 && behind !== 9) return i;
  prefix.stamp = { form, seconds, nanos, digits };
  return at;
}

/** The test notation: `bash/100`. The name has no spaces and no parenthesis before the slash. */
function parseNameSlashTid(text: string, i: number, prefix: Prefix): number {
  let slash = -1;
  let at = i;
  for (; at < text.length && at - i < 64; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 32 || unit === 9 || unit === 40 || unit === 60 || unit === 34) break;
    if (unit === 47) slash = at;
  }
  const unit = text.charCodeAt(at);
  if (slash < 0 || (unit !== 32 && unit !== 9)) return i;
  const tid = readDecimal(text, slash + 1);
  if (tid === undefined || tid.end !== at) return i;
  prefix.tid = tid.value;
  prefix.comm = slash > i ? text.slice(i, slash) : undefined;
  prefix.notation = true;
  return at;
}

function isNameUnit(unit: number): boolean {
  return (
    (unit >= 97 && unit <= 122) ||
    (unit >= 48 && unit <= 57) ||
    unit === 95 ||
    unit === 63 ||
    (unit >= 65 && unit <= 90)
  );
}

function parseBody(text: string, i: number, signalNumber: (name: string) => number): Body {
  if (i >= text.length) return { kind: "blank" };
  switch (text.charCodeAt(i)) {
    case 35:
      return { kind: "blank" };
    case 43:
      return parseEnd(text, i, signalNumber);
    case 45:
      return parseSignal(text, i);
    case 60:
      return parseResumed(text, i);
    case 41:
      return parseTail(text, i);
    default:
      break;
  }
  if (text.startsWith("strace: Process ", i) || text.startsWith("Process ", i)) {
    const tid = readDecimal(text, text.indexOf("Process ", i) + 8);
    if (tid !== undefined && text.startsWith(" attached", tid.end)) {
      const count = text.startsWith(" attached with ", tid.end) ? tid.end + 15 : -1;
      const threads = count < 0 ? 1 : (readNumber(text, count) ?? 1);
      return { kind: "attached", tid: tid.value, threads };
    }
    if (tid !== undefined) return { kind: "blank" };
  }
  if (text.startsWith("strace: ", i)) return { kind: "blank" };
  let at = i;
  while (isNameUnit(text.charCodeAt(at))) at++;
  if (at === i || at - i > 64 || text.charCodeAt(at) !== 40) return { kind: "other" };
  const name = text.slice(i, at);
  if (text.endsWith(unfinished)) {
    return { kind: "unfinished", name, text: text.slice(at + 1, -unfinished.length).trimEnd() };
  }
  return { kind: "call", name, text: text.slice(at + 1) };
}

function parseTail(text: string, i: number): Body {
  const at = skipSpaces(text, i + 1);
  const follows = text.charCodeAt(at) === 61 && text.charCodeAt(at + 1) === 32;
  return follows ? { kind: "tail", text: text.slice(i) } : { kind: "other" };
}

function parseResumed(text: string, i: number): Body {
  // A line torn by "strace: Process N attached" ends so.
  if (text.startsWith(unfinished, i)) return { kind: "blank" };
  if (!text.startsWith("<... ", i)) return { kind: "other" };
  const end = text.indexOf(" resumed>", i + 5);
  if (end < 0 || end - i > 80) return { kind: "other" };
  const name = text.slice(i + 5, end);
  let rest = text.slice(end + 9);
  // strace before 5.? prints "<... read resumed> "; the blank is no part of the arguments.
  if (rest.endsWith(unfinished)) rest = rest.slice(0, -unfinished.length);
  return { kind: "resumed", name, text: rest };
}

/** `+++ exited with 3 +++`, `+++ killed by SIGKILL (core dumped) +++`, `+++ superseded by execve in pid 7 +++`. */
function parseEnd(text: string, i: number, signalNumber: (name: string) => number): Body {
  if (text.startsWith("+++ exited with ", i)) {
    const status = readNumber(text, i + 16);
    return { kind: "exited", status: ((status ?? 0) & 255) << 8 };
  }
  if (text.startsWith("+++ killed by ", i)) {
    const from = i + 14;
    const end = text.indexOf(" ", from);
    const name = text.slice(from, end < 0 ? text.length : end);
    const core = text.includes("(core dumped)") ? 128 : 0;
    return { kind: "exited", status: (signalNumber(name) & 127) | core };
  }
  if (text.startsWith("+++ superseded by execve in pid ", i)) {
    return { kind: "superseded", by: readNumber(text, i + 32) ?? 0 };
  }
  return { kind: "other" };
}

function parseSignal(text: string, i: number): Body {
  if (!text.startsWith("--- ", i)) return { kind: "other" };
  const from = i + 4;
  const end = text.indexOf(" ", from);
  if (end < 0) return { kind: "other" };
  // "--- stopped by SIGSTOP ---" says nothing about behaviour.
  return { kind: "signal", name: text.slice(from, end), text: text.slice(end + 1) };
}

export type Result = {
  /** Undefined for `?` and for what is no result. */
  readonly value: number | undefined;
  /** `ENOENT`, `ERESTARTSYS` … */
  readonly error: string | undefined;
  /** The text behind the equals sign. */
  readonly text: string;
};

export type CallText = { readonly values: readonly string[]; readonly result: Result };

/** Splits `args) = result`; undefined when parentheses or quotes do not balance or no result follows. */
export function parseCall(text: string): CallText | undefined {
  const args = splitArguments(text, 0);
  if (args === undefined) return undefined;
  const equals = skipSpaces(text, args.end);
  if (text.charCodeAt(equals) !== 61) return undefined;
  const result = text.slice(skipSpaces(text, equals + 1)).trimEnd();
  if (result === "") return undefined;
  return { values: args.values, result: parseResult(result) };
}

function parseResult(text: string): Result {
  if (text.charCodeAt(0) === 63) {
    const name = wordAt(text, skipSpaces(text, 1));
    return { value: undefined, error: name === "" ? undefined : name, text };
  }
  // The notation may leave out the number: `= ENOENT`, `= -ENOENT`.
  const bare = text.startsWith("-E") ? 1 : 0;
  if (text.charCodeAt(bare) === 69) return { value: -1, error: wordAt(text, bare), text };
  const value = readNumber(text);
  if (value === undefined) return { value: undefined, error: undefined, text };
  if (value !== -1) return { value, error: undefined, text };
  const name = wordAt(text, skipSpaces(text, 2));
  return { value, error: name === "" ? undefined : name, text };
}

function wordAt(text: string, from: number): string {
  let end = from;
  while (isNameUnit(text.charCodeAt(end))) end++;
  return text.slice(from, end);
}
