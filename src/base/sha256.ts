// SHA-256 (FIPS 180-4) in plain JavaScript, for ids in code that may not ask the platform. Short inputs only; Node's is faster.

import { encodeText, textLength } from "./text.ts";

/** First 32 bits of the fractional parts of the roots of the first primes, computed rather than listed. */
const { constants, start } = ((): { constants: Uint32Array; start: Uint32Array } => {
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n++) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  }
  return {
    constants: Uint32Array.from(primes, (prime) => rootBits(prime, 3)),
    start: Uint32Array.from(primes.slice(0, 8), (prime) => rootBits(prime, 2)),
  };
})();

/** floor(frac(prime^(1/degree)) · 2^32), by exact integer arithmetic. */
function rootBits(prime: number, degree: 2 | 3): number {
  const scaled = BigInt(prime) << BigInt(32 * degree);
  let low = 0n;
  let high = 1n << 37n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    const power = degree === 2 ? middle * middle : middle * middle * middle;
    if (power <= scaled) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}

function rotate(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by));
}

/** Hexadecimal digest of the bytes. */
export function sha256(bytes: Uint8Array): string {
  const blocks = Math.ceil((bytes.length + 9) / 64);
  const padded = new Uint8Array(blocks * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(padded.length - 4, (bytes.length * 8) >>> 0);
  const state = Uint32Array.from(start);
  const words = new Uint32Array(64);
  for (let at = 0; at < padded.length; at += 64) digestBlock(view, at, state, words);
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}

function digestBlock(view: DataView, at: number, state: Uint32Array, words: Uint32Array): void {
  for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const early = words[i - 15] ?? 0;
    const late = words[i - 2] ?? 0;
    const sum0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const sum1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    words[i] = (words[i - 16] ?? 0) + sum0 + (words[i - 7] ?? 0) + sum1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i++) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + sum1 + choice + (constants[i] ?? 0) + (words[i] ?? 0)) | 0;
    const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + sum0 + majority) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] = (state[i] ?? 0) + word;
  });
}

/** Hexadecimal digest of a text's bytes. */
export function sha256OfText(text: string): string {
  const bytes = new Uint8Array(textLength(text));
  encodeText(text, bytes, 0);
  return sha256(bytes);
}
