// Block codecs of Avro object containers: null, deflate, snappy (with its CRC), zstandard. Every one is bounded by
// limits.blockBytes. Failures are sentences, not exceptions.

import { Inflate as StreamInflate } from "fflate";
import { Decompress as StreamZstandard } from "fzstd";
import { uncompress } from "snappyjs";
import { limits } from "../../model/limits.ts";
import type { Inflate } from "../reader.ts";

export const codecNames = ["null", "deflate", "snappy", "zstandard"] as const;
export type CodecName = (typeof codecNames)[number];

export function codecOf(name: string): CodecName | undefined {
  return codecNames.find((codec) => codec === name);
}

const tooLarge = `the block unpacks to more than ${limits.blockBytes.max} bytes`;
// Bytes handed to a streaming decompressor at a time: a bomb is noticed after one of them.
const sliceBytes = 16_384;

/** The block's bytes, or what is wrong with it. */
export function decompress(
  codec: CodecName,
  bytes: Uint8Array,
  inflate: Inflate | undefined,
): Uint8Array | string {
  try {
    switch (codec) {
      case "null":
        return bytes;
      case "deflate":
        return inflate === undefined ? inflateAll(bytes) : bounded(inflate(bytes));
      case "snappy":
        return uncompressSnappy(bytes);
      case "zstandard":
        return decompressZstandard(bytes);
    }
  } catch (error) {
    return error instanceof Error ? `${codec}: ${error.message}` : `${codec} failed`;
  }
}

/** What the beginning of a cut deflate stream unpacks to. */
export function decompressStart(codec: CodecName, bytes: Uint8Array): Uint8Array {
  const empty = new Uint8Array(0);
  if (codec === "null") return bytes;
  if (codec !== "deflate") return empty;
  const parts = new Parts();
  try {
    const stream = new StreamInflate((part) => parts.add(part));
    for (let at = 0; at < bytes.length && !parts.full; at += sliceBytes) {
      stream.push(bytes.subarray(at, at + sliceBytes), false);
    }
  } catch {
    return parts.full ? empty : parts.join();
  }
  return parts.full ? empty : parts.join();
}

function bounded(bytes: Uint8Array): Uint8Array | string {
  return bytes.length > limits.blockBytes.max ? tooLarge : bytes;
}

function inflateAll(bytes: Uint8Array): Uint8Array | string {
  const parts = new Parts();
  let final = false;
  const stream = new StreamInflate((part, isLast) => {
    parts.add(part);
    final = isLast;
  });
  for (let at = 0; at < bytes.length && !parts.full; at += sliceBytes) {
    stream.push(bytes.subarray(at, at + sliceBytes), at + sliceBytes >= bytes.length);
  }
  if (parts.full) return tooLarge;
  return final ? parts.join() : "deflate: the stream has no end";
}

function decompressZstandard(bytes: Uint8Array): Uint8Array | string {
  const parts = new Parts();
  const stream = new StreamZstandard((part) => parts.add(part));
  for (let at = 0; at < bytes.length && !parts.full; at += sliceBytes) {
    stream.push(bytes.subarray(at, at + sliceBytes), at + sliceBytes >= bytes.length);
  }
  return parts.full ? tooLarge : parts.join();
}

function uncompressSnappy(bytes: Uint8Array): Uint8Array | string {
  if (bytes.length < 4) return "snappy: the block is too short for its checksum";
  // A copy, because snappyjs tells a Buffer from a Uint8Array and we want the latter.
  const body = Uint8Array.from(bytes.subarray(0, bytes.length - 4));
  const unpacked = uncompress(body, limits.blockBytes.max);
  const at = bytes.length - 4;
  const stated = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
  return crc32(unpacked) === stated ? unpacked : "snappy: the checksum is wrong";
}

/** Output of a streaming decompressor, up to the limit. */
class Parts {
  readonly #parts: Uint8Array[] = [];
  #length = 0;
  full = false;

  add(part: Uint8Array): void {
    if (this.full || part.length === 0) return;
    this.#length += part.length;
    if (this.#length > limits.blockBytes.max) {
      this.full = true;
      this.#parts.length = 0;
    } else this.#parts.push(part.slice());
  }

  join(): Uint8Array {
    if (this.#parts.length === 1 && this.#parts[0] !== undefined) return this.#parts[0];
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

const crcTable = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i;
  for (let bit = 0; bit < 8; bit++)
    value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
  return value;
});

/** CRC-32 as in ISO 3309. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
