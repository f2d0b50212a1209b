import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIp, printIp } from "../base/ip.ts";
import type { Activity } from "../model/activity.ts";
import type { AttributeValue } from "../model/attribute/row.ts";
import { findAttribute } from "../model/attribute.ts";
import type { Facts } from "../model/facts.ts";
import { Op } from "../model/opflag.ts";
import type { BehaviourRecord } from "../model/record.ts";
import { sampleHost, sampleProcess } from "../model/sample-test.ts";
import { parseCondition } from "./parser.ts";
import { compileCondition } from "./condition.ts";
import { type Expr, type MatchOperator, type Word, printExpr } from "./syntax.ts";

const host = sampleHost;
const facts: Facts = { base: 1_000_000_000_000_000_000n, provenance: undefined };

const init = sampleProcess({ pid: 1, exe: "/sbin/init" });
const shell = sampleProcess({ pid: 50, exe: "/bin/bash", parent: init });
const node = sampleProcess({ exe: "/usr/bin/node", args: "app.js, -x", uid: 0, parent: shell });

function connection(fields: Partial<Extract<BehaviourRecord, { type: "NF" }>> = {}): Activity {
  const record: BehaviourRecord = {
    type: "NF",
    proc: node,
    ts: 0,
    endTs: 2e9,
    tid: 100,
    ops: Op.CONNECT + Op.WRITE + Op.CLOSE,
    net: {
      sip: parseIp("10.0.0.1") ?? 0,
      sport: 4000,
      dip: parseIp("10.9.0.2") ?? 0,
      dport: 443,
      proto: 6,
    },
    fd: 3,
    rops: 1,
    wops: 2,
    rbytes: 10,
    wbytes: 2000,
    ...fields,
  };
  return {
    phase: "end",
    at: 2e9,
    record,
    host,
    proc: record.proc,
    container: undefined,
    file: undefined,
    newFile: undefined,
    net: record.net,
  };
}

function holds(text: string, activity = connection()): boolean {
  const { condition, diagnostics } = compileCondition(text, { dialect: "sysflow" });
  expect(diagnostics, text).toEqual([]);
  return condition?.matches(activity, facts) ?? false;
}

function problems(text: string): string[] {
  return compileCondition(text, { dialect: "sysflow" }).diagnostics.map(
    ({ code, message, hint, place }) =>
      `${code}@${place.offset}: ${message}${hint === undefined ? "" : ` — ${hint}`}`,
  );
}

describe("operators", () => {
  test.each([
    ["proc.name = node", true],
    ["proc.name != node", false],
    ["proc.name = 'node' and net.dport = 443", true],
    ["proc.exe endswith /node or net.dport = 1", true],
    ["proc.exe startswith (/bin/, /usr/)", true],
    ["proc.args contains ','", true],
    ["proc.args = 'app.js, -x'", true],
    ["proc.args icontains APP", true],
    ["proc.args pmatch (zzz, 'app')", true],
    ["flow.wbytes > 1999 and flow.wbytes <= 2000 and not flow.wbytes < 2000", true],
    ["duration >= 2s and duration < 2001ms", true],
    ["net.dip in (10.0.0.0/8)", true],
    ["net.dip in (10.9.0.3, 192.168.0.0/16)", false],
    ["net.ip = 10.0.0.1", true],
    ["net.port in (1, 443)", true],
    ["net.proto = tcp", true],
    ["op = CONNECT and op = SEND", true],
    ["op in (EXEC, OPEN)", false],
    ["op = SETGID", false],
    ["proc.aname = bash and proc.aname = init", true],
    ["proc.aname = node", false],
    ["sf.proc.aname = node", true],
    ["sf.net.proto = 6 and sf.opflags = SEND", true],
    ["parent.name = bash", true],
    ["proc.exe != parent.exe", true],
    ["proc.tty", false],
    ["not proc.tty", true],
    ["proc.tty exists and exists proc.tty", true],
    ["ts >= 2001-09-09T01:46:40Z and ts < 2001-09-09T01:46:41Z", true],
    ["not (proc.name = a or proc.name = b) and proc.uid = 0", true],
  ])("%s is %s", (text, expected) => {
    expect(holds(text)).toBe(expected);
  });

  test("and binds tighter than or, not tighter than both", () => {
    expect(holds("proc.name = node or proc.name = x and proc.name = y")).toBe(true);
    expect(holds("not proc.name = x and proc.name = node")).toBe(true);
    expect(holds("not proc.name = node or proc.name = node")).toBe(true);
  });

  test("absent: every comparison is false, and its negation true", () => {
    for (const atom of [
      "file.path = x",
      "file.path contains x",
      "ret < 0",
      "ret >= 0",
      "file.fd = 1",
    ]) {
      expect(holds(atom), atom).toBe(false);
      expect(holds(`not ${atom}`), atom).toBe(true);
    }
    expect(holds("file.path != x")).toBe(true);
    expect(holds("file.path exists")).toBe(false);
    expect(holds("file.path = proc.exe")).toBe(false);
  });

  test("a flow's begin knows how it was opened, and neither volumes nor what happens later", () => {
    const begin: Activity = { ...connection(), phase: "begin", at: 0 };
    expect(holds("op = CONNECT and net.dport = 443", begin)).toBe(true);
    expect(holds("op = WRITE", begin)).toBe(false);
    expect(holds("not op = WRITE", begin)).toBe(false);
    expect(holds("flow.wbytes >= 0", begin)).toBe(false);
    expect(holds("op = ACCEPT or net.dport = 443", begin)).toBe(true);
  });
});

