// One event of the log, put together from its records: the system call, and what others say about it (arguments of a program,
// names, addresses, descriptors). Records of several events interleave, and `ausearch` prints them last first.

import { textLength } from "../../base/text.ts";
import { type Machine, callNames } from "../numbers.ts";
import { type AuditLine, readFields, readWords, textOf } from "./line.ts";

/** One name that the call looked up. */
export type PathItem = {
  readonly item: number;
  readonly name: string | undefined;
  /** NORMAL, PARENT, CREATE, DELETE or UNKNOWN; undefined: an old kernel that does not say. */
  readonly kind: string | undefined;
  readonly inode: number | undefined;
  /** As the kernel's new_encode_dev packs it. */
  readonly device: number | undefined;
};

export type AuditEvent = {
  readonly key: string;
  readonly seconds: number;
  readonly millis: number;
  readonly words: boolean;
  readonly line: number;
  call: ReadonlyMap<string, string> | undefined;
  /** Names that auditd added to the call's record. */
  added: ReadonlyMap<string, string> | undefined;
  argc: number | undefined;
  /** argv by index; long arguments come in pieces. */
  readonly argv: Map<number, string>;
  readonly pieces: Map<number, Map<number, string>>;
  cwd: string | undefined;
  readonly items: PathItem[];
  address: string | undefined;
  pair: readonly [number, number] | undefined;
  mapFd: number | undefined;
  /** As it stands: few are looked at. */
  title: string | undefined;
  module: string | undefined;
  capabilities: bigint | undefined;
  openFlags: string | undefined;
  /** Characters that it keeps alive. */
  size: number;
  /** All its records have come. */
  closed: boolean;
  /** Handed on before its turn; it stays to take its last records. */
  told: boolean;
};

export function newEvent(line: AuditLine, number: number): AuditEvent {
  return {
    key: line.key,
    seconds: line.seconds,
    millis: line.millis,
    words: line.words,
    line: number,
    call: undefined,
    added: undefined,
    argc: undefined,
    argv: new Map(),
    pieces: new Map(),
    cwd: undefined,
    items: [],
    address: undefined,
    pair: undefined,
    mapFd: undefined,
    title: undefined,
    module: undefined,
    capabilities: undefined,
    openFlags: undefined,
    size: 0,
    closed: false,
    told: false,
  };
}

/** Records that say something about a system call; others are counted by the reader. */
export const usedTypes: ReadonlySet<string> = new Set([
  "SYSCALL",
  "EXECVE",
  "PATH",
  "CWD",
  "SOCKADDR",
  "PROCTITLE",
  "FD_PAIR",
  "MMAP",
  "CAPSET",
  "KERN_MODULE",
  "OPENAT2",
  "OBJ_PID",
  "EOE",
]);

export function addRecord(event: AuditEvent, line: AuditLine): void {
  const { type, body, words } = line;
  event.size += body.length;
  if (type === "EOE") {
    event.closed = true;
    return;
  }
  if (type === "EXECVE") return addArguments(event, line);
  const fields = words ? readWords(type, body) : readFields(body);
  switch (type) {
    case "SYSCALL":
      event.call = fields;
      event.added = line.added === "" ? undefined : readFields(line.added);
      return;
    case "PATH":
      event.items.push(pathItem(fields, words));
      return;
    case "CWD":
      event.cwd = textOf(fields.get("cwd"), words);
      return;
    case "SOCKADDR":
      event.address = words ? body.slice(body.indexOf("=") + 1) : fields.get("saddr");
      return;
    case "PROCTITLE":
      event.title = fields.get("proctitle");
      // The kernel says it last; ausearch turns the order round, and draws lines between events.
      if (event.call !== undefined) event.closed = true;
      return;
    case "FD_PAIR":
      event.pair = [decimal(fields.get("fd0")) ?? -1, decimal(fields.get("fd1")) ?? -1];
      return;
    default:
      return addOther(event, type, fields);
  }
}

function addOther(event: AuditEvent, type: string, fields: ReadonlyMap<string, string>): void {
  switch (type) {
    case "MMAP":
      event.mapFd = decimal(fields.get("fd"));
      return;
    case "CAPSET": {
      const mask = fields.get("cap_pe") ?? "";
      if (/^[0-9a-f]{1,16}$/.test(mask)) event.capabilities = BigInt(`0x${mask}`);
      return;
    }
    case "KERN_MODULE":
      event.module = textOf(fields.get("name"), event.words);
      return;
    case "OPENAT2":
      event.openFlags = fields.get("oflag");
      return;
    default:
      return;
  }
}

function pathItem(fields: ReadonlyMap<string, string>, words: boolean): PathItem {
  const device = /^([0-9a-f]{1,3}):([0-9a-f]{1,5})$/.exec(fields.get("dev") ?? "");
  const minor = parseInt(device?.[2] ?? "0", 16);
  return {
    item: decimal(fields.get("item")) ?? 0,
    name: textOf(fields.get("name"), words),
    kind: fields.get("nametype") ?? fields.get("objtype"),
    inode: decimal(fields.get("inode")),
    device:
      device === null
        ? undefined
        : (minor & 0xff) | (parseInt(device[1] ?? "0", 16) << 8) | ((minor & ~0xff) << 12),
  };
}

