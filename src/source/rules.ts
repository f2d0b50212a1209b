// Rule files on disk: named files, folders searched for .yaml and .yml, or the packs shipped with the program. Reading only.

import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { limits } from "../model/limits.ts";

export type FoundRules = {
  readonly sources: readonly { readonly path: string; readonly text: string }[];
  readonly diagnostics: readonly Diagnostic[];
};

/** Without names: the packs shipped with the program. */
export function readRuleFiles(names: readonly string[]): FoundRules {
  const sources: { path: string; text: string }[] = [];
  const diagnostics: Diagnostic[] = [];
  const places = names.length > 0 ? names : [shippedRules()];
  for (const name of places) {
    const paths = name === undefined ? [] : pathsOf(name);
    if (paths.length === 0) {
      const message =
        name === undefined
          ? "the rules shipped with the program are missing"
          : existsSync(name)
            ? `no rule file in the folder ${name}`
            : `${name} does not exist`;
      diagnostics.push(diagnostic("SF3030", message, { path: name }));
    }
    for (const path of paths) {
      if (sources.some((source) => source.path === path)) continue;
      const text = readText(path);
      if (typeof text === "string") sources.push({ path, text });
      else diagnostics.push(text);
    }
  }
  return { sources, diagnostics };
}

function readText(path: string): string | Diagnostic {
  try {
    const { size } = statSync(path);
    // Not read at all: the file may be anything.
    if (size > limits.ruleFileBytes.max) {
      return diagnostic("SF3016", `${path} has ${size} bytes`, { path });
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return diagnostic("SF3030", `${path} cannot be read: ${reason}`, { path });
  }
}

function pathsOf(name: string): string[] {
  const stat = statSync(name, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [name];
  return readdirSync(name, { recursive: true, encoding: "utf8" })
    .filter(
      (path) => /\.ya?ml$/.test(path) && !path.split("/").some((part) => part.startsWith(".")),
    )
    .sort()
    .map((path) => join(name, path));
}

/** `rules/` lies beside the package's description, wherever this file was bundled into. */
function shippedRules(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    if (existsSync(join(folder, "package.json"))) break;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
  const rules = join(folder, "rules");
  return existsSync(rules) ? rules : undefined;
}
