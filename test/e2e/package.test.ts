// The package as somebody else installs it: its files, its types, and a strict program that uses every public subpath.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { publicFiles } from "../../scripts/public.mjs";
import { repositoryRoot } from "../corpus.ts";
import { needsBuild, scratchFolder } from "./sysflow.ts";

needsBuild();
const folder = scratchFolder();

/** Alerts about a shell that a server started, told over a file in between; a wrong use that must not compile is marked. */
const consumer = `
import { encoders, recordJson, renderStory } from "sysflow/encode";
import { IncidentTracker, processTree } from "sysflow/graph";
import { type Record, findAttribute, isFlow, opNames, printTime, toAbsolute } from "sysflow/model";
import { RuleEngine, compileCondition, loadRules } from "sysflow/rule";
import { activitiesOf, recordsOf } from "sysflow/testing";
import { SysFlowWriter, sniffFormat } from "sysflow/wire";

const page = [
  '10.000 node/100 accept(4, 203.0.113.7:50000->10.0.0.1:80) = 9',
  '10.001 node/100 read(9) = 512',
  '10.002 node/100 clone() = 101',
  '10.003 node/101 execve("/bin/sh", "-c", "id") = 0',
].join("\\n");

const writer = new SysFlowWriter({ schema: 6, codec: "deflate" });
writer.write(recordsOf(page));
writer.end();
const file = writer.take();

const format = sniffFormat(file[0] ?? new Uint8Array());
const opened = format?.open({});
if (opened?.kind !== "records") throw new Error("no SysFlow file was written");
for (const bytes of file) opened.reader.push(bytes);
opened.reader.end();
const records: Record[] = [];
for (let some = opened.reader.read(); some.length > 0; some = opened.reader.read()) records.push(...some);
const exec = records.find((record) => record.type === "PE" && record.proc.exe === "/bin/sh");
if (exec?.type !== "PE" || isFlow(exec)) throw new Error("the exec is not in the file");

const { rules, files } = loadRules([{
  path: "mine.yaml",
  text: [
    "sysflow: 1",
    "rules:",
    "  - rule: A shell starts",
    "    desc: A program became a shell.",
    "    severity: high",
    "    condition: op = EXEC and proc.name = sh",
    "    reason: '{proc.exe} started'",
  ].join("\\n"),
}]);
const { activities, base } = activitiesOf(page);
const engine = new RuleEngine(rules);
const tracker = new IncidentTracker(base);
const names: string[] = [];
for (const activity of activities) {
  tracker.observe(activity);
  for (const alert of engine.push([activity], base)) {
    tracker.alert(alert);
    names.push(alert.rule.name);
  }
}
const { condition } = compileCondition("proc.nmae = sh", { dialect: "sysflow" });
// @ts-expect-error: a record has no such key
const wrong: unknown = exec.nonsense;

console.log(JSON.stringify({
  format: format?.name,
  op: opNames(exec.ops),
  time: printTime(toAbsolute(opened.reader.base ?? 0n, exec.ts)).slice(-13),
  json: recordJson(exec, opened.reader.base ?? 0n)["type"],
  encoders: encoders.map((row) => row.name),
  rules: rules.length,
  errors: files.flatMap((one) => [...one.errors, ...one.refused.map((row) => row.diagnostic)]),
  names,
  tree: processTree(tracker.graph).length > 0,
  story: typeof renderStory,
  typo: condition === undefined,
  attribute: findAttribute("proc.exe")?.type,
  wrong: wrong === undefined,
}));
`;

function run(command: string, ...args: readonly string[]): string {
  const ran = spawnSync(command, args, { cwd: folder.path, encoding: "utf8" });
  expect(ran.status, `${command} ${args.join(" ")}: ${ran.stdout}${ran.stderr}`).toBe(0);
  return ran.stdout;
}

const installed = (...path: readonly string[]): string =>
  join(folder.path, "node_modules", "sysflow", ...path);

beforeAll(() => {
  // Without scripts: the build has run, and others are using what it made.
  const pack = ["pack", repositoryRoot, "--ignore-scripts", "--silent", "--offline"];
  const tarball = run("npm", ...pack).trim();
  mkdirSync(installed(), { recursive: true });
  run("tar", "-xzf", tarball, "-C", installed(), "--strip-components=1");
  const { dependencies } = JSON.parse(readFileSync(installed("package.json"), "utf8"));
  for (const name of [...Object.keys(dependencies), "@types"]) {
    symlinkSync(
      join(repositoryRoot, "node_modules", name),
      join(folder.path, "node_modules", name),
    );
  }
});

test("what the package's description names is in it, and no source or test is", () => {
  const { exports, bin, dependencies } = JSON.parse(
    readFileSync(installed("package.json"), "utf8"),
  );
  const subpaths = Object.keys(publicFiles).map((name) => `./${name}`);
  expect(Object.keys(exports).sort()).toEqual([...subpaths, "./package.json"].sort());
  for (const name of subpaths) {
    expect(existsSync(installed(exports[name].types)), name).toBe(true);
    expect(existsSync(installed(exports[name].default)), name).toBe(true);
  }
  expect(existsSync(installed(bin.sysflow))).toBe(true);
  expect(Object.keys(dependencies).length).toBeGreaterThan(0);
  expect(existsSync(installed("src"))).toBe(false);
});

test("a strict TypeScript program compiles against every subpath, and runs", () => {
  writeFileSync(join(folder.path, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder.path, "consumer.ts"), consumer);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    target: "es2023",
    lib: ["es2023"],
    module: "nodenext",
    types: ["node"],
  };
  writeFileSync(
    join(folder.path, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["consumer.ts"] }),
  );
  run(join(repositoryRoot, "node_modules", ".bin", "tsc"), "-p", "tsconfig.json");
  const out: unknown = JSON.parse(run(process.execPath, "consumer.js"));
  expect(out).toEqual({
    format: "sysflow",
    op: ["EXEC"],
    time: "10.003000000Z",
    json: "PE",
    encoders: ["table", "json", "csv"],
    rules: 1,
    errors: [],
    names: ["A shell starts"],
    tree: true,
    story: "function",
    typo: true,
    attribute: "path",
    wrong: true,
  });
});

test("the installed command runs", () => {
  const trace = '1.0 cat/7 openat("/etc/passwd", O_RDONLY) = 3\n1.1 cat/7 read(3) = 2048\n';
  writeFileSync(join(folder.path, "page.log"), trace);
  const table = run(
    process.execPath,
    installed("bin", "sysflow.mjs"),
    "print",
    "page.log",
    "--csv",
  );
  expect(table).toContain("/etc/passwd");
  expect(
    run(process.execPath, installed("bin", "sysflow.mjs"), "rules", "test", "--quiet"),
  ).not.toContain("failed:");
});
