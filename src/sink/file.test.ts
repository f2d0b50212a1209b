import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileSink } from "./file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sysflow-sink-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("the old file stays until the new one is complete", () => {
  const path = join(folder, "out");
  writeFileSync(path, "old");
  const sink = new FileSink(path);
  sink.write(bytes("new"));
  expect(readFileSync(path, "utf8")).toBe("old");
  sink.commit();
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(readdirSync(folder)).toEqual(["out"]);
});

test("an abandoned file leaves nothing behind and the old one intact", () => {
  const path = join(folder, "out");
  writeFileSync(path, "old");
  const sink = new FileSink(path);
  sink.write(bytes("half"));
  sink.abandon();
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["out"]);
});

test.skipIf(!existsSync("/dev/full"))("a full disk is an error, and the device stays", () => {
  const sink = new FileSink("/dev/full");
  expect(() => sink.write(bytes("x"))).toThrow(/ENOSPC/);
  sink.abandon();
  expect(existsSync("/dev/full")).toBe(true);
});
