// Who started whom: the line from the service down to the first alert step by step, and below it what the attack's programs
// started, told together.

import { processName } from "../../model/entity.ts";
import type { TimeNs } from "../../model/time.ts";
import { printCount } from "../../encode/units.ts";
import { type Draft, type Heuristic, actKey, addTerm } from "../draft.ts";
import type { Exec, ProcessNode } from "../node.ts";
import { commandOf, list, nameOf, procAt, who, whoRuns } from "../sentence.ts";

export const ancestry: Heuristic = {
  name: "ancestry",
  doc: "programs started on the way from the root to the alerts, and by the attack's own programs",
  apply(draft) {
    const single = new Set<ProcessNode>(draft.chain);
    for (const { runner } of draft.dropped) single.add(runner);
    for (const alert of draft.alerts) {
      const node = draft.graph.find(alert.proc);
      const last = alert.activities.at(-1)?.record;
      if (node !== undefined && last?.type === "PE") single.add(node);
    }
    // Between the service and the first dropped program every shell is a link of the path.
    for (const { runner } of draft.dropped) {
      for (
        let node = runner.parent;
        node !== undefined && draft.attack.has(node);
        node = node.parent
      ) {
        single.add(node);
      }
    }
    for (const group of alike(draft, single)) addStart(draft, group);
    for (const parents of alikeParents(draft)) addChildren(draft, parents, single);
    if (draft.attack.size > 1) addTerm(draft, "ancestry", 3, 3);
  },
};

type Start = { readonly node: ProcessNode; readonly exec: Exec };

/** The first programs of the processes; what one parent started with one command line again and again is one group. */
function alike(draft: Draft, nodes: ReadonlySet<ProcessNode>): Start[][] {
  const groups = new Map<string, Start[]>();
  for (const node of nodes) {
    const since = draft.attack.get(node) ?? Number.POSITIVE_INFINITY;
    const exec = node.execs.find(({ at }) => at >= since);
    if (exec === undefined) continue;
    const key = `${node.parent?.key ?? node.key} ${commandOf(exec.proc)}`;
    const group = groups.get(key) ?? [];
    group.push({ node, exec });
    groups.set(key, group);
  }
  for (const group of groups.values()) group.sort((a, b) => a.exec.at - b.exec.at);
  return [...groups.values()];
}

function addStart(draft: Draft, group: readonly Start[]): void {
  const [first] = group;
  const last = group.at(-1);
  if (first === undefined || last === undefined) return;
  const { node, exec } = first;
  const parent = node.parent;
  const command = commandOf(exec.proc);
  const pid = `(pid ${node.proc.pid})`;
  const often = group.length === 1 ? pid : `${printCount(group.length)} times`;
  const sentence =
    parent === undefined
      ? `${who(exec.proc)} ran ${command}`
      : `${whoStarted(draft, parent, exec.at)} started ${command} ${often}`;
  draft.steps.push({
    key: actKey(node, "exec", exec.proc.exe ?? ""),
    covers: new Set(group.map((each) => actKey(each.node, "exec", each.exec.proc.exe ?? ""))),
    ts: exec.at,
    endTs: group.length === 1 ? undefined : last.exec.at,
    node,
    proc: exec.proc,
    op: "EXEC",
    object: { kind: "process", value: command },
    because: "ancestry",
    tactic: "execution",
    technique: "T1059",
    sentence,
    records: group.map((each) => each.exec.record).slice(0, 64),
    alerts: [],
  });
}

function whoStarted(draft: Draft, parent: ProcessNode, at: TimeNs): string {
  const proc = procAt(parent, at);
  return draft.dropped.some(({ runner }) => runner === parent) ? whoRuns(proc) : who(proc);
}

/** A program that ran below a process of the attack; without a record where it was older than its file. */
type Started = {
  readonly node: ProcessNode;
  readonly exec: Pick<Exec, "at" | "proc"> & { readonly record?: Exec["record"] };
};

