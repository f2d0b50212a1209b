import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { corpusPath, hasCorpus } from "../../test/corpus.ts";
import { type Record, isBehaviour } from "../model/record.ts";
import { SysFlowReader } from "../wire/avro/reader.ts";
import { parseFields } from "./fields.ts";
import { sampleFlow } from "./sample-test.ts";
import { TableEncoder } from "./table.ts";
import { displayWidth } from "./width.ts";

function table(records: readonly Record[], base: bigint, columns: number): string[] {
  const encoder = new TableEncoder({ fields: undefined, columns, color: false });
  const text = encoder.encode(records, base) + encoder.end();
  return text.trimEnd().split("\n");
}

const escape = String.fromCharCode(27);

// The object takes what is left of 80 cells. Checked by hand against the library's rows of the same records (oracle.test.ts).
test("one record, its columns in order", () => {
  expect(table([sampleFlow({})], 1_700_000_000_000_000_000n, 80)).toEqual([
    `time         type op    process   pid object${" ".repeat(34 - 6)}    read`,
    "2023-11-14 UTC",
    `22:13:20.001 FF   OR    cat        42 /etc/hosts${" ".repeat(34 - 10)}    12 B`,
  ]);
});

test("names cannot steer the terminal, and wide characters keep the columns", () => {
  const nasty = [
    sampleFlow({ exe: `/tmp/${escape}[2Jx`, path: `/tmp/${escape}]0;title\u0007` }),
    sampleFlow({ exe: "/tmp/日本語", path: `/srv/${"データ".repeat(30)}` }),
  ];
  for (const columns of [60, 80, 160]) {
    const lines = table(nasty, 0n, columns);
    expect(lines.join("\n")).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    const ends = lines.slice(2).map((line) => displayWidth(line));
    expect(new Set(ends).size).toBe(1);
  }
});

test("a long path keeps its start and its end", () => {
  const path = `/usr/lib/${"deep/".repeat(40)}module.so`;
  const line = table([sampleFlow({ path })], 0n, 80).at(-1) ?? "";
  expect(line).toMatch(/\/usr\S*…\S*module\.so/);
});

test("colours change nothing but the colours", () => {
  const records = [sampleFlow({})];
  const encoder = new TableEncoder({ fields: undefined, columns: 80, color: true });
  const colored = encoder.encode(records, 0n) + encoder.end();
  expect(colored).toContain(escape);
  const plain = colored.replace(new RegExp(`${escape}\\[\\d+m`, "g"), "");
  expect(plain.trimEnd().split("\n")).toEqual(table(records, 0n, 80));
});

test("chosen fields are the columns; an unknown one is named with a suggestion", () => {
  const fields = parseFields("proc.name, file.path,duration");
  if ("code" in fields) throw new Error(fields.message);
  const encoder = new TableEncoder({ fields, columns: 80, color: false });
  const text = encoder.encode([sampleFlow({})], 0n) + encoder.end();
  expect(text.split("\n").map((line) => line.split(/\s{2,}/))).toEqual([
    ["proc.name", "file.path", "duration"],
    ["cat", "/etc/hosts", "1.0 ms"],
    [""],
  ]);
  expect(parseFields("proc.nmae")).toMatchObject({
    code: "SF2002",
    hint: 'did you mean "proc.name"?',
  });
  expect(parseFields(",")).toMatchObject({ code: "SF2002" });
});

test.skipIf(!hasCorpus).for([80, 160])(
  "every behaviour of a recording is a line of at most %i cells",
  (columns) => {
    const reader = new SysFlowReader({ inflate: (bytes) => inflateRawSync(bytes) });
    reader.push(readFileSync(corpusPath("traces", "k8s_small.sf")));
    reader.end();
    const records: Record[] = [];
    for (let some = reader.read(); some.length > 0; some = reader.read()) records.push(...some);
    const behaviours = records.filter(isBehaviour);
    const lines = table(behaviours, reader.base ?? 0n, columns);
    const days = lines.filter((line) => line.endsWith(" UTC"));
    expect(lines.length - 1 - days.length).toBe(behaviours.length);
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(columns);
  },
);
