// A cursor over the bytes of one block: Avro's binary encoding of primitives, without a bigint or an allocation on the way of
// numbers. It never throws: a read beyond the end, or of something impossible, sets `fault` and the caller looks at it per datum.
// Specification: Apache Avro 1.11, "Binary Encoding".

import { decodeText } from "../../base/text.ts";
import { limits } from "../../model/limits.ts";
import type { TimeBase, TimeNs } from "../../model/time.ts";

// Texts come again and again (users, environments, programs): one string each saves time and memory. Short ones only.
const recentMax = 1024;
const recentBytesMax = 256;
const recentTexts: string[] = Array.from({ length: recentMax }, () => "");

const nothing = new Uint8Array(0);

/**
 * A long is read as three parts of its zig-zag form: bits 0–27, 28–55 and 56–63. `(low >>> 1) + mid·2^27 + high·2^55` is then
 * the value of a non-negative one, and a time minus its base is exact although neither fits a double.
 */
export class Cursor {
  bytes: Uint8Array = nothing;
  pos = 0;
  end = 0;
  fault: string | undefined;
  low = 0;
  mid = 0;
  high = 0;
  /** The first non-zero time of the input, as parts; looked for until the base is known. */
  seeking = false;
  first: bigint | undefined;
  /** Array and map items that the datum may still have; set per datum. */
  itemsLeft = 0;
  #baseLow = 0;
  #baseMid = 0;
  #baseHigh = 0;
  #base = 0n;