/** What one parent started with one command line again and again is one group. */
function alikeParents(draft: Draft): ProcessNode[][] {
  const groups = new Map<string, ProcessNode[]>();
  for (const node of draft.attack.keys()) {
    const key = `${node.parent?.key ?? node.key} ${commandOf(node.proc)}`;
    const group = groups.get(key) ?? [];
    group.push(node);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Programs that say where one is and who one is, and the technique that they stand for. */
const looking: { readonly [name: string]: string } = {
  id: "T1033",
  whoami: "T1033",
  who: "T1033",
  w: "T1033",
  last: "T1033",
  users: "T1033",
  groups: "T1069.001",
  uname: "T1082",
  hostname: "T1082",
  hostnamectl: "T1082",
  lscpu: "T1082",
  arch: "T1082",
  lsblk: "T1082",
  uptime: "T1082",
  ps: "T1057",
  pstree: "T1057",
  ifconfig: "T1016",
  ip: "T1016",
  route: "T1016",
  arp: "T1016",
  netstat: "T1049",
  ss: "T1049",
};

/** One step for all that a program of the attack started. */
function addChildren(
  draft: Draft,
  parents: readonly ProcessNode[],
  single: ReadonlySet<ProcessNode>,
): void {
  const execs: Started[] = [];
  for (const parent of parents) {
    const inner = parent.parent !== undefined && draft.attack.has(parent.parent);
    if (inner && !single.has(parent)) continue;
    collect(parent, draft.attack.get(parent) ?? 0, single, draft, execs, 0);
  }
  execs.sort((a, b) => a.exec.at - b.exec.at);
  const first = execs[0];
  const last = execs.at(-1);
  const parent = parents.find((each) => each === first?.node.parent) ?? parents[0];
  if (first === undefined || last === undefined || parent === undefined) return;
  const names = [...new Set(execs.map(({ exec }) => shortCommand(exec)))];
  const techniques = execs.flatMap(({ exec }) => looking[processName(exec.proc) ?? ""] ?? []);
  // Two at least: one alone is in many a script.
  const looks = new Set(techniques).size >= 2;
  const count = execs.length;
  const many = count === 1 ? "" : `${printCount(count)} programs: `;
  const what = looks ? `to look around, ${many}` : many;
  const often = parents.length > 1 ? ` and ${printCount(parents.length - 1)} more like it` : "";
  draft.steps.push({
    key: actKey(parent, "other", "children"),
    covers: new Set(execs.map(({ node, exec }) => actKey(node, "exec", exec.proc.exe ?? ""))),
    ts: first.exec.at,
    endTs: last.exec.at,
    node: parent,
    proc: parent.proc,
    op: "EXEC",
    object: { kind: "process", value: list(names, 4) },
    because: "ancestry",
    tactic: looks ? "discovery" : "execution",
    technique: looks ? techniques[0] : "T1059",
    sentence: `${whoRuns(parent.proc)}${often} started ${what}${list(names, 4)}`,
    records: execs.flatMap(({ exec }) => exec.record ?? []).slice(0, 64),
    alerts: [],
  });
}

function collect(
  parent: ProcessNode,
  since: number,
  single: ReadonlySet<ProcessNode>,
  draft: Draft,
  into: Started[],
  depth: number,
): void {
  for (const node of parent.children) {
    if (single.has(node) || !draft.attack.has(node) || depth > 32) continue;
    // PATH search makes failed attempts and one success; the last program is what it became.
    for (const exec of node.execs) if (exec.at >= since) into.push({ exec, node });
    const older = node.execs.length === 0 && node.forkedAt === undefined;
    if (older && node.proc.exe !== undefined)
      into.push({ exec: { at: node.first, proc: node.proc }, node });
    collect(node, since, single, draft, into, depth + 1);
  }
}

function shortCommand({ proc }: Started["exec"]): string {
  const name = nameOf(proc);
  const words = (proc.args ?? "").split(" ").filter((word) => word !== "" && !word.startsWith("-"));
  const first = words[0] === undefined || words[0].includes("/") ? words[1] : words[0];
  return first === undefined || first.length > 24 || /[^\w.:@-]/.test(first)
    ? name
    : `${name} ${first}`;
}
