// Checked condition → closures. Rule text never becomes code; values are captured by reference. Tests that follow from the process
// or the file alone remember their verdict on that object, shared by all rules of an engine; `reachOf` says which records can match.

import { type Ip, printIp } from "../base/ip.ts";
import { assertDefined, unreachable } from "../base/assert.ts";
import type { Activity } from "../model/activity.ts";
import type { Attribute, AttributeValue, BehaviourType } from "../model/attribute/row.ts";
import { behaviourTypes, beginOps, visibleOps } from "../model/attribute/record.ts";
import { provenanceAttributes } from "../model/attribute/provenance.ts";
import type { Facts } from "../model/facts.ts";
import { type OpSet, addOp, hasOp, ops } from "../model/opflag.ts";
import { type Checked, type TestOperator, type Value, family, fitsIp, isCidr } from "./check.ts";

/** What conditions read: the facts, and the verdicts remembered on the activity's process and file (0 unknown, 1 no, 2 yes). */
export type Scene = Facts & { proc: Uint8Array | undefined; file: Uint8Array | undefined };

export type Predicate = (activity: Activity, scene: Scene) => boolean;

/** The records that a condition can match at all, so that others are not even tried. */
export type Reach = {
  readonly types: ReadonlySet<BehaviourType> | undefined;
  /** At least one of these operations; undefined: any. */
  readonly ops: OpSet | undefined;
};

type Test = Extract<Checked, { kind: "test" }>;

/** Compiles the conditions of one engine; gives each remembered test its slot. */
export class Compiler {
  readonly #done = new Map<Checked, Predicate>();
  readonly #shared = new Map<string, Predicate>();
  #procSlots = 0;
  #fileSlots = 0;

  get procSlots(): number {
    return this.#procSlots;
  }

  get fileSlots(): number {
    return this.#fileSlots;
  }

  compile(checked: Checked): Predicate {
    const before = this.#done.get(checked);
    if (before !== undefined) return before;
    const predicate = this.#build(checked);
    this.#done.set(checked, predicate);
    return predicate;
  }

  #build(checked: Checked): Predicate {
    switch (checked.kind) {
      case "and":
        return this.#withSlot(ownerOf(checked), every(this.#terms(checked.terms)));
      case "or":
        return this.#withSlot(ownerOf(checked), some(this.#terms(checked.terms)));
      case "not": {
        const term = this.compile(checked.term);
        return (activity, scene) => !term(activity, scene);
      }
      case "exists": {
        const { get } = checked.attribute;
        return (activity, scene) => get(activity, scene) !== undefined;
      }
      case "test":
        return this.#remembered(checked);
      case "relation":
        return relation(checked);
      default:
        return unreachable(checked);
    }
  }

  /** Cheap terms first: they are free of effects, so their order changes nothing but the time. */
  #terms(terms: readonly Checked[]): readonly Predicate[] {
    return terms
      .map((term) => ({ term, cost: costOf(term) }))
      .sort((a, b) => a.cost - b.cost)
      .map(({ term }) => this.compile(term));
  }

  #remembered(test: Test): Predicate {
    const { attribute, operator, values } = test;
    const texts = values.map((value) =>
      isCidr(value) ? `${value.bytes}/${value.bits}` : `${value}`,
    );
    const key = JSON.stringify([attribute.name, operator, texts]);
    const before = this.#shared.get(key);
    if (before !== undefined) return before;
    const predicate = this.#withSlot(attribute.of, testPredicate(test));
    this.#shared.set(key, predicate);
    return predicate;
  }

  #withSlot(of: Attribute["of"], plain: Predicate): Predicate {
    if (of === undefined) return plain;
    const slot = of === "proc" ? this.#procSlots++ : this.#fileSlots++;
    return (activity, scene) => {
      const memory = scene[of];
      if (memory === undefined) return plain(activity, scene);
      const known = memory[slot];
      if (known !== undefined && known !== 0) return known === 2;
      const verdict = plain(activity, scene);
      memory[slot] = verdict ? 2 : 1;
      return verdict;
    };
  }
}

/** What a verdict may be remembered on: all that it asks follows from this one object. */
function ownerOf(checked: Checked): Attribute["of"] {
  switch (checked.kind) {
    case "and":
    case "or": {
      const [first, ...others] = checked.terms.map(ownerOf);
      return others.every((owner) => owner === first) ? first : undefined;
    }
    case "not":
      return ownerOf(checked.term);
    case "exists":
    case "test":
      return checked.attribute.of;
    case "relation":
      return checked.attribute.of === checked.other.of ? checked.attribute.of : undefined;
    default:
      return unreachable(checked);
  }
}

const lookingBack: ReadonlySet<Attribute> = new Set(provenanceAttributes);

