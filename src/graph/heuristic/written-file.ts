// Files that the attack left behind: written by the processes on its path, by name where they are few, and made executable.

import { printable } from "../../base/text.ts";
import { printBytes, printCount } from "../../encode/units.ts";
import { processName } from "../../model/entity.ts";
import { type Draft, type Heuristic, actKey, addTerm, isPackageTool } from "../draft.ts";
import type { FileEdge, ProcessNode } from "../node.ts";
import { list, procAt, whoRuns } from "../sentence.ts";

export const writtenFile: Heuristic = {
  name: "files left",
  doc: "files written by the processes on the attack's path; one made executable counts as a dropped program",
  apply(draft) {
    const path = new Set<ProcessNode>(draft.chain);
    for (const { runner } of draft.dropped) path.add(runner);
    for (const { proc, activities } of draft.alerts) {
      const node = draft.graph.find(proc);
      const type = activities.at(-1)?.record.type;
      if (node !== undefined && (type === "FF" || type === "FE")) path.add(node);
    }
    const told = new Set(draft.steps.flatMap(({ key, covers }) => [key, ...covers]));
    for (const node of path) {
      const since = draft.attack.get(node);
      if (since === undefined) continue;
      const edges = [...node.files.values()].filter(
        (edge) =>
          edge.firstWrite !== undefined &&
          edge.firstWrite >= since &&
          !isPackageTool(edge.proc) &&
          isRegular(edge) &&
          !told.has(actKey(node, "write", nameOfFile(edge))),
      );
      if (edges.length > 0) addWrites(draft, node, edges);
    }
    addModeChanges(draft);
  },
};

function isRegular({ file }: FileEdge): boolean {
  const path = file.names.at(-1) ?? "";
  return (file.file.type === "f" || file.file.type === "?") && !/^\/(dev|proc|sys)\//.test(path);
}

function nameOfFile({ file }: FileEdge): string {
  return file.names[0] ?? file.file.path;
}

function addWrites(draft: Draft, node: ProcessNode, edges: FileEdge[]): void {
  edges.sort((a, b) => (a.firstWrite ?? 0) - (b.firstWrite ?? 0));
  const names = edges.map(nameOfFile);
  const [first] = edges;
  if (first === undefined) return;
  const ts = first.firstWrite ?? first.first;
  const bytes = edges.reduce((sum, { wbytes }) => sum + wbytes, 0);
  const what = edges.length === 1 ? "" : `${printCount(edges.length)} files: `;
  const proc = procAt(node, ts);
  draft.steps.push({
    key: actKey(node, "write", names[0] ?? ""),
    covers: new Set(names.map((name) => actKey(node, "write", name))),
    ts,
    endTs: Math.max(...edges.map(({ last }) => last)),
    node,
    proc,
    op: "WRITE",
    object: { kind: "file", value: list(names, 4) },
    because: "same-process",
    tactic: undefined,
    technique: undefined,
    sentence: `${whoRuns(proc)} wrote ${what}${list(names.map(printable), 3)} (${printBytes(bytes)})`,
    records: edges.flatMap(({ records }) => records).slice(0, 64),
    alerts: [],
  });
}

/** `chmod +x FILE` as a program; the system call itself, where the recording has it, is told with the dropped program. */
function addModeChanges(draft: Draft): void {
  for (const node of draft.attack.keys()) {
    for (const exec of node.execs) {
      const { proc } = exec;
      const mode = /^(?:-\S+ )*(?:[ugoa]*\+[rwst]*x\w*|0?[0-7]*[1357][0-7]{0,2}) (.+)$/.exec(
        proc.args ?? "",
      );
      if (processName(proc) !== "chmod" || mode === null) continue;
      for (const name of (mode[1] ?? "").split(" ")) {
        const file = draft.graph.findFile(proc, name);
        const writer = [...(file?.edges.values() ?? [])].find(
          (edge) =>
            edge.firstWrite !== undefined &&
            edge.firstWrite <= exec.at &&
            draft.attack.has(edge.process),
        );
        if (writer === undefined) continue;
        draft.steps.push({
          key: actKey(node, "exec", proc.exe ?? ""),
          covers: new Set([actKey(node, "chmod", name)]),
          ts: exec.at,
          endTs: undefined,
          node,
          proc,
          op: "EXEC",
          object: { kind: "file", value: name },
          because: "written-then-executed",
          tactic: "defense-evasion",
          technique: "T1222.002",
          sentence: `${whoRuns(proc)} made ${printable(name)} executable, which ${whoRuns(writer.proc)} had written`,
          records: [exec.record],
          alerts: [],
        });
        addTerm(draft, "dropped program", 12, 15);
      }
    }
  }
}
