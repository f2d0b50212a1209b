// avsc as the oracle of our Avro codec: set up so that it takes SysFlow's schemas of every age and keeps 64-bit numbers whole.

import avsc from "avsc";

// avsc's own way to whole 64-bit numbers; without it nanoseconds are lost.
// oxlint-disable-next-line no-underscore-dangle
const bigLong = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === "bigint",
  compare: (a: bigint, b: bigint) => (a < b ? -1 : Number(a > b)),
});

/** Old schemas call nanoseconds timestamp-millis, and avsc takes no default of a number that is kept whole. */
function plain(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(plain);
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).filter(
    ([key]) => key !== "logicalType" && key !== "default",
  );
  // `{ "type": "long" }` is left where the logical type was: the registry knows it by its bare name only.
  if (entries.length === 1 && entries[0]?.[0] === "type") return plain(entries[0][1]);
  return Object.fromEntries(entries.map(([key, value]) => [key, plain(value)]));
}

/** Values are wrapped by their branch's name in every union. */
export function avscType(schema: string): avsc.Type {
  return avsc.Type.forSchema(plain(JSON.parse(schema)) as avsc.Schema, {
    registry: { long: bigLong },
    wrapUnions: true,
  });
}
