// What follows from the findings for each way to use SysFlow.

import { findArchitecture, findCgroups, findContainer, findDisk } from "./system.ts";
import { findNode, findStrace } from "./system.ts";
import {
  findBtf,
  findCapabilities,
  findKernel,
  findLockdown,
  findMemlock,
  findPerfParanoid,
  findPidNamespace,
  findProbeBinary,
  findPtrace,
  findSeccomp,
  findTracefs,
  findUnprivilegedBpf,
} from "./kernel.ts";
import type { Machine } from "./machine.ts";
import type { Finding, State } from "./row.ts";

const checks: readonly ((machine: Machine) => Finding)[] = [
  findNode,
  findArchitecture,
  findDisk,
  findStrace,
  findPtrace,
  findSeccomp,
  findKernel,
  findBtf,
  findLockdown,
  findCapabilities,
  findUnprivilegedBpf,
  findPerfParanoid,
  findMemlock,
  findTracefs,
  findCgroups,
  findContainer,
  findPidNamespace,
  findProbeBinary,
];

export type Verdict = {
  readonly name: "read" | "try" | "record";
  readonly title: string;
  readonly state: State;
  /** Names of the findings that limit or prevent it. */
  readonly because: readonly string[];
};

type Way = Pick<Verdict, "name" | "title"> & {
  /** Findings that decide: their "no" means no. */
  readonly needs: readonly string[];
  /** Findings whose trouble limits it at most. */
  readonly asks: readonly string[];
};

const ways: readonly Way[] = [
  { name: "read", title: "read recordings", needs: ["node"], asks: [] },
  {
    name: "try",
    title: "try (strace)",
    needs: ["node", "strace", "ptrace"],
    asks: ["seccomp", "architecture"],
  },
  {
    name: "record",
    title: "record (probe)",
    needs: [
      "node",
      "architecture",
      "kernel",
      "btf",
      "lockdown",
      "capabilities",
      "pid-namespace",
      "probe",
    ],
    asks: ["seccomp", "memlock", "cgroups", "container", "disk"],
  },
];

export type Report = {
  readonly findings: readonly Finding[];
  readonly verdicts: readonly Verdict[];
};

export function examine(machine: Machine): Report {
  const findings = checks.map((check) => check(machine));
  return { findings, verdicts: ways.map((way) => judge(way, findings)) };
}

function judge({ name, title, needs, asks }: Way, findings: readonly Finding[]): Verdict {
  const troubled = findings.filter(
    (finding) => finding.state !== "ok" && [...needs, ...asks].includes(finding.name),
  );
  const refused = troubled.filter(
    (finding) => finding.state === "no" && needs.includes(finding.name),
  );
  if (refused.length > 0) {
    return { name, title, state: "no", because: refused.map((finding) => finding.name) };
  }
  const state = troubled.length > 0 ? "limited" : "ok";
  return { name, title, state, because: troubled.map((finding) => finding.name) };
}

/** What stands in the way of recording, each with what to do; undefined where nothing is known to. */
export function whyNotHere(machine: Machine): string | undefined {
  const { findings, verdicts } = examine(machine);
  const because = verdicts.find((verdict) => verdict.name === "record")?.because ?? [];
  const wrong = findings.filter(({ name, state }) => state === "no" && because.includes(name));
  if (wrong.length === 0) return undefined;
  return wrong.map(({ name, found, fix }) => `${name}: ${found} (${fix ?? ""})`).join("; ");
}
