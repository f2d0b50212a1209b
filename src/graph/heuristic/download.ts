// Where a dropped file came from: a connection that its writer made while it had the file open, with at least as much coming in.

import { printBytes } from "../../encode/units.ts";
import { second } from "../../model/time.ts";
import { type Draft, type Dropped, type Heuristic, actKey, addTerm, belongs } from "../draft.ts";
import { type PeerEdge, type ProcessNode, printPeer } from "../node.ts";
import { who } from "../sentence.ts";

export const download: Heuristic = {
  name: "download",
  doc: "the connection that brought the dropped file, made by its writer around the time of writing",
  apply(draft) {
    for (const dropped of draft.dropped) {
      const edge = sourceOf(draft, dropped);
      if (edge === undefined) continue;
      addFetch(draft, dropped, edge);
      addTerm(draft, "download", 4, 4);
    }
  },
};

function sourceOf(draft: Draft, { writer, file, writtenAt }: Dropped): PeerEdge | undefined {
  const written = writer.files.get(file);
  if (written === undefined) return undefined;
  const until = written.lastWrite ?? writtenAt;
  let best: PeerEdge | undefined;
  for (const maker of [
    writer,
    ...(writer.parent === undefined ? [] : [writer.parent]),
    ...writer.children,
  ]) {
    for (const edge of maker.peers.values()) {
      const near = edge.first <= until + second && edge.last >= writtenAt - 60 * second;
      // Encrypted transfers add to the size, compressed ones take from it.
      if (!near || edge.net.dport === 53 || edge.rbytes * 4 < written.wbytes) continue;
      // What a service exchanges all day long with one server did not bring the file.
      if (edge.rbytes <= edge.wbytes || !belongs(draft, maker, edge.first)) continue;
      if (best === undefined || edge.rbytes > best.rbytes) best = edge;
    }
    if (best !== undefined) return best;
  }
  return best;
}

function addFetch(draft: Draft, { file }: Dropped, edge: PeerEdge): void {
  const node: ProcessNode = edge.process;
  const path = file.names[0] ?? file.file.path;
  draft.steps.push({
    key: actKey(node, "connect", printPeer(edge.net)),
    covers: new Set(),
    ts: edge.first,
    endTs: edge.last,
    node,
    proc: edge.proc,
    op: "FETCH",
    object: { kind: "peer", value: printPeer(edge.net) },
    because: "connection",
    tactic: "command-and-control",
    technique: "T1105",
    sentence: `${who(edge.proc)} fetched ${printBytes(edge.rbytes)} from ${printPeer(edge.net)} while it had ${path} open`,
    records: edge.records,
    alerts: [],
  });
}
