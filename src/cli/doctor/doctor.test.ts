// Made-up machines: each is a folder with the few files that the doctor reads. What is expected follows from kernel history and from
// what was measured (feature versions, capabilities), not from the doctor's own output.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { assertDefined } from "../../base/assert.ts";
import { type Machine, machineBelow } from "./machine.ts";
import type { Finding } from "./row.ts";
import { type Report, examine } from "./verdict.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

type Files = { readonly [path: string]: string };

/** CAP_PERFMON (38) and CAP_BPF (39). */
const bpfAndPerfmon = "000000c000000000";

const fine: Files = {
  "proc/sys/kernel/osrelease": "6.8.0-45-generic\n",
  "proc/sys/kernel/arch": "x86_64\n",
  "proc/sys/kernel/unprivileged_bpf_disabled": "2\n",
  "proc/sys/kernel/perf_event_paranoid": "4\n",
  "proc/sys/kernel/yama/ptrace_scope": "1\n",
  "proc/self/status": `Name:\tnode\nCapEff:\t${bpfAndPerfmon}\nSeccomp:\t0\n`,
  "proc/self/limits": "Max locked memory         8388608              8388608              bytes\n",
  "proc/self/cgroup": "0::/user.slice\n",
  "proc/1/cgroup": "0::/init.scope\n",
  "sys/kernel/btf/vmlinux": "\u009f\u00eb",
  "sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
  "sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
  "usr/bin/strace": "#!/bin/sh\n",
  "etc/os-release": 'ID=ubuntu\nID_LIKE="debian"\n',
};

const installed = "usr/local/lib/sysflow/sysflow-probe";

function machine(files: Files, links: Files = { "proc/self/ns/pid": "pid:[4026531836]" }): Machine {
  const root = mkdtempSync(join(tmpdir(), "sysflow-doctor-"));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text, { mode: 0o755 });
  }
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  }
  return {
    ...machineBelow(root),
    isRoot: false,
    shippedProbe: "/opt/sysflow/probe",
    freeBytes: () => 5e10,
    searchPath: ["/usr/local/bin", "/usr/bin"],
  };
}

function without(...paths: readonly string[]): Files {
  return Object.fromEntries(Object.entries(fine).filter(([path]) => !paths.includes(path)));
}

function verdict(report: Report, name: string): { state: string; because: readonly string[] } {
  const found = report.verdicts.find((one) => one.name === name);
  return { state: found?.state ?? "", because: found?.because ?? [] };
}

function fixOf(report: Report, name: string): string {
  return report.findings.find((finding) => finding.name === name)?.fix ?? "";
}

function findingOf(files: Files, name: string): Finding {
  const found = examine(machine(files)).findings.find((finding) => finding.name === name);
  return assertDefined(found, name);
}

function groups(files: Files): string {
  return findingOf(files, "cgroups").found;
}

test("everything is fine: all three ways, nothing to do", () => {
  const report = examine(machine(fine));
  expect(report.findings.filter((finding) => finding.state !== "ok")).toEqual([]);
  for (const name of ["read", "try", "record"]) {
    expect(verdict(report, name)).toEqual({ state: "ok", because: [] });
  }
});

test.for([
  { what: "no BTF", files: without("sys/kernel/btf/vmlinux"), because: ["btf"] },
  {
    what: "kernel before 5.17",
    files: { ...fine, "proc/sys/kernel/osrelease": "5.16.20-generic\n" },
    because: ["kernel"],
  },
  {
    what: "lockdown=confidentiality",
    files: { ...fine, "sys/kernel/security/lockdown": "none integrity [confidentiality]\n" },
    because: ["lockdown"],
  },
  {
    what: "CAP_BPF alone",
    files: { ...fine, "proc/self/status": "CapEff:\t0000008000000000\nSeccomp:\t0\n" },
    because: ["capabilities"],
  },
  {
    what: "no capabilities",
    files: { ...fine, "proc/self/status": "CapEff:\t0000000000000000\nSeccomp:\t0\n" },
    because: ["capabilities"],
  },
  {
    what: "a foreign architecture",
    files: { ...fine, "proc/sys/kernel/arch": "riscv64\n" },
    because: ["architecture"],
  },
])("$what: the probe cannot record, and the reason is named", ({ files, because }) => {
  const report = examine(machine(files));
  expect(verdict(report, "record")).toEqual({ state: "no", because });
  expect(verdict(report, "read").state).toBe("ok");
});

test.for([
  { what: "docker", files: { ...fine, ".dockerenv": "" }, because: "container" },
  { what: "podman", files: { ...fine, "run/.containerenv": "" }, because: "container" },
  {
    what: "kubernetes",
    files: { ...fine, "proc/self/cgroup": "0::/kubepods.slice/pod1\n" },
    because: "container",
  },
  {
    what: "systemd-nspawn",
    files: { ...fine, "proc/1/environ": "PATH=/bin\0container=systemd-nspawn\0" },
    because: "container",
  },
  {
    what: "a seccomp filter",
    files: { ...fine, "proc/self/status": `CapEff:\t${bpfAndPerfmon}\nSeccomp:\t2\n` },
    because: "seccomp",
  },
  {
    what: "no control groups",
    files: without("sys/fs/cgroup/cgroup.controllers"),
    because: "cgroups",
  },
])("$what: the probe is limited", ({ files, because }) => {
  expect(verdict(examine(machine(files)), "record")).toEqual({
    state: "limited",
    because: [because],
  });
});

