// A YAML file of ours as a tree with places: maps, lists and scalars, nothing else. Aliases, tags and merge keys are refused, so
// that a small file stays small; the depth is bounded.

import { type Node, isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { limits } from "../model/limits.ts";
import { type Lines, linesOf, placeAt } from "./source-map.ts";

export type Tree = { readonly start: number; readonly end: number } & (
  | { readonly kind: "map"; readonly entries: readonly Entry[] }
  | { readonly kind: "list"; readonly items: readonly Tree[] }
  | { readonly kind: "scalar"; readonly value: string | number | boolean | undefined }
);
export type Entry = { readonly key: string; readonly keyStart: number; readonly value: Tree };

export type YamlFile = {
  readonly lines: Lines;
  readonly path: string;
  readonly root: Tree | undefined;
  readonly diagnostics: readonly Diagnostic[];
};

const depthMax = 32;

export function readYaml(text: string, path: string): YamlFile {
  const lines = linesOf(text);
  const fail = (code: Diagnostic["code"], message: string, offset: number): YamlFile => ({
    lines,
    path,
    root: undefined,
    diagnostics: [diagnostic(code, message, placeAt(lines, offset, path))],
  });
  if (text.length > limits.ruleFileBytes.max) {
    return fail(
      "SF3016",
      `the file has ${text.length} bytes; at most ${limits.ruleFileBytes.max} are read`,
      0,
    );
  }
  const deep = tooDeep(text);
  if (deep !== undefined) return fail("SF3016", "the file nests too deep", deep);
  const parsed = parseDocument(text, { strict: true, prettyErrors: false, uniqueKeys: true });
  const error = parsed.errors[0];
  if (error !== undefined) {
    return fail("SF3010", error.message.split("\n")[0] ?? "invalid YAML", error.pos[0]);
  }
  const diagnostics: Diagnostic[] = [];
  const root =
    parsed.contents === null
      ? undefined
      : toTree(parsed.contents, 0, (code, message, offset) => {
          diagnostics.push(diagnostic(code, message, placeAt(lines, offset, path)));
        });
  return { lines, path, root: diagnostics.length === 0 ? root : undefined, diagnostics };
}

/** Nesting is found by brackets and by indentation before the parser, which recurses, sees the text. */
function tooDeep(text: string): number | undefined {
  let open = 0;
  let lineStart = 0;
  let indented = true;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === "\n") {
      lineStart = i + 1;
      indented = true;
    } else if (indented && char !== " " && char !== "-" && char !== "?") {
      indented = false;
    } else if (indented && i - lineStart > 200) return i;
    if (char === "[" || char === "{") {
      open += 1;
      if (open > 100) return i;
    } else if (char === "]" || char === "}") open = Math.max(0, open - 1);
  }
  return undefined;
}

type Refuse = (code: Diagnostic["code"], message: string, offset: number) => void;

function toTree(node: unknown, depth: number, refuse: Refuse): Tree {
  const { start, end } = rangeOf(node);
  const nothing: Tree = { kind: "scalar", value: undefined, start, end };
  if (depth > depthMax) {
    refuse("SF3016", "the file nests too deep", start);
    return nothing;
  }
  if (isAlias(node)) {
    refuse("SF3016", "YAML aliases are not read", start);
    return nothing;
  }
  if (isSeq(node)) {
    const items = node.items.map((item) => toTree(item, depth + 1, refuse));
    return { kind: "list", items, start, end };
  }
  if (isMap(node)) {
    const entries = node.items.map((pair): Entry => {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      const keyStart = rangeOf(pair.key).start;
      if (key === "" || key === "<<") refuse("SF3010", "a key must be plain text", keyStart);
      return { key, keyStart, value: toTree(pair.value, depth + 1, refuse) };
    });
    return { kind: "map", entries, start, end };
  }
  if (!isScalar(node)) return nothing;
  const { value } = node;
  const plain =
    typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  if (plain) return { kind: "scalar", value, start, end };
  if (value !== null) refuse("SF3010", "a value must be text, a number, true or false", start);
  return nothing;
}

function rangeOf(node: unknown): { start: number; end: number } {
  const range = isNode(node) ? node.range : undefined;
  return { start: range?.[0] ?? 0, end: range?.[1] ?? 0 };
}

function isNode(node: unknown): node is Node {
  return typeof node === "object" && node !== null && "range" in node;
}
