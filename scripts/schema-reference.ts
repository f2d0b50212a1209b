// Writes schema/sysflow-5.avsc, schema/sysflow-6-draft.avsc and docs/reference/schema-6.md from the tables:
// `node scripts/run.mjs scripts/schema-reference.ts`.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { schemaReference } from "../src/wire/avro/reference.ts";
import { schema5 } from "../src/wire/avro/schema5.ts";
import { schema6 } from "../src/wire/avro/schema6.ts";

const root = process.env["SYSFLOW_ROOT"] ?? ".";

function pretty(schema: string): string {
  return `${JSON.stringify(JSON.parse(schema), undefined, 2)}\n`;
}

mkdirSync(join(root, "docs", "reference"), { recursive: true });
writeFileSync(join(root, "schema", "sysflow-5.avsc"), pretty(schema5));
writeFileSync(join(root, "schema", "sysflow-6-draft.avsc"), pretty(schema6));
writeFileSync(join(root, "docs", "reference", "schema-6.md"), schemaReference());
