// Walking back from the first alert: through ancestors and written programs to the request, or the process, that it began with.

import { type TimeNs, second } from "../model/time.ts";
import { injectedCommands } from "./injection.ts";
import type { ConnectionNode, ProcessNode } from "./node.ts";
import {
  type Draft,
  type Entry,
  ancestors,
  bornAt,
  isOwnConnection,
  isPackageTool,
  writerOf,
} from "./draft.ts";

/** A request further back than this is not taken for the cause. */
const causeSpan = 120 * second;
const sampleMax = 1024;
/** Commands sent in the same way further apart than this are another attack's. */
const injectionSpan = 900 * second;

/**
 * The connection behind what a process does at a moment: taken by the process, by an ancestor, or by another worker of the same
 * service; open at that moment or shortly before; the more its volume differs from the others on that port, the likelier.
 */
export function findEntry(node: ProcessNode, at: TimeNs): Entry | undefined {
  let moment = at;
  for (const service of [node, ...ancestors(node)]) {
    const entry = bestConnection(connectionsOf(service), moment, service);
    if (entry !== undefined) return entry;
    // What an ancestor took after it had started this child cannot be why.
    if (service.forkedAt !== undefined) moment = Math.min(moment, service.forkedAt);
  }
  return undefined;
}

function connectionsOf(service: ProcessNode): ConnectionNode[] {
  const own = [...service.accepted.values()];
  if (own.length > 0) return own;
  const { exe } = service.proc;
  // Workers of one service: same program, same container, same parent (or parent and child).
  const found: ConnectionNode[] = [];
  const family = new Set<ProcessNode>(service.children);
  for (const sibling of service.parent?.children ?? []) family.add(sibling);
  if (service.parent !== undefined) family.add(service.parent);
  for (const worker of family) {
    if (worker.accepted.size === 0 || worker.proc.exe !== exe || exe === undefined) continue;
    // An interpreter runs many services: the arguments tell them apart.
    if (worker.proc.args !== service.proc.args) continue;
    if (worker.proc.container?.id !== service.proc.container?.id) continue;
    found.push(...worker.accepted.values());
  }
  return found;
}

function bestConnection(
  connections: readonly ConnectionNode[],
  at: TimeNs,
  service: ProcessNode,
): Entry | undefined {
  let best: { readonly entry: Entry; readonly score: number } | undefined;
  const usualOf = new Map<number, Entry["usual"]>();
  for (const connection of connections) {
    if (isOwnConnection(connection, service)) continue;
    if (connection.first > at || at - connection.last > causeSpan) continue;
    const { dport } = connection.net;
    const usual = usualOf.get(dport) ?? usualVolume(connections, dport);
    usualOf.set(dport, usual);
    const oddness =
      usual.count < 4
        ? 0
        : distance(connection.rbytes, usual.rbytes) + distance(connection.wbytes, usual.wbytes);
    const contains = at <= connection.last ? 3 : 0;
    const age = Math.max(0, at - connection.last) / second;
    const score = contains + Math.min(4, oddness) + 1 / (1 + age);
    // Of two that are equally likely the later one is the nearer cause.
    const later = best === undefined || connection.first > best.entry.connection.first;
    if (best === undefined || score > best.score || (score === best.score && later)) {
      const entry = { connection, service: connection.server ?? service, usual };
      best = { entry: { ...entry, unusual: oddness >= 1, during: contains > 0 }, score };
    }
  }
  return best?.entry;
}

/** Medians over the connections on one port; enough of them, not all, when there are very many. */
function usualVolume(connections: readonly ConnectionNode[], port: number): Entry["usual"] {
  const same = connections.filter(({ net }) => net.dport === port).slice(-sampleMax);
  return {
    rbytes: median(same.map(({ rbytes }) => rbytes)),
    wbytes: median(same.map(({ wbytes }) => wbytes)),
    count: same.length,
  };
}

