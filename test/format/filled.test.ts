// Declared is not recorded: a field that the reference says captures or strace logs fill is filled by recorded ones, and Python's
// fastavro prints it.

import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { net6, records6 } from "../../src/wire/avro/schema6.ts";
import { corpusPath, hasCorpus, repositoryRoot } from "../corpus.ts";
import { needsBuild, scratchFolder, sysflow } from "../e2e/sysflow.ts";

needsBuild();
const folder = scratchFolder();
const python = join(repositoryRoot, ".cache", "python", "bin", "python");
const hasTools = spawnSync(python, ["-c", "import fastavro"]).status === 0;

/** Fields that no recording here holds, and what shows them instead. */
const exceptions: ReadonlyMap<string, string> = new Map([
  ["scap Process.inode", "newer producers only: the synthetic captures of src/wire/scap"],
  ["scap Process.upper", "newer producers only: the synthetic captures of src/wire/scap"],
  ["scap Flow.id", "a flow of more than 30 seconds: the flow tests"],
  ["strace Flow.id", "a flow of more than 30 seconds: the flow tests"],
  ["strace Process.caps", "a capset call, which few programs make: the strace tests"],
]);

function convert(inputs: readonly string[], source: string): readonly string[] {
  return inputs.map((input, i) => {
    const out = join(folder.path, `${source}-${i}.sf`);
    expect(sysflow(["convert", input, "-o", out, "--quiet"]).status).toBe(0);
    return out;
  });
}

function filledBy(paths: readonly string[]): ReadonlySet<string> {
  const script = join(repositoryRoot, "test", "format", "filled.py");
  const result = spawnSync(python, [script, ...paths], { encoding: "utf8" });
  if (result.status !== 0) throw new Error(result.stderr);
  const found: { readonly [record: string]: readonly string[] } = JSON.parse(result.stdout);
  return new Set(
    Object.entries(found).flatMap(([name, fields]) => fields.map((f) => `${name}.${f}`)),
  );
}

/** Notes hold what is rare (gaps, pods); their one field of content has tests of its own. */
function claimedOf(letter: string): string[] {
  const records = [...records6.filter((record) => record.name !== "Note"), net6];
  return records.flatMap((record) =>
    record.fields
      .filter((field) => field.by.includes(letter))
      .map((field) => `${record.name}.${field.name}`),
  );
}

test.skipIf(!hasTools || !hasCorpus)("what captures are said to fill, captures fill", () => {
  const captures = readdirSync(corpusPath("pairs"))
    .filter((name) => name.endsWith(".scap"))
    .map((name) => corpusPath("pairs", name));
  const filled = filledBy(convert(captures, "scap"));
  const missing = claimedOf("s").filter((field) => !filled.has(field));
  expect(missing.filter((field) => !exceptions.has(`scap ${field}`))).toEqual([]);
});

/** What a log only says after a call that sets it: a process of our own sets it. */
const identity = [
  "import os",
  "if os.fork() == 0:",
  "    os.setsid()",
  "    os.setgid(0)",
  "    os.setuid(0)",
  "    open('/etc/hostname').read()",
  "    os.rename(os.environ['FROM'], os.environ['FROM'] + '.new')",
  "    os.setgid(65534)",
  "    os.setuid(65534)",
  "    open('/etc/hostname').read()",
  "    os._exit(0)",
  "os.wait()",
].join("\n");
const canTrace =
  process.getuid?.() === 0 && spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;

test.skipIf(!hasTools || !canTrace)("what strace logs are said to fill, strace logs fill", () => {
  const log = join(folder.path, "identity.log");
  const line = ["-f", "-ttt", "-y", "-yy", "-o", log, "python3", "-c", identity];
  const env = { ...process.env, FROM: join(folder.path, "renamed") };
  writeFileSync(env.FROM, "");
  expect(spawnSync("strace", line, { env }).status).toBe(0);
  const recorded = join(repositoryRoot, "lab", "recording", "intrusion.strace.gz");
  const filled = filledBy(convert([recorded, log], "strace"));
  const missing = claimedOf("t").filter((field) => !filled.has(field));
  expect(missing.filter((field) => !exceptions.has(`strace ${field}`))).toEqual([]);
});
