// Reads the lists of processes, descriptors and users field by field, inside given bounds. A read behind the bound yields zero or ""
// and is remembered: the caller looks at `overrun` once per entry.

import { decodeText } from "../../base/text.ts";
import { limits } from "../../model/limits.ts";
import { readInt64, readUint64 } from "./extract.ts";
import { splitText } from "./text-cache.ts";

export class Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  end: number;
  overrun = false;

  constructor(bytes: Uint8Array, view: DataView, at: number, end: number) {
    this.bytes = bytes;
    this.view = view;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Steps over so many bytes and returns where they begin, or −1. */
  #take(size: number): number {
    if (this.at + size > this.end) {
      this.overrun = true;
      this.at = this.end;
      return -1;
    }
    const at = this.at;
    this.at += size;
    return at;
  }

  uint8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.view.getUint8(at);
  }

  uint16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.view.getUint16(at, true);
  }

  uint32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.view.getUint32(at, true);
  }

  /** A 32-bit number in network order: an IPv4 address. */
  address4(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.view.getUint32(at, false);
  }

  /** Where sixteen bytes of an IPv6 address begin, or −1. */
  address6(): number {
    return this.#take(16);
  }

  int64(): number {
    const at = this.#take(8);
    return at < 0 ? 0 : readInt64(this.view, at);
  }

  uint64(): number {
    const at = this.#take(8);
    return at < 0 ? 0 : readUint64(this.view, at);
  }

  bigUint64(): bigint {
    const at = this.#take(8);
    return at < 0 ? 0n : this.view.getBigUint64(at, true);
  }

  text(): string {
    const length = this.uint16();
    const at = this.#take(length);
    if (at < 0) return "";
    let end = at + length;
    if (end > at && this.bytes[end - 1] === 0) end--;
    return decodeText(this.bytes, at, end);
  }

  list(): readonly string[] {
    const length = this.uint16();
    const at = this.#take(length);
    if (at < 0) return [];
    const hasNul = length > 0 && this.bytes[at + length - 1] === 0;
    return splitText(this.bytes, at, at + length - (hasNul ? 1 : 0));
  }

  /** Text of a fixed width, up to its first NUL. */
  fixedText(width: number): string {
    const at = this.#take(width);
    if (at < 0) return "";
    const nul = this.bytes.indexOf(0, at);
    const end = nul < 0 || nul > at + width ? at + width : nul;
    return decodeText(this.bytes, at, Math.min(end, at + limits.textBytes.max));
  }

  skip(size: number): void {
    this.#take(size);
  }
}
