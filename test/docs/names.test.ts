// What the documentation names is there: files, links, scripts, verbs and their options, attributes, messages; its examples hold.

import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { verbs } from "../../src/cli/index.ts";
import { diagnosticRows } from "../../src/model/diagnostic.ts";
import { compileCondition } from "../../src/rule/condition.ts";
import { repositoryRoot } from "../corpus.ts";
import { needsBuild, scratchFolder, sysflow } from "../e2e/sysflow.ts";

needsBuild();
const folder = scratchFolder();

const documents = [
  ...["", "docs", "docs/guide", "docs/reference", "lab", "rules", "schema"].flatMap((place) =>
    readdirSync(join(repositoryRoot, place))
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(place, name)),
  ),
].map((path) => ({ path, text: readFileSync(join(repositoryRoot, path), "utf8") }));

/** Fenced blocks, and what stands between single backticks outside of them. */
function codeOf(text: string): { readonly blocks: string[]; readonly words: string[] } {
  const blocks = [...text.matchAll(/^```\w*\n(.*?)^```/gms)].map((match) => match[1] ?? "");
  const rest = text.replace(/^```.*?^```/gms, "");
  return { blocks, words: [...rest.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "") };
}

/** Command lines of `sysflow` in code: from the verb to the end, a pipe, or a remark. */
function commandsOf(text: string): string[] {
  const { blocks, words } = codeOf(text);
  return [...blocks.flatMap((block) => block.split("\n")), ...words].flatMap((line) =>
    [...line.matchAll(/(?:^|npx |[;`] *| {2})sysflow ((?!\[|VERB)[^|;#]+)/g)].map(
      (match) => (match[1] ?? "").split(/ {3,}| -- /)[0]?.trim() ?? "",
    ),
  );
}

const sourceFolders = readdirSync(join(repositoryRoot, "src"));
const pathPattern = new RegExp(
  `^(src|docs|scripts|test|bench|bin|lab|schema|${sourceFolders.join("|")})/[\\w.*<>/-]*$`,
);

/** Below the repository or below src; behind the first `*` or `<` anything may come. */
function exists(path: string): boolean {
  const [fixed = ""] = path.split(/\/[^/]*[*<…]/);
  return [repositoryRoot, join(repositoryRoot, "src")].some((root) =>
    existsSync(join(root, fixed)),
  );
}

const helps = new Map<string, string>();
function helpOf(verb: string): string {
  const known = helps.get(verb) ?? sysflow([verb, "--help"]).out;
  helps.set(verb, known);
  return known;
}

describe.for(documents)("$path", ({ path, text }) => {
  const { blocks, words } = codeOf(text);

  test("names files that exist", () => {
    const named = [...blocks.flatMap((block) => block.split(/\s+/)), ...words, ...text.split(/\s+/)]
      .map((word) => word.replace(/^[("`]+/, "").replace(/[)"`.,:;]+$/, ""))
      .filter((word) => pathPattern.test(word));
    expect([...new Set(named)].filter((name) => !exists(name))).toEqual([]);
    const capitals = [...text.matchAll(/\b([A-Z]{4,}\.md)\b/g)].map((match) => match[1] ?? "");
    expect(capitals.filter((name) => !exists(name))).toEqual([]);
  });

  test("links lead somewhere", () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !exists(join(dirname(path), link)))).toEqual([]);
  });

  test("names scripts that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8"));
    const named = [...text.matchAll(/\bnpm run (?:-s )?([a-z][a-z:]*)/g)].map((m) => m[1] ?? "");
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test("names verbs and options that exist", () => {
    const wrong = commandsOf(text).filter((command) => {
      const [verb = "", ...rest] = command.split(" ");
      if (verb.startsWith("-") || verb === "help") return false;
      if (!verbs.some((row) => row.name === verb)) return true;
      const options = rest.flatMap((word) => /^--[a-z-]+/.exec(word)?.[0] ?? []);
      return options.some((option) => !new RegExp(`${option}\\b`).test(helpOf(verb)));
    });
    expect(wrong).toEqual([]);
  });

  test("names messages of the catalogue", () => {
    const known = new Set<string>(diagnosticRows.map((row) => row.code));
    const named = [...text.matchAll(/\bSF\d{4}\b/g)].map((match) => match[0]);
    expect(named.filter((code) => !known.has(code))).toEqual([]);
  });

  test("its filters are conditions", () => {
    const filters = [...text.matchAll(/--filter '([^']+)'/g)].map((match) => match[1] ?? "");
    for (const filter of filters) {
      const { condition, diagnostics } = compileCondition(filter, { dialect: "sysflow" });
      expect(diagnostics, filter).toEqual([]);
      expect(condition, filter).toBeDefined();
    }
  });
});

test("something is checked at all", () => {
  const commands = documents.flatMap(({ text }) => commandsOf(text));
  expect(commands.length).toBeGreaterThan(40);
  expect(new Set(commands.map((command) => command.split(" ")[0])).size).toBeGreaterThanOrEqual(
    verbs.length,
  );
});

test("the rule in the guide is a rule, and its tests pass", () => {
  const guide = readFileSync(join(repositoryRoot, "docs", "guide", "rules.md"), "utf8");
  const yaml = /^```yaml\n(.*?)^```/ms.exec(guide)?.[1] ?? "";
  const path = join(folder.path, "guide.yaml");
  writeFileSync(path, yaml);
  expect(sysflow(["rules", "lint", path, "--strict"]).status).toBe(0);
  const ran = sysflow(["rules", "test", path, "--json"]);
  expect(ran.status).toBe(0);
  expect(JSON.parse(ran.out)).toMatchObject({ tests: 2, passed: 2 });
});
