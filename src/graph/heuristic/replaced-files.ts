// Many files read, written anew under a longer name or in place, and the originals removed: what ransomware does.

import { printable } from "../../base/text.ts";
import { printBytes, printCount } from "../../encode/units.ts";
import { type Draft, type Heuristic, actKey, addTerm } from "../draft.ts";
import type { FileEdge, ProcessNode } from "../node.ts";
import { list, whoRuns } from "../sentence.ts";

/** Fewer are an editor, a converter, a compressor at work. */
const replacedMin = 20;

export const replacedFiles: Heuristic = {
  name: "files replaced",
  doc: "many files that a process of the attack read and wrote anew under a longer name, the originals removed or renamed",
  apply(draft) {
    for (const [node, since] of draft.attack) {
      const replaced = replacedBy(node).filter(({ last }) => last >= since);
      if (replaced.length >= replacedMin) addReplaced(draft, node, replaced);
    }
  },
};

/** The edges of the new files. */
function replacedBy(node: ProcessNode): FileEdge[] {
  const removed = new Set<string>();
  for (const edge of node.files.values()) {
    if (edge.firstRead !== undefined && edge.changes.some(({ op }) => op === "UNLINK"))
      removed.add(edge.file.file.path);
  }
  return [...node.files.values()].filter((edge) => {
    if (edge.firstWrite === undefined || edge.wbytes === 0) return false;
    const first = edge.file.names[0] ?? "";
    const present = edge.file.names.at(-1) ?? "";
    const inPlace = edge.firstRead !== undefined && present !== first && present.startsWith(first);
    const dot = first.lastIndexOf(".");
    return inPlace || (dot > 0 && removed.has(first.slice(0, dot)));
  });
}

function addReplaced(draft: Draft, node: ProcessNode, edges: FileEdge[]): void {
  edges.sort((a, b) => (a.firstWrite ?? a.first) - (b.firstWrite ?? b.first));
  const [first] = edges;
  if (first === undefined) return;
  const names = edges.map(({ file }) => file.names.at(-1) ?? file.file.path);
  const bytes = edges.reduce((sum, { wbytes }) => sum + wbytes, 0);
  draft.steps.push({
    key: actKey(node, "other", "replaced files"),
    covers: new Set(
      edges.flatMap(({ file }) => file.names.map((name) => actKey(node, "write", name))),
    ),
    ts: first.firstWrite ?? first.first,
    endTs: Math.max(...edges.map(({ last }) => last)),
    node,
    proc: first.proc,
    op: "WRITE",
    object: { kind: "file", value: list(names, 4) },
    because: "same-process",
    tactic: "impact",
    technique: "T1486",
    sentence: `${whoRuns(first.proc)} replaced ${printCount(edges.length)} files by new ones of longer names and removed the originals: ${list(names.map(printable), 2)} (${printBytes(bytes)})`,
    records: edges.flatMap(({ records }) => records).slice(0, 64),
    alerts: [],
  });
  addTerm(draft, "files replaced", 20, 20);
}
