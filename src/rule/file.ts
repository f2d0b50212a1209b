// Rule files of our own dialect (`sysflow: 1`) → rules. Several files are one set: macros and lists of any of them serve all. A
// rule that is wrong is refused with its reasons; the others load.

import { nearest } from "../base/nearest.ts";
import { type AlertSeverity, severities } from "../model/alert.ts";
import { findAttribute, nearestAttribute } from "../model/attribute.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { limits } from "../model/limits.ts";
import { type Checked, Checker } from "./check.ts";
import { reachOf } from "./compile.ts";
import type { Mistake } from "./parser.ts";
import type { Rule, RuleTest, Sentence } from "./rule.ts";
import { offsetInFile, placeAt } from "./source-map.ts";
import { type Entry, type Tree, type YamlFile, readYaml } from "./yaml.ts";

export type RuleSource = { readonly path: string; readonly text: string };

export type RefusedRule = { readonly rule: string; readonly diagnostic: Diagnostic };

export type RuleFile = {
  readonly path: string;
  readonly dialect: "sysflow";
  /** Rules in the file, loaded or not. */
  readonly count: number;
  readonly rules: readonly Rule[];
  readonly refused: readonly RefusedRule[];
  readonly warnings: readonly Diagnostic[];
  /** The file itself is wrong: its YAML, its shape, a macro or a list. */
  readonly errors: readonly Diagnostic[];
};

export type RuleSet = { readonly files: readonly RuleFile[]; readonly rules: readonly Rule[] };

const topKeys = ["sysflow", "lists", "macros", "rules", "labels"];
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

/** Loads files together. The same files give the same rules, in the same order. */
export function loadRules(sources: readonly RuleSource[]): RuleSet {
  const drafts = sources.map((source) => new Draft(readYaml(source.text, source.path)));
  const macros = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  for (const draft of drafts) draft.define(macros, lists);
  const checker = new Checker({ macros, lists }, "rule");
  const ids = new Set<string>();
  const files = drafts.map((draft) => draft.load(checker, ids));
  return { files, rules: files.flatMap((file) => file.rules) };
}

type Problem = {
  readonly code: Diagnostic["code"];
  readonly message: string;
  readonly hint?: string;
};

/** One file on its way to rules. */
class Draft {
  readonly #file: YamlFile;
  readonly #errors: Diagnostic[];
  readonly #warnings: Diagnostic[] = [];
  readonly #top: ReadonlyMap<string, Entry>;

  constructor(file: YamlFile) {
    this.#file = file;
    this.#errors = [...file.diagnostics];
    this.#top = this.#readTop();
  }

  #diagnostic(offset: number, { code, message, hint }: Problem): Diagnostic {
    return diagnostic(code, message, placeAt(this.#file.lines, offset, this.#file.path), hint);
  }

  #error(offset: number, problem: Problem): void {
    this.#errors.push(this.#diagnostic(offset, problem));
  }

