// Avro object containers, push-fed: cuts the bytes into headers and blocks, notices damage, and finds the next sync marker. It
// does not look into blocks. Specification: Apache Avro 1.11, "Object Container Files".

import { decodeText } from "../../base/text.ts";
import { limits } from "../../model/limits.ts";

export type ContainerHeader = {
  readonly kind: "header";
  readonly offset: number;
  readonly meta: ReadonlyMap<string, Uint8Array>;
};
export type ContainerBlock = {
  readonly kind: "block";
  readonly offset: number;
  readonly count: number;
  readonly bytes: Uint8Array;
  /** False: the input ends inside the block; `bytes` is its beginning. */
  readonly complete: boolean;
};
/** Something at `offset` cannot be read. */
export type ContainerDamage = {
  readonly kind: "damage";
  readonly offset: number;
  readonly what: "empty" | "magic" | "header" | "block" | "truncated";
  readonly reason: string;
};
/** The reader found a sync marker (or the end) again, `lost` bytes later. */
export type ContainerGap = { readonly kind: "gap"; readonly offset: number; readonly lost: number };
export type ContainerPart = ContainerHeader | ContainerBlock | ContainerDamage | ContainerGap;

const magic = [0x4f, 0x62, 0x6a, 1] as const;
const headerBytesMax = 4 * 1024 * 1024;
const metaMax = 1000;

export function isContainer(head: Uint8Array): boolean {
  return magic.every((byte, i) => head[i] === byte);
}

type State = "start" | "block" | "resync" | "done";

export class ContainerReader {
  #buffer: Uint8Array = new Uint8Array(0);
  #start = 0;
  #stop = 0;
  /** Offset in the input of buffer[start]. */
  #offset = 0;
  #ended = false;
  #state: State = "start";
  #sync: Uint8Array = new Uint8Array(16);
  #lostFrom = 0;
  // Set by #long: where the number ended, or that more bytes are needed.
  #at = 0;
  #short = false;

  push(bytes: Uint8Array): void {
    if (this.#state === "done") return;
    const length = this.#stop - this.#start;
    if (length === 0) {
      // Not slice(): of a Buffer that is a view, and the caller may use its bytes again.
      this.#buffer = new Uint8Array(bytes);
      this.#start = 0;
      this.#stop = bytes.length;
      return;
    }
    if (this.#stop + bytes.length > this.#buffer.length) {
      const capacity = Math.max(65_536, 2 ** Math.ceil(Math.log2(length + bytes.length)));
      const target = capacity > this.#buffer.length ? new Uint8Array(capacity) : this.#buffer;
      // A block handed out earlier may still be a view of the buffer, but only until the next push.
      target.set(this.#buffer.subarray(this.#start, this.#stop));
      this.#buffer = target;
      this.#start = 0;
      this.#stop = length;
    }
    this.#buffer.set(bytes, this.#stop);
    this.#stop += bytes.length;
  }

  end(): void {
    this.#ended = true;
  }

  /** The next part; undefined when more bytes are needed, or at the end. A block's bytes are valid until the next push. */
  next(): ContainerPart | undefined {
    switch (this.#state) {
      case "start":
        return this.#header();
      case "block":
        return this.#block();
      case "resync":
        return this.#resync();
      case "done":
        return undefined;
    }
  }

  #consume(bytes: number): void {
    this.#start += bytes;
    this.#offset += bytes;
  }

  #damage(what: ContainerDamage["what"], reason: string): ContainerDamage {
    const offset = this.#offset;
    this.#lostFrom = offset;
    this.#state = what === "block" || what === "truncated" ? "resync" : "done";
    return { kind: "damage", offset, what, reason };
  }

