// What the attack's processes exchanged with others: stores that the service's ordinary work uses too, tools fetched, command and
// control, data sent away. Told per group of neighbouring servers, by volume and regularity; names and ports decide nothing.

import { printBytes, printCount } from "../../encode/units.ts";
import { type Process } from "../../model/entity.ts";
import { printable } from "../../base/text.ts";
import type { TimeNs } from "../../model/time.ts";
import {
  type Candidate,
  type Draft,
  type Heuristic,
  actKey,
  actors,
  addTerm,
  belongs,
} from "../draft.ts";
import { type FileEdge, type PeerEdge, type ProcessNode, peerKey, printPeer } from "../node.ts";
import { list, volume, whoRuns } from "../sentence.ts";

/** Neighbours of one service's address: the same /24 (IPv6: /64) and port. */
type Group = {
  readonly edges: PeerEdge[];
  rbytes: number;
  wbytes: number;
  sessions: number;
  first: TimeNs;
  last: TimeNs;
};

type Purpose = {
  readonly op: string;
  readonly tactic: string;
  readonly technique: string;
  readonly verb: string;
  readonly term: string;
  readonly value: number;
};

const purposes = {
  collection: {
    op: "COLLECT",
    tactic: "collection",
    technique: "T1213",
    verb: "worked on the store at",
    term: "collection",
    value: 5,
  },
  fetch: {
    op: "FETCH",
    tactic: "command-and-control",
    technique: "T1105",
    verb: "fetched from",
    term: "tools fetched",
    value: 2,
  },
  control: {
    op: "CONNECT",
    tactic: "command-and-control",
    technique: "T1071",
    verb: "talked to",
    term: "command and control",
    value: 5,
  },
  beacon: {
    op: "CONNECT",
    tactic: "command-and-control",
    technique: "T1071",
    verb: "called again and again at",
    term: "command and control",
    value: 8,
  },
  send: {
    op: "SEND",
    tactic: "exfiltration",
    technique: "T1041",
    verb: "sent data to",
    term: "exfiltration",
    value: 12,
  },
} as const satisfies { readonly [name: string]: Purpose };

/** Less than a page of text is a handshake, not a load. */
const loadBytes = 4096;
const smallestSend = 1024;
const manySessions = 5;

export const outbound: Heuristic = {
  name: "outbound",
  doc: "connections of the attack's processes, judged by volume, regularity and by who else uses the same server",
  apply(draft) {
    const usual = usualPeers(draft);
    const groups = [...groupPeers(draft).values()].sort((a, b) => a.first - b.first);
    const credentials = credentialsRead(draft);
    let collected = credentials?.at;
    for (const group of groups) {
      const isUsual = group.edges.some((edge) => usual.has(peerKey(edge.net)));
      const secret = credentials !== undefined && group.last > credentials.at;
      const purpose = purposeOf(group, isUsual, collected, secret ? credentials.bytes : undefined);
      if (purpose === purposes.collection)
        collected = Math.min(collected ?? group.first, group.first);
      const source = purpose === purposes.send ? sourceOf(group) : undefined;
      if (source !== undefined) addCollection(draft, source);
      draft.steps.push(stepOf(group, purpose, source));
      addTerm(draft, purpose.term, purpose.value, 12);
    }
  },
};

/** Servers that the service, or what it starts every day, talked to outside the attack. */
function usualPeers(draft: Draft): ReadonlySet<string> {
  const usual = new Set<string>();
  const service = draft.entry?.service ?? draft.chain[0]?.parent;
  if (service === undefined) return usual;
  const queue = [service];
  for (let node = queue.pop(); node !== undefined && usual.size < 4096; node = queue.pop()) {
    for (const [key, edge] of node.peers) if (!belongs(draft, node, edge.first)) usual.add(key);
    for (const child of node.children) if (!draft.attack.has(child)) queue.push(child);
  }
  return usual;
}

