// Avro data taken apart by the schema that the file brings, down to single numbers, lengths and texts, and put together again. Written
// for fuzzing and independent of the product's codec.

import type { Bytes } from "./mutate.ts";

/** One encoded thing: a number as a varint, or bytes as they are. */
export type Token =
  | { readonly kind: "number" | "length" | "branch" | "count"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly bytes: Bytes };

export type Schema =
  | string
  | readonly Schema[]
  | {
      readonly type: Schema;
      readonly name?: string;
      readonly namespace?: string;
      readonly fields?: readonly { readonly name: string; readonly type: Schema }[];
      readonly items?: Schema;
      readonly values?: Schema;
      readonly size?: number;
    };

export class AvroCursor {
  readonly bytes: Bytes;
  at = 0;

  constructor(bytes: Bytes) {
    this.bytes = bytes;
  }

  long(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new Error("the seed ends inside a number");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) break;
    }
    return (value >> 1n) ^ -(value & 1n);
  }

  take(length: number): Bytes {
    const bytes = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return bytes;
  }
}

export function printLong(value: bigint): Bytes {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const out: number[] = [];
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

type Named = { readonly schema: Schema; readonly namespace: string };

/** Names of all types of a schema, also of those inside. */
export function namesOf(schema: Schema): Map<string, Named> {
  const names = new Map<string, Named>();
  collect(schema, "", names);
  return names;
}

function collect(schema: Schema, namespace: string, names: Map<string, Named>): void {
  if (typeof schema === "string") return;
  if (isUnion(schema)) {
    for (const branch of schema) collect(branch, namespace, names);
    return;
  }
  const dot = schema.name?.lastIndexOf(".") ?? -1;
  const own = dot > 0 ? (schema.name ?? "").slice(0, dot) : (schema.namespace ?? namespace);
  if (schema.name !== undefined) {
    const short = schema.name.slice(dot + 1);
    names.set(own === "" ? short : `${own}.${short}`, { schema, namespace: own });
  }
  for (const inner of [schema.items, schema.values]) {
    if (inner !== undefined) collect(inner, own, names);
  }
  for (const field of schema.fields ?? []) collect(field.type, own, names);
  if (typeof schema.type !== "string") collect(schema.type, own, names);
}

function isUnion(schema: Schema): schema is readonly Schema[] {
  return Array.isArray(schema);
}

export function readDatum(
  from: AvroCursor,
  schema: Schema,
  names: ReadonlyMap<string, Named>,
  out: Token[],
  namespace = "",
): void {
  if (isUnion(schema)) {
    const branch = from.long();
    out.push({ kind: "branch", value: branch });
    readDatum(from, schema[Number(branch)] ?? "null", names, out, namespace);
    return;
  }
  if (typeof schema === "string") {
    readPrimitive(from, schema, names, out, namespace);
    return;
  }
  const own =
    names.get(`${schema.namespace ?? namespace}.${schema.name ?? ""}`)?.namespace ?? namespace;
  switch (schema.type) {
    case "record":
      for (const field of schema.fields ?? []) readDatum(from, field.type, names, out, own);
      return;
    case "enum":
      out.push({ kind: "number", value: from.long() });
      return;
    case "fixed":
      out.push({ kind: "bytes", bytes: from.take(schema.size ?? 0) });
      return;
    case "array":
      readBlocks(from, () => readDatum(from, schema.items ?? "null", names, out, own), out);
      return;
    case "map": {
      const { values } = schema;
      const entry = (): void => {
        readPrimitive(from, "string", names, out, own);
        readDatum(from, values ?? "null", names, out, own);
      };
      readBlocks(from, entry, out);
      return;
    }
    default:
      readDatum(from, schema.type, names, out, own);
  }
}

function readBlocks(from: AvroCursor, item: () => void, out: Token[]): void {
  for (;;) {
    const count = from.long();
    out.push({ kind: "count", value: count });
    if (count === 0n) return;
    if (count < 0n) out.push({ kind: "length", value: from.long() });
    for (let i = 0n; i < (count < 0n ? -count : count); i++) item();
  }
}

function readPrimitive(
  from: AvroCursor,
  type: string,
  names: ReadonlyMap<string, Named>,
  out: Token[],
  namespace: string,
): void {
  switch (type) {
    case "null":
      return;
    case "boolean":
      out.push({ kind: "bytes", bytes: from.take(1) });
      return;
    case "int":
    case "long":
      out.push({ kind: "number", value: from.long() });
      return;
    case "float":
      out.push({ kind: "bytes", bytes: from.take(4) });
      return;
    case "double":
      out.push({ kind: "bytes", bytes: from.take(8) });
      return;
    case "string":
    case "bytes": {
      const length = from.long();
      out.push(
        { kind: "length", value: length },
        { kind: "bytes", bytes: from.take(Number(length)) },
      );
      return;
    }
    default: {
      const named = names.get(type) ?? names.get(`${namespace}.${type}`);
      if (named === undefined) throw new Error(`the seed's schema names no ${type}`);
      readDatum(from, named.schema, names, out, named.namespace);
    }
  }
}
