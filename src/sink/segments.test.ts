import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Segment, fileNameOf, nextSegment } from "./segments.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sysflow-segments-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("what was written can be read before the segment is complete", () => {
  const segment = new Segment(join(folder, "a.sf"));
  segment.write(bytes("block"));
  expect(readdirSync(folder)).toEqual(["a.sf.open"]);
  expect(readFileSync(segment.openPath, "utf8")).toBe("block");
  segment.commit();
  expect(readdirSync(folder)).toEqual(["a.sf"]);
});

test("an older file stays until its successor is complete, an unfinished one is not touched", () => {
  const path = join(folder, "a.sf");
  writeFileSync(path, "old");
  const segment = new Segment(path);
  segment.write(bytes("new"));
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(() => new Segment(path)).toThrow(/EEXIST/);
  segment.commit();
  expect(readFileSync(path, "utf8")).toBe("new");
});

test("an abandoned segment leaves nothing", () => {
  const segment = new Segment(join(folder, "a.sf"));
  segment.abandon();
  expect(readdirSync(folder)).toEqual([]);
});

test("segments of one second, left ones too, get names of their own", () => {
  writeFileSync(join(folder, "host.100.sf.open"), "left");
  nextSegment(folder, "host", 100.9).commit();
  nextSegment(folder, "host", 100.9).commit();
  expect(readdirSync(folder).toSorted()).toEqual([
    "host.100.sf.open",
    "host.101.sf",
    "host.102.sf",
  ]);
});

test("a host's id cannot lead out of the folder", () => {
  expect(fileNameOf("../../etc/x")).toBe("_.._etc_x");
  expect(fileNameOf(".hidden")).toBe("hidden");
  expect(fileNameOf("a b\0c")).toBe("a_b_c");
  expect(fileNameOf("...")).toBe("sysflow");
  expect(fileNameOf("x".repeat(500))).toHaveLength(100);
});
