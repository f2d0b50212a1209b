// The shape of a condition as written: no types, no resolved names. Parser → this → checker; the printer prints it.

import { assertDefined, unreachable } from "../base/assert.ts";

/** Offsets into the condition's text: [start, end). */
export type Span = { readonly start: number; readonly end: number };

export const matchOperators = [
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "in",
  "contains",
  "icontains",
  "startswith",
  "endswith",
  "pmatch",
] as const;
export type MatchOperator = (typeof matchOperators)[number];

/** Words with a meaning of their own; as values they stand in quotes. */
export const keywords: ReadonlySet<string> = new Set([
  "and",
  "or",
  "not",
  "exists",
  ...matchOperators.filter((operator) => /^[a-z]/.test(operator)),
]);

export type Word = {
  readonly kind: "word";
  readonly text: string;
  readonly quoted: boolean;
  readonly span: Span;
};

export type Expr =
  | { readonly kind: "and" | "or"; readonly terms: readonly Expr[]; readonly span: Span }
  | { readonly kind: "not"; readonly term: Expr; readonly span: Span }
  | {
      readonly kind: "match";
      readonly operator: MatchOperator;
      readonly left: Word;
      /** One where `bracketed` is false. */
      readonly items: readonly Word[];
      readonly bracketed: boolean;
      readonly span: Span;
    }
  | { readonly kind: "exists"; readonly left: Word; readonly span: Span }
  /** A macro, or an attribute that is true or false. */
  | { readonly kind: "name"; readonly name: Word; readonly span: Span }
  /** Something that could not be parsed; a diagnostic says what. */
  | { readonly kind: "broken"; readonly span: Span };

/** The condition as text that parses to the same expression. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "and":
      return expr.terms
        .map((term) => (term.kind === "or" || term.kind === "and" ? wrap(term) : printExpr(term)))
        .join(" and ");
    case "or":
      return expr.terms
        .map((term) => (term.kind === "or" ? wrap(term) : printExpr(term)))
        .join(" or ");
    case "not":
      return `not ${expr.term.kind === "and" || expr.term.kind === "or" ? wrap(expr.term) : printExpr(expr.term)}`;
    case "match": {
      const right = expr.bracketed
        ? `(${expr.items.map(printWord).join(", ")})`
        : printWord(assertDefined(expr.items[0], "a match without brackets has one item"));
      return `${printWord(expr.left)} ${expr.operator} ${right}`;
    }
    case "exists":
      return `${printWord(expr.left)} exists`;
    case "name":
      return printWord(expr.name);
    case "broken":
      return "";
    default:
      return unreachable(expr);
  }
}

function wrap(expr: Expr): string {
  return `(${printExpr(expr)})`;
}

function printWord(word: Word): string {
  if (!word.quoted) return word.text;
  return `"${word.text.replace(/[\\"]/g, "\\$&")}"`;
}