describe("mistakes", () => {
  test.each([
    ["proc.nmae = x", 'SF3003@0: unknown attribute "proc.nmae" — did you mean "proc.name"?'],
    ["sf.prog.args contains x", "SF3003@0:"],
    ["sf.proc.oid = x", "SF3003@0: sf.proc.oid has no value here"],
    ["proc.exe = parent.exee", 'SF3003@11: unknown attribute "parent.exee"'],
    ["proc.pid = abc", "SF3006@11: proc.pid is a whole number"],
    ["proc.pid contains 1", "SF3005@0:"],
    ["proc.name > 3", "SF3005@0:"],
    ["op = EXCE", 'SF3006@5: op is never "EXCE" — did you mean "EXEC"?'],
    ["type = ZZ", "SF3006@7:"],
    ["net.dip = 300.1.1.1", "SF3006@10:"],
    ["proc.tty = yes", "SF3006@11:"],
    ["duration > soon", "SF3006@11:"],
    ["proc.pid = proc.name", "SF3005@0: proc.pid (int) cannot be compared with proc.name (string)"],
    ["proc.name", "SF3005@0: proc.name is no condition by itself"],
    ["spawned", 'SF3004@0: unknown macro "spawned"'],
    ["proc.name =", "SF3001@11: a value behind = was expected, but the condition ends"],
    ["(proc.name = a", "SF3001@14: ) was expected, but the condition ends"],
    ["proc.name = a)", 'SF3001@13: and, or, or the end was expected, but ")" was found'],
    ['proc.name = "a', 'SF3001@12: the text after " has no closing "'],
    ["proc.name in a", "SF3001@13: ( behind in was expected"],
    ["proc.name in (a b)", "SF3001@16: , or ) was expected"],
    ["proc.name = and", "SF3001@12: a value behind = (keywords in quotes) was expected"],
    ["", "SF3001@0: an attribute or a macro was expected, but the condition ends"],
  ])("%s", (text, expected) => {
    expect(problems(text).join("\n")).toContain(expected);
    expect(compileCondition(text, { dialect: "sysflow" }).condition).toBeUndefined();
  });

  test("one run names several mistakes", () => {
    const found = problems("proc.nmae = a and (net.dport = x or flow.wbites > 1) and proc.pid <");
    expect(found).toHaveLength(4);
  });

  test("depth and size are bounded", () => {
    expect(problems(`${"(".repeat(100_0)}proc.name = a`).join()).toContain("SF3002");
    expect(problems("not ".repeat(16_000)).join()).toContain("SF3002");
    expect(problems("x".repeat(70_000)).join()).toContain("SF3002");
    expect(problems(`proc.name in (${"a,".repeat(11_000)}a)`).join()).toContain("SF3002");
  });

  test("macros: recursion and explosion are found", () => {
    const macros = new Map([
      ["a", "b and proc.pid = 1"],
      ["b", "a"],
    ]);
    for (let i = 0; i < 40; i++)
      macros.set(`m${i}`, i === 39 ? "proc.pid = 1" : `m${i + 1} and m${i + 1}`);
    const check = (text: string): string =>
      compileCondition(text, { dialect: "sysflow", definitions: { macros, lists: new Map() } })
        .diagnostics.map((item) => item.code)
        .join();
    expect(check("a")).toContain("SF3008");
    expect(check("m0")).toContain("SF3002");
    expect(check("m35")).toBe("");
  });

  test("any text is answered without an exception, and fast", () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(
          "and",
          "or",
          "not",
          "(",
          ")",
          ",",
          "=",
          "!=",
          "in",
          '"',
          "'",
          "\\",
          "proc.name",
          "exists",
          "a",
          "<",
          "pmatch",
        ),
        fc.string({ maxLength: 4 }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(pieces, (words) => {
        compileCondition(words.join(" "), { dialect: "sysflow" });
      }),
      { numRuns: 3000 },
    );
  });
});

