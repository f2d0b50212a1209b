// One line of an audit log: which event it belongs to, when that was, and its fields. Formats: what auditd writes to audit.log (raw
// and enriched), `ausearch` with and without --raw and -i, and the kernel's own log. https://github.com/linux-audit/audit-documentation

import { decodeText } from "../../base/text.ts";

export type AuditLine = {
  readonly type: string;
  /** The same for all records of one event. */
  readonly key: string;
  /** Since 1970, when the system call began. */
  readonly seconds: number;
  readonly millis: number;
  /** `ausearch -i` has put words for numbers, and values are not quoted. */
  readonly words: boolean;
  readonly node: string | undefined;
  readonly body: string;
  /** What auditd adds behind the record: the names of users and calls. */
  readonly added: string;
};

/** `ausearch` draws a line before each event and says its time again. */
export function isSeparator(text: string): boolean {
  return text.startsWith("----");
}

export function isRemark(text: string): boolean {
  return text === "" || text.startsWith("time->") || text.startsWith("<no matches>");
}

/** Nodes and syslog's own head come before the record. */
const headMax = 400;
const separator = "\u001d";

export function parseLine(text: string): AuditLine | undefined {
  const at = text.indexOf("audit(");
  if (at < 0 || at > headMax) return undefined;
  const end = text.indexOf(")", at);
  if (end < 0 || end - at > 64) return undefined;
  const head = text.slice(0, at);
  const type = /(?:^|\s)type=([A-Z0-9_[\]]+) (?:msg=)?$/.exec(head)?.[1];
  if (type === undefined) return undefined;
  const stamp = text.slice(at + 6, end);
  const colon = stamp.lastIndexOf(":");
  const serial = stamp.slice(colon + 1);
  if (colon < 0 || !/^\d{1,20}$/.test(serial)) return undefined;
  const time = parseEpoch(stamp.slice(0, colon)) ?? parseDate(stamp.slice(0, colon));
  if (time === undefined) return undefined;
  const colonAfter = text.indexOf(":", end);
  if (colonAfter < 0 || text.slice(end + 1, colonAfter).trim() !== "") return undefined;
  const cut = text.indexOf(separator, colonAfter);
  const node = /(?:^|\s)node=(\S+)/.exec(head)?.[1];
  return {
    type: typeNames.get(type) ?? type,
    key: `${node ?? ""} ${stamp}`,
    ...time,
    node,
    body: text.slice(colonAfter + 1, cut < 0 ? undefined : cut).trim(),
    added: cut < 0 ? "" : text.slice(cut + 1),
  };
}

/** The kernel's own log has numbers: include/uapi/linux/audit.h. */
const typeNames: ReadonlyMap<string, string> = new Map([
  ["1300", "SYSCALL"],
  ["1302", "PATH"],
  ["1306", "SOCKADDR"],
  ["1307", "CWD"],
  ["1309", "EXECVE"],
  ["1317", "FD_PAIR"],
  ["1318", "OBJ_PID"],
  ["1320", "EOE"],
  ["1322", "CAPSET"],
  ["1323", "MMAP"],
  ["1327", "PROCTITLE"],
  ["1330", "KERN_MODULE"],
  ["1337", "OPENAT2"],
]);

type Time = Pick<AuditLine, "seconds" | "millis" | "words">;

function parseEpoch(text: string): Time | undefined {
  const match = /^(\d{1,11})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  return {
    seconds: Number(match[1]),
    millis: Number((match[2] ?? "").padEnd(3, "0")),
    words: false,
  };
}

