// Writes docs/reference/attributes.md from the attribute table: `node scripts/run.mjs scripts/attribute-reference.ts`.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { attributeReference } from "../src/model/attribute/reference.ts";

const root = process.env["SYSFLOW_ROOT"] ?? ".";
writeFileSync(join(root, "docs", "reference", "attributes.md"), attributeReference());
