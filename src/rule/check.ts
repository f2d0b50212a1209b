// Expression → checked condition: names resolved to attribute rows, macros and lists put in, values turned into what the attribute
// holds. What is checked cannot fail at run time; macros are shared, not copied, so that their size stays theirs.

import { type Cidr, type Ip, cidrContains } from "../base/ip.ts";
import { unreachable } from "../base/assert.ts";
import { nearest } from "../base/nearest.ts";
import {
  findAttribute,
  findSysflowAttribute,
  looksLikeAttribute,
  nearestAttribute,
  whyRefused,
} from "../model/attribute.ts";
import type { Attribute, AttributeType, Scalar } from "../model/attribute/row.ts";
import { limits } from "../model/limits.ts";
import { type Mistake, parseCondition } from "./parser.ts";
import type { Expr, MatchOperator, Span, Word } from "./syntax.ts";
import { readValue } from "./value.ts";

export type TestOperator =
  | "equal"
  | "contains"
  | "icontains"
  | "startswith"
  | "endswith"
  | "<"
  | "<="
  | ">"
  | ">=";

export type Value = Scalar | Cidr;

export type Checked =
  | { readonly kind: "and" | "or"; readonly terms: readonly Checked[] }
  | { readonly kind: "not"; readonly term: Checked }
  | { readonly kind: "exists"; readonly attribute: Attribute }
  /** True where the attribute (an element of it, for lists) fits one of the values. */
  | {
      readonly kind: "test";
      readonly attribute: Attribute;
      readonly operator: TestOperator;
      readonly values: readonly Value[];
    }
  /** The same between two attributes. */
  | {
      readonly kind: "relation";
      readonly attribute: Attribute;
      readonly operator: TestOperator;
      readonly other: Attribute;
    };

/** Macros and lists by name, as written. */
export type Definitions = {
  readonly macros: ReadonlyMap<string, string>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
};

export const noDefinitions: Definitions = { macros: new Map(), lists: new Map() };

/** `filter` also knows the original's `sf.*` names. */
export type Names = "rule" | "filter";

export type CheckResult = {
  readonly checked: Checked | undefined;
  readonly mistakes: readonly Mistake[];
};

/** Remembers what macros mean; one for all conditions that share definitions. */
export class Checker {
  readonly #definitions: Definitions;
  readonly #names: Names;
  readonly #macros = new Map<string, { checked: Checked | undefined; size: number }>();
  readonly #lists = new Map<string, readonly string[]>();
  readonly #open = new Set<string>();
  #mistakes: Mistake[] = [];
  #size = 0;

  constructor(definitions: Definitions, names: Names) {
    this.#definitions = definitions;
    this.#names = names;
  }

  check(source: string): CheckResult {
    const { expr, mistakes } = parseCondition(source);
    this.#mistakes = [...mistakes];
    this.#size = 0;
    const checked = this.#expr(expr);
    if (this.#size > limits.conditionTests.max) {
      const message = `the condition makes ${this.#size} comparisons with its macros written out; at most ${limits.conditionTests.max} are allowed`;
      this.#wrong("SF3002", message, expr.span);
    }
    const wrong = this.#mistakes.some((mistake) => mistake.code !== "SF3007");
    return { checked: wrong ? undefined : checked, mistakes: this.#mistakes };
  }

  #wrong(code: Mistake["code"], message: string, span: Span, hint?: string): undefined {
    if (this.#mistakes.length < limits.diagnostics.max) {
      this.#mistakes.push({ code, message, span, hint });
    }
    return undefined;
  }

  #expr(expr: Expr): Checked | undefined {
    switch (expr.kind) {
      case "and":
      case "or": {
        const terms = expr.terms.map((term) => this.#expr(term));
        const known = terms.filter((term) => term !== undefined);
        return known.length === terms.length ? { kind: expr.kind, terms: known } : undefined;
      }
      case "not": {
        const term = this.#expr(expr.term);
        return term === undefined ? undefined : { kind: "not", term };
      }
      case "exists": {
        this.#size += 1;
        const attribute = this.#attribute(expr.left);
        return attribute === undefined ? undefined : { kind: "exists", attribute };
      }
      case "name":
        return this.#name(expr.name);
      case "match":
        return this.#match(expr.operator, expr.left, expr.items, expr.bracketed);
      case "broken":
        return undefined;
      default:
        return unreachable(expr);
    }
  }

