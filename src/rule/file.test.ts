import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadRules } from "./file.ts";

const good = `sysflow: 1
lists: { shells: [sh, bash], more: [shells, zsh] }
macros: { shell: proc.name in (more) }
rules:
  - rule: A shell
    id: a-shell
    severity: low
    tags: [attack.t1059]
    condition: op = EXEC and shell
    exceptions: [{ name: ours, condition: proc.args contains ok }]
    reason: "{proc.name} ran {proc.args}"
    tests:
      - { name: yes, input: "x", alerts: 1 }
`;

function problemsOf(text: string): string[] {
  const { files } = loadRules([{ path: "a.yaml", text }]);
  return files.flatMap((file) =>
    [...file.errors, ...file.refused.map((item) => item.diagnostic), ...file.warnings].map(
      ({ code, message, place }) => `${code} ${place.line}:${place.column} ${message}`,
    ),
  );
}

test("a rule file loads with everything it says", () => {
  const { rules } = loadRules([{ path: "a.yaml", text: good }]);
  expect(problemsOf(good)).toEqual([]);
  expect(rules).toHaveLength(1);
  expect(rules[0]?.info).toEqual({
    id: "a-shell",
    name: "A shell",
    version: 1,
    description: "A shell",
    severity: "low",
    tags: ["attack.t1059"],
  });
  expect(rules[0]?.tests).toMatchObject([{ name: "yes", alerts: 1 }]);
});

test("macros and lists of one file serve another, whatever the order", () => {
  const user = `sysflow: 1\nrules:\n  - { rule: R, severity: low, condition: shell, tests: [{ input: x, alerts: 0 }] }\n`;
  const both = [
    { path: "user.yaml", text: user },
    { path: "good.yaml", text: good },
  ];
  expect(loadRules(both).rules).toHaveLength(2);
  expect(loadRules([...both].reverse()).rules).toHaveLength(2);
});

describe("mistakes are placed by line and column", () => {
  test.each([
    ["sysflow: 1\nruels: []\n", 'SF3012 2:1 unknown key "ruels"'],
    [
      "- rule: x\n",
      "SF3021 1:1 the file is not of our dialect: it is a list, as Falco's rules are",
    ],
    ["title: x\ndetection: { a: b }\n", "SF3021 1:1 the file is a Sigma rule"],
    ["rules: []\n", "SF3011 1:1 the file does not say sysflow: 1"],
    ["", "SF3011 1:1 the file is empty"],
    ["sysflow: 1\nrules: [\n", "SF3010 3:1"],
    ["sysflow: 1\nlists: { a: *b }\n", "SF3016 2:13"],
    ["sysflow: 1\nlists:\n  a: &x [b]\n  c: *x\n", "SF3016 4:6 YAML aliases are not read"],
    [good.replace("severity: low", "severity: lwo"), "SF3014 7:15 severity is one of"],
    [good.replace("op = EXEC", "op = EXCE"), 'SF3006 9:21 op is never "EXCE"'],
    [good.replace("and shell", "and\n      shel"), 'SF3004 10:7 unknown macro "shel"'],
    [
      good.replace("op = EXEC and shell", ">\n      op = EXEC\n\n      and shel"),
      'SF3004 12:11 unknown macro "shel"',
    ],
    [
      good.replace("op = EXEC and shell", '"op = EXEC and shel"'),
      'SF3004 9:31 unknown macro "shel"',
    ],
    [
      good.replace("{proc.args}", "{proc.agrs}"),
      'SF3003 11:13 the reason names an unknown attribute "proc.agrs"',
    ],
    [
      good.replace("condition: op", "sequence: {}\n    condition: op"),
      'SF3020 9:5 "sequence" is not supported yet',
    ],
    [good.replace("alerts: 1", "alert: 1"), 'SF3012 13:34 unknown key "alert"'],
    [good.replace("    severity: low\n", ""), "SF3013 5:5 the rule has no severity"],
    [
      good.replace("proc.name in (more)", "proc.nmae in (more)"),
      'SF3003 3:18 macro "shell": unknown attribute "proc.nmae"',
    ],
    [
      good.replace("op = EXEC and", "net.dport = 1 and file.path = x and"),
      "SF3017 9:16 the condition asks for things",
    ],
    [
      good.replace("more: [shells, zsh]", "more: [shells, more]"),
      'SF3008 3:32 macro "shell": list "more" contains itself',
    ],
    [
      `${good}  - { rule: B, id: a-shell, severity: low, condition: shell }\n`,
      'SF3015 14:20 rule id "a-shell" is used twice',
    ],
    [good.replace(/    tests:[^]*/, ""), 'SF3023 5:5 rule "A shell" has no test'],
  ])("%#", (text, expected) => {
    expect(problemsOf(text).join("\n")).toContain(expected);
  });
});

test("a wrong rule is refused, the others load", () => {
  const text = `${good}  - { rule: B, severity: low, condition: nonsense }\n`;
  const { files, rules } = loadRules([{ path: "a.yaml", text }]);
  expect(rules.map((rule) => rule.info.id)).toEqual(["a-shell"]);
  expect(files[0]).toMatchObject({ count: 2, errors: [] });
  expect(files[0]?.refused.map((item) => [item.rule, item.diagnostic.code])).toEqual([
    ["B", "SF3004"],
  ]);
});

describe("hostile files", () => {
  test("too deep, too large, exploding", () => {
    expect(problemsOf(`sysflow: 1\nlists: ${"[".repeat(50_000)}`).join()).toContain("SF3016");
    expect(
      problemsOf(`sysflow: 1\nlists: {a: ${"[".repeat(90)}${"]".repeat(90)}}`).join(),
    ).toContain("SF3016");
    expect(problemsOf(`sysflow: 1\n${"- ".repeat(5000)}x\n`).join()).toMatch(/SF30(10|16)/);
    expect(problemsOf(`#${"x".repeat(5_000_000)}`).join()).toContain("SF3016");
  });

  test("a file cut or changed anywhere is answered without an exception", () => {
    fc.assert(
      fc.property(
        fc.nat(good.length),
        fc.nat(8),
        fc.string({ maxLength: 6, unit: "binary" }),
        (at, cut, put) => {
          loadRules([{ path: "x", text: good.slice(0, at) + put + good.slice(at + cut) }]);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
