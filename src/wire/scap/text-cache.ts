// Texts and lists of texts that were decoded before, found again by their bytes: paths, arguments and control groups come over and
// over. A hit costs a third of decoding, allocates nothing, and gives the same string object, whose hash is known already. What comes
// for the first time is not kept, only its hash: new paths all the time would fill the old generation with strings nobody wants.
// Bounded: direct-mapped slots, each overwritten by the next that falls on it.

import { decodeText } from "../../base/text.ts";

/** A slot-sized copy of the bytes that were decoded, and what they were decoded to. */
export class DecodeCache<T> {
  readonly #slots: number;
  readonly #width: number;
  readonly #keys: Uint8Array;
  readonly #keyView: DataView;
  readonly #lengths: Int32Array;
  /** Hash of what fell on the slot last. */
  readonly #seen: Int32Array;
  readonly #values: (T | undefined)[];
  readonly #decode: (bytes: Uint8Array, start: number, end: number) => T;

  /** Texts longer than `width` bytes (a multiple of four) are not kept. `slots` is a power of two. */
  constructor(
    slots: number,
    width: number,
    decode: (bytes: Uint8Array, start: number, end: number) => T,
  ) {
    this.#slots = slots;
    this.#width = width;
    this.#keys = new Uint8Array(slots * width);
    this.#keyView = new DataView(this.#keys.buffer);
    this.#lengths = new Int32Array(slots);
    this.#seen = new Int32Array(slots);
    this.#values = Array.from({ length: slots }, () => undefined);
    this.#decode = decode;
  }

  get(bytes: Uint8Array, view: DataView, start: number, end: number): T {
    const length = end - start;
    if (length > this.#width) return this.#decode(bytes, start, end);
    const words = end - 3;
    let hash = length;
    let at = start;
    for (; at < words; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), 0x01000193);
    for (; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (this.#slots - 1);
    const value = this.#values[slot];
    if (
      value !== undefined &&
      this.#lengths[slot] === length &&
      this.#same(slot, bytes, view, start, end)
    ) {
      return value;
    }
    if (this.#seen[slot] === hash) return this.#add(slot, bytes, start, end);
    this.#seen[slot] = hash;
    return this.#decode(bytes, start, end);
  }

  #same(slot: number, bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const words = end - 3;
    let key = slot * this.#width;
    let at = start;
    for (; at < words; at += 4, key += 4) {
      if (view.getInt32(at, true) !== this.#keyView.getInt32(key, true)) return false;
    }
    for (; at < end; at++, key++) if (bytes[at] !== this.#keys[key]) return false;
    return true;
  }

  #add(slot: number, bytes: Uint8Array, start: number, end: number): T {
    const value = this.#decode(bytes, start, end);
    let key = slot * this.#width;
    for (let at = start; at < end; at++) this.#keys[key++] = bytes[at] ?? 0;
    this.#lengths[slot] = end - start;
    this.#values[slot] = value;
    return value;
  }
}

/** Strings behind each other, split at NUL; `end` is behind the last one, without its NUL; an empty one at the end is dropped. */
export function splitText(bytes: Uint8Array, begin: number, end: number): readonly string[] {
  if (end === begin) return [];
  const out: string[] = [];
  let start = begin;
  for (let i = begin; i < end; i++) {
    if (bytes[i] !== 0) continue;
    out.push(decodeText(bytes, start, i));
    start = i + 1;
  }
  if (start < end) out.push(decodeText(bytes, start, end));
  return out;
}

/** What the decoders of one reader share. */
export type TextCaches = {
  readonly texts: DecodeCache<string>;
  readonly lists: DecodeCache<readonly string[]>;
};

export function makeTextCaches(): TextCaches {
  return {
    texts: new DecodeCache(1024, 128, decodeText),
    lists: new DecodeCache(64, 2048, splitText),
  };
}