  #find(name: string): Attribute | undefined {
    return (
      findAttribute(name) ?? (this.#names === "filter" ? findSysflowAttribute(name) : undefined)
    );
  }

  #attribute(word: Word): Attribute | undefined {
    const found = word.quoted ? undefined : this.#find(word.text);
    if (found !== undefined) return found;
    if (word.quoted) {
      const message = `"${word.text}" is text, but an attribute was expected here`;
      return this.#wrong("SF3003", message, word.span, "the attribute stands to the left");
    }
    const refused = whyRefused(word.text);
    if (refused !== undefined) {
      return this.#wrong("SF3003", `${word.text} has no value here`, word.span, refused);
    }
    const close = nearestAttribute(word.text);
    const hint = close === undefined ? undefined : `did you mean "${close}"?`;
    return this.#wrong("SF3003", `unknown attribute "${word.text}"`, word.span, hint);
  }

  #name(word: Word): Checked | undefined {
    const { text, quoted, span } = word;
    const source = quoted ? undefined : this.#definitions.macros.get(text);
    if (source !== undefined) return this.#macro(text, source, span);
    const attribute = quoted ? undefined : this.#find(text);
    if (attribute !== undefined) {
      this.#size += 1;
      if (attribute.type === "bool") {
        return { kind: "test", attribute, operator: "equal", values: [true] };
      }
      const message = `${text} is no condition by itself: it is of type ${attribute.type}`;
      return this.#wrong("SF3005", message, span, `compare it, or ask "${text} exists"`);
    }
    if (quoted || looksLikeAttribute(text)) {
      this.#attribute(word);
      return undefined;
    }
    const close = nearest(text, this.#definitions.macros.keys());
    const hint = close === undefined ? undefined : `did you mean "${close}"?`;
    return this.#wrong("SF3004", `unknown macro "${text}"`, span, hint);
  }

  #macro(name: string, source: string, span: Span): Checked | undefined {
    const before = this.#macros.get(name);
    if (before !== undefined) {
      this.#size += before.size;
      if (before.checked === undefined) this.#wrong("SF3004", `macro "${name}" is wrong`, span);
      return before.checked;
    }
    if (this.#open.has(name)) {
      return this.#wrong("SF3008", `macro "${name}" contains itself`, span);
    }
    if (this.#open.size >= limits.conditionDepth.max) {
      return this.#wrong("SF3002", `macro "${name}" nests too deep`, span);
    }
    const outer = { size: this.#size, mistakes: this.#mistakes };
    this.#size = 0;
    this.#mistakes = [];
    this.#open.add(name);
    const { expr, mistakes } = parseCondition(source);
    const checked = this.#expr(expr);
    this.#open.delete(name);
    const inner = [...mistakes, ...this.#mistakes];
    const size = Math.min(this.#size, Number.MAX_SAFE_INTEGER / 2);
    this.#mistakes = outer.mistakes;
    this.#size = outer.size + size;
    for (const mistake of inner) {
      this.#wrong(mistake.code, `in macro "${name}": ${mistake.message}`, span, mistake.hint);
    }
    const result = inner.some((mistake) => mistake.code !== "SF3007") ? undefined : checked;
    this.#macros.set(name, { checked: result, size });
    return result;
  }

  #match(
    operator: MatchOperator,
    left: Word,
    items: readonly Word[],
    bracketed: boolean,
  ): Checked | undefined {
    const attribute = this.#attribute(left);
    if (attribute === undefined) return undefined;
    const test = testOf(operator);
    if (!fits(test, attribute.type)) {
      const message = `${operator} does not fit ${left.text}, which is of type ${attribute.type}`;
      return this.#wrong("SF3005", message, left.span, operatorsOf(attribute.type));
    }
    const first = items[0];
    const other = bracketed || first === undefined ? undefined : this.#otherSide(first);
    if (other === "wrong") return undefined;
    this.#size += items.length;
    const checked: Checked | undefined =
      other === undefined
        ? this.#test(attribute, test, items, bracketed)
        : this.#relation(attribute, test, other, left.span);
    if (checked === undefined || operator !== "!=") return checked;
    return { kind: "not", term: checked };
  }

  /** The right side as an attribute, if it is one or is meant as one. */
  #otherSide(word: Word): Attribute | "wrong" | undefined {
    if (word.quoted) return undefined;
    const found = word.text.includes(".") ? this.#find(word.text) : undefined;
    if (found !== undefined || !looksLikeAttribute(word.text)) return found;
    const close = nearestAttribute(word.text);
    const message = `unknown attribute "${word.text}"`;
    const guess = close === undefined ? "" : `did you mean "${close}"? `;
    this.#wrong("SF3003", message, word.span, `${guess}Put quotes around it if text is meant.`);
    return "wrong";
  }

  #relation(
    attribute: Attribute,
    operator: TestOperator,
    other: Attribute,
    span: Span,
  ): Checked | undefined {
    if (family(attribute.type) === family(other.type)) {
      return { kind: "relation", attribute, operator, other };
    }
    const message = `${attribute.name} (${attribute.type}) cannot be compared with ${other.name} (${other.type})`;
    return this.#wrong("SF3005", message, span);
  }

  #test(
    attribute: Attribute,
    operator: TestOperator,
    items: readonly Word[],
    bracketed: boolean,
  ): Checked | undefined {
    const values: Value[] = [];
    let complete = true;
    for (const word of items) {
      const texts = this.#textsOf(word, bracketed);
      if (texts === undefined) complete = false;
      for (const text of texts ?? []) {
        const read = readValue(attribute, operator, text);
        if ("value" in read) values.push(read.value);
        else {
          this.#wrong("SF3006", read.problem, word.span, read.hint);
          complete = false;
        }
      }
    }
    return complete ? { kind: "test", attribute, operator, values } : undefined;
  }

  #textsOf(word: Word, bracketed: boolean): readonly string[] | undefined {
    if (word.quoted) return [word.text];
    const list = this.#definitions.lists.has(word.text);
    if (bracketed && list) return this.#list(word.text, word.span);
    if (list) {
      const message = `${word.text} is a list; write in (${word.text}), or put quotes around it`;
      return this.#wrong("SF3009", message, word.span);
    }
    if (bracketed && word.text.length > 4 && word.text.includes("_")) {
      const close = nearest(word.text, this.#definitions.lists.keys());
      if (close !== undefined) {
        const message = `"${word.text}" is taken as text; there is a list "${close}"`;
        this.#wrong("SF3007", message, word.span, `did you mean "${close}"?`);
      }
    }
    return [word.text];
  }

  #list(name: string, span: Span): readonly string[] | undefined {
    const before = this.#lists.get(name);
    if (before !== undefined) return before;
    const items: string[] = [];
    const waiting = [name];
    const seen = new Set(waiting);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const item of this.#definitions.lists.get(next) ?? []) {
        if (!this.#definitions.lists.has(item)) items.push(item);
        else if (item === name)
          return this.#wrong("SF3008", `list "${name}" contains itself`, span);
        else if (!seen.has(item)) {
          seen.add(item);
          waiting.push(item);
        }
      }
    }
    this.#size += items.length;
    this.#lists.set(name, items);
    return items;
  }
}

