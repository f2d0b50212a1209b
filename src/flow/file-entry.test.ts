import { expect, test } from "vitest";
import type { Container } from "../model/entity.ts";
import { FileCache, FileEntry } from "./file-entry.ts";

const host = { id: "h" };

function container(id: string): Container {
  const unknown = undefined;
  return {
    host,
    id,
    name: unknown,
    image: unknown,
    imageId: unknown,
    type: unknown,
    privileged: unknown,
    pod: unknown,
  };
}

function entry(path: string, id?: string): FileEntry {
  const place = id === undefined ? undefined : container(id);
  return new FileEntry(host, "REUP", 1, "f", path, place, undefined, undefined);
}

test("files are found by container and path", () => {
  const cache = new FileCache(64);
  const [plain, inside, other] = [entry("/a"), entry("/a", "c1"), entry("/a", "c2")];
  for (const item of [plain, inside, other]) cache.add(item);
  expect(cache.get(undefined, "/a")).toBe(plain);
  expect(cache.get("c1", "/a")).toBe(inside);
  expect(cache.get("c2", "/a")).toBe(other);
  expect(cache.get("c3", "/a")).toBeUndefined();
  expect(cache.get("c1", "/b")).toBeUndefined();
});

test("the table is bounded; what left it is marked, so that it is written again", () => {
  const cache = new FileCache(100);
  const entries = Array.from({ length: 1000 }, (_, i) => entry(`/data/${i}`));
  for (const item of entries) {
    item.written = true;
    cache.add(item);
  }
  const kept = entries.filter((item) => cache.get(undefined, item.path) === item);
  expect(kept.length).toBeLessThanOrEqual(100);
  expect(kept.length).toBeGreaterThan(32);
  expect(cache.evicted).toBe(1000 - kept.length);
  for (const item of entries) {
    expect([item.cached, item.written]).toEqual(
      kept.includes(item) ? [true, true] : [false, false],
    );
  }
});

test("what is looked up stays", () => {
  const cache = new FileCache(8);
  const used = entry("/used");
  cache.add(used);
  for (let i = 0; i < 1000; i++) {
    expect(cache.get(undefined, "/used")).toBe(used);
    cache.add(entry(`/new/${i}`));
  }
  expect(cache.evicted).toBe(993);
});

test("a file is its own first version; what is learned later makes another", () => {
  const file = entry("/a");
  expect(file.file).toBe(file);
  file.learn({ type: "d" });
  const second = file.file;
  file.learn({ inode: 7 });
  expect([file.type, file.inode]).toEqual(["f", undefined]);
  expect([second.type, second.inode]).toEqual(["d", undefined]);
  expect(file.file).toMatchObject({ path: "/a", type: "d", inode: 7, ts: 1, state: "REUP" });
});
