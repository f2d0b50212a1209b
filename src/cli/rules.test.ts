import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { corpusPath, hasCorpus } from "../../test/corpus.ts";
import { verb as detect } from "./detect.ts";
import { verb as rules } from "./rules.ts";
import { silentTerminal } from "./terminal-test.ts";
import type { Verb } from "./verb.ts";

type Result = { readonly exit: number; readonly out: string; readonly codes: readonly string[] };

async function run(
  verb: Verb,
  args: readonly string[],
  options: { readonly [name: string]: unknown } = {},
): Promise<Result> {
  const out: string[] = [];
  const codes: string[] = [];
  const terminal = silentTerminal({
    write: (text) => {
      out.push(String(text));
      return Promise.resolve();
    },
    report: (item) => codes.push(item.code),
  });
  const exit = await verb.run(terminal, args, options);
  return { exit, out: out.join(""), codes };
}

function ruleFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "sysflow-rules-")), "r.yaml");
  writeFileSync(path, text);
  return path;
}

const good = "  - { rule: Good, severity: high, condition: op = EXEC }\n";
const refused = "  - { rule: Bad, severity: low, condition: proc.nmae = a }\n";
const head = "sysflow: 1\nrules:\n";

test("lint: a refused rule is named with its place, and fails under --strict only", async () => {
  const path = ruleFile(head + good + refused);
  const { exit, out } = await run(rules, ["lint", path], { json: true });
  expect(exit).toBe(0);
  expect(JSON.parse(out)).toEqual({
    files: [
      {
        path,
        dialect: "sysflow",
        rules: 2,
        loaded: 1,
        refused: [
          {
            rule: "Bad",
            code: "SF3003",
            reason: 'unknown attribute "proc.nmae"',
            line: 4,
            column: 44,
            hint: 'did you mean "proc.name"?',
          },
        ],
        warnings: [
          {
            code: "SF3023",
            reason: 'rule "Good" has no test',
            line: 3,
            column: 5,
            hint: expect.any(String),
          },
        ],
        errors: [],
      },
    ],
    total: { rules: 2, loaded: 1 },
  });
  expect((await run(rules, ["lint", path], { strict: true })).exit).toBe(1);
});

test("lint: syntax errors fail, in the file and in a condition", async () => {
  const file = await run(rules, ["lint", ruleFile("sysflow: 1\nrules: [\n")]);
  expect([file.exit, file.codes]).toEqual([1, ["SF3010"]]);
  const condition = await run(rules, [
    "lint",
    ruleFile(`${head}  - { rule: B, severity: low, condition: op = }\n`),
  ]);
  expect([condition.exit, condition.codes]).toEqual([1, ["SF3001"]]);
  const missing = await run(rules, ["lint", "/nonexistent/rules"]);
  expect([missing.exit, missing.codes]).toEqual([2, ["SF3030"]]);
});

test("list names every rule shipped with the program", async () => {
  const { exit, out } = await run(rules, ["list"], { json: true });
  expect(exit).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    rules: expect.arrayContaining([
      expect.objectContaining({ id: "dropped-program-runs", severity: "high" }),
    ]),
  });
});

test.skipIf(!hasCorpus)("detect: JSON lines, and --fail-on by severity", async () => {
  const path = corpusPath("attacks", "shellshock.sf");
  const shipped = await run(detect, [path], { json: true, failOn: "high" });
  expect(shipped.exit).toBe(0);
  const lines = shipped.out.trim().split("\n");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f]{64}$/),
    ruleId: "service-reads-accounts",
    severity: "medium",
    ts: "2022-11-29T06:11:39.676281994Z",
    proc: { pid: 16681, exe: "/bin/cat" },
    records: [expect.stringMatching(/^[0-9a-f]{20}$/)],
    blind: false,
  });
  expect((await run(detect, [path], { failOn: "medium" })).exit).toBe(1);
  const own = await run(detect, [path], { rules: [ruleFile(head + good)], json: true });
  // Three execs, as the recording's table shows.
  expect(own.out.trim().split("\n")).toHaveLength(3);
});
