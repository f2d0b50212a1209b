// Avro schemas as a small tree: what a writer schema says about the order and the types of its fields. Names are resolved to
// nodes, so a recursive schema is a cycle in the tree; logical types, docs, aliases and defaults are ignored.
// Specification: Apache Avro 1.11, "Schema Declaration".

export type Primitive =
  | "null"
  | "boolean"
  | "int"
  | "long"
  | "float"
  | "double"
  | "bytes"
  | "string";

export type SchemaNode =
  | { readonly kind: Primitive }
  | { readonly kind: "fixed"; readonly name: string; readonly size: number }
  | { readonly kind: "enum"; readonly name: string; readonly symbols: readonly string[] }
  | { readonly kind: "array"; readonly items: SchemaNode }
  | { readonly kind: "map"; readonly values: SchemaNode }
  | { readonly kind: "union"; readonly branches: readonly SchemaNode[] }
  | RecordNode;
export type RecordNode = {
  readonly kind: "record";
  readonly name: string;
  readonly fields: readonly SchemaField[];
};
export type SchemaField = { readonly name: string; readonly type: SchemaNode };

const primitives: ReadonlySet<string> = new Set([
  "null",
  "boolean",
  "int",
  "long",
  "float",
  "double",
  "bytes",
  "string",
]);
const depthMax = 64;
const nodesMax = 10_000;

/** The tree, or a sentence that says what is wrong. */
export function parseSchema(text: string): SchemaNode | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return "the schema is not JSON";
  }
  const parser = new Parser();
  const node = parser.parse(json, "", 0);
  return parser.problem ?? node;
}

/** The part of a full name behind the last dot. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

class Parser {
  problem: string | undefined;
  readonly #named = new Map<string, SchemaNode>();
  #nodes = 0;

  parse(json: unknown, namespace: string, depth: number): SchemaNode {
    if (depth > depthMax || ++this.#nodes > nodesMax) return this.#fail("the schema is too large");
    if (typeof json === "string") return this.#byName(json, namespace);
    if (Array.isArray(json)) {
      const branches = json.map((branch: unknown) => this.parse(branch, namespace, depth + 1));
      return { kind: "union", branches };
    }
    if (typeof json !== "object" || json === null) return this.#fail("a type is missing");
    const object = json as { readonly [key: string]: unknown };
    const type = object["type"];
    switch (type) {
      case "record":
      case "error":
        return this.#record(object, namespace, depth);
      case "enum":
        return this.#enum(object, namespace);
      case "fixed":
        return this.#fixed(object, namespace);
      case "array":
        return { kind: "array", items: this.parse(object["items"], namespace, depth + 1) };
      case "map":
        return { kind: "map", values: this.parse(object["values"], namespace, depth + 1) };
      default:
        return this.parse(type, namespace, depth + 1);
    }
  }

  #fail(problem: string): SchemaNode {
    this.problem ??= problem;
    return { kind: "null" };
  }

  #byName(name: string, namespace: string): SchemaNode {
    if (primitives.has(name)) return { kind: name as Primitive };
    const full = name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
    const node = this.#named.get(full) ?? this.#named.get(name);
    return node ?? this.#fail(`the schema names an unknown type "${name.slice(0, 80)}"`);
  }

  /** Registers a named type; `name` may carry its namespace. */
  #name(object: { readonly [key: string]: unknown }, namespace: string): [string, string] {
    const name = typeof object["name"] === "string" ? object["name"] : "";
    if (name === "") this.#fail("a named type has no name");
    const dot = name.lastIndexOf(".");
    if (dot >= 0) return [name, name.slice(0, dot)];
    const own = typeof object["namespace"] === "string" ? object["namespace"] : namespace;
    return [own === "" ? name : `${own}.${name}`, own];
  }

  #record(object: { readonly [key: string]: unknown }, outer: string, depth: number): SchemaNode {
    const [name, namespace] = this.#name(object, outer);
    const fields: SchemaField[] = [];
    const node: RecordNode = { kind: "record", name, fields };
    this.#named.set(name, node);
    const list = object["fields"];
    if (!Array.isArray(list)) return this.#fail(`record ${name} has no fields`);
    for (const entry of list as unknown[]) {
      const field = (typeof entry === "object" && entry !== null ? entry : {}) as {
        readonly [key: string]: unknown;
      };
      const fieldName = field["name"];
      if (typeof fieldName !== "string") return this.#fail(`a field of ${name} has no name`);
      fields.push({ name: fieldName, type: this.parse(field["type"], namespace, depth + 1) });
    }
    return node;
  }

  #enum(object: { readonly [key: string]: unknown }, outer: string): SchemaNode {
    const [name] = this.#name(object, outer);
    const symbols = object["symbols"];
    if (!Array.isArray(symbols)) return this.#fail(`enum ${name} has no symbols`);
    const node: SchemaNode = { kind: "enum", name, symbols: symbols.map(String) };
    this.#named.set(name, node);
    return node;
  }

  #fixed(object: { readonly [key: string]: unknown }, outer: string): SchemaNode {
    const [name] = this.#name(object, outer);
    const size = object["size"];
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0 || size > 2 ** 30) {
      return this.#fail(`fixed ${name} has no size`);
    }
    const node: SchemaNode = { kind: "fixed", name, size };
    this.#named.set(name, node);
    return node;
  }
}
