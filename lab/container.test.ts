// A real container under the probe: its records say which container, and of which image. Nothing of it is left over.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { needsBuild, sysflow } from "../test/e2e/sysflow.ts";
import { repositoryRoot } from "../test/corpus.ts";
import { canProbe, probeBinary } from "../test/probe/machine.ts";
import {
  containerImage,
  containerObstacle,
  createContainer,
  groupsOf,
  type LabContainer,
  makeContainer,
  removeContainer,
  runCommand,
  startContainer,
} from "./container.ts";

const program = join(repositoryRoot, "bin", "sysflow.mjs");
const script = "cat /etc/made; echo result >/tmp/out; cat /tmp/out; sleep 0.2";

let container: LabContainer;
let scratch = "";
beforeEach(() => {
  container = makeContainer(script);
  scratch = mkdtempSync(join(tmpdir(), "sysflow-container-test-"));
});
afterEach(() => {
  removeContainer(container);
  rmSync(scratch, { recursive: true, force: true });
  // Whatever a test did: nothing stays.
  expect(groupsOf(container.id)).toEqual([]);
  expect(existsSync(join("/run/runc", container.id))).toBe(false);
  expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(container.folder);
  expect(existsSync(container.folder)).toBe(false);
});

/** Container, image, pod, program, operations and file of every record. */
function tableOf(recording: string): string[][] {
  const fields = "container.id,container.image,pod.name,proc.exe,op,file.path";
  const { out } = sysflow(["print", recording, "--csv", "--fields", fields]);
  return out
    .trimEnd()
    .split("\r\n")
    .slice(1)
    .map((line) => line.split(","));
}

function expectContainer(rows: readonly string[][]): void {
  const inside = rows.filter((row) => row[0] !== "");
  expect(inside.length).toBeGreaterThan(3);
  for (const row of inside) {
    expect(row.slice(0, 3)).toEqual([container.id.slice(0, 12), containerImage, "lab-pod"]);
  }
  const has = (exe: string, op: string, path: string): boolean =>
    inside.some((row) => row[3] === exe && row[4]?.includes(op) === true && row[5] === path);
  expect(has("/bin/cat", "EXEC", "")).toBe(true);
  expect(has("/bin/cat", "READ", "/etc/made")).toBe(true);
  expect(has("/bin/sh", "WRITE", "/tmp/out")).toBe(true);
}

describe.skipIf(!canProbe || containerObstacle() !== undefined)("a container", () => {
  needsBuild();

  test("is told from the runtime that starts it: record -- runc run", () => {
    const out = join(scratch, "run.sf");
    const args = ["record", "--probe", probeBinary, "-o", out, "--", ...runCommand(container)];
    const { status, err, out: said } = sysflow(args);
    expect(status, err).toBe(0);
    expect(said).toBe("made up\nresult\n");
    const rows = tableOf(out);
    expectContainer(rows);
    // runc itself works outside.
    const outside = rows.filter((row) => row[0] === "").map((row) => row[3]);
    expect(outside).toContain(spawnSync("which", ["runc"], { encoding: "utf8" }).stdout.trim());
    expect(outside).not.toContain("/bin/cat");
  });

  test("is recorded alone: record --container", async () => {
    expect(createContainer(container)).toBe(true);
    const out = join(scratch, "container.sf");
    const id = container.id.slice(0, 12);
    const args = ["record", "--probe", probeBinary, "--container", id, "--for", "4s", "-o", out];
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    const recorder = spawn(process.execPath, [program, ...args], { stdio: "ignore", env });
    const ended = new Promise<number | null>((resolve) => recorder.on("exit", resolve));
    // Its open file grows from the first record on.
    await expect.poll(() => existsSync(`${out}.open`), { timeout: 10_000 }).toBe(true);
    await new Promise((resolve) => startContainer(container).on("exit", resolve));
    expect(await ended).toBe(0);
    const rows = tableOf(out);
    expectContainer(rows);
    expect(rows.filter((row) => row[0] === "" && row[3] === "/bin/cat")).toEqual([]);
  });
});
