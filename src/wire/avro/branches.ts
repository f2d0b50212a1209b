// The branches of a file's union, each with its plan. This is where a schema is recognised as SysFlow's.

import { printable } from "../../base/text.ts";
import type { Plan } from "./plan.ts";
import { compilePlan } from "./plan.ts";
import type { Builder, RecordSpec } from "./rows5.ts";
import { specs6 } from "./rows6.ts";
import { initialNumbers, specs5 } from "./specs5.ts";
import type { RecordNode, SchemaNode } from "./schema.ts";
import { parseSchema, shortName } from "./schema.ts";
import type { Skip } from "./skip.ts";
import { SkipCompiler } from "./skip.ts";

const specs: readonly RecordSpec[] = [...specs6, ...specs5];

export type Branch = {
  readonly name: string;
  /** Undefined: the branch is skipped and counted. */
  readonly plan: Plan | undefined;
  readonly build: Builder;
  readonly skip: Skip;
};

// Recordings come in series with one schema: the last few are kept compiled.
const compiled = new Map<string, readonly Branch[]>();
const compiledMax = 8;

/** Unknown fields of the writer schema are skipped; a schema without a SysFlow header is refused with a sentence. */
export function compileBranches(schemaText: string): readonly Branch[] | string {
  const known = compiled.get(schemaText);
  if (known !== undefined) return known;
  const branches = compile(schemaText);
  if (typeof branches === "string" || schemaText.length > 65_536) return branches;
  const oldest = compiled.keys().next();
  if (compiled.size >= compiledMax && oldest.done !== true) compiled.delete(oldest.value);
  compiled.set(schemaText, branches);
  return branches;
}

function compile(schemaText: string): readonly Branch[] | string {
  const schema = parseSchema(schemaText);
  if (typeof schema === "string") return schema;
  const union = schema.kind === "record" ? recField(schema) : undefined;
  const top = schema.kind === "record" ? schema.name : schema.kind;
  const foreign = `the file holds "${printable(top).slice(0, 80)}", not SysFlow records`;
  if (union?.kind !== "union") return foreign;
  const skips = new SkipCompiler();
  const branches = union.branches.map((node) => compileBranch(node, skips));
  const header = branches.some(
    (branch) => /^(SF)?Header$/.test(branch.name) && branch.plan !== undefined,
  );
  return header ? branches : foreign;
}

function recField(schema: RecordNode): SchemaNode | undefined {
  return schema.fields.length === 1 && schema.fields[0]?.name === "rec"
    ? schema.fields[0].type
    : undefined;
}

function compileBranch(node: SchemaNode, skips: SkipCompiler): Branch {
  const skip = skips.compile(node);
  const nothing: Branch = { name: node.kind, plan: undefined, build: () => undefined, skip };
  if (node.kind !== "record") return nothing;
  const name = shortName(node.name);
  for (const spec of specs) {
    if (spec.name !== name) continue;
    const plan = planOf(node, spec, skips);
    if (plan !== undefined) return { name, plan, build: spec.build, skip };
  }
  return { ...nothing, name };
}

function planOf(node: RecordNode, spec: RecordSpec, skips: SkipCompiler): Plan | undefined {
  const plan = compilePlan(node, spec.fields, skips);
  if (!spec.required.every((name) => plan.has.has(name))) return undefined;
  initialNumbers(spec, plan.has, plan.row);
  return plan;
}
