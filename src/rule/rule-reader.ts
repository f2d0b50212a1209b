// One rule of a file → a rule, or the reasons why not: every key checked, the condition compiled, placed by line and column.

import { nearest } from "../base/nearest.ts";
import { type AlertSeverity, severities } from "../model/alert.ts";
import { findAttribute, nearestAttribute } from "../model/attribute.ts";
import type { Attribute } from "../model/attribute/row.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { Checked, Checker } from "./check.ts";
import { reachOf } from "./compile.ts";
import type { Mistake } from "./parser.ts";
import type { Rule, RuleTest, Sentence } from "./rule.ts";
import { offsetInFile, placeAt } from "./source-map.ts";
import type { Entry, Tree, YamlFile } from "./yaml.ts";

const ruleKeys = [
  "rule",
  "id",
  "desc",
  "severity",
  "tags",
  "condition",
  "enabled",
  "exceptions",
  "reason",
  "version",
  "tests",
];
/** Kinds and options of interface.md that come with behaviour over time. */
const laterKeys = ["sequence", "count", "absent", "on", "suppress"];

export type Problem = {
  readonly code: Diagnostic["code"];
  readonly message: string;
  readonly hint?: string;
};

/** One rule's map → a rule, or the reasons why not. */
export class RuleReader {
  readonly errors: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  readonly #file: YamlFile;
  readonly #tree: Tree;
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(file: YamlFile, tree: Tree) {
    this.#file = file;
    this.#tree = tree;
    const entries = tree.kind === "map" ? tree.entries : [];
    this.#entries = new Map(entries.map((entry) => [entry.key, entry]));
  }

  get name(): string {
    return this.#text("rule") ?? "";
  }

  #add(offset: number, { code, message, hint }: Problem): void {
    const place = placeAt(this.#file.lines, offset, this.#file.path);
    const item = diagnostic(code, message, place, hint);
    (item.severity === "error" ? this.errors : this.warnings).push(item);
  }