function testOf(operator: MatchOperator): TestOperator {
  switch (operator) {
    case "=":
    case "!=":
    case "in":
      return "equal";
    case "pmatch":
      return "contains";
    default:
      return operator;
  }
}

/** Types whose values can be compared with each other. */
export function family(type: AttributeType): "text" | "number" | "time" | "bool" | "ip" {
  switch (type) {
    case "string":
    case "path":
    case "strings":
    case "paths":
    case "flags":
      return "text";
    case "int":
    case "ints":
    case "duration":
      return "number";
    case "time":
      return "time";
    case "bool":
      return "bool";
    case "ip":
    case "ips":
      return "ip";
    default:
      return unreachable(type);
  }
}

function fits(operator: TestOperator, type: AttributeType): boolean {
  if (operator === "equal") return true;
  const kind = family(type);
  const order = operator.startsWith("<") || operator.startsWith(">");
  if (order) return kind === "number" || kind === "time";
  return kind === "text" && type !== "flags";
}

function operatorsOf(type: AttributeType): string {
  const kind = family(type);
  if (kind === "number" || kind === "time") return "use =, !=, <, <=, >, >=, in or exists";
  if (kind === "text" && type !== "flags") {
    return "use =, !=, in, contains, icontains, startswith, endswith, pmatch or exists";
  }
  return "use =, !=, in or exists";
}

export function isCidr(value: Value): value is Cidr {
  return typeof value === "object";
}

/** Whether an address is one of the values of an ip test. */
export function fitsIp(values: readonly Value[], ip: Ip): boolean {
  return values.some((value) => (isCidr(value) ? cidrContains(value, ip) : value === ip));
}
