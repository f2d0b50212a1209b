// What the kernel can do and what it grants this process. The versions are those in which the features that the probe uses came.

import { installedProbe } from "../../source/probe-binary.ts";
import type { Machine } from "./machine.ts";
import { type Finding, atLeast, versionOf } from "./row.ts";

function kernelVersion(machine: Machine): readonly [number, number] | undefined {
  return versionOf(machine.text("proc/sys/kernel/osrelease") ?? "");
}

export function findKernel(machine: Machine): Finding {
  const name = "kernel";
  const found = machine.text("proc/sys/kernel/osrelease")?.trim() ?? "unknown";
  const version = kernelVersion(machine);
  if (version === undefined) {
    const why = "/proc/sys/kernel/osrelease cannot be read";
    return { name, found, state: "no", why, fix: "mount /proc" };
  }
  if (atLeast(version, 5, 17)) {
    return { name, found, state: "ok", why: "5.17 and newer load the probe" };
  }
  const why = "the probe needs 5.17: loops of the kernel's own, and types resolved by the kernel";
  return { name, found, state: "no", why, fix: "a kernel from 5.17 on; or record with try" };
}

export function findBtf(machine: Machine): Finding {
  const name = "btf";
  if (machine.exists("sys/kernel/btf/vmlinux")) {
    const why = "the kernel describes its types: one probe fits all kernels";
    return { name, found: "/sys/kernel/btf/vmlinux", state: "ok", why };
  }
  return {
    name,
    found: "not found",
    state: "no",
    why: "without the kernel's type information the probe cannot find anything in it",
    fix: "a kernel with CONFIG_DEBUG_INFO_BTF=y, and /sys mounted",
  };
}

export function findLockdown(machine: Machine): Finding {
  const name = "lockdown";
  const text = machine.text("sys/kernel/security/lockdown");
  const mode =
    /\[(\w+)\]/.exec(text ?? "")?.[1] ?? (text === undefined ? "not readable" : "unknown");
  if (mode === "confidentiality") {
    const why = "the kernel lets nobody read its memory, so no probe works";
    const fix = "boot with lockdown=integrity, or with secure boot off";
    return { name, found: mode, state: "no", why, fix };
  }
  return { name, found: mode, state: "ok", why: "no sign that it stops the probe from reading" };
}

const capability = { sysPtrace: 19, sysAdmin: 21, perfmon: 38, bpf: 39 } as const;

function hasCapability(machine: Machine, name: keyof typeof capability): boolean {
  const hex = /^CapEff:\s*([0-9a-f]{1,16})$/im.exec(machine.text("proc/self/status") ?? "")?.[1];
  return hex !== undefined && ((BigInt(`0x${hex}`) >> BigInt(capability[name])) & 1n) === 1n;
}

export function findCapabilities(machine: Machine): Finding {
  const name = "capabilities";
  const bpf = hasCapability(machine, "bpf");
  const perfmon = hasCapability(machine, "perfmon");
  const admin = hasCapability(machine, "sysAdmin");
  const held = [bpf && "CAP_BPF", perfmon && "CAP_PERFMON", admin && "CAP_SYS_ADMIN"];
  const found = held.filter((item) => item !== false).join(" ") || "none that the probe needs";
  if (machine.text("proc/self/status") === undefined) {
    const why = "/proc/self/status cannot be read";
    return { name, found: "unknown", state: "no", why, fix: "mount /proc" };
  }
  if (admin || (bpf && perfmon)) {
    const why = "loading the probe is allowed (CAP_BPF with CAP_PERFMON, or CAP_SYS_ADMIN)";
    return { name, found, state: "ok", why };
  }
  if (machine.mayRun(installedAt)) {
    const why = `not held, and not needed: /${installedAt} brings CAP_BPF and CAP_PERFMON`;
    return { name, found, state: "ok", why };
  }
  const missing = [!bpf && "CAP_BPF", !perfmon && "CAP_PERFMON"].filter((item) => item !== false);
  // With CAP_BPF alone the kernel's answer to the loader is EINVAL, which names nothing.
  const misleading = bpf ? '; without it the kernel says "Invalid argument" and no more' : "";
  return {
    name,
    found,
    state: "no",
    why: `loading the probe needs ${missing.join(" and ")}${misleading}`,
    fix: fixOfCapabilities(machine),
  };
}

function fixOfCapabilities(machine: Machine): string {
  const container = "in a container: --cap-add BPF --cap-add PERFMON";
  if (machine.isRoot) return `${container}; root of this machine has them`;
  if (machine.exists(installedAt)) {
    return "you are not in the group sysflow: sudo usermod -aG sysflow $USER, then log in again";
  }
  return `sudo sysflow probe install (once), or sudo sysflow record …; ${container}`;
}

/** Below the root, as all paths here. */
const installedAt = installedProbe().slice(1);

