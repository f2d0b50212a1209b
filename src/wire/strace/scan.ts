// The lexical shapes of strace's output: quoted strings with C escapes, descriptors with what they stand for (`3</etc/passwd>`),
// nested arguments. Every function walks forward once; nothing here knows what a call means.

import { decodeText, encodeText, textLength } from "../../base/text.ts";

const quote = 34;
const backslash = 92;
const less = 60;
const greater = 62;

/** Offset behind the closing quote of the string that opens at `i`; −1 when it does not close. */
export function skipString(text: string, i: number): number {
  for (let at = i + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === backslash) at += 1;
    else if (unit === quote) return at + 1;
  }
  return -1;
}

function isWord(unit: number): boolean {
  return (
    (unit >= 48 && unit <= 57) ||
    (unit >= 65 && unit <= 90) ||
    (unit >= 97 && unit <= 122) ||
    unit === 95 ||
    unit === 45
  );
}

/**
 * Offset behind the `>` of the decoration that opens at `i`; −1 when it does not close. In paths strace writes `<` and `>` as
 * escapes, so they nest; in sockets (`TCP:[a->b]`) the end is `]>`.
 */
export function skipDecoration(text: string, i: number): number {
  let at = i + 1;
  while (isWord(text.charCodeAt(at))) at++;
  if (text.charCodeAt(at) === 58 && text.charCodeAt(at + 1) === 91 && at > i + 1) {
    return skipBracketed(text, at + 2);
  }
  let depth = 0;
  for (at = i; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === backslash) at += 1;
    else if (unit === less) depth += 1;
    else if (unit === greater) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

function skipBracketed(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === quote) {
      const end = skipString(text, at);
      if (end < 0) return -1;
      at = end - 1;
    } else if (unit === 93 && text.charCodeAt(at + 1) === greater) return at + 2;
  }
  return -1;
}

export type Arguments = {
  /** Top-level arguments, trimmed. */
  readonly values: readonly string[];
  /** Offset behind the closing parenthesis. */
  readonly end: number;
};

const argumentsMax = 4096;

/** Splits what follows an opening parenthesis or bracket up to its partner; undefined when the partner is missing. */
export function splitArguments(text: string, from: number): Arguments | undefined {
  const values: string[] = [];
  let start = from;
  let depth = 0;
  let decorated = true;
  let commented = true;
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === quote) {
      const end = skipString(text, at);
      if (end < 0) return undefined;
      at = end - 1;
    } else if (unit === less && decorated) {
      const end = isDecoration(text, at) ? skipDecoration(text, at) : 0;
      // A search that found no end will find none further on: looking once keeps the walk linear.
      if (end < 0) decorated = false;
      else if (end > 0) at = end - 1;
    } else if (unit === 47 && commented && text.charCodeAt(at + 1) === 42) {
      const end = text.indexOf("*/", at + 2);
      if (end < 0) commented = false;
      else at = end + 1;
    } else if (unit === 40 || unit === 91 || unit === 123) depth += 1;
    else if (unit === 41 || unit === 93 || unit === 125) {
      if (depth === 0) {
        const last = text.slice(start, at).trim();
        if (last !== "" || values.length > 0) values.push(last);
        return { values, end: at + 1 };
      }
      depth -= 1;
    } else if (unit === 44 && depth === 0 && values.length < argumentsMax) {
      values.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return undefined;
}

/** A `<` directly behind a number or AT_FDCWD, and no shift. */
function isDecoration(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  if (!(before >= 48 && before <= 57) && before !== 68) return false;
  const next = text.charCodeAt(at + 1);
  return next !== less && next !== 61 && next !== 32;
}

/** The string that an argument prints: quotes, escapes and a trailing `...` are undone; undefined for NULL and pointers. */
export function readString(argument: string): string | undefined {
  const start = argument.indexOf('"');
  if (start < 0 || start > 1) return undefined;
  const end = skipString(argument, start);
  const body = argument.slice(start + 1, end < 0 ? argument.length : end - 1);
  // sun_path=@"name" is an abstract unix address.
  return start === 1 ? `${argument.charAt(0)}${unescape(body)}` : unescape(body);
}

