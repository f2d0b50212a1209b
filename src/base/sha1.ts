// SHA-1 (FIPS 180-4) of short byte strings: SysFlow's file ids are SHA-1 digests. Plain JavaScript, because crossing into native
// code for a path costs more than the digest. Not for anything that needs a secure hash.

const words = new Int32Array(80);
let state0 = 0;
let state1 = 0;
let state2 = 0;
let state3 = 0;
let state4 = 0;
const tail = new Uint8Array(128);

/** Twenty bytes. */
export function sha1(bytes: Uint8Array, length: number = bytes.length): Uint8Array {
  state0 = 0x67452301;
  state1 = 0xefcdab89 | 0;
  state2 = 0x98badcfe | 0;
  state3 = 0x10325476;
  state4 = 0xc3d2e1f0 | 0;
  let at = 0;
  for (; at + 64 <= length; at += 64) compress(bytes, at);
  tail.fill(0);
  for (let i = at; i < length; i++) tail[i - at] = bytes[i] ?? 0;
  const rest = length - at;
  tail[rest] = 0x80;
  const size = rest < 56 ? 64 : 128;
  const high = Math.floor(length / 0x20000000);
  const low = (length << 3) >>> 0;
  for (let i = 0; i < 4; i++) {
    tail[size - 8 + i] = (high >>> (24 - 8 * i)) & 255;
    tail[size - 4 + i] = (low >>> (24 - 8 * i)) & 255;
  }
  compress(tail, 0);
  if (size === 128) compress(tail, 64);
  const digest = new Uint8Array(20);
  put(digest, 0, state0);
  put(digest, 4, state1);
  put(digest, 8, state2);
  put(digest, 12, state3);
  put(digest, 16, state4);
  return digest;
}

function put(into: Uint8Array, at: number, word: number): void {
  into[at] = word >>> 24;
  into[at + 1] = (word >>> 16) & 255;
  into[at + 2] = (word >>> 8) & 255;
  into[at + 3] = word & 255;
}

function compress(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++) {
    const k = at + 4 * i;
    words[i] =
      ((bytes[k] as number) << 24) |
      ((bytes[k + 1] as number) << 16) |
      ((bytes[k + 2] as number) << 8) |
      (bytes[k + 3] as number);
  }
  for (let i = 16; i < 80; i++) {
    const mixed =
      (words[i - 3] as number) ^
      (words[i - 8] as number) ^
      (words[i - 14] as number) ^
      (words[i - 16] as number);
    words[i] = (mixed << 1) | (mixed >>> 31);
  }
  let a = state0;
  let b = state1;
  let c = state2;
  let d = state3;
  let e = state4;
  for (let i = 0; i < 80; i++) {
    let f: number;
    if (i < 20) f = ((b & c) | (~b & d)) + 0x5a827999;
    else if (i < 40) f = (b ^ c ^ d) + 0x6ed9eba1;
    else if (i < 60) f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else f = (b ^ c ^ d) + 0xca62c1d6;
    const next = (((a << 5) | (a >>> 27)) + f + e + (words[i] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state0 = (state0 + a) | 0;
  state1 = (state1 + b) | 0;
  state2 = (state2 + c) | 0;
  state3 = (state3 + d) | 0;
  state4 = (state4 + e) | 0;
}
