// Generated files are what the tables say now.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { schemaReference } from "../../src/wire/avro/reference.ts";
import { schema5 } from "../../src/wire/avro/schema5.ts";
import { schema6 } from "../../src/wire/avro/schema6.ts";
import { repositoryRoot } from "../corpus.ts";

function text(...path: readonly string[]): string {
  return readFileSync(join(repositoryRoot, ...path), "utf8");
}

test("schema/ and docs/reference/schema-6.md are not stale", () => {
  expect(JSON.parse(text("schema", "sysflow-5.avsc"))).toEqual(JSON.parse(schema5));
  expect(JSON.parse(text("schema", "sysflow-6-draft.avsc"))).toEqual(JSON.parse(schema6));
  expect(text("docs", "reference", "schema-6.md")).toBe(schemaReference());
});
