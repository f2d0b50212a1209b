// Skipping what a reader does not know: a function per node of the writer schema. Bounded whatever the schema and the bytes say:
// types that take no byte are not looped over, recursion has a depth, counts are checked against what is left.

import type { Cursor } from "./cursor.ts";
import type { RecordNode, SchemaNode } from "./schema.ts";

export type Skip = (cursor: Cursor, depth: number) => void;

const depthMax = 64;
const nothing: Skip = () => {};

/** One compiler per schema: named records are compiled once. */
export class SkipCompiler {
  readonly #records = new Map<RecordNode, Skip>();
  readonly #empty = new Map<RecordNode, boolean>();

  /** True for a type whose every value takes no byte. A record inside itself is not: reading it ends at the depth limit. */
  isEmpty(node: SchemaNode): boolean {
    if (node.kind === "null") return true;
    if (node.kind === "fixed") return node.size === 0;
    if (node.kind !== "record") return false;
    const known = this.#empty.get(node);
    if (known !== undefined) return known;
    this.#empty.set(node, false);
    const empty = node.fields.every((field) => this.isEmpty(field.type));
    this.#empty.set(node, empty);
    return empty;
  }

  compile(node: SchemaNode): Skip {
    switch (node.kind) {
      case "null":
        return nothing;
      case "boolean":
        return (cursor) => cursor.skip(1);
      case "int":
      case "long":
      case "enum":
        return (cursor) => cursor.parts();
      case "float":
        return (cursor) => cursor.skip(4);
      case "double":
        return (cursor) => cursor.skip(8);
      case "bytes":
      case "string":
        return (cursor) => cursor.skipText();
      case "fixed": {
        const size = node.size;
        return (cursor) => cursor.skip(size);
      }
      case "array":
        return skipItems(this.isEmpty(node.items) ? undefined : this.compile(node.items));
      case "map": {
        const value = this.compile(node.values);
        return skipItems((cursor, depth) => {
          cursor.skipText();
          value(cursor, depth);
        });
      }
      case "union":
        return skipUnion(node.branches.map((branch) => this.compile(branch)));
      case "record":
        return this.#record(node);
    }
  }

  #record(node: RecordNode): Skip {
    const known = this.#records.get(node);
    if (known !== undefined) return known;
    const steps: Skip[] = [];
    const skip: Skip = (cursor, depth) => {
      if (depth > depthMax) {
        cursor.fail("records are nested too deeply");
        return;
      }
      for (const step of steps) {
        if (cursor.fault !== undefined) return;
        step(cursor, depth + 1);
      }
    };
    this.#records.set(node, skip);
    if (!this.isEmpty(node)) for (const field of node.fields) steps.push(this.compile(field.type));
    return skip;
  }
}

/** Undefined: the items take no byte, whatever their number. */
function skipItems(item: Skip | undefined): Skip {
  if (item === undefined) {
    return (cursor) => {
      for (let count = cursor.long(); count !== 0; count = cursor.long()) {
        if (count < 0) cursor.long();
        if (cursor.pos > cursor.end) cursor.fail("the datum ends too early");
        if (cursor.fault !== undefined) return;
      }
    };
  }
  return (cursor, depth) => {
    for (let count = cursor.items(); count > 0; count = cursor.items()) {
      for (let i = 0; i < count && cursor.fault === undefined; i++) item(cursor, depth + 1);
    }
  };
}

function skipUnion(branches: readonly Skip[]): Skip {
  return (cursor, depth) => {
    const index = cursor.long();
    const branch = branches[index];
    if (branch === undefined) cursor.fail(`a union has no branch ${index}`);
    else branch(cursor, depth + 1);
  };
}