/** Arguments beyond these are not kept: no kernel passes more. */
const argumentsMax = 262_144;

function addArguments(event: AuditEvent, line: AuditLine): void {
  if (line.words) return addWordArguments(event, line.body);
  for (const [key, value] of readFields(line.body)) {
    if (key === "argc") {
      event.argc = decimal(value);
      continue;
    }
    const match = /^a(\d{1,7})(?:\[(\d{1,7})\])?$/.exec(key);
    const index = match === null ? argumentsMax : Number(match[1]);
    if (match === null || index >= argumentsMax) continue;
    if (match[2] === undefined) event.argv.set(index, textOf(value, false) ?? "");
    else {
      const list = event.pieces.get(index) ?? new Map<number, string>();
      event.pieces.set(index, list.set(Number(match[2]), value));
    }
  }
}

/** `argc=3 a0=sh a1=-c a2=one two`: each value ends where the next number in turn begins. */
function addWordArguments(event: AuditEvent, body: string): void {
  const argc = /^argc=(\d{1,7})/.exec(body)?.[1];
  if (argc !== undefined) event.argc = Number(argc);
  let index = -1;
  let piece: number | undefined;
  let start = -1;
  const keep = (end: number): void => {
    if (start < 0 || index >= argumentsMax) return;
    const value = body.slice(start, end);
    if (piece === undefined) event.argv.set(index, value);
    else event.pieces.set(index, (event.pieces.get(index) ?? new Map()).set(piece, value));
  };
  for (const match of body.matchAll(/(?:^| )a(\d{1,7})(?:(_len)|\[(\d{1,7})\])?=/g)) {
    const nextIndex = Number(match[1]);
    const nextPiece = match[3] === undefined ? undefined : Number(match[3]);
    const inTurn =
      nextPiece === undefined
        ? nextIndex === index + 1
        : nextIndex === index && nextPiece === (piece ?? -1) + 1;
    if (index >= 0 && !inTurn) continue;
    keep(match.index);
    index = nextIndex;
    piece = nextPiece;
    start = match[2] === undefined ? match.index + match[0].length : -1;
  }
  keep(body.length);
}

/** argv, or as much of it as the log has before the first hole. */
export function argumentsOf(event: AuditEvent): string[] {
  const argv: string[] = [];
  const count = event.argc ?? event.argv.size + event.pieces.size;
  for (let i = 0; i < count; i++) {
    const whole = event.argv.get(i);
    const pieces = event.pieces.get(i);
    if (whole !== undefined) argv.push(whole);
    else if (pieces !== undefined) argv.push(joinPieces(pieces, event.words));
    else break;
  }
  return argv;
}

function joinPieces(numbered: ReadonlyMap<number, string>, words: boolean): string {
  const pieces: string[] = [];
  for (let piece = numbered.get(0); piece !== undefined; piece = numbered.get(pieces.length)) {
    pieces.push(piece);
  }
  if (words) return pieces.join("");
  // Pieces of one argument are all quoted or all hexadecimal; a character may be cut by the border.
  if (pieces.every((piece) => !piece.startsWith('"'))) return textOf(pieces.join(""), false) ?? "";
  return pieces.map((piece) => textOf(piece, false) ?? "").join("");
}

/** A title of this length was cut: MAX_PROCTITLE_AUDIT_LEN. */
const titleMax = 127;

/** argv as PROCTITLE has it; its last part is left out where it may be cut. Undefined in words, where spaces part nothing. */
export function titleOf(event: AuditEvent): string[] | undefined {
  const title = event.words ? undefined : textOf(event.title, false);
  if (title === undefined || title === "") return undefined;
  const parts = title.split("\0");
  if (parts.length > 1 && parts.at(-1) === "") parts.pop();
  if (textLength(title) >= titleMax && parts.length > 1) parts.pop();
  return parts;
}

export function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,20}$/.test(text) ? Number(text) : undefined;
}

const machines: ReadonlyMap<string, Machine> = new Map([
  // EM_X86_64, EM_AARCH64 and EM_386 with the bits for 64 bits and little-endian: include/uapi/linux/audit.h.
  ["c000003e", "x86-64"],
  ["x86_64", "x86-64"],
  ["c00000b7", "arm64"],
  ["aarch64", "arm64"],
  ["40000003", "i386"],
  ["i386", "i386"],
]);

export function machineOf(call: ReadonlyMap<string, string>): Machine | undefined {
  return machines.get(call.get("arch") ?? "");
}

/** Kernel's name of the call; the number where the machine, or the call, is not known. */
export function callName(call: ReadonlyMap<string, string>): string {
  const said = call.get("syscall") ?? "";
  const number = decimal(said);
  if (number === undefined) return said;
  const machine = machineOf(call);
  return (machine === undefined ? undefined : callNames[machine].get(number)) ?? said;
}