  #text(key: string): string | undefined {
    const value = this.#entries.get(key)?.value;
    if (value?.kind !== "scalar" || value.value === undefined) return undefined;
    return String(value.value).trim();
  }

  #required(key: string): string {
    const text = this.#text(key);
    if (text !== undefined && text !== "") return text;
    const entry = this.#entries.get(key);
    const message = entry === undefined ? `the rule has no ${key}` : `${key} must be text`;
    this.#add(entry?.value.start ?? this.#tree.start, { code: "SF3013", message });
    return "";
  }

  read(checker: Checker, ids: Set<string>): Rule | undefined {
    if (this.#tree.kind !== "map") {
      this.#add(this.#tree.start, wrong("a rule must be a map"));
      return undefined;
    }
    this.#checkKeys();
    if (this.errors.length > 0) return undefined;
    const name = this.#required("rule");
    const id = this.#id(name, ids);
    const severity = this.#severity();
    const tags = this.#tags();
    const text = this.#required("condition");
    const checked = this.#condition(checker);
    const sentence = this.#sentence();
    const tests = this.#tests();
    const enabled = this.#enabled();
    const version = this.#version();
    if (this.errors.length > 0 || checked === undefined || severity === undefined) return undefined;
    if (tests.length === 0) {
      this.#add(this.#tree.start, { code: "SF3023", message: `rule "${name}" has no test` });
    }
    ids.add(id);
    const description = this.#text("desc") ?? name;
    return {
      info: { id, name, version, description, severity, tags },
      text,
      checked,
      sentence,
      enabled,
      tests,
      place: placeAt(this.#file.lines, this.#tree.start, this.#file.path),
    };
  }

  #checkKeys(): void {
    for (const { key, keyStart } of this.#entries.values()) {
      if (laterKeys.includes(key)) {
        this.#add(keyStart, { code: "SF3020", message: `"${key}" is not supported yet` });
      } else if (!ruleKeys.includes(key)) this.#add(keyStart, unknownKey(key, ruleKeys));
    }
  }

  #id(name: string, ids: ReadonlySet<string>): string {
    const id =
      this.#text("id") ??
      name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-|-$/g, "");
    if (ids.has(id)) {
      const start = this.#entries.get("id")?.value.start ?? this.#tree.start;
      this.#add(start, { code: "SF3015", message: `rule id "${id}" is used twice` });
    }
    return id;
  }

  #severity(): AlertSeverity | undefined {
    const text = this.#required("severity");
    const found = severities.find((severity) => severity === text);
    if (found !== undefined || text === "") return found;
    const start = this.#entries.get("severity")?.value.start ?? this.#tree.start;
    this.#add(start, wrong(`severity is one of ${severities.join(", ")}, not "${text}"`));
    return undefined;
  }

  #tags(): readonly string[] {
    const entry = this.#entries.get("tags");
    if (entry === undefined) return [];
    const tags = textsOf(entry.value);
    if (tags === undefined) this.#add(entry.value.start, wrong("tags must be a list of texts"));
    return tags ?? [];
  }

  #enabled(): boolean {
    const value = this.#entries.get("enabled")?.value;
    if (value === undefined) return true;
    if (value.kind === "scalar" && typeof value.value === "boolean") return value.value;
    this.#add(value.start, wrong("enabled must be true or false"));
    return true;
  }

  #version(): number {
    const value = this.#entries.get("version")?.value;
    if (value === undefined) return 1;
    const number = value.kind === "scalar" ? value.value : undefined;
    if (typeof number === "number" && Number.isSafeInteger(number) && number > 0) return number;
    this.#add(value.start, wrong("version must be a whole number from 1"));
    return 1;
  }

  /** The condition, and none of the exceptions. */
  #condition(checker: Checker): Checked | undefined {
    const main = this.#check(checker, this.#entries.get("condition")?.value);
    const excepted: Checked[] = [];
    for (const tree of this.#list("exceptions")) {
      const entry = entryOf(tree, "condition");
      for (const { key, keyStart } of tree.kind === "map" ? tree.entries : []) {
        if (key !== "name" && key !== "condition") {
          this.#add(keyStart, unknownKey(key, ["name", "condition"]));
        }
      }
      if (entry === undefined) {
        this.#add(tree.start, { code: "SF3013", message: "the exception has no condition" });
        continue;
      }
      const checked = this.#check(checker, entry.value);
      if (checked !== undefined) excepted.push({ kind: "not", term: checked });
    }
    if (main === undefined) return undefined;
    const whole: Checked =
      excepted.length === 0 ? main : { kind: "and", terms: [main, ...excepted] };
    if (reachOf(whole).types?.size === 0) {
      const start = this.#entries.get("condition")?.value.start ?? this.#tree.start;
      const message = "the condition asks for things that no single record has together";
      this.#add(start, { code: "SF3017", message });
    }
    return whole;
  }

  #check(checker: Checker, value: Tree | undefined): Checked | undefined {
    if (value?.kind !== "scalar" || value.value === undefined) return undefined;
    const source = String(value.value);
    const { checked, mistakes } = checker.check(source);
    for (const mistake of mistakes) {
      const { text } = this.#file.lines;
      const at = offsetInFile(text, value.start, value.end, source, mistake.span.start);
      this.#add(at, toProblem(mistake, ""));
    }
    return checked;
  }

  #list(key: string): readonly Tree[] {
    const value = this.#entries.get(key)?.value;
    if (value === undefined) return [];
    if (value.kind === "list") return value.items;
    this.#add(value.start, wrong(`${key} must be a list`));
    return [];
  }

  #sentence(): Sentence | undefined {
    const text = this.#text("reason");
    if (text === undefined) return undefined;
    const parts: Sentence[number][] = [];
    let at = 0;
    for (const match of text.matchAll(/\{([^{}]*)\}/g)) {
      parts.push(text.slice(at, match.index));
      at = match.index + match[0].length;
      const names = (match[1] ?? "").split("|").map((name) => name.trim());
      parts.push(names.map((name) => this.#named(name)).filter((row) => row !== undefined));
    }
    parts.push(text.slice(at));
    return parts;
  }

  /** An attribute that the reason names. */
  #named(name: string): Attribute | undefined {
    const attribute = findAttribute(name);
    if (attribute !== undefined) return attribute;
    const close = nearestAttribute(name);
    const start = this.#entries.get("reason")?.value.start ?? this.#tree.start;
    const problem: Problem = {
      code: "SF3003",
      message: `the reason names an unknown attribute "${name}"`,
    };
    this.#add(
      start,
      close === undefined ? problem : { ...problem, hint: `did you mean "${close}"?` },
    );
    return undefined;
  }

  #tests(): readonly RuleTest[] {
    const tests: RuleTest[] = [];
    this.#list("tests").forEach((tree, i) => {
      const test = this.#test(tree, i);
      if (test !== undefined) tests.push(test);
    });
    return tests;
  }

  #test(tree: Tree, i: number): RuleTest | undefined {
    const known = ["name", "input", "trace", "alerts"];
    if (tree.kind !== "map") {
      this.#add(tree.start, wrong("a test must be a map"));
      return undefined;
    }
    for (const { key, keyStart } of tree.entries) {
      if (!known.includes(key)) this.#add(keyStart, unknownKey(key, known));
    }
    const input = scalarText(entryOf(tree, "input")?.value);
    const trace = scalarText(entryOf(tree, "trace")?.value);
    const alerts = entryOf(tree, "alerts")?.value;
    const expected = alerts?.kind === "scalar" ? alerts.value : undefined;
    if (typeof expected !== "number" || !Number.isSafeInteger(expected) || expected < 0) {
      const message = "a test says alerts: and how many";
      this.#add(alerts?.start ?? tree.start, { code: "SF3013", message });
      return undefined;
    }
    if ((input === undefined) === (trace === undefined)) {
      const message = "a test has either an input: in the text notation or a trace: file";
      this.#add(tree.start, { code: "SF3013", message });
      return undefined;
    }
    return {
      name: scalarText(entryOf(tree, "name")?.value) ?? `test ${i + 1}`,
      source:
        input === undefined
          ? { kind: "recording", path: trace ?? "" }
          : { kind: "notation", text: input },
      alerts: expected,
      place: placeAt(this.#file.lines, tree.start, this.#file.path),
    };
  }
}

function entryOf(tree: Tree, key: string): Entry | undefined {
  return tree.kind === "map" ? tree.entries.find((entry) => entry.key === key) : undefined;
}

function scalarText(tree: Tree | undefined): string | undefined {
  return tree?.kind === "scalar" && tree.value !== undefined ? String(tree.value) : undefined;
}

export function textsOf(tree: Tree): readonly string[] | undefined {
  if (tree.kind !== "list") return undefined;
  const texts = tree.items.map(scalarText).filter((text): text is string => text !== undefined);
  return texts.length === tree.items.length ? texts : undefined;
}

export function wrong(message: string): Problem {
  return { code: "SF3014", message };
}

export function unknownKey(key: string, known: readonly string[]): Problem {
  const close = nearest(key, known);
  const hint = close === undefined ? `one of ${known.join(", ")}` : `did you mean "${close}"?`;
  return { code: "SF3012", message: `unknown key "${key}"`, hint };
}

export function toProblem(mistake: Mistake, prefix: string): Problem {
  const problem = { code: mistake.code, message: `${prefix}${mistake.message}` };
  return mistake.hint === undefined ? problem : { ...problem, hint: mistake.hint };
}
