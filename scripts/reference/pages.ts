// The files of the repository that are made from tables: where each stands and what it has to say.

import { schema5 } from "../../src/wire/avro/schema5.ts";
import { schema6 } from "../../src/wire/avro/schema6.ts";
import { attributeReference } from "./attributes.ts";
import { diagnosticReference } from "./diagnostics.ts";
import { limitReference } from "./limits.ts";
import { probeHeader } from "./probe-header.ts";
import { schemaReference } from "./schema-6.ts";
import { verbReference } from "./verbs.ts";

type Page = { readonly path: string; readonly text: (root: string) => string };

export const pages: readonly Page[] = [
  { path: "docs/reference/attributes.md", text: attributeReference },
  { path: "docs/reference/diagnostics.md", text: diagnosticReference },
  { path: "docs/reference/limits.md", text: limitReference },
  { path: "docs/reference/schema-6.md", text: schemaReference },
  { path: "docs/reference/verbs.md", text: verbReference },
  { path: "probe/sysflow.h", text: probeHeader },
  { path: "schema/sysflow-5.avsc", text: () => pretty(schema5) },
  { path: "schema/sysflow-6-draft.avsc", text: () => pretty(schema6) },
];

function pretty(schema: string): string {
  return `${JSON.stringify(JSON.parse(schema), undefined, 2)}\n`;
}
