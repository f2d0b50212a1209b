// Large captures out of small ones: the event blocks repeated with shifted time stamps behind the original process list, and
// *synth*, where each open names a path never seen before (repetition makes paths few, which flatters caches).

import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

type Block = { readonly type: number; readonly start: number; readonly end: number };

const eventBlocks = new Set([0x204, 0x208, 0x216, 0x217, 0x221, 0x222]);

function blocksOf(bytes: Uint8Array): Block[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Block[] = [];
  let at = 0;
  while (at + 12 <= bytes.length) {
    const length = view.getUint32(at + 4, true);
    if (length < 12 || at + length > bytes.length) break;
    blocks.push({ type: view.getUint32(at, true), start: at, end: at + length });
    at += length;
  }
  return blocks;
}

/** Offset of the 64-bit time stamp in an event block: frame, cpu, and flags where the block has them. */
function timeOffset(type: number): number {
  return type === 0x208 || type === 0x217 || type === 0x222 ? 14 : 10;
}

class BufferedFile {
  readonly #file: number;
  readonly #path: string;
  readonly #buffer = new Uint8Array(1 << 20);
  #used = 0;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
    this.#file = openSync(`${path}.tmp`, "w");
  }

  write(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#buffer.length) this.#flush();
    if (bytes.length > this.#buffer.length) {
      writeSync(this.#file, bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #flush(): void {
    let at = 0;
    while (at < this.#used) at += writeSync(this.#file, this.#buffer, at, this.#used - at);
    this.#used = 0;
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
    renameSync(`${this.#path}.tmp`, this.#path);
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Repeats the capture until it holds at least `events` events. Events with time stamp 0 (descriptions) come once. */
export function repeatCapture(source: string, target: string, events: number): void {
  if (exists(target)) return;
  const bytes = new Uint8Array(readFileSync(source));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = blocksOf(bytes);
  const timed: Block[] = [];
  const file = new BufferedFile(target);
  for (const block of blocks) {
    const isTimed =
      eventBlocks.has(block.type) &&
      view.getBigUint64(block.start + timeOffset(block.type), true) > 0n;
    if (isTimed) timed.push(block);
    else file.write(bytes.subarray(block.start, block.end));
  }
  const times = timed.map((block) => view.getBigUint64(block.start + timeOffset(block.type), true));
  const first = times[0] ?? 0n;
  const span = (times.at(-1) ?? first) - first + 1_000_000n;
  const copy = bytes.slice();
  const copyView = new DataView(copy.buffer);
  for (let round = 0n, written = 0; written < events; round++) {
    timed.forEach((block, i) => {
      const at = block.start + timeOffset(block.type);
      copyView.setBigUint64(at, (times[i] ?? 0n) + round * span, true);
      file.write(copy.subarray(block.start, block.end));
    });
    written += timed.length;
  }
  file.close();
}

const parameters = (values: readonly Uint8Array[]): Uint8Array => {
  const total = values.reduce((sum, value) => sum + 2 + value.length, 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = 2 * values.length;
  values.forEach((value, i) => {
    view.setUint16(2 * i, value.length, true);
    bytes.set(value, at);
    at += value.length;
  });
  return bytes;
};

function int64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return bytes;
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function eventBlock(
  time: bigint,
  tid: number,
  type: number,
  values: readonly Uint8Array[],
): Uint8Array {
  const body = parameters(values);
  const unpadded = 8 + 2 + 26 + body.length + 4;
  const length = (unpadded + 3) & ~3;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x216, true);
  view.setUint32(4, length, true);
  view.setBigUint64(10, time, true);
  view.setBigUint64(18, BigInt(tid), true);
  view.setUint32(26, 26 + body.length, true);
  view.setUint16(30, type, true);
  view.setUint32(32, values.length, true);
  bytes.set(body, 36);
  view.setUint32(length - 4, length, true);
  return bytes;
}

/** One open, two reads and a close of a path that was never seen before, over and over: 1 event in 8 is an open's exit. */
export function syntheticCapture(source: string, target: string, events: number): void {
  if (exists(target)) return;
  const bytes = new Uint8Array(readFileSync(source));
  const file = new BufferedFile(target);
  let tid = 1;
  let time = 1_700_000_000_000_000_000n;
  for (const block of blocksOf(bytes)) {
    if (eventBlocks.has(block.type)) continue;
    file.write(bytes.subarray(block.start, block.end));
    // The first entry of the process list (v9): length, then the thread id.
    if (block.type === 0x215) {
      tid = new DataView(bytes.buffer, bytes.byteOffset).getUint32(block.start + 12, true);
    }
  }
  const fd = int64(5);
  const size = uint32(100);
  const data = new Uint8Array(20);
  const encoder = new TextEncoder();
  for (let written = 0, serial = 0; written < events; serial++) {
    const name = encoder.encode(
      `/srv/data/${(serial >> 8).toString(16)}/object-${serial.toString(16)}.bin\0`,
    );
    const rows: [number, Uint8Array[]][] = [
      [2, []],
      [3, [fd, name, uint32(1), uint32(0), uint32(0), int64(serial)]],
      [6, [fd, size]],
      [7, [int64(100), data]],
      [6, [fd, size]],
      [7, [int64(0), new Uint8Array(0)]],
      [4, [fd]],
      [5, [int64(0)]],
    ];
    for (const [type, values] of rows) {
      file.write(eventBlock(time, tid, type, values));
      time += 2000n;
    }
    written += rows.length;
  }
  file.close();
}
