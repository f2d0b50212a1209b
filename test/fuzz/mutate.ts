// Changes of bytes that know nothing of their meaning; the formats' own mutators use them for single fields and, rarely, for the whole.

import type { Random } from "./random.ts";

export type Bytes = Uint8Array;

export function concat(parts: readonly Bytes[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A changed copy of bytes[from, …): bits, bytes, words, ranges cut, doubled, moved or filled. */
export function mutateBytes(random: Random, bytes: Bytes, from = 0): Bytes {
  const out = bytes.slice();
  const room = out.length - from;
  if (room <= 0) return out;
  const at = from + random.int(room);
  switch (random.int(8)) {
    case 0:
      out[at] = (out[at] ?? 0) ^ (1 << random.int(8));
      return out;
    case 1:
      out[at] = random.word();
      return out;
    case 2:
      if (at + 2 <= out.length)
        new DataView(out.buffer).setUint16(at, random.word() & 0xffff, true);
      return out;
    case 3:
      if (at + 4 <= out.length) new DataView(out.buffer).setUint32(at, random.word(), true);
      return out;
    case 4:
      out.fill(random.word(), at, at + random.int(16));
      return out;
    case 5: {
      const end = Math.min(out.length, at + random.int(1 << random.int(8)));
      return concat([out.subarray(0, at), out.subarray(end)]);
    }
    case 6: {
      const end = Math.min(out.length, at + random.int(1 << random.int(8)));
      return concat([out.subarray(0, end), out.subarray(at)]);
    }
    default: {
      const piece = Uint8Array.from({ length: random.int(1 << random.int(7)) }, () =>
        random.next(),
      );
      return concat([out.subarray(0, at), piece, out.subarray(at)]);
    }
  }
}

/** Changes a list in place: an element dropped, doubled, moved, or put in from another list. */
export function mutateList<T>(random: Random, list: T[], others: readonly T[]): void {
  const at = random.int(list.length);
  const item = list[at];
  switch (random.int(4)) {
    case 0:
      list.splice(at, 1 + random.int(3));
      return;
    case 1:
      if (item !== undefined) list.splice(random.int(list.length), 0, item);
      return;
    case 2:
      list.splice(at, 1);
      if (item !== undefined) list.splice(random.int(list.length + 1), 0, item);
      return;
    default:
      if (others.length > 0) list.splice(at, random.int(2), random.pick(others));
  }
}
