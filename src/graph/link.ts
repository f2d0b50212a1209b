// Which alerts have one cause: ancestry, written-then-executed, a connection whose both ends are in the recording, one request.
// Alerts that only share a common ancestor, or a server that both talk to, stay apart.

import { type TimeNs, second } from "../model/time.ts";
import { findEntry } from "./cause.ts";
import {
  type ProcessAlert,
  type ProgramIndex,
  ancestors,
  bornAt,
  isLogin,
  isPackageTool,
  isService,
  isUsualChild,
  serviceBranch,
  writerOf,
} from "./draft.ts";
import type { ProvenanceGraph } from "./graph.ts";
import type { FileNode, ProcessNode } from "./node.ts";

/** Alerts of one service further apart than this are different attacks. */
const serviceGap = 900 * second;
/** Clocks of two threads, and records that are written a little after what they tell. */
const slack = second;

export type Cluster = {
  readonly alerts: readonly ProcessAlert[];
  readonly attack: Map<ProcessNode, TimeNs>;
};

type Seed = {
  readonly alert: ProcessAlert;
  readonly node: ProcessNode;
  readonly since: TimeNs;
};

type Owner = { readonly seed: number; readonly since: TimeNs };
type Owners = Map<ProcessNode, Owner>;

export function linkAlerts(
  graph: ProvenanceGraph,
  programs: ProgramIndex,
  alerts: readonly ProcessAlert[],
): Cluster[] {
  const seeds = alerts.map((alert) => seedOf(graph, alert));
  const union = new Union(seeds.length);
  const owners = new Map<ProcessNode, Owner>();
  seeds.forEach((seed, i) => claim(seed, i, owners, union));
  linkServices(seeds, union);
  linkPrograms(programs, owners, seeds, union);
  linkRunners(owners, union);
  linkConnections(graph, owners, seeds, union);
  linkRequests(seeds, union);
  const clusters = new Map<number, { alerts: ProcessAlert[]; attack: Map<ProcessNode, TimeNs> }>();
  seeds.forEach((seed, i) => {
    const root = union.find(i);
    const cluster = clusters.get(root) ?? newCluster();
    cluster.alerts.push(seed.alert);
    clusters.set(root, cluster);
  });
  for (const [node, owner] of owners) {
    clusters.get(union.find(owner.seed))?.attack.set(node, owner.since);
  }
  return [...clusters.values()];
}

function newCluster(): { alerts: ProcessAlert[]; attack: Map<ProcessNode, TimeNs> } {
  return { alerts: [], attack: new Map() };
}

function seedOf(graph: ProvenanceGraph, alert: ProcessAlert): Seed {
  const since = alert.activities.reduce((first, { at }) => Math.min(first, at), alert.ts);
  return { alert, node: graph.nodeOf(alert.proc, alert.ts), since };
}

/** The alert's process and what it started belong together; a service's children are looked at one by one, elsewhere. */
function claim(seed: Seed, index: number, owners: Owners, union: Union): void {
  const queue: ProcessNode[] = [];
  const take = (node: ProcessNode, since: TimeNs): void => {
    const owner = owners.get(node);
    if (owner !== undefined) {
      union.join(owner.seed, index);
      // Belonging from the earlier of the two moments on; what it started then is taken in as well.
      if (owner.since <= since) return;
    }
    owners.set(node, { seed: index, since });
    queue.push(node);
  };
  if (isService(seed.node)) return;
  // A program that was born in the recording belongs whole: it was started for this.
  take(seed.node, seed.node.forkedAt ?? seed.since);
  for (const branch of [oddBranch(seed), installation(seed)])
    if (branch !== undefined) take(branch, bornAt(branch));
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    const since = owners.get(node)?.since ?? seed.since;
    for (const child of node.children)
      if (bornAt(child) >= since - slack) take(child, bornAt(child));
  }
}

/**
 * What the service started that led to the alert, where it does not start it every day: all of that one branch belongs to what
 * the request brought about.
 */
function oddBranch({ node, since }: Seed): ProcessNode | undefined {
  const found = serviceBranch(node);
  if (found === undefined) return undefined;
  const { child, service } = found;
  const born = child.forkedAt ?? child.execs[0]?.at;
  if (born === undefined || since - born > serviceGap) return undefined;
  const usual = !isLogin(service) && isUsualChild(child, service, born);
  return usual ? undefined : child;
}

/** The package manager at the top: all that one installation does has one cause. */
function installation({ node, since }: Seed): ProcessNode | undefined {
  const tools = ancestors(node).filter(({ proc }) => isPackageTool(proc));
  const top = tools.at(-1);
  return top === undefined || since - bornAt(top) > serviceGap ? undefined : top;
}

/** A child that a service starts soon after its alert, and does not start every day. */
function isOddChild(child: ProcessNode, service: ProcessNode, since: TimeNs): boolean {
  const born = bornAt(child);
  if (born < since - slack || born > since + serviceGap) return false;
  return !isUsualChild(child, service, since - slack);
}

/** Alerts on one service close in time, and alerts below it that began after one of its own. */
function linkServices(seeds: readonly Seed[], union: Union): void {
  const ofService = new Map<ProcessNode, number[]>();
  seeds.forEach((seed, i) => {
    if (!isService(seed.node)) return;
    const own = ofService.get(seed.node) ?? [];
    const previous = own.at(-1);
    const since = previous === undefined ? undefined : seeds[previous]?.since;
    if (previous !== undefined && since !== undefined && seed.since - since <= serviceGap) {
      union.join(previous, i);
    }
    own.push(i);
    ofService.set(seed.node, own);
  });
  seeds.forEach((seed, i) => {
    let child = seed.node;
    for (const ancestor of ancestors(seed.node)) {
      for (const other of ofService.get(ancestor) ?? []) {
        const since = seeds[other]?.since;
        if (since !== undefined && isOddChild(child, ancestor, since)) union.join(other, i);
      }
      child = ancestor;
    }
  });
}