function groupPeers(draft: Draft): Map<string, Group> {
  const told = new Set(draft.steps.map(({ key }) => key));
  const groups = new Map<string, Group>();
  for (const node of actors(draft)) {
    for (const edge of node.peers.values()) {
      if (edge.net.dport === 53 || edge.rbytes + edge.wbytes === 0) continue;
      if (
        !belongs(draft, node, edge.first) ||
        told.has(actKey(node, "connect", printPeer(edge.net)))
      )
        continue;
      const key = neighbourhood(edge);
      const group = groups.get(key) ?? emptyGroup(edge);
      group.edges.push(edge);
      group.rbytes += edge.rbytes;
      group.wbytes += edge.wbytes;
      group.sessions += edge.sessions;
      group.first = Math.min(group.first, edge.first);
      group.last = Math.max(group.last, edge.last);
      groups.set(key, group);
    }
  }
  return groups;
}

function emptyGroup(edge: PeerEdge): Group {
  return { edges: [], rbytes: 0, wbytes: 0, sessions: 0, first: edge.first, last: edge.last };
}

function neighbourhood({ net }: PeerEdge): string {
  const { dip, dport } = net;
  const network =
    typeof dip === "number" ? String(dip >>> 8) : dip.split(":").slice(0, 4).join(":");
  return `${network}:${dport}`;
}

function purposeOf(
  group: Group,
  isUsual: boolean,
  collected: TimeNs | undefined,
  secretBytes: number | undefined,
): Purpose {
  const { rbytes, wbytes, sessions } = group;
  if (isUsual) return purposes.collection;
  const afterwards = collected !== undefined && group.last > collected;
  if (sessions >= manySessions && isRegular(group)) {
    return afterwards && wbytes >= loadBytes ? purposes.send : purposes.beacon;
  }
  if (rbytes >= 2 * loadBytes && rbytes >= 4 * wbytes)
    return afterwards && isPrivate(group) ? purposes.collection : purposes.fetch;
  if (wbytes >= loadBytes && wbytes * 2 >= rbytes) return purposes.send;
  if (afterwards && wbytes >= smallestSend && wbytes > 2 * rbytes) return purposes.send;
  // A secret is short: more than it, and more than came back.
  const request = 100;
  if (secretBytes !== undefined && wbytes > rbytes && wbytes >= secretBytes + request)
    return purposes.send;
  if (afterwards && isPrivate(group) && rbytes > wbytes && rbytes >= 512)
    return purposes.collection;
  return purposes.control;
}

/** RFC 1918, RFC 4193 and loopback: inside the house. */
function isPrivate({ edges }: Group): boolean {
  const dip = edges[0]?.net.dip;
  if (dip === undefined) return false;
  if (typeof dip === "string") return /^(f[cd]|::1$)/.test(dip);
  const top = dip >>> 24;
  const second = (dip >>> 16) & 255;
  return (
    top === 10 ||
    top === 127 ||
    (top === 172 && second >= 16 && second < 32) ||
    (top === 192 && second === 168)
  );
}

/** What a program reads to run, not to take. */
const programs =
  /^\/(usr|lib|lib32|lib64|proc|sys|dev)\/|^\/etc\/(ld\.so|locale|mime)|\.(pyc|so)(\.[\d.]+)?$/;

/** The file of which the process had read as many bytes as it then sent, within a fiftieth. */
function sourceOf({ edges, last }: Group): FileEdge | undefined {
  let best: FileEdge | undefined;
  for (const process of new Set(edges.map((edge) => edge.process))) {
    const own = edges.filter((edge) => edge.process === process);
    const wbytes = own.reduce((sum, edge) => sum + edge.wbytes, 0);
    for (const file of process.files.values()) {
      const { rbytes, firstRead } = file;
      if (rbytes < smallestSend || firstRead === undefined || firstRead > last) continue;
      if (Math.abs(rbytes - wbytes) > wbytes / 50 || programs.test(file.file.file.path)) continue;
      if (best === undefined || Math.abs(rbytes - wbytes) < Math.abs(best.rbytes - wbytes))
        best = file;
    }
  }
  return best;
}

