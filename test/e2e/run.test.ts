// `sysflow run` on what grows: alerts come while the writer goes on, Ctrl-C ends it with the whole story told, and what it found is
// what `detect` and `story` find in the same recording.

import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { expect, test } from "vitest";
import { repositoryRoot } from "../corpus.ts";
import { needsBuild, scratchFolder, sysflow } from "./sysflow.ts";

needsBuild();
const scratch = scratchFolder();
const program = join(repositoryRoot, "bin", "sysflow.mjs");
const intrusion = join(repositoryRoot, "lab", "recording", "intrusion.sf");

type Line = {
  readonly kind: string;
  readonly state?: string;
  readonly id?: string;
  readonly ruleId?: string;
};

class Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly lines: Line[] = [];
  readonly code: Promise<number | null>;
  #rest = "";
  #wake: (() => void) | undefined;

  constructor(...args: readonly string[]) {
    this.child = spawn(process.execPath, [program, "run", "--json", ...args], { stdio: "pipe" });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.lines.push(JSON.parse(line));
      this.#wake?.();
    });
    this.code = once(this.child, "close").then(([code]) => code);
  }

  /** The first line that fits, as soon as it is there. */
  async line(fits: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const found = this.lines.find(fits);
      if (found !== undefined) return found;
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        this.code.then((code) => {
          throw new Error(`it ended with ${code}`);
        }),
      ]);
    }
  }

  ids(): string[] {
    const gone = new Set(this.lines.filter(({ kind }) => kind === "withdrawn").map(({ id }) => id));
    const alerts = this.lines.filter(({ kind }) => kind === "alert").map(({ id = "" }) => id);
    return alerts.filter((id) => !gone.has(id)).sort();
  }

  finals(): Line[] {
    return this.lines
      .filter(({ state }) => state === "final")
      .map(({ kind, state, ...rest }) => {
        expect([kind, state]).toEqual(["incident", "final"]);
        return rest as Line;
      });
  }
}

function detected(path: string, ...more: string[]): string[] {
  const { out } = sysflow(["detect", path, "--json", ...more]);
  return out
    .split("\n")
    .filter(Boolean)
    .map((line) => String(Object(JSON.parse(line)).id))
    .sort();
}

function told(path: string): unknown[] {
  return Object(JSON.parse(sysflow(["story", path, "--json"]).out)).incidents;
}

test("what run finds in a stream is what detect and story find in the file", async () => {
  const running = new Running("-");
  running.child.stdin.end(readFileSync(intrusion));
  expect(await running.code).toBe(0);
  expect(running.ids().length).toBeGreaterThan(8);
  expect(running.ids()).toEqual(detected(intrusion));
  expect(running.finals()).toEqual(told(intrusion));
});

const rule = `sysflow: 1
rules:
  - { rule: Watched file, id: watched, severity: high, condition: 'op = OPEN and file.path = /srv/made-up' }
  - { rule: Much is read, id: much, severity: high, condition: 'flow.rbytes >= 1000 and file.path = /srv/made-up' }
`;
/** As strace writes it. */
const lines = [
  '7 1700000000.000001 execve("/usr/bin/reader", ["reader"], 0x7ffc /* 3 vars */) = 0',
  '7 1700000000.000100 openat(AT_FDCWD</>, "/srv/made-up", O_RDONLY) = 3</srv/made-up>',
  '7 1700000000.000200 openat(AT_FDCWD</>, "/srv/other", O_RDONLY) = 4</srv/other>',
  '7 1700000000.000250 openat(AT_FDCWD</>, "/srv/another", O_RDONLY) = 5</srv/another>',
  '7 1700000000.000300 read(3</srv/made-up>, "a"..., 4096) = 2000',
  "7 1700000001.000400 close(3</srv/made-up>) = 0",
  "7 1700000001.000500 exit_group(0) = ?",
  "7 1700000001.000600 +++ exited with 0 +++",
];

test("an open is alerted on while the file is open; what needs volumes when they are known; each once", async () => {
  const rules = join(scratch.path, "rules.yaml");
  writeFileSync(rules, rule);
  const running = new Running("-", "--rules", rules);
  running.child.stdin.write(`${lines.slice(0, 4).join("\n")}\n`);
  await running.line(({ ruleId }) => ruleId === "watched");
  expect(running.lines.length).toBe(1);
  running.child.stdin.end(`${lines.slice(4).join("\n")}\n`);
  expect(await running.code).toBe(0);
  const alerts = running.lines.filter(({ kind }) => kind === "alert");
  expect(alerts.map(({ ruleId }) => ruleId)).toEqual(["watched", "much"]);
  const log = join(scratch.path, "reader.strace");
  writeFileSync(log, `${lines.join("\n")}\n`);
  expect(running.ids()).toEqual(detected(log, "--rules", rules));
});

test("a file that is still written is followed until it is put away under its last name", async () => {
  const path = join(scratch.path, "grows.strace.open");
  const rules = join(scratch.path, "rules.yaml");
  writeFileSync(rules, rule);
  writeFileSync(path, `${lines.slice(0, 4).join("\n")}\n`);
  const running = new Running(path, "--rules", rules);
  await running.line(({ ruleId }) => ruleId === "watched");
  appendFileSync(path, `${lines.slice(4).join("\n")}\n`);
  const last = path.slice(0, -".open".length);
  renameSync(path, last);
  expect(await running.code).toBe(0);
  expect(running.ids()).toEqual(detected(last, "--rules", rules));
});

test("Ctrl-C ends it: what is open is told, then the whole story; exit 130", async () => {
  const path = join(scratch.path, "pipe");
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  const rules = join(scratch.path, "rules.yaml");
  writeFileSync(rules, rule);
  const running = new Running(path, "--rules", rules);
  const pipe = openSync(path, "w");
  writeSync(pipe, `${lines.slice(0, 5).join("\n")}\n`);
  await running.line(({ ruleId }) => ruleId === "watched");
  running.child.kill("SIGINT");
  expect(await running.code).toBe(130);
  closeSync(pipe);
  expect(running.lines.map(({ kind, ruleId }) => ruleId ?? kind)).toContain("much");
  expect(running.lines.at(-1)?.kind).toBe("end");
});

test("it ends when nobody reads any more what it tells", async () => {
  const path = join(scratch.path, "unheard");
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  const rules = join(scratch.path, "rules.yaml");
  writeFileSync(rules, rule);
  const running = new Running(path, "--rules", rules);
  const pipe = openSync(path, "w");
  running.child.stdout.destroy();
  // Alerts into the void; its writer would go on for ever.
  writeSync(pipe, `${lines.slice(0, 4).join("\n")}\n`);
  writeSync(pipe, `${lines.slice(0, 5).join("\n")}\n`);
  expect(await running.code).toBe(0);
  closeSync(pipe);
});

test("it says what it needs", () => {
  expect(sysflow(["run"]).status).toBe(2);
  expect(sysflow(["run", "a.sf", "b.sf"]).status).toBe(2);
  expect(sysflow(["run", "/nowhere/at-all"]).status).toBe(3);
});
