// Writes streams of the probe for tests, message by message, as model/probe.ts lays them out. Not part of the product, and written
// independently of the reader: it shares nothing with it but the tables.

import {
  flowFlags,
  flowKinds,
  flowReasons,
  probeFrame,
  probeHead,
  probeMessages,
  probeModes,
  probeVersion,
} from "../../model/probe.ts";

type MessageName = keyof typeof probeMessages;
type Values = { readonly [field: string]: number | bigint | Uint8Array | undefined };

/** Boot happened at this moment; times in streams count from it. */
export const bootRealtime = 1_700_000_000_000_000_000n;
/** What streams begin with: 1000 s after boot. */
export const begin = 1_000_000_000_000;
export const second = 1_000_000_000;

function put(view: DataView, at: number, type: string, value: number | bigint | Uint8Array): void {
  if (value instanceof Uint8Array) {
    new Uint8Array(view.buffer).set(value.subarray(0, 16), at);
    return;
  }
  switch (type) {
    case "u8":
      view.setUint8(at, Number(value));
      return;
    case "u16":
      view.setUint16(at, Number(value), true);
      return;
    case "u32":
      view.setUint32(at, Number(value) >>> 0, true);
      return;
    default:
      view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
  }
}

/** A frame around a message with text behind its fixed part. */
export function message(name: MessageName, values: Values, text: Uint8Array = none): Uint8Array {
  const { type, size, fields } = probeMessages[name];
  const length = (size + text.length + 7) & ~7;
  const frame = new Uint8Array(probeFrame.size + length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, length, true);
  const all: Values = { type, length, ...values };
  for (const field of [...probeHead, ...fields]) {
    const value = all[field.name];
    const at = probeFrame.size + field.at;
    if (value !== undefined) put(view, at, field.type, value);
  }
  frame.set(text, probeFrame.size + size);
  return frame;
}

const none = new Uint8Array(0);

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Components, leaf first, each ended by NUL. */
function leafFirst(path: string): Uint8Array {
  const parts = path.split("/").filter((part) => part !== "");
  return bytesOf(
    parts
      .reverse()
      .map((part) => `${part}\0`)
      .join(""),
  );
}

export type Who = { readonly pid: number; readonly start: number; readonly tid?: number };

/** One stream: what the loader says first is there already. */
export class ProbeStream {
  readonly parts: Uint8Array[] = [];
  now = begin;
  #paths = new Map<string, number>();
  #lastFlow = 0;

  constructor(options: { readonly mode?: number; readonly hello?: Values } = {}) {
    this.hello({ mode: options.mode ?? probeModes.aggregate, ...options.hello });
    this.clock();
  }

  bytes(): Uint8Array {
    return concat(this.parts);
  }

  add(name: MessageName, values: Values, text?: Uint8Array): this {
    this.parts.push(message(name, { time: this.now, ...values }, text));
    return this;
  }

  hello(values: Values = {}): this {
    return this.add("hello", {
      version: probeVersion,
      flowSize: 160,
      headSize: 32,
      hz: 250,
      kernel: (6 << 16) | (1 << 8),
      machine: 62,
      bootId: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
      realtime: bootRealtime + BigInt(this.now),
      magic: new DataView(bytesOf("SYSFLOW1").buffer).getBigUint64(0, true),
      ...values,
    });
  }

  /** `set`: by how many nanoseconds the clock was set since boot. */
  clock(set = 0): this {
    const realtime = bootRealtime + BigInt(this.now) + BigInt(set);
    return this.add("clock", { realtime, window: 40 });
  }

  after(ns: number): this {
    this.now += ns;
    return this;
  }

  path(path: string, values: Values = {}): number {
    const known = this.#paths.get(path);
    if (known !== undefined) return known;
    const id = this.#paths.size + 1;
    this.#paths.set(path, id);
    const text = leafFirst(path);
    this.add("path", { id, bytes: text.length, mode: 0o100644, ...values }, text);
    return id;
  }

  fork(parent: Who, child: Who, values: Values = {}): this {
    const { pid, start } = parent;
    return this.add("fork", {
      pid,
      tid: parent.tid ?? pid,
      start,
      child: child.pid,
      vpid: child.pid,
      childStart: child.start,
      ...values,
    });
  }

  exec(who: Who, exe: string, argv: readonly string[], values: Values = {}, cgroup = ""): this {
    const group = leafFirst(cgroup);
    const words = bytesOf(argv.map((word) => `${word}\0`).join(""));
    return this.add(
      "exec",
      {
        ...who,
        exe: this.path(exe),
        cwd: this.path("/srv"),
        vpid: who.pid,
        ppid: 1,
        loginUid: 0xffffffff,
        cgroupBytes: group.length,
        argvBytes: words.length,
        comm: bytesOf((exe.split("/").at(-1) ?? "").slice(0, 15)),
        ...values,
      },
      concat([group, words]),
    );
  }

  exit(who: Who, values: Values = {}): this {
    return this.add("exit", { ...who, ...values });
  }

  call(who: Who, code: number, values: Values, text1?: Uint8Array, text2?: Uint8Array): this {
    const first = text1 ?? none;
    const text = concat([first, text2 ?? none]);
    return this.add(
      "call",
      { ...who, code, text1Bytes: first.length, text2Bytes: text.length - first.length, ...values },
      text,
    );
  }

  nextFlow(): number {
    return (this.#lastFlow += 1);
  }

  /** Totals of a kernel flow. */
  flow(who: Who, why: keyof typeof flowReasons, values: Values): this {
    return this.add("flow", {
      ...who,
      code: flowReasons[why],
      first: this.now,
      last: this.now,
      kind: flowKinds.file,
      mode: 0o100644,
      fd: 3,
      ...values,
    });
  }

  raw(who: Who, code: number, flow: number, ret: number, values: Values = {}): this {
    return this.add("raw", { ...who, code, flow, ret, ...values });
  }
}

/** A text as the kernel hands it on. */
export function nul(text: string): Uint8Array {
  return bytesOf(`${text}\0`);
}

/** A socket address, as a program passes it. */
export function inetAddress(ip: readonly number[], port: number): Uint8Array {
  return Uint8Array.from([2, 0, port >> 8, port & 255, ...ip, 0, 0, 0, 0, 0, 0, 0, 0]);
}

export function ip4(...ip: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => ip[i] ?? 0);
}

export const accepted = flowFlags.accepted;