const names = [
  "proc.name",
  "proc.exe",
  "proc.uid",
  "proc.pid",
  "proc.tty",
  "proc.aname",
  "net.dip",
  "net.dport",
  "net.port",
  "op",
  "flow.wbytes",
  "file.path",
  "ret",
];
const spot = { start: 0, end: 0 };
const word = (text: string, quoted: boolean): Word => ({ kind: "word", text, quoted, span: spot });

function valuesFor(name: string): fc.Arbitrary<string> {
  switch (findAttribute(name)?.type) {
    case "int":
    case "ints":
      return fc.constantFrom("0", "1", "50", "100", "443", "2000", "-2");
    case "bool":
      return fc.constantFrom("true", "false");
    case "ip":
      return fc.constantFrom("10.9.0.2", "10.0.0.0/8", "::1", "0.0.0.0/0");
    case "flags":
      return fc.constantFrom("CONNECT", "SEND", "EXEC", "CLOSE", "CAPSET");
    default:
      return fc.constantFrom("node", "/usr", "bash", "a,b", 'q"\\', "init", "", "and");
  }
}

function operatorsFor(name: string): readonly MatchOperator[] {
  const type = findAttribute(name)?.type ?? "";
  if (type === "int" || type === "ints") return ["=", "!=", "<", "<=", ">", ">=", "in"];
  if (["bool", "ip", "flags"].includes(type)) return ["=", "!=", "in"];
  return ["=", "!=", "in", "contains", "icontains", "startswith", "endswith", "pmatch"];
}

const atoms: fc.Arbitrary<Expr> = fc.constantFrom(...names).chain((name) =>
  fc.oneof(
    fc.constant<Expr>({ kind: "exists", left: word(name, false), span: spot }),
    fc.constantFrom(...operatorsFor(name)).chain((operator) => {
      const listed = operator === "in" || operator === "pmatch";
      return fc
        .array(valuesFor(name), { minLength: 1, maxLength: listed ? 3 : 1 })
        .map((texts): Expr => ({
          kind: "match",
          operator,
          left: word(name, false),
          items: texts.map((text) => word(text, true)),
          bracketed: listed,
          span: spot,
        }));
    }),
  ),
);

const { expr: expressions } = fc.letrec<{ expr: Expr }>((tie) => ({
  expr: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    atoms,
    tie("expr").map((term): Expr => ({ kind: "not", term, span: spot })),
    fc
      .tuple(fc.constantFrom("and", "or"), fc.array(tie("expr"), { minLength: 2, maxLength: 4 }))
      .map(([kind, terms]): Expr => ({ kind: kind === "and" ? "and" : "or", terms, span: spot })),
  ),
}));

function withoutSpans(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, item: unknown) => (key === "span" ? undefined : item)),
  );
}

