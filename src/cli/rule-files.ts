// What the verbs that run rules share: finding and loading rule files, and saying what is wrong with them.

import type { Command } from "commander";
import { diagnostic } from "../model/diagnostic.ts";
import { type RuleFile, type RuleSet, loadRules } from "../rule/file.ts";
import { readRuleFiles } from "../source/rules.ts";
import { type Terminal, collect } from "./verb.ts";

/** Adds --rules, which repeats. */
export function rulesOption(command: Command): Command {
  return command.option(
    "--rules <path>",
    "a rule file or a folder of them; repeats (default: the packs shipped with the program)",
    collect,
  );
}

export type LoadedRules = RuleSet & {
  /** A path does not exist, or a file is no rule file. */
  readonly unusable: boolean;
};

/** Loads rules and reports everything wrong with them. */
export function openRules(terminal: Terminal, names: readonly string[]): LoadedRules {
  const found = readRuleFiles(names);
  for (const item of found.diagnostics) terminal.report(item);
  const set = loadRules(found.sources);
  for (const file of set.files) reportFile(terminal, file);
  const unusable = found.diagnostics.length > 0 || set.files.some((file) => file.errors.length > 0);
  return { ...set, unusable };
}

function reportFile(terminal: Terminal, file: RuleFile): void {
  for (const item of file.errors) terminal.report(item);
  for (const { rule, diagnostic: item } of file.refused) {
    const message = rule === "" ? item.message : `rule "${rule}" is refused: ${item.message}`;
    terminal.report(diagnostic(item.code, message, item.place, item.hint));
  }
}
