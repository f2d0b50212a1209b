// docs/reference/schema-6.md, made from the table of schema 6 (schema6.ts).

import type { Field6, Record6 } from "../../src/wire/avro/schema6.ts";
import { schema5 } from "../../src/wire/avro/schema5.ts";
import { net6, records6, schema6 } from "../../src/wire/avro/schema6.ts";

const sources: readonly (readonly [letter: string, name: string])[] = [
  ["s", "scap"],
  ["t", "strace"],
  ["p", "probe"],
];

const typeNames: { readonly [Type in Field6["type"]]: string } = {
  int: "int",
  long: "long",
  string: "string",
  boolean: "boolean",
  bytes: "bytes",
  texts: "array of string",
  "text?": "string or null",
  "long?": "long or null",
  "net?": "Net or null",
};

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function row(field: Field6): string {
  const by = sources.filter(([letter]) => field.by.includes(letter)).map(([, name]) => name);
  const columns = [
    `\`${field.name}\``,
    typeNames[field.type],
    field.unit ?? "",
    cell(field.doc),
    by.join(", "),
  ];
  return `| ${columns.join(" | ")} |`;
}

function section(record: Record6): string {
  return [
    `## ${record.name}`,
    "",
    record.doc,
    "",
    "| field | type | unit | meaning | filled by |",
    "|---|---|---|---|---|",
    ...record.fields.map(row),
    "",
  ].join("\n");
}

const introduction = `# Schema 6 (draft)

<!-- Do not edit: written by \`npm run references\` from src/wire/avro/schema6.ts. -->

A file is an Avro object container; each datum is a record \`SysFlow\` with one field \`rec\`, a union of the records below. Any Avro
library reads it. It says what schema 5 cannot, and is smaller: the schema, which stands uncompressed in every file, has
${schema6.length} characters instead of ${schema5.length}, and entities have numbers instead of 20-byte digests.

**Time.** All times are nanoseconds since 1970 in UTC. In Python:

\`\`\`python
import fastavro
for datum in fastavro.reader(open("a.sf", "rb"), return_record_name=True, handle_unicode_errors="replace"):
    name, rec = datum["rec"]
    if name == "Flow": print(rec["ts"], rec["end"], rec["proc"], rec["rbytes"], rec["wbytes"])
\`\`\`

**Numbers.** Processes, files and containers have numbers that begin at 1 with each Header; 0 is none. They are described before the
first record that uses them. A number that is described again is the same thing in a new version (a process after exec).

**Not known** is −1 for numbers that cannot be negative, null or an empty string for texts; 0 is a value except where it says so.

**Types.** An Event with \`net\` is a network event, one with \`file\` is a file event, else it is a process event. A Flow with \`file\` is a file
flow, one with \`net\` is a network flow, else it counts threads.

**Evolution.** Readers go by the names in the embedded schema, and skip what they do not know. Fields and records are added, never
renamed, reordered in meaning or reused; a field that a file lacks is not known. New kinds of Note may come at any time. Version 6 stays a
draft until this line is gone.

`;

export function schemaReference(): string {
  return introduction + [...records6, net6].map(section).join("\n");
}