export function findProbeBinary(machine: Machine): Finding {
  const name = "probe";
  if (machine.exists(installedAt)) {
    const found = `/${installedAt}`;
    if (machine.mayRun(installedAt)) return { name, found, state: "ok", why: "installed" };
    const fix = "sudo usermod -aG sysflow $USER, then log in again; or sudo sysflow record …";
    const why = "installed; only root and the group sysflow may run it";
    return { name, found, state: "no", why, fix };
  }
  const { shippedProbe } = machine;
  if (shippedProbe !== undefined) {
    const why = "came with the program: root may record; others once it is installed";
    return { name, found: shippedProbe, state: "ok", why };
  }
  return {
    name,
    found: "not found",
    state: "no",
    why: `neither installed (/${installedAt}) nor beside the program`,
    fix: "in a checkout: node scripts/probe.mjs (with clang, bpftool and musl-tools)",
  };
}

/** PROC_PID_INIT_INO (include/linux/proc_ns.h): the first namespace's own number. */
const firstPidNamespace = "pid:[4026531836]";

export function findPidNamespace(machine: Machine): Finding {
  const name = "pid-namespace";
  const found = machine.link("proc/self/ns/pid");
  if (found === undefined) {
    const why = "/proc/self/ns/pid cannot be read";
    return { name, found: "unknown", state: "limited", why, fix: "mount /proc" };
  }
  if (found === firstPidNamespace) {
    return { name, found: "the host's", state: "ok", why: "process ids are the kernel's" };
  }
  return {
    name,
    found: `another (${found})`,
    state: "no",
    why: "process ids here are not the kernel's: the probe would record other processes",
    fix: "run the container with --pid=host, or record on the host",
  };
}

function numberAt(machine: Machine, path: string): number | undefined {
  const text = machine.text(path)?.trim();
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

export function findUnprivilegedBpf(machine: Machine): Finding {
  const value = numberAt(machine, "proc/sys/kernel/unprivileged_bpf_disabled");
  const found = value === undefined ? "not there" : String(value);
  const why = "only capabilities count: the probe is never loaded without them";
  return { name: "unprivileged-bpf", found, state: "ok", why };
}

export function findPerfParanoid(machine: Machine): Finding {
  const value = numberAt(machine, "proc/sys/kernel/perf_event_paranoid");
  const name = "perf-event-paranoid";
  const found = value === undefined ? "not there" : String(value);
  const why = "CAP_PERFMON passes it, whatever the value";
  return { name, found, state: "ok", why };
}

export function findPtrace(machine: Machine): Finding {
  const name = "ptrace";
  const value = numberAt(machine, "proc/sys/kernel/yama/ptrace_scope");
  if (value === undefined) {
    return { name, found: "no yama", state: "ok", why: "own processes may be traced" };
  }
  const found = `ptrace_scope ${value}`;
  if (value <= 1) {
    return { name, found, state: "ok", why: "children may be traced: enough for try" };
  }
  if (value === 2 && hasCapability(machine, "sysPtrace")) {
    return { name, found, state: "ok", why: "CAP_SYS_PTRACE is held" };
  }
  if (value === 2) {
    const fix = "sysctl kernel.yama.ptrace_scope=1, or run as root";
    return { name, found, state: "no", why: "tracing needs CAP_SYS_PTRACE", fix };
  }
  const why = "nobody may trace until the next boot";
  return { name, found, state: "no", why, fix: "boot with kernel.yama.ptrace_scope=1" };
}

export function findSeccomp(machine: Machine): Finding {
  const name = "seccomp";
  const mode = /^Seccomp:\s*(\d)$/m.exec(machine.text("proc/self/status") ?? "")?.[1];
  if (mode === undefined || mode === "0") {
    const found = mode === undefined ? "unknown" : "off";
    return { name, found, state: "ok", why: "no system call is filtered" };
  }
  return {
    name,
    found: mode === "1" ? "strict" : "filter",
    state: "limited",
    why: "a filter may refuse bpf, perf_event_open and ptrace, whatever capabilities are held",
    fix: "in a container: --security-opt seccomp=unconfined, or a profile that allows these three",
  };
}

export function findTracefs(machine: Machine): Finding {
  const name = "tracefs";
  for (const path of ["sys/kernel/tracing", "sys/kernel/debug/tracing"]) {
    if (machine.exists(`${path}/events`) || machine.exists(`${path}/available_events`)) {
      return { name, found: `/${path}`, state: "ok", why: "readable; only for finding faults" };
    }
  }
  // The probe attaches by BTF and does not ask tracefs.
  const why = "not readable; the probe works without it, finding faults is harder";
  return { name, found: "not readable", state: "ok", why };
}

export function findMemlock(machine: Machine): Finding {
  const name = "memlock";
  const limits = machine.text("proc/self/limits") ?? "";
  const soft = /^Max locked memory\s+(\S+)/m.exec(limits)?.[1];
  const version = kernelVersion(machine);
  const found = soft === undefined ? "unknown" : soft === "unlimited" ? soft : `${soft} bytes`;
  if (version !== undefined && atLeast(version, 5, 11)) {
    const why = "since 5.11 maps are charged to the control group, not to this limit";
    return { name, found, state: "ok", why };
  }
  if (soft === "unlimited" || Number(soft) >= 64 * 1024 * 1024) {
    return { name, found, state: "ok", why: "enough for the probe's maps" };
  }
  const why = "before 5.11 the probe's maps (up to 32 MB) count against it";
  return { name, found, state: "limited", why, fix: "ulimit -l unlimited" };
}
