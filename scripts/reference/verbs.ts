// docs/reference/verbs.md: what the built program says under --help.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { verbs } from "../../src/cli/index.ts";

const intro = `<!-- Do not edit: written by \`npm run references\` from the verbs' own --help. -->

# Verbs
`;

/** Asks the program in dist/; it has to be built from what stands in src/. */
export function verbReference(root: string): string {
  const pages = verbs.map(({ name }) => section(`sysflow ${name}`, help(root, [name, "--help"])));
  return intro + section("sysflow", help(root, ["--help"])) + pages.join("");
}

function section(title: string, text: string): string {
  return `\n## ${title}\n\n\`\`\`\n${text.trimEnd()}\n\`\`\`\n`;
}

function help(root: string, args: readonly string[]): string {
  const ran = spawnSync(process.execPath, [join(root, "bin", "sysflow.mjs"), ...args], {
    encoding: "utf8",
  });
  if (ran.status !== 0) throw new Error(`sysflow ${args.join(" ")}: ${ran.stderr}`);
  return ran.stdout;
}