/** A process runs what another one wrote: both belong together, with everything the runner starts. */
function linkPrograms(
  programs: ProgramIndex,
  owners: Owners,
  seeds: readonly Seed[],
  union: Union,
): void {
  const services: Owners = new Map();
  seeds.forEach(({ node, since }, seed) => {
    if (isService(node)) services.set(node, { seed, since: since - slack });
  });
  const queue = [...services.keys(), ...owners.keys()];
  const done = new Set<ProcessNode>();
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    const owner = owners.get(node) ?? services.get(node);
    if (owner === undefined || done.has(node)) continue;
    done.add(node);
    for (const exec of owners.has(node) ? node.execs : []) {
      for (const file of exec.files) {
        const writer = writerOf(file, exec.at)?.writer;
        const other =
          writer === undefined ? undefined : (owners.get(writer) ?? services.get(writer));
        if (other !== undefined) union.join(other.seed, owner.seed);
      }
    }
    for (const [file, edge] of node.files) {
      if (edge.firstWrite === undefined || edge.firstWrite < owner.since) continue;
      const runs = programs.runsOf(file);
      // A program that ran before it was written is somebody's update of it: everybody who runs it would be drawn in.
      const first = runs[0];
      if (first === undefined || first.exec.at < edge.firstWrite) continue;
      for (const { runner, exec } of runs)
        queue.push(...draw(runner, exec.at, owner.seed, owners, union));
    }
  }
}

/** Takes the runner of a dropped program and what it started in; returns those that were new. */
function draw(
  runner: ProcessNode,
  since: TimeNs,
  seed: number,
  owners: Owners,
  union: Union,
): ProcessNode[] {
  const known = owners.get(runner);
  if (known !== undefined) {
    union.join(known.seed, seed);
    return [];
  }
  const drawn = withDescendants(runner, since).filter((node) => !owners.has(node));
  for (const node of drawn)
    owners.set(node, { seed, since: node === runner ? since : bornAt(node) });
  return drawn;
}

function withDescendants(node: ProcessNode, since: TimeNs): ProcessNode[] {
  const found = [node];
  for (let i = 0; i < found.length && found.length < 4096; i++) {
    for (const child of found[i]?.children ?? []) if (bornAt(child) >= since) found.push(child);
  }
  return found;
}

/** Both ends of one connection: the attack at one end, a later alert at the other. */
function linkConnections(
  graph: ProvenanceGraph,
  owners: Owners,
  seeds: readonly Seed[],
  union: Union,
): void {
  const indexOf = new Map<ProcessNode, number[]>();
  seeds.forEach((seed, i) => {
    for (const node of [seed.node, ...ancestors(seed.node)]) {
      const own = indexOf.get(node) ?? [];
      own.push(i);
      indexOf.set(node, own);
    }
  });
  for (const connection of graph.connections()) {
    const { client, server } = connection;
    if (client === undefined || server === undefined) continue;
    const owner = owners.get(client);
    if (owner === undefined || connection.first < owner.since) continue;
    for (const i of indexOf.get(server) ?? []) {
      const since = seeds[i]?.since;
      if (since === undefined) continue;
      if (since >= connection.first - slack && since <= connection.last + 60 * second) {
        union.join(owner.seed, i);
      }
    }
  }
}

/**
 * Alerts that lead back to the same unusual request, and those of one client that made the same service do what it does not do
 * every day, request after request.
 */
function linkRequests(seeds: readonly Seed[], union: Union): void {
  const byConnection = new Map<string, number>();
  const lastOfClient = new Map<string, number>();
  seeds.forEach((seed, i) => {
    const entry = findEntry(seed.node, seed.since);
    if (entry === undefined) return;
    const { tuple, net } = entry.connection;
    if (entry.unusual) {
      const other = byConnection.get(tuple);
      if (other === undefined) byConnection.set(tuple, i);
      else union.join(other, i);
    }
    if (isLogin(entry.service) || (!entry.unusual && oddBranch(seed) === undefined)) return;
    const client = `${net.sip}>${net.dip}:${net.dport}`;
    const last = lastOfClient.get(client);
    const since = last === undefined ? undefined : seeds[last]?.since;
    if (last !== undefined && since !== undefined && seed.since - since <= serviceGap) {
      union.join(last, i);
    }
    lastOfClient.set(client, i);
  });
}

/** Alerts of processes that run the same file, which a service, or something behind one, had written. */
function linkRunners(owners: Owners, union: Union): void {
  const byFile = new Map<FileNode, number>();
  for (const [node, { seed }] of owners) {
    for (const exec of node.execs) {
      for (const file of exec.files) {
        const other = byFile.get(file);
        if (other !== undefined) {
          union.join(other, seed);
          continue;
        }
        const writer = writerOf(file, exec.at)?.writer;
        if (writer === undefined) continue;
        const service = isService(writer) ? writer : serviceBranch(writer)?.service;
        if (service !== undefined && !isLogin(service)) byFile.set(file, seed);
      }
    }
  }
}

class Union {
  readonly #parent: number[];

  constructor(size: number) {
    this.#parent = Array.from({ length: size }, (_, i) => i);
  }

  find(i: number): number {
    let root = i;
    for (let up = this.#parent[root] ?? root; up !== root; up = this.#parent[root] ?? root)
      root = up;
    this.#parent[i] = root;
    return root;
  }

  /** The earlier alert stands for both. */
  join(a: number, b: number): void {
    const first = this.find(a);
    const second = this.find(b);
    this.#parent[Math.max(first, second)] = Math.min(first, second);
  }
}