/** Sessions of about the same size: their sent bytes vary by less than a quarter. */
function isRegular({ edges }: Group): boolean {
  const sizes: number[] = [];
  for (const edge of edges) {
    for (const record of edge.records)
      if (record.type === "NF" && record.wbytes > 0) sizes.push(record.wbytes);
  }
  if (sizes.length < manySessions) return false;
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  const spread = Math.sqrt(sizes.reduce((sum, size) => sum + (size - mean) ** 2, 0) / sizes.length);
  return spread < mean / 4;
}

function addCollection(draft: Draft, edge: FileEdge): void {
  const path = edge.file.names.at(-1) ?? edge.file.file.path;
  const key = actKey(edge.process, "read", path);
  if (draft.steps.some((step) => step.key === key)) return;
  draft.steps.push({
    key,
    covers: new Set(),
    ts: edge.firstRead ?? edge.first,
    endTs: edge.lastRead,
    node: edge.process,
    proc: edge.proc,
    op: "READ",
    object: { kind: "file", value: path },
    because: "same-process",
    tactic: "collection",
    technique: "T1005",
    sentence: `${whoRuns(edge.proc)} read ${printable(path)} (${printBytes(edge.rbytes)}), which it sent away`,
    records: edge.records,
    alerts: [],
  });
  addTerm(draft, "collection", 5, 12);
}

function stepOf(group: Group, purpose: Purpose, source: FileEdge | undefined): Candidate {
  const edges = [...group.edges].sort((a, b) => a.first - b.first);
  const [first] = edges;
  const process: ProcessNode = (first ?? group.edges[0])?.process ?? failEmpty();
  const proc: Process = first?.proc ?? process.proc;
  const peers = [...new Set(edges.map(({ net }) => printPeer(net)))];
  const where =
    peers.length === 1
      ? (peers[0] ?? "")
      : `${printCount(peers.length)} addresses (${list(peers, 2)})`;
  const often = group.sessions > 1 ? ` in ${printCount(group.sessions)} sessions` : "";
  const file = source?.file.names.at(-1);
  const origin = file === undefined ? "" : `, as much as it had read from ${printable(file)}`;
  const users = new Set(edges.map((edge) => edge.process));
  const actor = users.size === 1 ? whoRuns(proc) : `${whoRuns(proc)} and ${users.size - 1} more`;
  return {
    key: actKey(process, "connect", peers[0] ?? ""),
    covers: new Set(edges.map((edge) => actKey(edge.process, "connect", printPeer(edge.net)))),
    ts: group.first,
    endTs: group.last,
    node: process,
    proc,
    op: purpose.op,
    object: { kind: "peer", value: peers.length === 1 ? (peers[0] ?? "") : list(peers, 4) },
    because: "same-process",
    tactic: purpose.tactic,
    technique: purpose.technique,
    sentence: `${actor} ${purpose.verb} ${where}${often} (${volume(group.wbytes, group.rbytes)})${origin}`,
    records: edges.flatMap(({ records }) => records).slice(0, 128),
    alerts: [],
  };
}

function failEmpty(): never {
  throw new Error("assertion failed: a group of connections is never empty");
}

/** When the first secret was read, and how much at least all of them were. */
function credentialsRead(
  draft: Draft,
): { readonly at: TimeNs; readonly bytes: number } | undefined {
  const reads = draft.steps.filter(({ tactic }) => tactic === "credential-access");
  if (reads.length === 0) return undefined;
  const sizes = reads.flatMap(({ records }) =>
    records.flatMap((record) => (record.type === "FF" && record.rbytes > 0 ? record.rbytes : [])),
  );
  return { at: Math.min(...reads.map(({ ts }) => ts)), bytes: Math.min(...sizes) };
}
