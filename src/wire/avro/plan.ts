// Decode plans: what to do with each field of a record of the writer schema, in the writer's order. A field that the reader knows
// (by its name and a fitting type) goes into a slot, any other is skipped. The plan is a small program run by `run`; it is made
// once per file, from the embedded schema, so every age of the format is read by what it says and not by its version number.

import type { Ip } from "../../base/ip.ts";
import { ipFromBytes } from "../../base/ip.ts";
import type { Tuple } from "../../model/record.ts";
import type { Cursor } from "./cursor.ts";
import type { Entities, FileEntry, ProcessEntry } from "./entities.ts";
import { noTexts } from "./entities.ts";
import type { RecordNode, SchemaNode } from "./schema.ts";
import type { Skip, SkipCompiler } from "./skip.ts";

/** What a field is read as; the slot says where it goes. */
export type FieldKind =
  | "number"
  | "time"
  | "text"
  | "flag"
  | "symbol"
  | "process"
  | "file"
  | "texts"
  | "longs"
  | "textMap"
  | "big"
  | "net"
  | "services";
export type FieldSpec = { readonly kind: FieldKind; readonly slot: number };
export type FieldSpecs = { readonly [name: string]: FieldSpec };

const Step = {
  skip: 0,
  number: 1,
  time: 2,
  text: 3,
  flag: 4,
  symbol: 5,
  process: 6,
  file: 7,
  texts: 8,
  longs: 9,
  textMap: 10,
  big: 11,
  net: 12,
  services: 13,
} as const;

export type PodService = {
  readonly name: string;
  readonly id: string;
  readonly namespace: string;
  readonly ports: readonly {
    readonly port: number;
    readonly targetPort: number;
    readonly nodePort: number;
    readonly proto: string;
  }[];
  readonly clusterIp: readonly bigint[];
};

/** The values of one datum by slot. Slots that the file's schema lacks keep their first value. */
export class Row {
  /** Apart from the numbers, so that they need no box on the way. */
  readonly times = new Float64Array(2);
  readonly numbers: number[] = Array.from({ length: 32 }, () => 0);
  readonly texts: (string | undefined)[] = Array.from({ length: 12 }, () => undefined);
  readonly lists: (readonly string[])[] = [noTexts, noTexts, noTexts];
  readonly longs: (readonly bigint[])[] = [[], [], []];
  readonly maps: ReadonlyMap<string, string>[] = [new Map(), new Map(), new Map()];
  readonly processes: (ProcessEntry | undefined)[] = [undefined, undefined, undefined];
  readonly files: (FileEntry | undefined)[] = [undefined, undefined];
  readonly bigs: (bigint | undefined)[] = [undefined, undefined];
  net: Tuple | undefined;
  services: readonly PodService[] = [];
}

export type Plan = {
  readonly name: string;
  readonly row: Row;
  /** Names of the known fields that the schema has. */
  readonly has: ReadonlySet<string>;
  readonly unknownFields: readonly string[];
  readonly steps: Uint8Array;
  readonly slots: Uint8Array;
  /** Index of the null branch of an optional field, −1 where the field is not optional. */
  readonly nulls: Int8Array;
  readonly details: readonly Detail[];
};
type Detail = {
  readonly skip: Skip;
  readonly symbols: readonly string[];
  readonly size: number;
};

