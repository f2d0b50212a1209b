// Condition text → expression. A Pratt parser that goes on behind a mistake, so that one run names them all; it never throws and
// takes linear time. Names are not resolved here.

import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { limits } from "../model/limits.ts";
import { nearest } from "../base/nearest.ts";
import { type Token, tokenize } from "./lexer.ts";
import {
  type Expr,
  type MatchOperator,
  type Span,
  type Word,
  keywords,
  matchOperators,
} from "./syntax.ts";

export type Mistake = {
  readonly code: Diagnostic["code"];
  readonly message: string;
  readonly span: Span;
  readonly hint?: string | undefined;
};

export type Parsed = { readonly expr: Expr; readonly mistakes: readonly Mistake[] };

/** A mistake as a diagnostic, placed by the offset into the condition. */
export function toDiagnostic(mistake: Mistake): Diagnostic {
  return diagnostic(mistake.code, mistake.message, { offset: mistake.span.start }, mistake.hint);
}

export function parseCondition(source: string): Parsed {
  if (source.length > limits.conditionBytes.max) {
    const span = { start: 0, end: source.length };
    const message = `the condition has ${source.length} characters; at most ${limits.conditionBytes.max} are read`;
    return { expr: { kind: "broken", span }, mistakes: [{ code: "SF3002", message, span }] };
  }
  const parser = new Parser(tokenize(source));
  return { expr: parser.parse(), mistakes: parser.mistakes };
}

/** Binding powers: `or` binds least, then `and`, then `not`. */
const power = { or: 1, and: 2, not: 3 } as const;

const end: Token = { kind: "end", text: "", span: { start: 0, end: 0 } };

class Parser {
  readonly mistakes: Mistake[] = [];
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Expr {
    const expr = this.#expression(0);
    for (;;) {
      const rest = this.#peek();
      if (rest.kind === "end") return expr;
      this.#expected("and, or, or the end", rest);
      this.#next();
      this.#skip();
      if (this.#peek().kind === "end") return expr;
      // What follows is read for its own mistakes only.
      if (this.#binding() > 0) this.#next();
      else if (this.#peek().kind !== "close") this.#next();
      else continue;
      if (this.#peek().kind !== "end") this.#expression(0);
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? this.#tokens.at(-1) ?? end;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#at += 1;
    return token;
  }

  #wrong(code: Mistake["code"], message: string, span: Span, hint?: string): void {
    if (this.mistakes.length < limits.diagnostics.max) {
      this.mistakes.push({ code, message, span, hint });
    }
  }

  #expected(what: string, token: Token): void {
    if (token.kind === "wrong") {
      this.#wrong(
        "SF3001",
        `the text after ${token.text} has no closing ${token.text}`,
        token.span,
      );
      return;
    }
    const found = token.kind === "end" ? "the condition ends" : `"${token.text}" was found`;
    const close =
      token.kind === "word" ? nearest(token.text, [...keywords, "and", "or"]) : undefined;
    this.#wrong(
      "SF3001",
      `${what} was expected, but ${found}`,
      token.span,
      close === undefined || close === token.text ? undefined : `did you mean "${close}"?`,
    );
  }

  /** Goes on at the next `and`, `or`, or the end of the parentheses around the mistake. */
  #skip(): void {
    let open = 0;
    for (;;) {
      const token = this.#peek();
      if (token.kind === "end") return;
      if (token.kind === "open") open += 1;
      if (token.kind === "close" && open-- === 0) return;
      if (open === 0 && this.#binding() > 0) return;
      this.#next();
    }
  }

  #binding(): number {
    const token = this.#peek();
    if (token.kind !== "word") return 0;
    return token.text === "or" ? power.or : token.text === "and" ? power.and : 0;
  }

  #expression(least: number): Expr {
    let left = this.#prefix();
    for (;;) {
      const binding = this.#binding();
      if (binding === 0 || binding <= least) return left;
      const kind = binding === power.or ? "or" : "and";
      const terms = [left];
      while (this.#binding() === binding) {
        this.#next();
        terms.push(this.#expression(binding));
      }
      left = { kind, terms, span: around(left.span, terms.at(-1)?.span ?? left.span) };
    }
  }