/** Roughly how long a verdict takes, in units of one comparison. */
function costOf(checked: Checked): number {
  switch (checked.kind) {
    case "and":
    case "or":
      if (ownerOf(checked) !== undefined) return 2;
      return checked.terms.reduce((sum, term) => sum + costOf(term), 0);
    case "not":
      return costOf(checked.term);
    case "exists":
    case "test":
      return attributeCost(checked.attribute);
    case "relation":
      return attributeCost(checked.attribute) + attributeCost(checked.other);
    default:
      return unreachable(checked);
  }
}

function attributeCost(attribute: Attribute): number {
  if (attribute.name === "op" || attribute.name === "type") return 1;
  if (attribute.of !== undefined) return 2;
  if (lookingBack.has(attribute)) return 60;
  const list = attribute.type.endsWith("s") && attribute.type !== "flags";
  return list ? 40 : 3;
}

function every(terms: readonly Predicate[]): Predicate {
  const [first, second, third] = terms;
  if (first !== undefined && second !== undefined && terms.length === 2) {
    return (activity, scene) => first(activity, scene) && second(activity, scene);
  }
  if (first !== undefined && second !== undefined && third !== undefined && terms.length === 3) {
    return (activity, scene) =>
      first(activity, scene) && second(activity, scene) && third(activity, scene);
  }
  return (activity, scene) => {
    for (const term of terms) if (!term(activity, scene)) return false;
    return true;
  };
}

function some(terms: readonly Predicate[]): Predicate {
  const [first, second] = terms;
  if (first !== undefined && second !== undefined && terms.length === 2) {
    return (activity, scene) => first(activity, scene) || second(activity, scene);
  }
  return (activity, scene) => {
    for (const term of terms) if (term(activity, scene)) return true;
    return false;
  };
}

function testPredicate(test: Test): Predicate {
  if (test.attribute.name === "op") return opPredicate(test.values);
  const { get } = test.attribute;
  const fits = elementTest(test);
  return (activity, scene) => {
    const value = get(activity, scene);
    if (value === undefined) return false;
    if (typeof value !== "object") return fits(value);
    for (const element of value) if (fits(element)) return true;
    return false;
  };
}

const bitOf: ReadonlyMap<string, OpSet> = new Map(ops.map((row) => [row.name, 2 ** row.bit]));

/** The set of the operations named. */
function opSetOf(values: readonly Value[]): OpSet {
  let set: OpSet = 0;
  for (const value of values) set = addOp(set, assertDefined(bitOf.get(String(value)), "an op"));
  return set;
}

/** Operations are tested as bits. */
function opPredicate(values: readonly Value[]): Predicate {
  const set = opSetOf(values);
  if (set < 2 ** 31) return (activity) => (visibleOps(activity) & set) !== 0;
  const each = values.map((value) => opSetOf([value]));
  return (activity) => {
    const seen = visibleOps(activity);
    return each.some((op) => hasOp(seen, op));
  };
}

type Element = Exclude<AttributeValue, readonly unknown[]>;

function elementTest({ attribute, operator, values }: Test): (value: Element) => boolean {
  if (operator === "equal") {
    if (family(attribute.type) === "ip" && values.some(isCidr)) {
      return (value) => isIp(value) && fitsIp(values, value);
    }
    const [only] = values;
    if (values.length === 1) return (value) => value === only;
    const set = new Set<unknown>(values);
    return (value) => set.has(value);
  }
  if (isOrder(operator)) {
    const [bound] = values;
    return (value) => bound !== undefined && !isCidr(bound) && inOrder(operator, value, bound);
  }
  const texts = values.map(String);
  if (operator === "icontains") {
    const lower = texts.map((item) => item.toLowerCase());
    return (value) => {
      const text = String(value).toLowerCase();
      return lower.some((part) => text.includes(part));
    };
  }
  const [only] = texts;
  if (texts.length === 1 && only !== undefined)
    return (value) => inText(operator, String(value), only);
  return (value) => {
    const text = String(value);
    for (const part of texts) if (inText(operator, text, part)) return true;
    return false;
  };
}

function isIp(value: Element): value is Ip {
  return typeof value === "number" || typeof value === "string";
}

function isOrder(operator: TestOperator): operator is "<" | "<=" | ">" | ">=" {
  return operator.startsWith("<") || operator.startsWith(">");
}

function inOrder(operator: "<" | "<=" | ">" | ">=", value: Element, bound: Element): boolean {
  switch (operator) {
    case "<":
      return value < bound;
    case "<=":
      return value <= bound;
    case ">":
      return value > bound;
    case ">=":
      return value >= bound;
    default:
      return unreachable(operator);
  }
}

function inText(operator: TestOperator, text: string, part: string): boolean {
  switch (operator) {
    case "contains":
      return text.includes(part);
    case "startswith":
      return text.startsWith(part);
    case "endswith":
      return text.endsWith(part);
    default:
      return text.toLowerCase().includes(part.toLowerCase());
  }
}

