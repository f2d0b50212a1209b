// The rules of the house that a program can check: ranks, purity, sizes, banned words, and that nothing knows the test data.

import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "./corpus.ts";

const skipped = new Set(["node_modules", "dist", ".cache", ".git"]);

function filesBelow(folder: string, keep: (path: string) => boolean): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(repositoryRoot, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (skipped.has(entry.name)) continue;
    if (entry.isDirectory()) found.push(...filesBelow(path, keep));
    else if (keep(path)) found.push(path);
  }
  return found;
}

function read(path: string): string {
  return readFileSync(join(repositoryRoot, path), "utf8");
}

const isTest = (path: string): boolean => /\.test\.ts$|-test\.ts$/.test(path);
const sources = filesBelow("src", (path) => path.endsWith(".ts"));
const production = sources.filter((path) => !isTest(path));
const scripts = ["scripts", "test", "bench", "lab"].flatMap((folder) =>
  filesBelow(folder, (path) => path.endsWith(".ts")),
);

/** `0 base  1 model  2 wire context …`, as ARCHITECTURE.md has it. */
const rankOf = ((): ReadonlyMap<string, number> => {
  const line = /^rank\s+(0 base.*)$/m.exec(read("ARCHITECTURE.md"))?.[1] ?? "";
  const ranks = new Map<string, number>();
  let rank = -1;
  for (const word of line.trim().split(/\s+/)) {
    if (/^\d+$/.test(word)) rank = Number(word);
    else ranks.set(word, rank);
  }
  return ranks;
})();

function folderOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function importsOf(path: string): string[] {
  const found: string[] = [];
  const pattern = /(?:from|import)\s*\(?\s*"([^"]+)"/g;
  for (const match of read(path).matchAll(pattern)) found.push(match[1] ?? "");
  return found;
}

test("the rank line names every folder of src, and no other", () => {
  const folders = readdirSync(join(repositoryRoot, "src"));
  for (const folder of folders) expect(rankOf.has(folder), folder).toBe(true);
  expect(rankOf.size).toBeGreaterThanOrEqual(folders.length);
});

test("a folder imports only from lower ranks and from itself", () => {
  const wrong: string[] = [];
  for (const path of production) {
    const own = folderOf(path);
    for (const target of importsOf(path).filter((name) => name.startsWith("."))) {
      const file = relative(repositoryRoot, resolve(repositoryRoot, dirname(path), target));
      if (!file.startsWith("src/")) {
        wrong.push(`${path} imports ${target}`);
        continue;
      }
      const other = folderOf(file);
      if (other === own) continue;
      if ((rankOf.get(other) ?? 99) >= (rankOf.get(own) ?? -1)) wrong.push(`${path} → ${file}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("ranks 0 to 4 are platform-free: no Node, no clock, no randomness, no console", () => {
  const wrong: string[] = [];
  const banned =
    /"node:|\bBuffer\b|\bprocess\.(stdout|stderr|stdin|exit|hrtime|nextTick|memoryUsage)\b|\bconsole\.|Date\.now|new Date\(\)|Math\.random|performance\.|setTimeout|setInterval|\b(document|window)\.(addEventListener|location|querySelector)/;
  for (const path of production) {
    if ((rankOf.get(folderOf(path)) ?? 0) > 4) continue;
    read(path)
      .split("\n")
      .forEach((line, i) => {
        const code = line.replace(/^\s*(\/\/|\*|\/\*).*/, "");
        if (banned.test(code)) wrong.push(`${path}:${i + 1}: ${line.trim()}`);
      });
  }
  expect(wrong).toEqual([]);
});

test("a file says in its first line what it is", () => {
  const silent = [...production, ...scripts].filter(
    (path) => !/^(#!.*\n)?(\/\/ |\/\*\*? ?)/.test(read(path)),
  );
  expect(silent).toEqual([]);
});

test("file names are kebab-case", () => {
  const odd = [...sources, ...scripts].filter(
    (path) =>
      !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d|\.oracle\.test)?\.ts$/.test(
        path.split("/").at(-1) ?? "",
      ),
  );
  expect(odd).toEqual([]);
});

test("no default exports, no leftovers", () => {
  const wrong: string[] = [];
  for (const path of [...sources, ...scripts]) {
    if (path === "test/tidy.test.ts") continue;
    const text = read(path);
    if (/^export default/m.test(text)) wrong.push(`${path}: export default`);
    if (/\b(TODO|FIXME|XXX|HACK)\b/.test(text)) wrong.push(`${path}: leftover mark`);
    if (/\.only\(|debugger;/.test(text)) wrong.push(`${path}: left from debugging`);
  }
  expect(wrong).toEqual([]);
});

test("index.ts exists only where it is a table, never as a barrel", () => {
  const barrels = production
    .filter((path) => path.endsWith("/index.ts"))
    .filter((path) => /^export (\*|\{[^}]*\}) from/m.test(read(path)));
  expect(barrels).toEqual([]);
});

test("nothing in the product knows the test data or the lab", () => {
  // Names, addresses and ports that exist only in the recorded intrusions and in the lab.
  const known = [
    /exfil/i,
    /\b(2345|4444)\b/,
    /\b10\.187\.39\.|\b172\.30\.106\.|\b169\.(46|60)\.|\b104\.244\.42\.|\b158\.85\.156\.|\b172\.21\.0\.10\b/,
    /testat|coswrite|cos-write|vulnerable-nodejs|malware\.log|pip-build|monitor-sysdig/,
    /99fb18d0e79f|c549d92de432/,
    /mpm-(event|worker|prefork)|objectstore|client-server|shellshock\.sf|cron\.sf/,
  ];
  // ATT&CK's own word for the tactic is not test data.
  const tactic = /exfiltrat(e|ed|es|ion|ing)/gi;
  const wrong: string[] = [];
  const places = [
    ...production,
    ...["rules", "ui"].flatMap((folder) =>
      statSync(join(repositoryRoot, folder), { throwIfNoEntry: false }) === undefined
        ? []
        : filesBelow(folder, () => true),
    ),
  ];
  for (const path of places) {
    read(path)
      .split("\n")
      .forEach((line, i) => {
        const text = line.replace(tactic, "");
        for (const pattern of known) {
          if (pattern.test(text)) wrong.push(`${path}:${i + 1}: ${line.trim()}`);
        }
      });
  }
  expect(wrong).toEqual([]);
});

test("no path of one machine and no registry's name stands in the repository's text", () => {
  const wrong: string[] = [];
  const files = filesBelow(".", (path) => /\.(ts|mjs|md|json|yaml|yml|sh)$/.test(path)).filter(
    (path) => !/^(node_modules|dist|\.cache|\.git)\//.test(path) && path !== "test/tidy.test.ts",
  );
  for (const path of files) {
    const text = read(path);
    if (/\/work\/|\/root\/|\/home\/[a-z]+\/(?!\.)/.test(text) && /\/work\//.test(text)) {
      wrong.push(`${path}: a machine's path`);
    }
    if (/registry\.npmjs|pypi\.org\/simple|repo\d?\.maven|deb\.debian\.org/.test(text)) {
      wrong.push(`${path}: a registry's host name`);
    }
  }
  expect(wrong).toEqual([]);
});
