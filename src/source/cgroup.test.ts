import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findGroup, groupsOfContainer, processesOf } from "./cgroup.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sysflow-cgroup-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function group(path: string, ...pids: readonly number[]): string {
  const folder = join(root, path);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "cgroup.procs"), pids.map((pid) => `${pid}\n`).join(""));
  return folder;
}

const id = "0123456789ab".padEnd(64, "c");

test.for([
  `docker/${id}`,
  `system.slice/docker-${id}.scope`,
  `kubepods.slice/pod1/cri-containerd-${id}.scope`,
  `machine.slice/libpod-${id}.scope`,
  `kubepods/burstable/pod1/crio-${id}.scope`,
])("a container's group as its engine names it: %s", (path) => {
  const folder = group(path, 7);
  group(`${path}/inside`, 8);
  group("system.slice/other.service", 9);
  const [found, ...more] = groupsOfContainer("0123456789ab", root);
  expect(found?.path).toBe(folder);
  expect(more).toEqual([]);
  if (found !== undefined) expect(processesOf(found)).toEqual([7, 8]);
  expect(groupsOfContainer("f00d", root)).toEqual([]);
  expect(groupsOfContainer(id, root)).toHaveLength(1);
});

test("an id inside another word is none", () => {
  group(`x${id}`, 1);
  group(`${id}x`, 1);
  expect(groupsOfContainer("0123", root)).toEqual([]);
});

test("a folder that is no group, and none at all", () => {
  mkdirSync(join(root, "folder"));
  expect(findGroup(join(root, "folder"))).toBeUndefined();
  expect(findGroup("/no/such/group")).toBeUndefined();
  // Not mounted as version 2: it has no id that the kernel would know.
  expect(findGroup(group("plain", 3))).toMatchObject({ id: undefined });
});
