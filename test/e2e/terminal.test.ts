// Colours: on a terminal they are there, and they go away where they are not wanted.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../corpus.ts";
import { needsBuild } from "./sysflow.ts";

needsBuild();
const hasScript = spawnSync("script", ["--version"]).status === 0;
const program = join(repositoryRoot, "bin", "sysflow.mjs");
const escape = "\u001b[";

/** util-linux's script gives the command a terminal of its own. */
function onTerminal(command: string, more: NodeJS.ProcessEnv = {}): string {
  const { NO_COLOR: _, ...environment } = process.env;
  const ran = spawnSync("script", ["-qec", command, "/dev/null"], {
    encoding: "utf8",
    env: { ...environment, TERM: "xterm", ...more },
  });
  expect(ran.status).toBe(0);
  expect(ran.stdout).toContain("read recordings");
  return ran.stdout;
}

test.skipIf(!hasScript)(
  "a terminal has colours, but for NO_COLOR, --color never and TERM=dumb",
  () => {
    const doctor = `"${process.execPath}" "${program}" doctor`;
    expect(onTerminal(doctor)).toContain(escape);
    expect(onTerminal(doctor, { NO_COLOR: "1" })).not.toContain(escape);
    expect(onTerminal(doctor, { TERM: "dumb" })).not.toContain(escape);
    expect(onTerminal(`${doctor} --color never`)).not.toContain(escape);
  },
);

test("a pipe has none, but with --color always", () => {
  const run = (...args: readonly string[]): string =>
    spawnSync(process.execPath, [program, "doctor", ...args], { encoding: "utf8" }).stdout;
  expect(run()).not.toContain(escape);
  expect(run("--color", "always")).toContain(escape);
});
