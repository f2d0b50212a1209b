// What the program says about itself, and what it says to a command line that is wrong.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { repositoryRoot } from "../corpus.ts";
import { verbs } from "../../src/cli/index.ts";
import { needsBuild, sysflow } from "./sysflow.ts";

needsBuild();

test("sysflow, sysflow help and sysflow --help are the same, and name every verb", () => {
  const { status, out } = sysflow(["--help"]);
  expect(status).toBe(0);
  expect(sysflow([])).toEqual({ status, out, err: "" });
  expect(sysflow(["help"]).out).toBe(out);
  for (const { name, summary } of verbs) {
    expect(out).toMatch(new RegExp(`^  ${name} +${summary}$`, "m"));
  }
});

test("--version is the package's", () => {
  const text = readFileSync(join(repositoryRoot, "package.json"), "utf8");
  const version = /"version": "([^"]+)"/.exec(text)?.[1];
  expect(sysflow(["--version"]).out).toBe(`${version}\n`);
});

describe.for(verbs)("$name --help", ({ name }) => {
  const help = (): string => sysflow([name, "--help"]).out;

  test("fits into 80 columns", () => {
    expect(
      help()
        .split("\n")
        .filter((line) => Array.from(line).length > 80),
    ).toEqual([]);
  });

  test("has examples, and the examples use options that exist", () => {
    const [usage = "", examples = ""] = help().split("\nExamples:\n");
    const commands = examples.split("\n").filter((line) => line.includes(`sysflow ${name} `));
    expect(commands.length + (name === "doctor" ? 1 : 0)).toBeGreaterThan(1);
    for (const command of commands) {
      const [own = ""] = command.split(` ${name} `).slice(1);
      const [before = ""] = own.split(/(?:^| )-- | \| | {2}/);
      for (const [, option = ""] of before.matchAll(/(?:^| )(--?[a-z][a-z-]*)/g)) {
        expect(usage, command).toMatch(new RegExp(`^ .*${option}\\b`, "m"));
      }
    }
  });

  test("is what sysflow help VERB says", () => {
    expect(sysflow(["help", name]).out).toBe(help());
  });
});

test.for([
  [["prnt"], 'there is no command "prnt"', 'did you mean "print"?'],
  [["help", "prnt"], 'there is no command "prnt"', 'did you mean "print"?'],
  [["frobnicate"], 'there is no command "frobnicate"', "see sysflow --help"],
  [["print", "--jsn", "a.sf"], "unknown option '--jsn'", "did you mean --json?"],
  [["convert", "a.sf"], "required option '-o, --output <out>' not specified", "see --help"],
  [["print", "a.sf", "--limit", "few"], '--limit takes a whole number, not "few"', "see --help"],
] as const)("a wrong command line is exit 2, named, with a hint: %s", ([args, problem, hint]) => {
  expect(sysflow(args)).toEqual({
    status: 2,
    out: "",
    err: `error[SF2001]: ${problem}\n  hint: ${hint}\n`,
  });
});