/** `11/24/26 16:05:07.291`: strftime's %x and %T, hence in the order and the time zone of whoever ran ausearch. */
function parseDate(text: string): Time | undefined {
  const match = /^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4}) (\d\d):(\d\d):(\d\d)\.(\d{3})$/.exec(text);
  if (match === null) return undefined;
  const [first, second, third] = [match[1], match[3], match[4]].map(Number);
  if (first === undefined || second === undefined || third === undefined) return undefined;
  const yearFirst = (match[1] ?? "").length === 4;
  const dayFirst = match[2] === "." || first > 12;
  const year = yearFirst ? first : third < 100 ? 2000 + third : third;
  const month = yearFirst ? second : dayFirst ? second : first;
  const day = yearFirst ? third : dayFirst ? first : second;
  const ms = Date.UTC(year, month - 1, day, Number(match[5]), Number(match[6]), Number(match[7]));
  if (month < 1 || month > 12 || day < 1 || day > 31 || Number.isNaN(ms) || ms < 0)
    return undefined;
  return { seconds: ms / 1000, millis: Number(match[8]), words: true };
}

/** The record's fields in order; of two with one name the first counts. Values as they stand, quotes included. */
export function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    const equals = text.indexOf("=", at);
    if (equals < 0) break;
    const before = text.slice(at, equals);
    const key = before.slice(before.lastIndexOf(" ") + 1);
    const quote = text.charAt(equals + 1);
    let end: number;
    if (quote === '"' || quote === "'") {
      const close = text.indexOf(quote, equals + 2);
      end = close < 0 ? text.length : close + 1;
    } else {
      const space = text.indexOf(" ", equals);
      end = space < 0 ? text.length : space;
    }
    if (!fields.has(key)) fields.set(key, text.slice(equals + 1, end));
    at = end + 1;
  }
  return fields;
}

/** Values of `ausearch -i` may hold spaces: they end where the next field begins. */
export function readWords(type: string, text: string): Map<string, string> {
  if (type === "CWD" || type === "PROCTITLE") {
    const equals = text.indexOf("=");
    return equals < 0 ? new Map() : new Map([[text.slice(0, equals), text.slice(equals + 1)]]);
  }
  const free = type === "PATH" ? "name" : type === "SYSCALL" ? "comm" : undefined;
  const start = free === undefined ? -1 : text.indexOf(`${free}=`);
  if (free === undefined || start < 0) return readFields(text);
  // What comes behind is the kernel's: a name that imitates it cannot move the last one.
  const end = lastOf(text, start, type === "PATH" ? namesEnd : commsEnd);
  const fields = readFields(text.slice(0, start));
  fields.set(free, text.slice(start + free.length + 1, end));
  let rest = text.slice(end);
  if (rest.startsWith(" exe=")) {
    const exeEnd = lastOf(rest, 1, programsEnd);
    fields.set("exe", rest.slice(" exe=".length, exeEnd));
    rest = rest.slice(exeEnd);
  }
  for (const [key, value] of readFields(rest)) if (!fields.has(key)) fields.set(key, value);
  return fields;
}

/** What stands behind a free text, the nearest first. */
const namesEnd = [" inode=", " nametype=", " objtype="];
const commsEnd = [" exe="];
const programsEnd = [" subj=", " key="];

function lastOf(text: string, from: number, bounds: readonly string[]): number {
  for (const bound of bounds) {
    const at = text.lastIndexOf(bound);
    if (at >= from) return at;
  }
  return text.length;
}

/** A value that is text: quoted, or hexadecimal where it holds spaces, quotes or what is not ASCII. Undefined: `(null)`. */
export function textOf(value: string | undefined, words: boolean): string | undefined {
  if (value === undefined || value === "(null)") return undefined;
  if (words) return value;
  if (value.startsWith('"')) return value.endsWith('"') ? value.slice(1, -1) : value.slice(1);
  const bytes = hexBytes(value);
  return bytes === undefined ? value : decodeText(bytes, 0, bytes.length);
}

/** Undefined: something in it is no hexadecimal digit, or one is missing. */
export function hexBytes(text: string): Uint8Array | undefined {
  if (text.length === 0 || text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = digitOf(text.charCodeAt(2 * i));
    const low = digitOf(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

function digitOf(unit: number): number {
  if (unit >= 48 && unit <= 57) return unit - 48;
  const letter = unit | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
