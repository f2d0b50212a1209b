// Rule files of our own dialect (`sysflow: 1`) → rules. Several files are one set: macros and lists of any of them serve all. A
// rule that is wrong is refused with its reasons; the others load.

import { findAttribute } from "../model/attribute.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { limits } from "../model/limits.ts";
import { Checker } from "./check.ts";
import type { Rule } from "./rule.ts";
import { type Problem, RuleReader, textsOf, toProblem, unknownKey, wrong } from "./rule-reader.ts";
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
