// The graph's processes as a tree to look at: what each did, in a few words; children alike are told once with their number.

import type { TreeItem } from "../encode/tree.ts";
import { countNoun, printBytes } from "../encode/units.ts";
import type { ProvenanceGraph } from "./graph.ts";
import { type ProcessNode, printPeer } from "./node.ts";
import { bornAt } from "./draft.ts";
import { commandOf, list } from "./sentence.ts";

type Marks = ReadonlyMap<ProcessNode, "root" | "attack">;

/** All processes that did something; ancestors that did not are shown where they lead to some. */
export function processTree(graph: ProvenanceGraph): TreeItem[] {
  // What nobody described (pid 0, parents from before the recording) is only a line in the way.
  const known = new Set(
    [...graph.processes()].filter((node) => node.proc.known || noteOf(node) !== ""),
  );
  const tops = [...known].filter(({ parent }) => parent === undefined || !known.has(parent));
  return fold(tops.map((node) => itemOf(node, new Map(), known, 0)));
}

/** The processes of an incident, from the topmost down. */
export function incidentTree(
  nodes: readonly ProcessNode[],
  root: ProcessNode | undefined,
): TreeItem[] {
  const inside = new Set(nodes);
  const marks = new Map<ProcessNode, "root" | "attack">();
  for (const node of nodes) marks.set(node, node === root ? "root" : "attack");
  const tops = nodes.filter((node) => node.parent === undefined || !inside.has(node.parent));
  return fold(tops.map((node) => itemOf(node, marks, inside, 0)));
}

function itemOf(
  node: ProcessNode,
  marks: Marks,
  inside: ReadonlySet<ProcessNode>,
  depth: number,
): TreeItem {
  const children = [...node.children]
    .filter((child) => inside.has(child))
    .sort((a, b) => bornAt(a) - bornAt(b) || a.proc.pid - b.proc.pid);
  return {
    label: `${commandOf(node.proc)} (${node.proc.pid})`,
    note: noteOf(node),
    count: 1,
    mark: marks.get(node),
    children:
      depth > 60 ? [] : fold(children.map((child) => itemOf(child, marks, inside, depth + 1))),
  };
}

/** What it did, the rarest things first. */
function noteOf(node: ProcessNode): string {
  const parts: string[] = [];
  if (node.accepted.size > 0) parts.push(`took ${countNoun(node.accepted.size, "connection")}`);
  const peers = [...node.peers.values()].filter((edge) => edge.rbytes + edge.wbytes > 0);
  if (peers.length > 0) {
    const out = peers.reduce((sum, { wbytes }) => sum + wbytes, 0);
    const into = peers.reduce((sum, { rbytes }) => sum + rbytes, 0);
    const names = list([...new Set(peers.map(({ net }) => printPeer(net)))], 1);
    parts.push(`↔ ${names} ${printBytes(out)} out, ${printBytes(into)} in`);
  }
  const files = [...node.files.values()].filter(({ file }) => file.file.type === "f");
  const written = files.filter(({ wbytes }) => wbytes > 0);
  if (written.length > 0) {
    const bytes = written.reduce((sum, { wbytes }) => sum + wbytes, 0);
    parts.push(
      `wrote ${list(
        written.map(({ file }) => file.names.at(-1) ?? ""),
        1,
      )} (${printBytes(bytes)})`,
    );
  }
  const read = files.filter(({ rbytes }) => rbytes > 0);
  if (read.length > 0) {
    const bytes = read.reduce((sum, { rbytes }) => sum + rbytes, 0);
    parts.push(`read ${countNoun(read.length, "file")} (${printBytes(bytes)})`);
  }
  return parts.join(" · ");
}

/** Siblings with one command line and children of one shape become one item with their number. */
function fold(items: readonly TreeItem[]): TreeItem[] {
  const groups = new Map<string, TreeItem>();
  for (const item of items) {
    const key = item.mark === "root" ? `${groups.size}` : `${item.mark ?? ""} ${shapeOf(item)}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, item);
    else groups.set(key, joined(known, item));
  }
  return [...groups.values()].map((item) =>
    item.count === 1 ? item : { ...item, label: item.label.replace(/ \(\d+\)$/, "") },
  );
}

/** What the second one started is kept where the first started nothing. */
function joined(one: TreeItem, other: TreeItem): TreeItem {
  const children = one.children.length > 0 ? one.children : other.children;
  return { ...one, count: one.count + other.count, note: one.note || other.note, children };
}

/** Without numbers: pids, ports and temporary names differ each time. */
function shapeOf(item: TreeItem): string {
  return item.label.replace(/\d+/g, "#");
}
