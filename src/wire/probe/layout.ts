// Where the fields of each message lie, from the tables of model/probe.ts, as numbers that the readers use directly.

import { probeHead, probeMessages } from "../../model/probe.ts";

type Field = { readonly name: string; readonly at: number };
type Offsets<Fields extends readonly Field[]> = {
  readonly [Name in Fields[number]["name"]]: number;
};

function offsets<const Fields extends readonly Field[]>(fields: Fields): Offsets<Fields> {
  return Object.fromEntries(fields.map((field) => [field.name, field.at])) as Offsets<Fields>;
}

/** Bytes from the message's beginning. */
export const headAt = offsets(probeHead);
export const helloAt = offsets(probeMessages.hello.fields);
export const clockAt = offsets(probeMessages.clock.fields);
export const statsAt = offsets(probeMessages.stats.fields);
export const dirtyAt = offsets(probeMessages.dirty.fields);
export const forkAt = offsets(probeMessages.fork.fields);
export const execAt = offsets(probeMessages.exec.fields);
export const exitAt = offsets(probeMessages.exit.fields);
export const callAt = offsets(probeMessages.call.fields);
export const pathAt = offsets(probeMessages.path.fields);
export const flowAt = offsets(probeMessages.flow.fields);
export const rawAt = offsets(probeMessages.raw.fields);

export const headBytes = 32;

/** Least size of a message by its type; undefined: no such type. */
export const messageSizes: ReadonlyMap<number, number> = new Map(
  Object.values(probeMessages).map((message) => [message.type, message.size]),
);

/** Unsigned 64 bits of two words, exact up to 2^53. */
export function wide64(words: Int32Array, index: number): number {
  return ((words[index + 1] as number) >>> 0) * 4_294_967_296 + ((words[index] as number) >>> 0);
}

/** Signed. */
export function signed64(words: Int32Array, index: number): number {
  return (words[index + 1] as number) * 4_294_967_296 + ((words[index] as number) >>> 0);
}

export function big64(words: Int32Array, index: number): bigint {
  return (
    (BigInt((words[index + 1] as number) >>> 0) << 32n) | BigInt((words[index] as number) >>> 0)
  );
}

export function u32(words: Int32Array, index: number): number {
  return (words[index] as number) >>> 0;
}