test("root's CAP_SYS_ADMIN is enough", () => {
  const status = "CapEff:\t0000000000200000\nSeccomp:\t0\n";
  expect(verdict(examine(machine({ ...fine, "proc/self/status": status })), "record").state).toBe(
    "ok",
  );
});

const noCapabilities = "CapEff:\t0000000000000000\nSeccomp:\t0\n";

test("CAP_BPF alone: the missing one is named, and that the kernel's own answer misleads", () => {
  const files = { ...fine, "proc/self/status": "CapEff:\t0000008000000000\nSeccomp:\t0\n" };
  const { why } = findingOf(files, "capabilities");
  expect(why).toContain("needs CAP_PERFMON;");
  expect(why).toContain("Invalid argument");
});

test("an installed probe that the user may run brings its capabilities along", () => {
  const files = { ...fine, "proc/self/status": noCapabilities, [installed]: "" };
  expect(verdict(examine(machine(files)), "record").state).toBe("ok");
});

test("an installed probe that the user may not run: the group is named", () => {
  const files = { ...fine, "proc/self/status": noCapabilities, [installed]: "" };
  const report = examine({ ...machine(files), mayRun: () => false });
  expect(verdict(report, "record")).toEqual({ state: "no", because: ["capabilities", "probe"] });
  for (const name of ["capabilities", "probe"]) expect(fixOf(report, name)).toContain("usermod");
});

test("no probe at all: how to get one", () => {
  const report = examine({ ...machine(fine), shippedProbe: undefined });
  expect(verdict(report, "record")).toEqual({ state: "no", because: ["probe"] });
  expect(fixOf(report, "probe")).toContain("clang");
});

test("another pid namespace: the probe would see other processes", () => {
  const inside = examine(machine(fine, { "proc/self/ns/pid": "pid:[4026532201]" }));
  expect(verdict(inside, "record")).toEqual({ state: "no", because: ["pid-namespace"] });
  expect(fixOf(inside, "pid-namespace")).toContain("--pid=host");
});

test("no strace: try says which package", () => {
  const files = without("usr/bin/strace");
  const report = examine(machine(files));
  expect(verdict(report, "try")).toEqual({ state: "no", because: ["strace"] });
  expect(fixOf(report, "strace")).toBe("apt-get install strace");
  const fedora = examine(machine({ ...files, "etc/os-release": "ID=fedora\n" }));
  expect(fixOf(fedora, "strace")).toBe("dnf install strace");
  const alike = examine(
    machine({ ...files, "etc/os-release": 'ID=rocky\nID_LIKE="rhel centos"\n' }),
  );
  expect(fixOf(alike, "strace")).toBe("dnf install strace");
});

test("ptrace_scope 2 without CAP_SYS_PTRACE and 3 forbid try", () => {
  for (const scope of ["2\n", "3\n"]) {
    const report = examine(machine({ ...fine, "proc/sys/kernel/yama/ptrace_scope": scope }));
    expect(verdict(report, "try")).toEqual({ state: "no", because: ["ptrace"] });
  }
});

test("control groups of version 1 and hybrid ones are told apart", () => {
  const none = without("sys/fs/cgroup/cgroup.controllers");
  expect(groups(fine)).toBe("v2");
  expect(groups({ ...none, "sys/fs/cgroup/memory/tasks": "1\n" })).toBe("v1");
  const hybrid = {
    "sys/fs/cgroup/memory/tasks": "1\n",
    "sys/fs/cgroup/unified/cgroup.controllers": "",
  };
  expect(groups({ ...none, ...hybrid })).toBe("hybrid");
});

test("memlock counts before 5.11 only", () => {
  const release = "proc/sys/kernel/osrelease";
  expect(findingOf({ ...fine, [release]: "5.10.0\n" }, "memlock").state).toBe("limited");
  expect(findingOf({ ...fine, [release]: "5.11.0\n" }, "memlock").state).toBe("ok");
});

test("an empty root and a root that is not there are answers, not failures", () => {
  for (const files of [{}, { "proc/self/status": "\u0000\u0001 no status" }]) {
    const report = examine(machine(files));
    expect(verdict(report, "read").state).toBe("ok");
    expect(verdict(report, "record").state).toBe("no");
  }
  expect(verdict(examine(machineBelow("/no/such/folder")), "record").state).toBe("no");
});

test("a link that leads out of the root is not followed", () => {
  const root = mkdtempSync(join(tmpdir(), "sysflow-doctor-"));
  folders.push(root);
  mkdirSync(join(root, "proc/sys/kernel"), { recursive: true });
  symlinkSync("/proc/version", join(root, "proc/sys/kernel/osrelease"));
  expect(machineBelow(root).text("proc/sys/kernel/osrelease")).toBeUndefined();
  expect(machineBelow(root).text("../../../../proc/version")).toBeUndefined();
});

test("an old Node is named", () => {
  const old = examine({ ...machine(fine), nodeVersion: "18.20.1" });
  expect(verdict(old, "read")).toEqual({ state: "no", because: ["node"] });
});
