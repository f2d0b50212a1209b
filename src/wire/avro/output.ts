// Where encoders write: one growing buffer and Avro's binary encoding of primitives, without a bigint on the way of numbers.
// Specification: Apache Avro 1.11, "Binary Encoding".

import { encodeText, textLength } from "../../base/text.ts";
import type { TimeBase, TimeNs } from "../../model/time.ts";

const exactMax = 2 ** 53;

export class Output {
  bytes: Uint8Array;
  pos = 0;
  #base: TimeBase = 0n;
  #baseHigh = 0;
  #baseLow = 0;

  constructor(base: TimeBase, capacity = 16_384) {
    this.bytes = new Uint8Array(capacity);
    this.base = base;
  }

  get base(): TimeBase {
    return this.#base;
  }

  /** What the times of the records that follow are counted from: every header may begin anew. */
  set base(base: TimeBase) {
    this.#base = base;
    this.#baseHigh = Number(base >> 32n);
    this.#baseLow = Number(base & 0xffffffffn);
  }

  /** Room for `count` more bytes: encoders ask once per record for all its numbers. */
  room(count: number): void {
    if (this.pos + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.pos + count));
    grown.set(this.bytes);
    this.bytes = grown;
  }

  byte(value: number): void {
    this.bytes[this.pos++] = value;
  }

  /** An int or long given as an integer. The caller has made room for ten bytes. */
  long(value: number): void {
    const bytes = this.bytes;
    if (value >= 0 && value < 64) {
      bytes[this.pos++] = value << 1;
      return;
    }
    if (value >= -0x40000000 && value < 0x40000000) {
      let rest = (value << 1) ^ (value >> 31);
      let p = this.pos;
      while (rest > 127) {
        bytes[p++] = (rest & 127) | 128;
        rest >>>= 7;
      }
      bytes[p++] = rest;
      this.pos = p;
      return;
    }
    if (value >= exactMax / 2 || value < -exactMax / 2) this.big(BigInt(value));
    else this.#wide(value < 0 ? -2 * value - 1 : 2 * value);
  }

  #wide(zigzag: number): void {
    let rest = zigzag;
    while (rest >= 0x10000000) {
      const low = rest % 128;
      this.bytes[this.pos++] = low | 128;
      rest = (rest - low) / 128;
    }
    let small = rest;
    while (small > 127) {
      this.bytes[this.pos++] = (small & 127) | 128;
      small >>>= 7;
    }
    this.bytes[this.pos++] = small;
  }

  big(value: bigint): void {
    this.room(10);
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest > 127n) {
      this.bytes[this.pos++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.bytes[this.pos++] = Number(rest);
  }

  /** Absolute nanoseconds of a time. Today's need nine bytes; others take the long way. */
  time(time: TimeNs): void {
    const sum = this.#baseLow + time;
    const carry = Math.floor(sum / 0x100000000);
    const high = this.#baseHigh + carry;
    if (time > exactMax || time < -exactMax || high < 0x800000 || high >= 0x40000000) {
      this.big(this.#base + BigInt(time));
      return;
    }
    const low = sum - carry * 0x100000000;
    const bytes = this.bytes;
    const p = this.pos;
    const first = (low & 0x7ffffff) << 1;
    const middle = (low >>> 27) | ((high & 0x7fffff) << 5);
    bytes[p] = (first & 127) | 128;
    bytes[p + 1] = ((first >>> 7) & 127) | 128;
    bytes[p + 2] = ((first >>> 14) & 127) | 128;
    bytes[p + 3] = (first >>> 21) | 128;
    bytes[p + 4] = (middle & 127) | 128;
    bytes[p + 5] = ((middle >>> 7) & 127) | 128;
    bytes[p + 6] = ((middle >>> 14) & 127) | 128;
    bytes[p + 7] = (middle >>> 21) | 128;
    bytes[p + 8] = high >>> 23;
    this.pos = p + 9;
  }

  text(text: string): void {
    const length = text.length;
    this.room(length * 3 + 10);
    // Nearly all text is ASCII: written in one go behind the length that it then has, and again if it was not.
    const bytes = this.bytes;
    const start = this.pos;
    let p = start;
    if (length < 64) bytes[p++] = length << 1;
    else if (length < 8192) {
      bytes[p++] = ((length << 1) & 127) | 128;
      bytes[p++] = length >> 6;
    } else {
      this.#anyText(text);
      return;
    }
    let seen = 0;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      seen |= unit;
      bytes[p++] = unit;
    }
    if (seen < 128) this.pos = p;
    else this.#anyText(text);
  }

  #anyText(text: string): void {
    this.long(textLength(text));
    this.pos = encodeText(text, this.bytes, this.pos);
  }

  /** `["null", "string"]`. */
  optionalText(text: string | undefined): void {
    this.room(1);
    if (text === undefined) this.byte(0);
    else {
      this.byte(2);
      this.text(text);
    }
  }

  texts(list: readonly string[]): void {
    this.room(11);
    if (list.length > 0) {
      this.long(list.length);
      for (const text of list) this.text(text);
    }
    this.room(1);
    this.byte(0);
  }

  bigs(list: readonly bigint[]): void {
    this.room(11);
    if (list.length > 0) {
      this.long(list.length);
      for (const value of list) this.big(value);
    }
    this.room(1);
    this.byte(0);
  }

  textMap(map: ReadonlyMap<string, string>): void {
    this.room(11);
    if (map.size > 0) {
      this.long(map.size);
      for (const [key, value] of map) {
        this.text(key);
        this.text(value);
      }
    }
    this.room(1);
    this.byte(0);
  }
}