const simpleEscapes: ReadonlyMap<string, number> = new Map([
  ["n", 10],
  ["t", 9],
  ["r", 13],
  ["v", 11],
  ["f", 12],
  ["a", 7],
  ["b", 8],
]);

/** C escapes → text; bytes that are no UTF-8 become what base/text makes of them. */
export function unescape(text: string): string {
  if (!text.includes("\\")) return text;
  const bytes = new Uint8Array(textLength(text));
  let to = 0;
  let i = 0;
  while (i < text.length) {
    const next = text.indexOf("\\", i);
    if (next !== i) {
      const end = next < 0 ? text.length : next;
      to = encodeText(text.slice(i, end), bytes, to);
      i = end;
      continue;
    }
    const digits = escapeDigits(text, i + 1);
    if (digits.length > 0) {
      bytes[to++] = digits.value & 255;
      i += 1 + digits.length;
      continue;
    }
    const letter = text.charAt(i + 1);
    const value = simpleEscapes.get(letter);
    if (value !== undefined) bytes[to++] = value;
    else to = encodeText(letter, bytes, to);
    i += 2;
  }
  return decodeText(bytes, 0, to);
}

function escapeDigits(text: string, i: number): { length: number; value: number } {
  const hex = text.charCodeAt(i) === 120;
  const base = hex ? 16 : 8;
  const first = hex ? i + 1 : i;
  const max = hex ? 2 : 3;
  let value = 0;
  let length = 0;
  while (length < max) {
    const digit = digitOf(text.charCodeAt(first + length));
    if (digit < 0 || digit >= base) break;
    value = value * base + digit;
    length += 1;
  }
  return { length: length === 0 ? 0 : first - i + length, value };
}

function digitOf(unit: number): number {
  if (unit >= 48 && unit <= 57) return unit - 48;
  if (unit >= 97 && unit <= 102) return unit - 87;
  if (unit >= 65 && unit <= 70) return unit - 55;
  return -1;
}

/** The number at the start of the text, as C reads it (0x…, 0…, decimal); undefined where there is none. */
export function readNumber(text: string, from = 0): number | undefined {
  let i = from;
  const negative = text.charCodeAt(i) === 45;
  if (negative) i += 1;
  let base = 10;
  if (text.charCodeAt(i) === 48) {
    const next = text.charCodeAt(i + 1);
    if (next === 120 || next === 88) {
      base = 16;
      i += 2;
    } else base = 8;
  }
  let value = 0;
  const start = i;
  for (; i < text.length; i++) {
    const digit = digitOf(text.charCodeAt(i));
    if (digit < 0 || digit >= base) break;
    // Four hundred digits are no number of the kernel's, but they must not become Infinity.
    value = Math.min(value * base + digit, 2 ** 64);
  }
  if (i === start) return undefined;
  return negative ? -value : value;
}

export type Descriptor = {
  readonly fd: number;
  /** What stands between < and >, still escaped. */
  readonly target: string | undefined;
};

/** `3`, `3</path>`, `AT_FDCWD</cwd>`. */
export function readDescriptor(argument: string): Descriptor | undefined {
  const named = argument.startsWith("AT_FDCWD");
  const fd = named ? -100 : readNumber(argument);
  if (fd === undefined) return undefined;
  const open = argument.indexOf("<");
  if (open < 0) return { fd, target: undefined };
  const end = skipDecoration(argument, open);
  return { fd, target: end < 0 ? undefined : argument.slice(open + 1, end - 1) };
}

/** The value of `key=` at the top of a printed structure, or undefined. */
export function memberOf(structure: string, key: string): string | undefined {
  const open = structure.indexOf("{");
  if (open < 0) return undefined;
  const members = splitArguments(structure, open + 1);
  if (members === undefined) return undefined;
  for (const member of members.values) {
    if (member.startsWith(key) && member.charCodeAt(key.length) === 61) {
      return member.slice(key.length + 1);
    }
  }
  return undefined;
}

/** Elements of a printed array, or undefined when the argument is none. */
export function elementsOf(argument: string): readonly string[] | undefined {
  if (!argument.startsWith("[")) return undefined;
  return splitArguments(argument, 1)?.values;
}
