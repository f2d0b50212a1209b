// One row of the attribute table: a name that rules, filters, JSON and tables share, and how its value is read off an activity.

import type { Activity } from "../activity.ts";
import type { Facts } from "../facts.ts";
import type { BehaviourRecord } from "../record.ts";

/**
 * `time` is nanoseconds since the epoch (bigint), `duration` nanoseconds (number), `ip` the base/ip form, `path` and `flags` are
 * strings; the plural ones are lists, of which a comparison needs one element that fits.
 */
export type AttributeType =
  | "string"
  | "int"
  | "bool"
  | "time"
  | "duration"
  | "ip"
  | "path"
  | "flags"
  | "strings"
  | "ints"
  | "ips"
  | "paths";

export type Scalar = string | number | boolean | bigint;
export type AttributeValue = Scalar | readonly (string | number)[];
export type BehaviourType = BehaviourRecord["type"];

export type Attribute = {
  readonly name: string;
  /** Other spellings that mean exactly the same. */
  readonly aliases?: readonly string[];
  readonly type: AttributeType;
  /** A full sentence for the reference. */
  readonly doc: string;
  /** "end": a flow's begin does not know it yet. Default: known from the begin. */
  readonly knownAt?: "end";
  /** Record types that can have a value; absent: all. A comparison is false elsewhere. */
  readonly on?: readonly BehaviourType[];
  /** The value follows from this object alone and never changes, so that a verdict may be remembered on it. */
  readonly of?: "proc" | "file";
  /** All values there are, where they can be named. */
  readonly values?: readonly string[];
  /** Other spellings of values. */
  readonly valueAliases?: { readonly [spelling: string]: string };
  /** Absent is undefined: never 0, "" or an empty list. */
  readonly get: (activity: Activity, facts: Facts) => AttributeValue | undefined;
};

/** "" and empty lists are absent. */
export function text(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : value;
}

export function listed<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}

/** The part of a path behind its last slash. */
export function baseName(path: string | undefined): string | undefined {
  return path === undefined ? undefined : text(path.slice(path.lastIndexOf("/") + 1));
}

/** The part of a path before its last slash; "/" for files in the root. */
export function directoryName(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const slash = path.lastIndexOf("/");
  return slash < 0 ? undefined : slash === 0 ? "/" : path.slice(0, slash);
}
