// A word of a condition → the value that the attribute would have: numbers, durations, times, addresses, names of operations.

import { type Cidr, parseCidr, parseIp } from "../base/ip.ts";
import { nearest } from "../base/nearest.ts";
import type { Attribute, Scalar } from "../model/attribute/row.ts";

export type ReadValue =
  | { readonly value: Scalar | Cidr }
  | { readonly problem: string; readonly hint?: string | undefined };

const nanoseconds: { readonly [unit: string]: number } = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
};

export function readValue(attribute: Attribute, operator: string, text: string): ReadValue {
  switch (attribute.type) {
    case "int":
    case "ints":
      return readInt(attribute, text);
    case "bool":
      if (text === "true" || text === "false") return { value: text === "true" };
      return { problem: `${attribute.name} is true or false, not "${text}"` };
    case "duration":
      return readDuration(attribute, text);
    case "time":
      return readTime(attribute, text);
    case "ip":
    case "ips": {
      const value = text.includes("/") ? parseCidr(text) : parseIp(text);
      if (value !== undefined) return { value };
      const hint = "write 10.0.0.1, 10.0.0.0/8, 2001:db8::1 or 2001:db8::/32";
      return { problem: `${attribute.name} is an address; "${text}" is none`, hint };
    }
    default:
      return operator === "equal" ? readName(attribute, text) : { value: text };
  }
}

function readName(attribute: Attribute, text: string): ReadValue {
  const { values, valueAliases } = attribute;
  if (values === undefined || values.includes(text)) return { value: text };
  const alias = valueAliases !== undefined && Object.hasOwn(valueAliases, text);
  if (alias) return { value: valueAliases[text] ?? text };
  const close = values.find((value) => value.toLowerCase() === text.toLowerCase());
  const guess = close ?? nearest(text, values);
  const hint = guess === undefined ? `one of ${values.join(", ")}` : `did you mean "${guess}"?`;
  return { problem: `${attribute.name} is never "${text}"`, hint };
}

function readInt(attribute: Attribute, text: string): ReadValue {
  const value = Number(text);
  if (/^-?\d{1,16}$/.test(text) && Number.isSafeInteger(value)) return { value };
  if (/^0x[0-9a-f]{1,12}$/i.test(text) || /^0o[0-7]{1,16}$/.test(text)) return { value };
  return { problem: `${attribute.name} is a whole number; "${text}" is none` };
}

function readDuration(attribute: Attribute, text: string): ReadValue {
  const match = /^(\d{1,15})(?:\.(\d{1,9}))?(ns|us|ms|s|m|h|d)?$/.exec(text);
  const unit = match?.[3] ?? "ns";
  const factor = nanoseconds[unit];
  const value =
    match === null ? Number.NaN : Number(`${match[1]}.${match[2] ?? "0"}`) * (factor ?? 1);
  if (Number.isSafeInteger(Math.round(value))) return { value: Math.round(value) };
  const hint = "write 500ms, 10s, 5m, 1h, or nanoseconds";
  return { problem: `${attribute.name} is a duration; "${text}" is none`, hint };
}

function readTime(attribute: Attribute, text: string): ReadValue {
  if (/^\d{1,19}$/.test(text)) return { value: BigInt(text) };
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?Z?)?$/.exec(text);
  const clock = match?.[2] ?? "00:00";
  const seconds = match === null ? Number.NaN : Date.parse(`${match[1]}T${clock}Z`) / 1000;
  if (Number.isInteger(seconds)) {
    const fraction = BigInt((match?.[3] ?? "0").padEnd(9, "0"));
    return { value: BigInt(seconds) * 1_000_000_000n + fraction };
  }
  const hint = "write 2024-05-01T12:00:00Z (UTC), or nanoseconds since 1970";
  return { problem: `${attribute.name} is a time; "${text}" is none`, hint };
}
