// A harmless container, made on the spot and run by runc: its root file system holds a shell, a few programs and their libraries, copied
// from this machine; its network is a namespace with nothing in it. The folder and every control group of it are removed at the end.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const containerImage = "sysflow/lab-container:1";

export type LabContainer = {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly folder: string;
  readonly bundle: string;
};

/** Why there can be no container here; undefined: there can. */
export function containerObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  return spawnSync("runc", ["--version"]).status === 0 ? undefined : "there is no runc";
}

const programs = ["/bin/sh", "/bin/cat", "/bin/sleep"];

/** Where runc keeps what it knows of its containers, and where we look for it. */
const stateFolder = "/run/runc";
const hadState = existsSync(stateFolder);

/** A bundle whose only process runs the script. */
export function makeContainer(script: string): LabContainer {
  const folder = mkdtempSync(join(tmpdir(), "sysflow-container-"));
  const bundle = join(folder, "bundle");
  const root = join(bundle, "rootfs");
  for (const name of ["proc", "tmp", "etc"]) mkdirSync(join(root, name), { recursive: true });
  for (const path of programs) {
    const listed = spawnSync("ldd", [path], { encoding: "utf8" }).stdout;
    for (const file of [path, ...(listed.match(/\/\S+/g) ?? [])]) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      copyFileSync(file, join(root, file));
    }
  }
  writeFileSync(join(root, "etc", "made"), "made up\n");
  const id = randomBytes(32).toString("hex");
  writeFileSync(join(bundle, "config.json"), JSON.stringify(configOf(id, script)));
  return { id, folder, bundle };
}

/** OCI runtime-spec. */
function configOf(id: string, script: string): object {
  const none: readonly string[] = [];
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ["/bin/sh", "-c", script],
      env: ["PATH=/bin"],
      cwd: "/",
      capabilities: { bounding: none, effective: none, permitted: none },
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: false },
    hostname: "lab",
    mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
    linux: {
      cgroupsPath: `/${id}`,
      namespaces: ["pid", "mount", "ipc", "uts", "network"].map((type) => ({ type })),
    },
    annotations: {
      "org.opencontainers.image.ref.name": containerImage,
      "io.kubernetes.cri.container-name": "lab",
      "io.kubernetes.cri.sandbox-name": "lab-pod",
      "io.kubernetes.cri.sandbox-namespace": "lab-space",
      "io.kubernetes.cri.sandbox-uid": "00000000-0000-4000-8000-000000000000",
    },
  };
}

/** runc's own words, for those who start it themselves. A root in memory cannot be pivoted. */
export function runCommand({ id, bundle }: LabContainer): readonly string[] {
  return ["runc", "run", "--no-pivot", "--bundle", bundle, id];
}

/** Created, and waiting for `startContainer`. */
export function createContainer({ id, bundle }: LabContainer): boolean {
  const args = ["create", "--no-pivot", "--bundle", bundle, id];
  return spawnSync("runc", args, { stdio: "ignore" }).status === 0;
}

export function startContainer({ id }: LabContainer): ChildProcess {
  return spawn("runc", ["start", id], { stdio: "ignore" });
}

/** Ends what still runs, and removes everything. */
export function removeContainer({ id, folder }: LabContainer): void {
  spawnSync("runc", ["delete", "--force", id], { stdio: "ignore" });
  for (const group of groupsOf(id)) {
    // runc has done it, unless it was killed itself.
    try {
      rmdirSync(group);
    } catch {
      continue;
    }
  }
  rmSync(folder, { recursive: true, force: true });
  if (!hadState && existsSync(stateFolder) && readdirSync(stateFolder).length === 0) {
    rmdirSync(stateFolder);
  }
}

/** Control groups that the container has in any hierarchy. */
export function groupsOf(id: string): string[] {
  const top = "/sys/fs/cgroup";
  const roots = existsSync(top) ? [top, ...readdirSync(top).map((name) => join(top, name))] : [];
  return roots.map((root) => join(root, id)).filter((path) => existsSync(path));
}