function relation(checked: Extract<Checked, { kind: "relation" }>): Predicate {
  const { attribute, operator, other } = checked;
  const fits = (left: Element, right: Element): boolean => {
    if (operator === "equal") return left === right;
    if (isOrder(operator)) return inOrder(operator, left, right);
    return inText(operator, String(left), String(right));
  };
  return (activity, scene) => {
    const left = attribute.get(activity, scene);
    const right = other.get(activity, scene);
    if (left === undefined || right === undefined) return false;
    const rights = typeof right === "object" ? right : [right];
    if (typeof left !== "object") return rights.some((item) => fits(left, item));
    return left.some((one) => rights.some((item) => fits(one, item)));
  };
}

const anywhere: Reach = { types: undefined, ops: undefined };

/** Never says no where the condition could say yes. */
export function reachOf(checked: Checked, known = new Map<Checked, Reach>()): Reach {
  const before = known.get(checked);
  if (before !== undefined) return before;
  const reach = buildReach(checked, known);
  known.set(checked, reach);
  return reach;
}

function buildReach(checked: Checked, known: Map<Checked, Reach>): Reach {
  switch (checked.kind) {
    case "and":
      return checked.terms.map((term) => reachOf(term, known)).reduce(bothReach, anywhere);
    case "or":
      return checked.terms.map((term) => reachOf(term, known)).reduce(eitherReach);
    case "not":
      return anywhere;
    case "exists":
      return onTypes(checked.attribute);
    case "relation":
      return bothReach(onTypes(checked.attribute), onTypes(checked.other));
    case "test": {
      const { attribute, operator, values } = checked;
      if (operator === "equal" && attribute.name === "op") {
        return { types: undefined, ops: opSetOf(values) };
      }
      if (operator === "equal" && attribute.name === "type") {
        return {
          types: new Set(behaviourTypes.filter((type) => values.includes(type))),
          ops: undefined,
        };
      }
      return onTypes(attribute);
    }
    default:
      return unreachable(checked);
  }
}

function onTypes(attribute: Attribute): Reach {
  return attribute.on === undefined ? anywhere : { types: new Set(attribute.on), ops: undefined };
}

function bothReach(a: Reach, b: Reach): Reach {
  const types =
    a.types === undefined || b.types === undefined
      ? (a.types ?? b.types)
      : new Set([...a.types].filter((type) => b.types?.has(type) === true));
  return { types, ops: a.ops ?? b.ops };
}

function eitherReach(a: Reach, b: Reach): Reach {
  const types =
    a.types === undefined || b.types === undefined ? undefined : new Set([...a.types, ...b.types]);
  return {
    types,
    ops: a.ops === undefined || b.ops === undefined ? undefined : union(a.ops, b.ops),
  };
}

function union(a: OpSet, b: OpSet): OpSet {
  let set = a;
  for (const bit of bitOf.values()) if (hasOp(b, bit)) set = addOp(set, bit);
  return set;
}

/** Whether two sets of operations have one in common. */
function overlaps(a: OpSet, b: OpSet): boolean {
  if (((a % 2 ** 31) & (b % 2 ** 31)) !== 0) return true;
  return (Math.floor(a / 2 ** 31) & Math.floor(b / 2 ** 31)) !== 0;
}

/** Whether a record of the type with these operations can match at all. */
export function canReach(reach: Reach, type: BehaviourType, seen: OpSet): boolean {
  if (reach.types !== undefined && !reach.types.has(type)) return false;
  return reach.ops === undefined || overlaps(reach.ops, seen);
}

/** True if a flow's begin already knows everything that the condition asks. */
export function knownAtBegin(checked: Checked): boolean {
  switch (checked.kind) {
    case "and":
    case "or":
      return checked.terms.every(knownAtBegin);
    case "not":
      return knownAtBegin(checked.term);
    case "exists":
      return checked.attribute.knownAt !== "end" && checked.attribute.name !== "op";
    case "relation":
      return [checked.attribute, checked.other].every(
        (attribute) => attribute.knownAt !== "end" && attribute.name !== "op",
      );
    case "test":
      if (checked.attribute.name === "op") return opsKnownAtBegin(checked.values);
      return checked.attribute.knownAt !== "end";
    default:
      return unreachable(checked);
  }
}

/** Asking for an operation that only events have is answered at once: no flow will ever do it. */
function opsKnownAtBegin(values: readonly Value[]): boolean {
  return values.every((value) => {
    const op = opSetOf([value]);
    const flowOp = ops.find((row) => row.name === value)?.bit ?? 0;
    return overlaps(op, beginOps) || neverOnFlows.has(flowOp);
  });
}

const neverOnFlows: ReadonlySet<number> = new Set(
  ops.filter((row) => !("letter" in row)).map((row) => row.bit),
);

/** A value as people read it. */
export function showValue(attribute: Attribute, value: AttributeValue): string {
  const list: readonly (string | number | boolean | bigint)[] =
    typeof value === "object" ? value : [value];
  const ip = family(attribute.type) === "ip";
  return list
    .map((item) => (ip && typeof item === "number" ? printIp(item) : String(item)))
    .join(", ");
}