  set base(base: TimeBase) {
    this.#base = base;
    this.#baseLow = Number(base & 0x7ffffffn);
    this.#baseMid = Number((base >> 27n) & 0xfffffffn);
    this.#baseHigh = Number(base >> 55n);
  }

  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.pos = 0;
    this.end = bytes.length;
    this.fault = undefined;
  }

  fail(reason: string): void {
    this.fault ??= reason;
    this.pos = this.end + 1;
  }

  /** Reads a zig-zag varint into low, mid and high. */
  parts(): void {
    const bytes = this.bytes;
    let p = this.pos;
    let low = 0;
    let mid = 0;
    let high = 0;
    let byte = bytes[p++] as number;
    low = byte & 127;
    if ((byte & 128) !== 0) {
      byte = bytes[p++] as number;
      low |= (byte & 127) << 7;
      if ((byte & 128) !== 0) {
        byte = bytes[p++] as number;
        low |= (byte & 127) << 14;
        if ((byte & 128) !== 0) {
          byte = bytes[p++] as number;
          low |= (byte & 127) << 21;
          if ((byte & 128) !== 0) {
            byte = bytes[p++] as number;
            mid = byte & 127;
            if ((byte & 128) !== 0) {
              byte = bytes[p++] as number;
              mid |= (byte & 127) << 7;
              if ((byte & 128) !== 0) {
                byte = bytes[p++] as number;
                mid |= (byte & 127) << 14;
                if ((byte & 128) !== 0) {
                  byte = bytes[p++] as number;
                  mid |= (byte & 127) << 21;
                  if ((byte & 128) !== 0) {
                    byte = bytes[p++] as number;
                    high = byte & 127;
                    if ((byte & 128) !== 0) {
                      byte = bytes[p++] as number;
                      high |= (byte & 1) << 7;
                      if (byte > 1) this.fault ??= "a number is longer than 64 bits";
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    this.low = low;
    this.mid = mid;
    this.high = high;
    this.pos = p;
  }

  /** An int or long as a double: exact up to 2^53. */
  long(): number {
    const byte = this.bytes[this.pos] as number;
    if (byte < 128) {
      this.pos += 1;
      return (byte >>> 1) ^ -(byte & 1);
    }
    this.parts();
    const low = this.low;
    if (this.high === 0 && this.mid === 0) return (low >>> 1) ^ -(low & 1);
    const value = (low >>> 1) + this.mid * 0x8000000 + this.high * 2 ** 55;
    return (low & 1) === 0 ? value : -value - 1;
  }

  bigLong(): bigint {
    this.parts();
    return this.bigOfParts();
  }

  bigOfParts(): bigint {
    const value = (BigInt(this.high) << 55n) | (BigInt(this.mid) << 27n) | BigInt(this.low >>> 1);
    return (this.low & 1) === 0 ? value : -value - 1n;
  }

  /** Nanoseconds since the epoch in the file, since the base in the result. */
  time(): TimeNs {
    this.parts();
    if (this.seeking) this.#seek();
    const low = this.low;
    if ((low & 1) === 0) {
      return (
        ((this.high - this.#baseHigh) * 0x10000000 + (this.mid - this.#baseMid)) * 0x8000000 +
        ((low >>> 1) - this.#baseLow)
      );
    }
    return Number(this.bigOfParts() - this.#base);
  }

  #seek(): void {
    if (this.first !== undefined || (this.low | this.mid | this.high) === 0) return;
    this.first = this.bigOfParts();
  }

  /** A length or count: not negative and not beyond what is left. */
  length(): number {
    const length = this.long();
    if (length >= 0 && length <= this.end - this.pos) return length;
    this.fail(`a length of ${length} where ${Math.max(0, this.end - this.pos)} bytes are left`);
    return 0;
  }

  text(): string {
    const length = this.length();
    if (length === 0) return "";
    if (length > limits.textBytes.max) {
      this.fail(`a string of ${length} bytes (at most ${limits.textBytes.max})`);
      return "";
    }
    const start = this.pos;
    this.pos = start + length;
    const bytes = this.bytes;
    const slot =
      (length +
        (bytes[start] as number) * 7 +
        (bytes[start + (length >> 1)] as number) * 61 +
        (bytes[start + length - 1] as number) * 257) &
      (recentMax - 1);
    const recent = recentTexts[slot] as string;
    if (recent.length === length && isText(recent, bytes, start)) return recent;
    const text = decodeText(bytes, start, start + length);
    // A shorter text has multi-byte characters, which the comparison by code would not tell from single bytes.
    if (text.length === length && length <= recentBytesMax) recentTexts[slot] = text;
    return text;
  }

  skipText(): void {
    this.pos += this.length();
  }

  byte(): number {
    return this.bytes[this.pos++] ?? 0;
  }

  skip(count: number): void {
    this.pos += count;
    if (this.pos > this.end) this.fail("the datum ends too early");
  }

  /**
   * Number of items of the next block of an array or map, 0 at its end. An item that takes no byte must not be read with this:
   * the count is checked against what is left.
   */
  items(): number {
    let count = this.long();
    if (count < 0) {
      count = -count;
      this.long();
    }
    this.itemsLeft -= count;
    if (count <= this.end - this.pos && this.itemsLeft >= 0) return count;
    this.fail(
      `an array of ${count} items where ${Math.max(0, this.end - this.pos)} bytes are left`,
    );
    return 0;
  }

  texts(): readonly string[] {
    let count = this.items();
    if (count === 0) return noTexts;
    const list: string[] = [];
    while (count > 0) {
      for (let i = 0; i < count && this.fault === undefined; i++) list.push(this.text());
      count = this.items();
    }
    return list;
  }

  bigLongs(): readonly bigint[] {
    const list: bigint[] = [];
    for (let count = this.items(); count > 0; count = this.items()) {
      for (let i = 0; i < count && this.fault === undefined; i++) list.push(this.bigLong());
    }
    return list;
  }

  textMap(): ReadonlyMap<string, string> {
    const map = new Map<string, string>();
    for (let count = this.items(); count > 0; count = this.items()) {
      for (let i = 0; i < count && this.fault === undefined; i++) {
        const key = this.text();
        map.set(key, this.text());
      }
    }
    return map;
  }
}

const noTexts: readonly string[] = [];

function isText(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== bytes[start + i]) return false;
  }
  return true;
}