export function compilePlan(record: RecordNode, specs: FieldSpecs, skips: SkipCompiler): Plan {
  const has = new Set<string>();
  const unknownFields: string[] = [];
  const steps: number[] = [];
  const slots: number[] = [];
  const nulls: number[] = [];
  const details: Detail[] = [];
  for (const field of record.fields) {
    const spec = Object.hasOwn(specs, field.name) ? specs[field.name] : undefined;
    const [node, nullIndex] = unwrapOptional(field.type);
    const fits = spec !== undefined && nodeFits(node, spec.kind) && !has.has(field.name);
    if (fits) has.add(field.name);
    else unknownFields.push(field.name);
    steps.push(fits ? Step[spec.kind] : Step.skip);
    slots.push(fits ? spec.slot : 0);
    nulls.push(fits ? nullIndex : -1);
    details.push({
      skip: skips.compile(field.type),
      symbols: node.kind === "enum" ? node.symbols : [],
      size: node.kind === "fixed" ? node.size : 0,
    });
  }
  return {
    name: record.name,
    row: new Row(),
    has,
    unknownFields,
    steps: Uint8Array.from(steps),
    slots: Uint8Array.from(slots),
    nulls: Int8Array.from(nulls),
    details,
  };
}

/** `["null", X]` and `[X, "null"]` are X with the index of the null branch. */
function unwrapOptional(node: SchemaNode): [SchemaNode, number] {
  if (node.kind !== "union" || node.branches.length !== 2) return [node, -1];
  const index = node.branches.findIndex((branch) => branch.kind === "null");
  const other = node.branches[1 - index];
  return index < 0 || other === undefined ? [node, -1] : [other, index];
}

function nodeFits(node: SchemaNode, kind: FieldKind): boolean {
  const integer = node.kind === "int" || node.kind === "long";
  switch (kind) {
    case "number":
    case "time":
    case "big":
      return integer;
    case "text":
      return node.kind === "string" || node.kind === "bytes";
    case "flag":
      return node.kind === "boolean";
    case "symbol":
      return node.kind === "enum";
    case "process":
      return isObjectId(node);
    case "file":
      return node.kind === "fixed" && node.size >= 12 && node.size <= 64;
    case "net":
      return namesAre(node, netNames, ["bytes", "int", "bytes", "int", "int"]);
    case "texts":
      return node.kind === "array" && node.items.kind === "string";
    case "longs":
      return node.kind === "array" && node.items.kind === "long";
    case "textMap":
      return node.kind === "map" && node.values.kind === "string";
    case "services":
      return node.kind === "array" && isService(node.items);
  }
}

function isObjectId(node: SchemaNode): boolean {
  return namesAre(node, ["createTS", "hpid"], ["long", "long"]);
}

function isService(node: SchemaNode): boolean {
  const names = ["name", "id", "namespace", "portList", "clusterIP"];
  if (!namesAre(node, names, ["string", "string", "string", "array", "array"])) return false;
  const [ports, address] = node.kind === "record" ? node.fields.slice(3) : [];
  if (ports?.type.kind !== "array" || address?.type.kind !== "array") return false;
  const portNames = ["port", "targetPort", "nodePort", "proto"];
  return (
    address.type.items.kind === "long" &&
    namesAre(ports.type.items, portNames, ["int", "int", "int", "string"])
  );
}

function namesAre(node: SchemaNode, names: readonly string[], kinds: readonly string[]): boolean {
  if (node.kind !== "record" || node.fields.length !== names.length) return false;
  return node.fields.every((field, i) => field.name === names[i] && field.type.kind === kinds[i]);
}

