// Mutated captures: taken apart into blocks, events and parameters, changed there, and put together again with right lengths — mostly.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { scapFormat } from "../../src/wire/scap/format.ts";
import { corpusPath } from "../corpus.ts";
import { generatedCaptures } from "./scap-seeds.ts";
import type { FuzzTarget } from "./harness.ts";
import { type Bytes, concat, mutateBytes, mutateList } from "./mutate.ts";
import type { Random } from "./random.ts";

type EventParts = {
  cpu: number;
  flags: number | undefined;
  time: bigint;
  tid: bigint;
  type: number;
  version: number;
  wide: boolean;
  parameters: Bytes[];
};
type Block = {
  type: number;
  body: Bytes;
  event: EventParts | undefined;
  /** Lies about lengths, where the mutator wants them. */
  lie?: { field: "block" | "trailer" | "event" | "count" | "parameter"; value: number };
};

const eventShapes: ReadonlyMap<
  number,
  { readonly version: number; readonly flags: boolean; readonly large: boolean }
> = new Map([
  [0x204, { version: 1, flags: false, large: false }],
  [0x208, { version: 1, flags: true, large: false }],
  [0x216, { version: 2, flags: false, large: false }],
  [0x217, { version: 2, flags: true, large: false }],
  [0x221, { version: 2, flags: false, large: true }],
  [0x222, { version: 2, flags: true, large: true }],
]);
const eventTypes = [...eventShapes.keys()];
const blockTypes = [
  ...eventTypes,
  0x0a0d0d0a,
  0x201,
  0x202,
  0x203,
  0x205,
  0x206,
  0x207,
  0x209,
  0x210,
  0x211,
  0x212,
  0x213,
  0x214,
  0x215,
  0x218,
  0x219,
  0x220,
  0x223,
  0x8000abcd,
  0x8010abcd,
  0x8014abcd,
];

export function parseCapture(bytes: Bytes): Block[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Block[] = [];
  for (let at = 0; at + 12 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    if (length < 12 || at + length > bytes.length) break;
    const type = view.getUint32(at, true);
    const body = bytes.subarray(at + 8, at + length - 4);
    blocks.push({ type, body, event: parseEvent(type, body) });
    at += length;
  }
  return blocks;
}

function parseEvent(type: number, body: Bytes): EventParts | undefined {
  const shape = eventShapes.get(type);
  if (shape === undefined || shape.version < 2 || body.length < 28) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const header = shape.flags ? 6 : 2;
  const kind = view.getUint16(header + 20, true);
  const wide = shape.large && [322, 324, 402].includes(kind);
  const count = view.getUint32(header + 22, true);
  const parameters: Bytes[] = [];
  let at = header + 26 + count * (wide ? 4 : 2);
  for (let i = 0; i < count; i++) {
    const length = wide
      ? view.getUint32(header + 26 + 4 * i, true)
      : view.getUint16(header + 26 + 2 * i, true);
    parameters.push(body.subarray(at, at + length));
    at += length;
  }
  return {
    cpu: view.getUint16(0, true),
    flags: shape.flags ? view.getUint32(2, true) : undefined,
    time: view.getBigUint64(header, true),
    tid: view.getBigInt64(header + 8, true),
    type: kind,
    version: shape.version,
    wide,
    parameters,
  };
}

function printEvent(block: Block, event: EventParts): Bytes {
  const shape = eventShapes.get(block.type) ?? { version: 2, flags: false, large: false };
  const wide = shape.large && [322, 324, 402].includes(event.type);
  const header = shape.flags ? 6 : 2;
  const fixed = shape.version === 2 ? 26 : 22;
  const lengths = event.parameters.length * (wide ? 4 : 2);
  const data = concat(event.parameters);
  const out = new Uint8Array(header + fixed + lengths + data.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, event.cpu, true);
  if (shape.flags) view.setUint32(2, event.flags ?? 0, true);
  view.setBigUint64(header, BigInt.asUintN(64, event.time), true);
  view.setBigInt64(header + 8, BigInt.asIntN(64, event.tid), true);
  view.setUint32(
    header + 16,
    block.lie?.field === "event" ? block.lie.value : out.length - header,
    true,
  );
  view.setUint16(header + 20, event.type, true);
  if (shape.version === 2) {
    const count = block.lie?.field === "count" ? block.lie.value : event.parameters.length;
    view.setUint32(header + 22, count, true);
  }
  event.parameters.forEach((parameter, i) => {
    const lies = block.lie?.field === "parameter" && i === event.parameters.length >> 1;
    const length = lies ? (block.lie?.value ?? 0) : parameter.length;
    if (wide) view.setUint32(header + fixed + 4 * i, length, true);
    else view.setUint16(header + fixed + 2 * i, length & 0xffff, true);
  });
  out.set(data, header + fixed + lengths);
  return out;
}

export function printCapture(blocks: readonly Block[]): Bytes {
  const parts: Bytes[] = [];
  for (const block of blocks) {
    const body = block.event === undefined ? block.body : printEvent(block, block.event);
    const length = ((body.length + 3) & ~3) + 12;
    const out = new Uint8Array(length);
    const view = new DataView(out.buffer);
    view.setUint32(0, block.type, true);
    view.setUint32(4, block.lie?.field === "block" ? block.lie.value : length, true);
    out.set(body, 8);
    view.setUint32(length - 4, block.lie?.field === "trailer" ? block.lie.value : length, true);
    parts.push(out);
  }
  return concat(parts);
}

