import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { followBytes } from "./follow.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sysflow-follow-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Reading = {
  readonly counters: { bytes: number };
  readonly stop: AbortController;
  /** The next chunk as text; undefined at the end. */
  readonly next: () => Promise<string | undefined>;
};

function follow(path: string): Reading {
  const counters = { bytes: 0 };
  const stop = new AbortController();
  const chunks = followBytes(path, counters, stop.signal);
  const next = async (): Promise<string | undefined> => {
    const { value } = await chunks.next();
    return value instanceof Uint8Array ? Buffer.from(value).toString() : undefined;
  };
  return { counters, stop, next };
}

test("a file is read on as it grows, and ends when it was renamed and is read to its end", async () => {
  const path = join(folder, "grows");
  writeFileSync(path, "one");
  const { next, counters } = follow(path);
  expect(await next()).toBe("one");
  const two = next();
  appendFileSync(path, "two");
  expect(await two).toBe("two");
  appendFileSync(path, "three");
  renameSync(path, `${path}.done`);
  expect(await next()).toBe("three");
  expect(await next()).toBeUndefined();
  expect(counters.bytes).toBe(11);
});

test("waiting for a file's next bytes ends when it is told to", async () => {
  const path = join(folder, "waits");
  writeFileSync(path, "one");
  const { next, stop } = follow(path);
  expect(await next()).toBe("one");
  const waiting = next();
  stop.abort();
  expect(await waiting).toBeUndefined();
});

function pipe(name: string): string {
  const path = join(folder, name);
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  return path;
}

test("a named pipe is read until its writer closes it", async () => {
  const path = pipe("pipe");
  const { next } = follow(path);
  const first = next();
  const writer = await open(path, "w");
  await writer.write("one");
  expect(await first).toBe("one");
  await writer.write("two");
  await writer.close();
  expect(await next()).toBe("two");
  expect(await next()).toBeUndefined();
});

test("waiting for a named pipe's writer, or for its bytes, ends when it is told to", async () => {
  const path = pipe("nobody");
  const alone = follow(path);
  const waiting = alone.next();
  // Whether the open is under way or still to begin.
  alone.stop.abort();
  expect(await waiting).toBeUndefined();
  const silent = follow(pipe("silent"));
  const first = silent.next();
  const writer = await open(join(folder, "silent"), "w");
  silent.stop.abort();
  expect(await first).toBeUndefined();
  await writer.close();
});
