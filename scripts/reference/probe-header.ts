// probe/sysflow.h: the messages of src/model/probe.ts as C structures, with a check of every offset.

import { Op, ops } from "../../src/model/opflag.ts";
import {
  type ProbeField,
  callFlags,
  execFlags,
  flowFlags,
  flowKinds,
  flowReasons,
  pathFlags,
  probeCommands,
  probeFeatures,
  probeFrame,
  probeHead,
  probeMessages,
  probeModes,
  probeVersion,
} from "../../src/model/probe.ts";

const bytesOf: { readonly [Type in ProbeField["type"]]: number } = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  i64: 8,
  bytes16: 16,
};

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function declaration({ name, type, doc }: ProbeField): string {
  const c = type === "i64" ? "__s64" : type === "bytes16" ? "__u8" : `__${type}`;
  return `\t${c} ${snake(name)}${type === "bytes16" ? "[16]" : ""}; /* ${doc} */`;
}

function structure(
  name: string,
  size: number,
  fields: readonly ProbeField[],
  head: boolean,
): string {
  const lines = [`struct sf_${name} {`];
  let at = 0;
  if (head) {
    lines.push("\tstruct sf_head head;");
    at = 32;
  }
  const checks: string[] = [];
  for (const field of fields) {
    if (field.at !== at) throw new Error(`${name}.${field.name} is at ${field.at}, not ${at}`);
    lines.push(declaration(field));
    checks.push(
      `_Static_assert(__builtin_offsetof(struct sf_${name}, ${snake(field.name)}) == ${at}, "${name}.${field.name}");`,
    );
    at += bytesOf[field.type];
  }
  if (at > size) throw new Error(`${name} has ${at} bytes, not ${size}`);
  if (at < size) lines.push(`\t__u8 reserved[${size - at}];`);
  lines.push(
    "};",
    ...checks,
    `_Static_assert(sizeof(struct sf_${name}) == ${size}, "${name}");`,
    "",
  );
  return lines.join("\n");
}

function constants(prefix: string, values: { readonly [name: string]: number }): string {
  const rows = Object.entries(values).map(
    ([name, value]) => `#define SF_${prefix}_${snake(name).toUpperCase()} ${value}u`,
  );
  return `${rows.join("\n")}\n`;
}

export function probeHeader(): string {
  const messages = Object.entries(probeMessages);
  const types = Object.fromEntries(messages.map(([name, { type }]) => [name, type]));
  const flowOps = Object.fromEntries(
    ops.filter((row) => row.bit < 31).map((row) => [row.name.toLowerCase(), Op[row.name]]),
  );
  return [
    "/* Made from src/model/probe.ts by `npm run references`; do not edit. SPDX-License-Identifier: Apache-2.0 */",
    "#ifndef SYSFLOW_H",
    "#define SYSFLOW_H",
    "#include <linux/types.h>",
    "",
    `#define SF_VERSION ${probeVersion}u`,
    `#define SF_FRAME_SIZE ${probeFrame.size}u`,
    "",
    constants("TYPE", types),
    constants("WHY", flowReasons),
    constants("KIND", flowKinds),
    constants("FLOW", flowFlags),
    constants("PATH", pathFlags),
    constants("EXEC", execFlags),
    constants("CALL", callFlags),
    constants("FEATURE", probeFeatures),
    constants("MODE", probeModes),
    constants("COMMAND", probeCommands),
    constants("OP", flowOps),
    structure("head", 32, probeHead, false),
    ...messages
      .filter(([, { fields }]) => fields.length > 0)
      .map(([name, { size, fields }]) => structure(snake(name), size, fields, true)),
    "#endif",
    "",
  ].join("\n");
}