function mutateEvent(random: Random, event: EventParts): void {
  const { parameters } = event;
  const index = random.int(parameters.length);
  const parameter = parameters[index];
  switch (random.int(10)) {
    case 0:
      event.type = random.chance(3) ? random.word() & 0xffff : random.int(430);
      return;
    case 1:
      event.type ^= 1;
      return;
    case 2:
      event.tid = random.chance(2) ? BigInt(random.word()) : event.tid + BigInt(random.int(5) - 2);
      return;
    case 3:
      event.time += BigInt(random.word()) * random.pick([1n, -1n, 1000n, 1n << 20n, -(1n << 24n)]);
      return;
    case 4:
      if (event.flags !== undefined) event.flags = random.word();
      event.parameters = parameters.slice(0, index);
      return;
    case 5:
      parameters.push(Uint8Array.from({ length: random.int(9) }, () => random.word()));
      return;
    case 6: {
      const word = new Uint8Array(8);
      new DataView(word.buffer).setBigInt64(0, BigInt(random.word() | 0), true);
      if (parameter !== undefined)
        parameters[index] = word.slice(0, Math.max(1, parameter.length % 9));
      return;
    }
    case 7:
      if (parameter !== undefined)
        parameters[index] = parameter.subarray(0, random.int(parameter.length));
      return;
    default:
      if (parameter !== undefined) parameters[index] = mutateBytes(random, parameter);
  }
}

function mutateBlock(random: Random, blocks: Block[]): void {
  const index = random.int(blocks.length);
  const block = blocks[index];
  if (block === undefined) return;
  const copy: Block = {
    ...block,
    event:
      block.event === undefined
        ? undefined
        : { ...block.event, parameters: [...block.event.parameters] },
  };
  blocks[index] = copy;
  if (random.chance(12)) {
    const fields = ["block", "trailer", "event", "count", "parameter"] as const;
    copy.lie = { field: random.pick(fields), value: random.word() };
  } else if (random.chance(16)) {
    copy.type = copy.event === undefined ? random.pick(blockTypes) : random.pick(eventTypes);
  } else if (copy.event !== undefined) mutateEvent(random, copy.event);
  else if (index > 0) copy.body = mutateBytes(random, copy.body);
}

const parsed = new WeakMap<Bytes, readonly Block[]>();

/** Blocks are copied before they are changed, so that a seed is taken apart only once. */
function blocksOf(seed: Bytes): readonly Block[] {
  const known = parsed.get(seed);
  if (known !== undefined) return known;
  const blocks = parseCapture(seed);
  parsed.set(seed, blocks);
  return blocks;
}

function mutate(random: Random, seed: Bytes, other: Bytes): Bytes {
  const blocks = [...blocksOf(seed)];
  const others = blocksOf(other);
  const rounds = 1 + random.int(1 << random.int(5));
  for (let i = 0; i < rounds; i++) {
    if (random.chance(5)) mutateList(random, blocks, others);
    else mutateBlock(random, blocks);
  }
  if (random.chance(20)) blocks.push(...others);
  const bytes = printCapture(blocks);
  // Behind the section header, without any knowledge.
  return random.chance(10) ? mutateBytes(random, bytes, 28) : bytes;
}

const eventsPerSeed = 60;
const entriesPerSeed = 6;

/** Pieces of a recorded capture: its metadata cut short, and some dozen events in a row. */
function piecesOf(bytes: Bytes): Bytes[] {
  const blocks = parseCapture(bytes);
  const metadata = blocks.filter((block) => block.event === undefined);
  const events = blocks.filter((block) => block.event !== undefined && block.event.type !== 234);
  const pieces: Bytes[] = [];
  const step = Math.max(eventsPerSeed, Math.floor(events.length / 12));
  for (let at = 0; at < events.length; at += step) {
    const lists = metadata.filter((block) => block.type === 0x218);
    const few = lists.slice(at % Math.max(1, lists.length - 2)).slice(0, 2);
    const front = metadata.filter((block) => block.type !== 0x218).map(shorten);
    pieces.push(printCapture([...front, ...few, ...events.slice(at, at + eventsPerSeed)]));
  }
  return pieces;
}

/** The first entries of a list whose entries say their length. */
function shorten(block: Block): Block {
  if (block.type !== 0x215 && block.type !== 0x220) return block;
  const view = new DataView(block.body.buffer, block.body.byteOffset, block.body.byteLength);
  let at = 0;
  for (let i = 0; i < entriesPerSeed && at + 4 <= block.body.length; i++)
    at += view.getUint32(at, true);
  return { ...block, body: block.body.subarray(0, Math.min(at, block.body.length)) };
}

function seeds(): Bytes[] {
  const folder = corpusPath("pairs");
  const recorded = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".scap"))
        .sort()
        .flatMap((name) => piecesOf(new Uint8Array(readFileSync(`${folder}/${name}`))))
    : [];
  return [...generatedCaptures(), ...recorded];
}

export const scapTarget: FuzzTarget = { name: "scap", format: scapFormat, seeds, mutate };