  #prefix(): Expr {
    const token = this.#peek();
    const opens = token.kind === "open" || (token.kind === "word" && token.text === "not");
    if (!opens) return this.#atom();
    if (this.#depth >= limits.conditionDepth.max) {
      const message = `the condition nests deeper than ${limits.conditionDepth.max} levels`;
      this.#wrong("SF3002", message, token.span);
      this.#at = this.#tokens.length - 1;
      return { kind: "broken", span: token.span };
    }
    this.#next();
    this.#depth += 1;
    const inner = token.kind === "open" ? this.#group(token) : this.#negation(token);
    this.#depth -= 1;
    return inner;
  }

  #negation(token: Token): Expr {
    const term = this.#expression(power.not);
    return { kind: "not", term, span: around(token.span, term.span) };
  }

  #group(token: Token): Expr {
    const inner = this.#expression(0);
    const close = this.#peek();
    if (close.kind !== "close") {
      this.#expected(")", close);
      this.#skip();
    }
    if (this.#peek().kind === "close") this.#next();
    return { ...inner, span: around(token.span, close.span) };
  }

  #atom(): Expr {
    const token = this.#peek();
    const prefixExists = token.kind === "word" && token.text === "exists";
    if (prefixExists) this.#next();
    const left = this.#word();
    if (left === undefined) {
      const found = this.#peek();
      this.#expected("an attribute or a macro", found);
      this.#skip();
      return { kind: "broken", span: found.span };
    }
    if (prefixExists) return { kind: "exists", left, span: around(token.span, left.span) };
    const operator = this.#operator();
    if (operator !== undefined) return this.#match(left, operator);
    const next = this.#peek();
    if (next.kind === "word" && next.text === "exists") {
      this.#next();
      return { kind: "exists", left, span: around(left.span, next.span) };
    }
    return { kind: "name", name: left, span: left.span };
  }

  #word(): Word | undefined {
    const token = this.#peek();
    const quoted = token.kind === "quoted";
    if (!quoted && (token.kind !== "word" || keywords.has(token.text))) return undefined;
    this.#next();
    return { kind: "word", text: token.text, quoted, span: token.span };
  }

  #operator(): MatchOperator | undefined {
    const token = this.#peek();
    if (token.kind !== "operator" && token.kind !== "word") return undefined;
    const found = matchOperators.find((operator) => operator === token.text);
    if (found !== undefined) this.#next();
    return found;
  }

  #match(left: Word, operator: MatchOperator): Expr {
    const bracketed = this.#peek().kind === "open";
    const listed = operator === "in" || operator === "pmatch";
    const symbol = !/^[a-z]/.test(operator);
    if (bracketed ? symbol : listed) {
      const found = this.#peek();
      this.#expected(listed ? `( behind ${operator}` : `one value behind ${operator}`, found);
      this.#skip();
      return { kind: "broken", span: around(left.span, found.span) };
    }
    const items = bracketed ? this.#items() : this.#single(operator);
    const last = this.#tokens[Math.max(0, this.#at - 1)] ?? end;
    const span = around(left.span, last.span);
    if (items === undefined) return { kind: "broken", span };
    return { kind: "match", operator, left, items, bracketed, span };
  }

  #single(operator: MatchOperator): Word[] | undefined {
    const item = this.#word();
    if (item !== undefined) return [item];
    const found = this.#peek();
    const keyword = found.kind === "word" && keywords.has(found.text);
    this.#expected(
      keyword ? `a value behind ${operator} (keywords in quotes)` : `a value behind ${operator}`,
      found,
    );
    this.#skip();
    return undefined;
  }

  #items(): Word[] | undefined {
    this.#next();
    const items: Word[] = [];
    for (;;) {
      const item = this.#word();
      if (item === undefined) {
        // A comma behind the last item is fine.
        if (this.#peek().kind === "close" && items.length > 0) break;
        this.#expected("a value", this.#peek());
        this.#skip();
        if (this.#peek().kind === "close") this.#next();
        return undefined;
      }
      items.push(item);
      if (this.#peek().kind === "comma") this.#next();
      else if (this.#peek().kind === "close") break;
      else {
        this.#expected(", or )", this.#peek());
        this.#skip();
        if (this.#peek().kind === "close") this.#next();
        return undefined;
      }
    }
    this.#next();
    return items;
  }
}

function around(first: Span, last: Span): Span {
  return { start: first.start, end: Math.max(first.end, last.end) };
}
