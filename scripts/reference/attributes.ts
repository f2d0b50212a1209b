// docs/reference/attributes.md, made from the attribute table.

import { attributes, findAttribute } from "../../src/model/attribute.ts";
import type { Attribute } from "../../src/model/attribute/row.ts";
import {
  sysflowAttributes,
  sysflowNames,
  sysflowRefused,
} from "../../src/model/attribute/sysflow.ts";

const intro = `<!-- Do not edit: written by \`npm run references\` from src/model/attribute/. -->

# Attributes

What conditions can ask, in rules and in \`--filter\`; the same names are keys in JSON and columns in tables. A value that is not known is
absent: a comparison with it is false, and \`not\` of that is true. Of a list (\`strings\`, \`ints\`, \`ips\`, \`paths\`, \`flags\`) one element has to fit.

*Records*: the kinds that can have a value, all where none are named. *Known*: attributes marked "end" are not known at a flow's begin, so
a condition that asks for one waits for the flow's end or its next slice.

| attribute | type | records | known | meaning |
|---|---|---|---|---|
`;

const sysflowIntro = `
# Names of the original

\`--filter\` also takes the attribute names of the original SysFlow (\`sf.…\`). They have its meaning, without its defects: volumes are not
doubled, text is not split at commas, the host is no container.

| name | meaning |
|---|---|
`;

const refusedIntro = `
Without a value here:

| name | why |
|---|---|
`;

export function attributeReference(): string {
  const names = Object.entries(sysflowNames).map(
    ([name, ours]) => [name, `= \`${findAttribute(ours)?.name ?? ours}\``] as const,
  );
  const own = sysflowAttributes.map((row) => [row.name, row.doc] as const);
  const sysflow = [...names, ...own].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    intro,
    ...attributes.map(line),
    sysflowIntro,
    ...sysflow.map(([name, doc]) => `| \`${name}\` | ${doc} |\n`),
    refusedIntro,
    ...Object.entries(sysflowRefused).map(([name, why]) => `| \`${name}\` | ${why} |\n`),
  ].join("");
}

function line({ name, aliases, type, on, knownAt, doc, values }: Attribute): string {
  const also = (aliases ?? []).map((alias) => `, \`${alias}\``).join("");
  const few = values !== undefined && values.length <= 14 ? ` Values: ${values.join(", ")}.` : "";
  return `| \`${name}\`${also} | ${type} | ${on?.join(" ") ?? ""} | ${knownAt ?? "begin"} | ${doc}${few} |\n`;
}
