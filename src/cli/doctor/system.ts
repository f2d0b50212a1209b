// What the system is: Node, architecture, strace, control groups, container, disk. What the kernel grants is kernel.ts.

import { printBytes } from "../../encode/units.ts";
import type { Machine } from "./machine.ts";
import { type Finding, atLeast, versionOf } from "./row.ts";

export function findNode(machine: Machine): Finding {
  const version = versionOf(machine.nodeVersion);
  const fine = version !== undefined && atLeast(version, 20, 19);
  return {
    name: "node",
    found: machine.nodeVersion,
    state: fine ? "ok" : "no",
    why: fine ? "SysFlow runs on Node 20.19 and newer" : "SysFlow needs Node 20.19 or newer",
    ...(fine ? {} : { fix: "install Node 20.19, 22 or 24" }),
  };
}

export function findArchitecture(machine: Machine): Finding {
  // Kernels since 6.1 say it themselves; a made-up root may have an older one.
  const arch = machine.text("proc/sys/kernel/arch")?.trim() ?? machine.arch;
  const name = "architecture";
  if (arch === "x64" || arch === "x86_64") {
    return { name, found: "x86-64", state: "ok", why: "tested here" };
  }
  if (arch === "arm64" || arch === "aarch64") {
    const why =
      "recordings can be read; the probe compiles for it and strace logs are read, neither is tested on it";
    return { name, found: "arm64", state: "limited", why };
  }
  const why = "recordings can be read; system calls of this architecture are not known";
  return { name, found: arch, state: "no", why };
}

const installs: ReadonlyMap<string, string> = new Map([
  ["debian", "apt-get install strace"],
  ["ubuntu", "apt-get install strace"],
  ["fedora", "dnf install strace"],
  ["rhel", "dnf install strace"],
  ["centos", "dnf install strace"],
  ["suse", "zypper install strace"],
  ["opensuse", "zypper install strace"],
  ["alpine", "apk add strace"],
  ["arch", "pacman -S strace"],
]);

function installOf(machine: Machine): string {
  const release = machine.text("etc/os-release") ?? machine.text("usr/lib/os-release") ?? "";
  for (const key of ["ID", "ID_LIKE"]) {
    const ids = new RegExp(`^${key}="?([^"\\n]*)"?$`, "m").exec(release)?.[1] ?? "";
    for (const id of ids.split(/\s+/)) {
      const command = installs.get(id.toLowerCase());
      if (command !== undefined) return command;
    }
  }
  return "install the package strace";
}

export function findStrace(machine: Machine): Finding {
  const name = "strace";
  for (const folder of machine.searchPath) {
    if (!folder.startsWith("/")) continue;
    const path = `${folder.replace(/\/+$/, "")}/strace`;
    if (machine.isExecutable(path)) {
      return { name, found: path, state: "ok", why: "try records with it, without root" };
    }
  }
  return {
    name,
    found: "not found",
    state: "no",
    why: "try needs it; searched in PATH",
    fix: installOf(machine),
  };
}

export function findCgroups(machine: Machine): Finding {
  const name = "cgroups";
  if (machine.exists("sys/fs/cgroup/cgroup.controllers")) {
    return { name, found: "v2", state: "ok", why: "containers are told apart by their group" };
  }
  if (machine.exists("sys/fs/cgroup/unified/cgroup.controllers")) {
    const why =
      "version 1 controllers with a version 2 tree beside them; containers are told apart by either";
    return { name, found: "hybrid", state: "ok", why };
  }
  if (machine.names("sys/fs/cgroup").length > 0) {
    const why = "containers are told apart by their version 1 groups";
    return { name, found: "v1", state: "ok", why };
  }
  const why = "containers cannot be told apart";
  return { name, found: "not mounted", state: "limited", why, fix: "mount /sys/fs/cgroup" };
}

const containerGroup = /(?:docker|containerd|crio|libpod|kubepods|lxc|machine\.slice\/)/;

function containerSign(machine: Machine): string | undefined {
  if (machine.exists(".dockerenv")) return "docker (/.dockerenv)";
  if (machine.exists("run/.containerenv")) return "podman (/run/.containerenv)";
  const engine = /(?:^|\0)container=([^\0]+)/.exec(machine.text("proc/1/environ") ?? "")?.[1];
  if (engine !== undefined) return `${engine} (container= of process 1)`;
  const group = containerGroup.exec(machine.text("proc/1/cgroup") ?? "")?.[0];
  if (group !== undefined) return `${group} (group of process 1)`;
  const own = containerGroup.exec(machine.text("proc/self/cgroup") ?? "")?.[0];
  return own === undefined ? undefined : `${own} (own group)`;
}

export function findContainer(machine: Machine): Finding {
  const sign = containerSign(machine);
  if (sign === undefined) {
    const why = "no sign of a container: all processes of the host can be seen";
    return { name: "container", found: "no", state: "ok", why };
  }
  return {
    name: "container",
    found: sign,
    state: "limited",
    why: "in a container: other processes of the host are seen only with the host's pid namespace",
    fix: "run it with --pid=host and the capabilities named here, or on the host",
  };
}

const diskWanted = 1e9;

export function findDisk(machine: Machine): Finding {
  const free = machine.freeBytes();
  if (free === undefined) {
    const why = "the file system does not say how much is free";
    return { name: "disk", found: "unknown", state: "limited", why };
  }
  const fine = free >= diskWanted;
  return {
    name: "disk",
    found: `${printBytes(free)} free`,
    state: fine ? "ok" : "limited",
    why: fine ? "enough for long recordings" : "a long recording may fill the disk",
    ...(fine ? {} : { fix: "free some space, or write recordings elsewhere" }),
  };
}