/** How many doublings two volumes lie apart. */
function distance(a: number, b: number): number {
  return Math.abs(Math.log2((a + 16) / (b + 16)));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Fills in entry, chain and start. */
export function walkBack(draft: Draft): void {
  const { graph, firstAlert } = draft;
  let node: ProcessNode | undefined = graph.nodeOf(firstAlert.proc, firstAlert.ts);
  let at = draft.start;
  const visited = new Set<ProcessNode>();
  const chain: ProcessNode[] = [];
  while (node !== undefined && !visited.has(node)) {
    visited.add(node);
    const entry = findEntry(node, at);
    if (entry !== undefined) {
      const line = upTo(node, entry.service, draft.attack);
      draft.entry = entry;
      draft.start = Math.min(draft.start, entry.connection.first);
      chain.unshift(...line, ...beforeEntry(draft, entry, [...line, ...chain]));
      addInjected(draft, line);
      break;
    }
    const born = bornChain(node, draft.attack);
    chain.unshift(...born);
    const top = born[0] ?? node;
    draft.start = Math.min(draft.start, bornAt(top));
    const written = foreignProgram(born);
    if (written === undefined) break;
    node = written.writer;
    at = written.at;
    draft.start = Math.min(draft.start, at);
  }
  for (const each of chain) {
    if (!draft.chain.includes(each)) draft.chain.push(each);
    if (each !== draft.entry?.service && !draft.attack.has(each))
      draft.attack.set(each, bornAt(each));
  }
}

/** The other commands that were sent in the same way; the first of them is where it began. */
function addInjected(draft: Draft, [service, child]: readonly ProcessNode[]): void {
  const { entry } = draft;
  if (entry === undefined || service === undefined || child === undefined) return;
  const injected = injectedCommands(service);
  if (!injected.includes(child)) return;
  for (const node of injected) {
    const at = bornAt(node);
    if (Math.abs(at - bornAt(child)) > injectionSpan) continue;
    const request = findEntry(node, at);
    if (request === undefined || request.connection.net.sip !== entry.connection.net.sip) continue;
    for (const each of descendants(node))
      if (!draft.attack.has(each)) draft.attack.set(each, bornAt(each));
    if (request.connection.first >= draft.start) continue;
    draft.entry = request;
    draft.start = request.connection.first;
  }
}

function descendants(node: ProcessNode): ProcessNode[] {
  const found = [node];
  for (let i = 0; i < found.length && found.length < 4096; i++)
    found.push(...(found[i]?.children ?? []));
  return found;
}

/**
 * What the request set going may be a program that an earlier request had left there: that one is the cause. Returns the processes
 * that wrote it.
 */
function beforeEntry(draft: Draft, entry: Entry, line: readonly ProcessNode[]): ProcessNode[] {
  const { first } = entry.connection;
  for (const node of line) {
    for (const exec of node.execs) {
      for (const file of exec.files) {
        const written = writerOf(file, exec.at);
        if (written === undefined || written.at >= first) continue;
        const earlier = findEntry(written.writer, written.at);
        if (earlier === undefined || earlier.connection.first >= first) continue;
        draft.entry = earlier;
        draft.start = Math.min(draft.start, earlier.connection.first);
        return upTo(written.writer, earlier.service, draft.attack);
      }
    }
  }
  return [];
}

/** From below the service down to the node. */
function upTo(
  node: ProcessNode,
  service: ProcessNode,
  attack: ReadonlyMap<ProcessNode, TimeNs>,
): ProcessNode[] {
  const line = [node, ...ancestors(node)];
  const own = line.indexOf(service);
  if (own >= 0) return line.slice(0, own + 1).reverse();
  // Another worker took the connection: the line ends where the processes are older than the recording.
  return [service, ...bornChain(node, attack).filter((each) => each !== service)];
}

/** The node and its ancestors as far up as they were born in the recording, or belong to the attack. */
function bornChain(node: ProcessNode, attack: ReadonlyMap<ProcessNode, TimeNs>): ProcessNode[] {
  const chain = [node];
  for (let next = node; chain.length < 64;) {
    const parent = next.parent;
    if (parent === undefined) break;
    const born = next.forkedAt !== undefined && parent.forkedAt !== undefined;
    if (!born && !attack.has(parent)) break;
    chain.unshift(parent);
    next = parent;
  }
  return chain;
}

/** The program of one of the processes, where somebody else wrote it. */
function foreignProgram(
  chain: readonly ProcessNode[],
): { readonly writer: ProcessNode; readonly at: TimeNs } | undefined {
  for (const node of chain) {
    for (const exec of node.execs) {
      // Whoever installed the package manager has no part in what it installs.
      if (isPackageTool(exec.proc)) continue;
      for (const file of exec.files) {
        const written = writerOf(file, exec.at);
        if (written !== undefined && !chain.includes(written.writer)) return written;
      }
    }
  }
  return undefined;
}