/** Reads one datum of the plan's record into its row. */
export function run(plan: Plan, cursor: Cursor, entities: Entities): void {
  const { row, steps, slots, nulls, details } = plan;
  for (let i = 0; i < steps.length; i++) {
    const slot = slots[i] as number;
    const nullIndex = nulls[i] as number;
    if (nullIndex >= 0) {
      const branch = cursor.long();
      if (branch === nullIndex) {
        clear(row, steps[i] as number, slot);
        continue;
      }
      if (branch !== 1 - nullIndex) {
        cursor.fail(`a union has no branch ${branch}`);
        return;
      }
    }
    switch (steps[i]) {
      case Step.number:
        row.numbers[slot] = cursor.long();
        break;
      case Step.time:
        row.times[slot] = cursor.time();
        break;
      case Step.process:
        cursor.parts();
        row.processes[slot] = readProcess(cursor, entities);
        break;
      case Step.file:
        row.files[slot] = entities.file(cursor, (details[i] as Detail).size);
        break;
      case Step.text:
        row.texts[slot] = cursor.text();
        break;
      case Step.flag:
        row.numbers[slot] = cursor.byte();
        break;
      case Step.symbol: {
        const index = cursor.long();
        row.numbers[slot] = index;
        row.texts[slot] = (details[i] as Detail).symbols[index];
        break;
      }
      case Step.texts:
        row.lists[slot] = cursor.texts();
        break;
      case Step.longs:
        row.longs[slot] = cursor.bigLongs();
        break;
      case Step.textMap:
        row.maps[slot] = cursor.textMap();
        break;
      case Step.big:
        row.bigs[slot] = cursor.bigLong();
        break;
      case Step.net:
        row.net = readNet(cursor);
        break;
      case Step.services:
        row.services = readServices(cursor);
        break;
      default:
        (details[i] as Detail).skip(cursor, 0);
    }
  }
  if (cursor.pos > cursor.end) cursor.fail("the datum ends too early");
}

/** The creation time's parts are in the cursor; the pid follows and must leave them there. */
function readProcess(cursor: Cursor, entities: Entities): ProcessEntry | undefined {
  const { low, mid, high } = cursor;
  const pid = cursor.long();
  cursor.low = low;
  cursor.mid = mid;
  cursor.high = high;
  if (cursor.pos > cursor.end) {
    cursor.fail("the datum ends too early");
    return undefined;
  }
  return entities.process(cursor, pid);
}

function clear(row: Row, step: number, slot: number): void {
  switch (step) {
    case Step.process:
      row.processes[slot] = undefined;
      break;
    case Step.file:
      row.files[slot] = undefined;
      break;
    case Step.text:
    case Step.symbol:
      row.texts[slot] = undefined;
      break;
    case Step.texts:
      row.lists[slot] = noTexts;
      break;
    case Step.big:
      row.bigs[slot] = undefined;
      break;
    case Step.net:
      row.net = undefined;
      break;
    default:
      row.numbers[slot] = -1;
  }
}

const netNames = ["sip", "sport", "dip", "dport", "proto"];

function readNet(cursor: Cursor): Tuple {
  const sip = readAddress(cursor);
  const sport = cursor.long();
  const dip = readAddress(cursor);
  const dport = cursor.long();
  const proto = cursor.long();
  return { sip, sport, dip, dport, proto: proto === -1 ? undefined : proto };
}

/** Bytes in network order: 4 or 16 of them. */
function readAddress(cursor: Cursor): Ip {
  const length = cursor.length();
  const { bytes, pos } = cursor;
  cursor.pos += length;
  if (length === 16) return ipFromBytes(bytes, pos);
  if (length === 4) {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(pos, pos + 4);
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  }
  if (cursor.fault === undefined) cursor.fail(`an address of ${length} bytes`);
  return 0;
}

function readServices(cursor: Cursor): PodService[] {
  const services: PodService[] = [];
  for (let count = cursor.items(); count > 0; count = cursor.items()) {
    for (let i = 0; i < count && cursor.fault === undefined; i++) {
      services.push({
        name: cursor.text(),
        id: cursor.text(),
        namespace: cursor.text(),
        ports: readPorts(cursor),
        clusterIp: cursor.bigLongs(),
      });
    }
  }
  return services;
}

function readPorts(cursor: Cursor): PodService["ports"][number][] {
  const ports: PodService["ports"][number][] = [];
  for (let count = cursor.items(); count > 0; count = cursor.items()) {
    for (let i = 0; i < count && cursor.fault === undefined; i++) {
      ports.push({
        port: cursor.long(),
        targetPort: cursor.long(),
        nodePort: cursor.long(),
        proto: cursor.text(),
      });
    }
  }
  return ports;
}
