// Records as NDJSON: one document a line. With chosen fields, a document holds those only, nested as in the whole one.

import type { BehaviourRecord, Record } from "../model/record.ts";
import { isBehaviour } from "../model/record.ts";
import type { TimeBase } from "../model/time.ts";
import type { Field } from "./fields.ts";
import { recordJson } from "./json.ts";

export function encodeJson(
  records: readonly Record[],
  base: TimeBase,
  { fields }: { readonly fields: readonly Field[] | undefined },
): string {
  let out = "";
  for (const record of records) {
    if (fields === undefined) out += `${JSON.stringify(recordJson(record, base))}\n`;
    else if (isBehaviour(record)) {
      out += `${JSON.stringify(nest(fieldEntries(record, base, fields)))}\n`;
    }
  }
  return out;
}

type Entry = readonly [path: string, value: unknown];

function fieldEntries(
  record: BehaviourRecord,
  base: TimeBase,
  fields: readonly Field[],
): readonly Entry[] {
  return fields
    .map((field): Entry => [field.path, field.get(record, base)])
    .filter(([, value]) => value !== undefined);
}

type Tree = Map<string, unknown>;

/** `proc.exe` becomes {"proc":{"exe":…}}; a name whose first part is a value itself ("host", "host.ip") stays in one piece. */
function nest(entries: readonly Entry[]): unknown {
  const whole = new Set(entries.map(([path]) => path));
  const root: Tree = new Map();
  for (const [path, value] of entries) {
    const dot = path.indexOf(".");
    const head = path.slice(0, dot);
    if (dot < 0 || whole.has(head)) {
      root.set(path, value);
      continue;
    }
    const found = root.get(head);
    const branch: Tree = found instanceof Map ? found : new Map();
    branch.set(path.slice(dot + 1), value);
    root.set(head, branch);
  }
  return plain(root);
}

function plain(tree: Tree): unknown {
  return Object.fromEntries(
    [...tree].map(([key, value]) => [key, value instanceof Map ? plain(value) : value]),
  );
}
