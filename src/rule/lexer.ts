// Condition text → tokens. Every character belongs to a token or to white space; what cannot be read is a token too.

import type { Span } from "./syntax.ts";

export type Token = {
  readonly kind: "word" | "quoted" | "operator" | "open" | "close" | "comma" | "wrong" | "end";
  /** A quoted word without its quotes. */
  readonly text: string;
  readonly span: Span;
};

const space = /\s/;
/** Characters that end an unquoted word. */
const border = /[\s(),"'=<>]/;

export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const char = source.charAt(at);
    if (space.test(char)) at += 1;
    else {
      const token = readToken(source, at, char);
      tokens.push(token);
      at = token.span.end;
    }
  }
  tokens.push({ kind: "end", text: "", span: { start: source.length, end: source.length } });
  return tokens;
}

function readToken(source: string, at: number, char: string): Token {
  const token = (kind: Token["kind"], length: number): Token => ({
    kind,
    text: source.slice(at, at + length),
    span: { start: at, end: at + length },
  });
  if (char === "(") return token("open", 1);
  if (char === ")") return token("close", 1);
  if (char === ",") return token("comma", 1);
  if (char === '"' || char === "'") return readQuoted(source, at, char);
  const next = source.charAt(at + 1);
  if (char === "<" || char === ">") return token("operator", next === "=" ? 2 : 1);
  if (char === "=") return token("operator", 1);
  if (char === "!" && next === "=") return token("operator", 2);
  let length = 1;
  while (at + length < source.length) {
    const following = source.charAt(at + length);
    if (border.test(following)) break;
    if (following === "!" && source.charAt(at + length + 1) === "=") break;
    length += 1;
  }
  return token("word", length);
}

/** A backslash keeps the quote or the backslash behind it; before anything else it stands for itself. */
function readQuoted(source: string, at: number, quote: string): Token {
  let text = "";
  let i = at + 1;
  while (i < source.length) {
    const char = source.charAt(i);
    if (char === quote) return { kind: "quoted", text, span: { start: at, end: i + 1 } };
    const next = source.charAt(i + 1);
    if (char === "\\" && (next === "\\" || next === '"' || next === "'")) {
      text += next;
      i += 2;
    } else {
      text += char;
      i += 1;
    }
  }
  return { kind: "wrong", text: quote, span: { start: at, end: source.length } };
}