/** An `or` in an `or` prints without parentheses nowhere, so nothing is flattened. */
test("parse(print(expression)) is the expression", () => {
  fc.assert(
    fc.property(expressions, (expr) => {
      const { expr: again, mistakes } = parseCondition(printExpr(expr));
      expect(mistakes).toEqual([]);
      expect(withoutSpans(again)).toEqual(withoutSpans(expr));
    }),
    { numRuns: 2000 },
  );
});

/** The oracle: walks the expression as written and compares values as text and numbers, one by one; shares no code with compile.ts. */
function interpret(expr: Expr, activity: Activity): boolean {
  switch (expr.kind) {
    case "and":
      return expr.terms.map((term) => interpret(term, activity)).every(Boolean);
    case "or":
      return expr.terms.map((term) => interpret(term, activity)).some(Boolean);
    case "not":
      return !interpret(expr.term, activity);
    case "exists":
      return valueOf(expr.left.text, activity) !== undefined;
    case "match": {
      if (expr.operator === "!=") return !interpret({ ...expr, operator: "=" }, activity);
      const value = valueOf(expr.left.text, activity);
      if (value === undefined) return false;
      const list = Array.isArray(value) ? value : [value];
      return list.some((item: unknown) =>
        expr.items.some(({ text }) => compare(expr.left.text, expr.operator, item, text)),
      );
    }
    default:
      throw new Error("not generated");
  }
}

function valueOf(name: string, activity: Activity): AttributeValue | undefined {
  return findAttribute(name)?.get(activity, facts);
}

function compare(name: string, operator: MatchOperator, item: unknown, text: string): boolean {
  const value = name === "net.dip" && typeof item === "number" ? printIp(item) : String(item);
  switch (operator) {
    case "=":
    case "in":
      if (name === "net.dip" && text.includes("/")) return inNetwork(value, text);
      return value === (name === "op" && text === "SEND" ? "WRITE" : text);
    case "<":
      return Number(value) < Number(text);
    case "<=":
      return Number(value) <= Number(text);
    case ">":
      return Number(value) > Number(text);
    case ">=":
      return Number(value) >= Number(text);
    case "contains":
    case "pmatch":
      return value.indexOf(text) >= 0;
    case "icontains":
      return value.toLowerCase().indexOf(text.toLowerCase()) >= 0;
    case "startswith":
      return value.slice(0, text.length) === text;
    default:
      return text === "" || value.slice(-text.length) === text;
  }
}

function inNetwork(value: string, text: string): boolean {
  const bits = (address: string): string =>
    address
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("");
  const [network = "", length = ""] = text.split("/");
  return !value.includes(":") && bits(value).startsWith(bits(network).slice(0, Number(length)));
}

const activities: fc.Arbitrary<Activity> = fc
  .record({
    proc: fc.constantFrom(
      node,
      shell,
      init,
      sampleProcess({ exe: "a,b", uid: 100, tty: true }),
      sampleProcess({ known: false }),
    ),
    dip: fc.constantFrom("10.9.0.2", "192.168.1.1", "::1", "2001:db8::1"),
    dport: fc.constantFrom(0, 50, 443),
    wbytes: fc.constantFrom(0, 1, 2000, 5000),
    ops: fc.constantFrom(Op.CONNECT, Op.WRITE, Op.WRITE + Op.CLOSE, Op.EXEC, Op.CAPSET + Op.WRITE),
  })
  .map(({ proc, dip, dport, wbytes, ops }) =>
    connection({
      proc,
      wbytes,
      ops,
      net: { sip: 1, sport: 9, dip: parseIp(dip) ?? 0, dport, proto: 6 },
    }),
  );

test("compiled conditions and the naive interpreter agree", () => {
  fc.assert(
    fc.property(expressions, fc.array(activities, { minLength: 1, maxLength: 8 }), (expr, list) => {
      const { condition, diagnostics } = compileCondition(printExpr(expr), { dialect: "sysflow" });
      expect(diagnostics).toEqual([]);
      for (const activity of list) {
        expect(condition?.matches(activity, facts)).toBe(interpret(expr, activity));
      }
    }),
    { numRuns: 3000 },
  );
});
