// Ctrl-C: what is complete is kept, and the exit code says that it was interrupted.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../corpus.ts";
import { needsBuild } from "./sysflow.ts";

needsBuild();
const program = join(repositoryRoot, "bin", "sysflow.mjs");
const recording = join(repositoryRoot, "lab", "recording", "intrusion.sf");

test("print ends with 130 after whole lines", async () => {
  const child = spawn(process.execPath, [program, "print", "-", "--json"]);
  const lines: Buffer[] = [];
  child.stdout.on("data", (data: Buffer) => lines.push(data));
  child.stdin.write(readFileSync(recording));
  // It has begun: the recording so far is printed while more could come.
  await once(child.stdout, "data");
  child.kill("SIGINT");
  child.stdin.end();
  const [code] = await once(child, "close");
  expect(code).toBe(130);
  const text = Buffer.concat(lines).toString();
  expect(text.endsWith("\n")).toBe(true);
  for (const line of text.trimEnd().split("\n")) expect(() => JSON.parse(line)).not.toThrow();
});