  #header(): ContainerPart | undefined {
    const length = this.#stop - this.#start;
    if (length === 0)
      return this.#ended ? this.#damage("empty", "the input has no bytes") : undefined;
    const seen = Math.min(4, length);
    for (let i = 0; i < seen; i++) {
      if (this.#buffer[this.#start + i] !== magic[i]) {
        return this.#damage("magic", "the input does not begin with Avro's magic bytes Obj\\x01");
      }
    }
    const parsed = this.#parseHeader();
    if (typeof parsed === "string") return this.#damage("header", parsed);
    if (parsed !== undefined) return parsed;
    if (length > headerBytesMax) return this.#damage("header", "the header is too long");
    return this.#ended ? this.#damage("header", "the input ends inside its header") : undefined;
  }

  /** Undefined: more bytes are needed. */
  #parseHeader(): ContainerHeader | string | undefined {
    const meta = new Map<string, Uint8Array>();
    const offset = this.#offset;
    this.#at = this.#start + 4;
    this.#short = this.#at > this.#stop;
    for (;;) {
      let count = this.#long();
      if (count < 0) {
        count = -count;
        this.#long();
      }
      if (this.#short) return undefined;
      if (count === 0) break;
      if (!(count + meta.size <= metaMax)) return `the header has ${count} entries`;
      for (let i = 0; i < count; i++) {
        const key = this.#bytes();
        if (key === undefined || typeof key === "string") return key;
        const value = this.#bytes();
        if (value === undefined || typeof value === "string") return value;
        meta.set(decodeText(key, 0, key.length), new Uint8Array(value));
      }
    }
    if (this.#at + 16 > this.#stop) return undefined;
    this.#sync = this.#buffer.slice(this.#at, this.#at + 16);
    this.#consume(this.#at + 16 - this.#start);
    this.#state = "block";
    return { kind: "header", offset, meta };
  }

  #bytes(): Uint8Array | string | undefined {
    const length = this.#long();
    if (this.#short) return undefined;
    // Written so that NaN is wrong too.
    if (!(length >= 0 && length <= headerBytesMax))
      return `the header has an entry of ${length} bytes`;
    const start = this.#at;
    if (start + length > this.#stop) return undefined;
    this.#at = start + length;
    return this.#buffer.subarray(start, start + length);
  }

  /** A zig-zag varint at `#at`; NaN when it is longer than ten bytes. */
  #long(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.#at >= this.#stop) {
        this.#short = true;
        return 0;
      }
      const byte = this.#buffer[this.#at++] ?? 0;
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    return Number.NaN;
  }

  #block(): ContainerPart | undefined {
    const available = this.#stop - this.#start;
    if (available === 0) {
      if (this.#ended) this.#state = "done";
      return undefined;
    }
    const concatenated = this.#concatenated(available);
    if (concatenated !== "no") return concatenated;
    this.#at = this.#start;
    this.#short = false;
    const count = this.#long();
    const size = this.#short ? 0 : this.#long();
    if (this.#short) return this.#ended ? this.#truncated(0, this.#stop, 0) : undefined;
    if (!(count >= 0) || !(size >= 0) || count > Number.MAX_SAFE_INTEGER) {
      return this.#damage("block", "a block has an impossible number of objects or bytes");
    }
    if (size > limits.blockBytes.max) {
      return this.#damage("block", `a block of ${size} bytes (at most ${limits.blockBytes.max})`);
    }
    const body = this.#at;
    if (body + size + 16 > this.#stop) {
      return this.#ended ? this.#truncated(count, body, size) : undefined;
    }
    for (let i = 0; i < 16; i++) {
      if (this.#buffer[body + size + i] !== this.#sync[i]) {
        return this.#damage("block", "a block does not end with the sync marker");
      }
    }
    const offset = this.#offset;
    const bytes = this.#buffer.subarray(body, body + size);
    this.#consume(body + size + 16 - this.#start);
    return { kind: "block", offset, count, bytes, complete: true };
  }

  /** `cat a.sf b.sf`: the magic cannot begin a block, because its first byte would be a negative count. */
  #concatenated(available: number): ContainerPart | undefined | "no" {
    for (let i = 0; i < Math.min(4, available); i++) {
      if (this.#buffer[this.#start + i] !== magic[i]) return "no";
    }
    if (available < 4) return this.#ended ? "no" : undefined;
    this.#state = "start";
    return this.#header();
  }

  /** The input ends inside a block: if a sync marker follows, its length was wrong; else its beginning is given out. */
  #truncated(count: number, body: number, size: number): ContainerPart {
    if (this.#findSync(this.#start) >= 0) {
      return this.#damage("block", "a block's length leads beyond the end of the input");
    }
    const offset = this.#offset;
    const bytes = this.#buffer.subarray(body, Math.min(this.#stop, body + size));
    this.#lostFrom = offset;
    this.#state = "resync";
    return { kind: "block", offset, count, bytes, complete: false };
  }

  #findSync(from: number): number {
    const first = this.#sync[0];
    for (let i = from; i + 16 <= this.#stop; i++) {
      if (this.#buffer[i] !== first) continue;
      let k = 1;
      while (k < 16 && this.#buffer[i + k] === this.#sync[k]) k++;
      if (k === 16) return i;
    }
    return -1;
  }

  #resync(): ContainerPart | undefined {
    const found = this.#findSync(this.#start);
    if (found >= 0) this.#consume(found + 16 - this.#start);
    else if (this.#ended) this.#consume(this.#stop - this.#start);
    else {
      this.#consume(Math.max(0, this.#stop - this.#start - 15));
      return undefined;
    }
    this.#state = found >= 0 ? "block" : "done";
    return { kind: "gap", offset: this.#lostFrom, lost: this.#offset - this.#lostFrom };
  }
}