  #readTop(): ReadonlyMap<string, Entry> {
    const { root } = this.#file;
    if (root === undefined) {
      if (this.#errors.length === 0)
        this.#error(0, { code: "SF3011", message: "the file is empty" });
      return new Map();
    }
    if (root.kind !== "map") {
      const dialect = root.kind === "list" ? "it is a list, as Falco's rules are" : "it is no map";
      this.#error(root.start, {
        code: "SF3021",
        message: `the file is not of our dialect: ${dialect}`,
      });
      return new Map();
    }
    const top = new Map(root.entries.map((entry) => [entry.key, entry]));
    const marked = top.get("sysflow")?.value;
    if (top.has("detection")) {
      this.#error(root.start, { code: "SF3021", message: "the file is a Sigma rule" });
      return new Map();
    }
    if (marked?.kind !== "scalar" || marked.value !== 1) {
      const message = "the file does not say sysflow: 1";
      this.#error(marked?.start ?? root.start, { code: "SF3011", message });
      return new Map();
    }
    for (const entry of root.entries) {
      if (!topKeys.includes(entry.key)) this.#error(entry.keyStart, unknownKey(entry.key, topKeys));
    }
    const labels = top.get("labels");
    if (labels !== undefined) {
      this.#error(labels.keyStart, { code: "SF3020", message: "labels are not supported yet" });
    }
    return top;
  }

  /** Adds this file's macros and lists to those of all files. */
  define(macros: Map<string, string>, lists: Map<string, readonly string[]>): void {
    for (const entry of this.#entriesOf("macros")) {
      const { value } = entry;
      if (this.#taken(entry, macros, lists)) continue;
      if (value.kind === "scalar" && value.value !== undefined)
        macros.set(entry.key, String(value.value));
      else this.#error(value.start, wrong(`macro "${entry.key}" must be a condition`));
    }
    for (const entry of this.#entriesOf("lists")) {
      if (this.#taken(entry, macros, lists)) continue;
      const items = textsOf(entry.value);
      if (items !== undefined) lists.set(entry.key, items);
      else this.#error(entry.value.start, wrong(`list "${entry.key}" must be a list of texts`));
    }
  }

  #entriesOf(key: string): readonly Entry[] {
    const entry = this.#top.get(key);
    if (entry === undefined) return [];
    if (entry.value.kind === "map") return entry.value.entries;
    this.#error(entry.value.start, wrong(`${key} must be a map from names`));
    return [];
  }

  #taken(
    entry: Entry,
    macros: ReadonlyMap<string, string>,
    lists: ReadonlyMap<string, readonly string[]>,
  ): boolean {
    const name = entry.key;
    if (findAttribute(name) !== undefined) {
      this.#error(entry.keyStart, wrong(`"${name}" is the name of an attribute`));
      return true;
    }
    if (!/^[A-Za-z_][\w-]*$/.test(name)) {
      this.#error(entry.keyStart, wrong(`"${name}" is no name: letters, digits, _ and - only`));
      return true;
    }
    if (!macros.has(name) && !lists.has(name)) return false;
    this.#error(entry.keyStart, { code: "SF3015", message: `"${name}" is defined twice` });
    return true;
  }

  load(checker: Checker, ids: Set<string>): RuleFile {
    this.#checkMacros(checker);
    const rules: Rule[] = [];
    const refused: RefusedRule[] = [];
    const items = this.#ruleTrees();
    for (const tree of items) {
      const reader = new RuleReader(this.#file, tree);
      const rule = reader.read(checker, ids);
      this.#warnings.push(...reader.warnings);
      if (rule !== undefined) rules.push(rule);
      else for (const item of reader.errors) refused.push({ rule: reader.name, diagnostic: item });
    }
    return {
      path: this.#file.path,
      dialect: "sysflow",
      count: items.length,
      rules,
      refused,
      warnings: this.#warnings,
      errors: this.#errors,
    };
  }

  /** Macros are wrong where they stand, also if no rule uses them. */
  #checkMacros(checker: Checker): void {
    for (const { key, value } of this.#entriesOf("macros")) {
      if (value.kind !== "scalar" || value.value === undefined) continue;
      const source = String(value.value);
      const { mistakes } = checker.check(source);
      for (const mistake of mistakes) {
        const item = this.#diagnostic(
          offsetInFile(this.#file.lines.text, value.start, value.end, source, mistake.span.start),
          toProblem(mistake, `macro "${key}": `),
        );
        (item.severity === "error" ? this.#errors : this.#warnings).push(item);
      }
    }
  }

  #ruleTrees(): readonly Tree[] {
    const entry = this.#top.get("rules");
    if (entry === undefined) return [];
    if (entry.value.kind !== "list") {
      this.#error(entry.value.start, wrong("rules must be a list"));
      return [];
    }
    if (entry.value.items.length > limits.rules.max) {
      const message = `the file holds ${entry.value.items.length} rules; at most ${limits.rules.max} are read`;
      this.#error(entry.value.start, { code: "SF3016", message });
      return [];
    }
    return entry.value.items;
  }
}

/** One rule's map → a rule, or the reasons why not. */
class RuleReader {
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
      const name = (match[1] ?? "").trim();
      const attribute = findAttribute(name);
      parts.push(text.slice(at, match.index));
      at = match.index + match[0].length;
      if (attribute !== undefined) parts.push(attribute);
      else {
        const close = nearestAttribute(name);
        const start = this.#entries.get("reason")?.value.start ?? this.#tree.start;
        const message = `the reason names an unknown attribute "${name}"`;
        const problem: Problem = { code: "SF3003", message };
        this.#add(
          start,
          close === undefined ? problem : { ...problem, hint: `did you mean "${close}"?` },
        );
      }
    }
    parts.push(text.slice(at));
    return parts;
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

function textsOf(tree: Tree): readonly string[] | undefined {
  if (tree.kind !== "list") return undefined;
  const texts = tree.items.map(scalarText).filter((text): text is string => text !== undefined);
  return texts.length === tree.items.length ? texts : undefined;
}

function wrong(message: string): Problem {
  return { code: "SF3014", message };
}

function unknownKey(key: string, known: readonly string[]): Problem {
  const close = nearest(key, known);
  const hint = close === undefined ? `one of ${known.join(", ")}` : `did you mean "${close}"?`;
  return { code: "SF3012", message: `unknown key "${key}"`, hint };
}

function toProblem(mistake: Mistake, prefix: string): Problem {
  const problem = { code: mistake.code, message: `${prefix}${mistake.message}` };
  return mistake.hint === undefined ? problem : { ...problem, hint: mistake.hint };
}
