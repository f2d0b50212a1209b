// Control groups as selections: a path, or the group of a container. cgroups(7); the id of a version 2 group is its folder's inode.

import { type BigIntStats, readFileSync, readdirSync, statSync, statfsSync } from "node:fs";
import { join } from "node:path";

export type Group = {
  readonly path: string;
  /** Of version 2 groups; undefined: only the processes in it can be selected, and what they start. */
  readonly id: bigint | undefined;
};

/** linux/magic.h, CGROUP2_SUPER_MAGIC. */
const version2Magic = 0x63677270;
const depthMax = 12;
const groupsMax = 100_000;

/** Where version 2 is mounted: by itself, or beside version 1. */
const roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] as const;

/** The folder itself, or as /proc/PID/cgroup names it. */
export function findGroup(name: string): Group | undefined {
  for (const path of [name, ...roots.map((root) => join(root, name))]) {
    const group = groupOf(path);
    if (group !== undefined) return group;
  }
  return undefined;
}

function groupOf(path: string): Group | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    if (!stat.isDirectory() || readProcesses(path) === undefined) return undefined;
    return { path, id: idOf(path, stat) };
  } catch {
    return undefined;
  }
}

function idOf(path: string, stat: BigIntStats): bigint | undefined {
  return statfsSync(path).type === version2Magic ? stat.ino : undefined;
}

/** Processes in the group and in the groups below it. */
export function processesOf(group: Group): number[] {
  const found: number[] = [];
  walk(group.path, (path) => {
    found.push(...(readProcesses(path) ?? []));
    return true;
  });
  return found;
}

function readProcesses(path: string): number[] | undefined {
  try {
    const lines = readFileSync(join(path, "cgroup.procs"), "utf8").split("\n");
    return lines.filter((line) => /^[1-9]\d*$/.test(line)).map(Number);
  } catch {
    return undefined;
  }
}

/**
 * Groups of the container whose id begins so, as engines name them: the id alone, or docker-ID.scope, cri-containerd-ID.scope,
 * crio-ID.scope, libpod-ID.scope. Those of version 2 come first; a container may have others inside its own.
 */
export function groupsOfContainer(id: string, root = "/sys/fs/cgroup"): Group[] {
  const name = new RegExp(`(?:^|[-:])${id}[0-9a-f]*(?:\\.scope)?$`);
  const found: Group[] = [];
  walk(root, (path) => {
    const group = name.test(path.slice(path.lastIndexOf("/") + 1)) ? groupOf(path) : undefined;
    if (group !== undefined) found.push(group);
    return group === undefined;
  });
  return found.toSorted((a, b) => Number(a.id === undefined) - Number(b.id === undefined));
}

/** `visit` says whether to look below. */
function walk(root: string, visit: (path: string) => boolean): void {
  const waiting = [{ path: root, depth: 0 }];
  let seen = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    seen += 1;
    if (!visit(next.path) || next.depth >= depthMax || seen > groupsMax) continue;
    for (const name of foldersOf(next.path)) {
      waiting.push({ path: join(next.path, name), depth: next.depth + 1 });
    }
  }
}

function foldersOf(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}
