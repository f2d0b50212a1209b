// The provenance graph: processes, files and connections as nodes, what processes did with them as edges with times and volumes.
// Fed with activities in event-time order; bounded, least recently used nodes go first and are counted. It judges nothing.

import { programPaths } from "../context/provenance.ts";
import type { Activity } from "../model/activity.ts";
import {
  type Container,
  type File,
  type Host,
  type Process,
  type ProcessIdentity,
  parentOf,
  processKey,
} from "../model/entity.ts";
import { limits } from "../model/limits.ts";
import { Op, OpenFlag, hasOp } from "../model/opflag.ts";
import type { FileEvent, FileFlow, NetworkFlow, ProcessEvent, Tuple } from "../model/record.ts";
import {
  type ProcessNode,
  type FileNode,
  type Totals,
  type FileEdge,
  type PeerEdge,
  type ConnectionNode,
  tupleKey,
  peerKey,
} from "./node.ts";
import { type DurationNs, type TimeNs, second } from "../model/time.ts";

/** Records kept as evidence on one edge; more are counted in its totals only. */
const recordsPerEdge = 32;
/** Programs remembered of one process. */
const execsPerProcess = 32;

/** Ports are not used again sooner (TIME_WAIT, RFC 9293 §3.6.1), and slices of one connection are not further apart. */
const reuseNs: DurationNs = 120 * second;

type Node = ProcessNode | FileNode | ConnectionNode;

export type GraphLimits = { readonly nodes: number; readonly edges: number };

export class ProvenanceGraph {
  readonly #max: GraphLimits;
  /** Eviction takes from the head and gives used ones a second chance at the tail. Not a Set: finding the first element of one
   * from which many were deleted walks over all that were. */
  #queue: Node[] = [];
  #head = 0;
  readonly #processes = new Map<string, ProcessNode>();
  /** The newest process of each pid: a recording cut into files names a process without its creation in the later ones. */
  readonly #byPid = new Map<string, ProcessNode>();
  readonly #nodeOfIdentity = new WeakMap<ProcessIdentity, ProcessNode>();
  /** Per container or host: path → file. */
  readonly #places = new Map<string, Map<string, FileNode>>();
  readonly #placeOfOwner = new WeakMap<Host | Container, Map<string, FileNode>>();
  readonly #connections = new Map<string, ConnectionNode>();
  #edges = 0;
  #records = 0;
  evictedNodes = 0;
  evictedEdges = 0;

  constructor(max: GraphLimits = { nodes: limits.graphNodes.max, edges: limits.graphEdges.max }) {
    this.#max = max;
  }

  get nodeCount(): number {
    return this.#queue.length - this.#head;
  }

  get edgeCount(): number {
    return this.#edges;
  }

  processes(): IterableIterator<ProcessNode> {
    return this.#processes.values();
  }

  connections(): IterableIterator<ConnectionNode> {
    return this.#connections.values();
  }

  /** The node of a process that was seen. */
  find(process: Process): ProcessNode | undefined {
    return this.#nodeOfIdentity.get(process.identity) ?? this.#processes.get(processKey(process));
  }

  /** The node of a process, made anew where it was never seen or has been forgotten. */
  nodeOf(process: Process, at: TimeNs): ProcessNode {
    return this.find(process) ?? this.#intern(process, at, 0);
  }

  /** The file that a path means to a process. */
  findFile({ host, container }: Process, path: string): FileNode | undefined {
    return this.#place(host, container).get(path);
  }

  /** Every input describes its host and containers anew: the same place has many objects, but they are few. */
  #place(host: Host, container: Container | undefined): Map<string, FileNode> {
    const owner = container ?? host;
    const known = this.#placeOfOwner.get(owner);
    if (known !== undefined) return known;
    const key = `${host.id}\n${container?.id ?? ""}`;
    const place = this.#places.get(key) ?? new Map<string, FileNode>();
    this.#places.set(key, place);
    this.#placeOfOwner.set(owner, place);
    return place;
  }

  connectionOf(net: Tuple): ConnectionNode | undefined {
    return this.#connections.get(tupleKey(net));
  }

  observe(activity: Activity): void {
    const { record, proc, at } = activity;
    if (proc === undefined || record.type === "KE") return;
    const node = this.#touch(proc, at);
    switch (record.type) {
      case "PE":
        this.#processEvent(node, record, proc);
        break;
      case "FE":
        if (record.ret >= 0) this.#fileEvent(node, record, proc);
        break;
      case "FF":
        this.#fileFlow(node, record, activity);
        break;
      case "NF":
        this.#networkFlow(node, record, activity);
        break;
      default:
    }
    this.#evict(node);
  }

  #touch(proc: Process, at: TimeNs): ProcessNode {
    const known = this.#nodeOfIdentity.get(proc.identity);
    const node = known ?? this.#intern(proc, at, 0);
    if (proc !== node.proc && proc.known && proc.ts >= node.proc.ts) node.proc = proc;
    if (at > node.last) node.last = at;
    node.used = true;
    return node;
  }

  #intern(proc: Process, at: TimeNs, depth: number): ProcessNode {
    const key = processKey(proc);
    let node = this.#processes.get(key) ?? this.#earlier(proc);
    if (node === undefined) {
      node = {
        kind: "process",
        key,
        proc,
        parent: undefined,
        forkedAt: undefined,
        forkRecord: undefined,
        exitedAt: undefined,
        first: at,
        last: at,
        used: true,
        gone: false,
        execs: [],
        children: noChildren,
        files: noFiles,
        peers: noPeers,
        accepted: noConnections,
      };
      this.#processes.set(key, node);
      this.#byPid.set(pidKey(proc), node);
      this.#queue.push(node);
    }
    this.#nodeOfIdentity.set(proc.identity, node);
    const parent = parentOf(proc);
    if (node.parent === undefined && parent !== undefined && depth < 64) {
      const parentNode =
        this.#nodeOfIdentity.get(parent.identity) ?? this.#intern(parent, at, depth + 1);
      if (!isAncestor(node, parentNode)) {
        node.parent = parentNode;
        if (parentNode.children === noChildren) parentNode.children = new Set();
        parentNode.children.add(node);
        this.#edges += 1;
      }
    }
    return node;
  }

  /** A process whose creation is unknown is the one that had its pid before, as long as that one was not seen to end. */
  #earlier(proc: Process): ProcessNode | undefined {
    if (proc.createdNs !== undefined) return undefined;
    const node = this.#byPid.get(pidKey(proc));
    if (node === undefined || node.exitedAt !== undefined) return undefined;
    return node.proc.container?.id === proc.container?.id ? node : undefined;
  }

  #processEvent(node: ProcessNode, record: ProcessEvent, proc: Process): void {
    const leader = record.tid === undefined || record.tid === proc.pid;
    if (hasOp(record.ops, Op.EXEC) && record.ret >= 0) {
      if (node.execs.length < execsPerProcess) {
        node.execs.push({ at: record.ts, proc, record, files: this.#programsOf(proc) });
        this.#edges += 1;
      }
    } else if (hasOp(record.ops, Op.CLONE) && record.ret === 0 && leader) {
      node.forkedAt ??= record.ts;
      node.forkRecord ??= record;
    } else if (hasOp(record.ops, Op.EXIT) && leader) {
      node.exitedAt = record.ts;
    }
  }

  #programsOf(proc: Process): FileNode[] {
    const files: FileNode[] = [];
    for (const path of programPaths(proc)) {
      const file = this.findFile(proc, path);
      if (file !== undefined && !files.includes(file)) files.push(file);
    }
    return files;
  }

  #fileFlow(node: ProcessNode, record: FileFlow, { phase, at, proc }: Activity): void {
    if (proc === undefined || record.file.path === "" || record.file.type === "d") return;
    const writes = hasOp(record.ops, Op.WRITE) || hasOp(record.ops, Op.FTRUNCATE);
    const emptied = (record.openFlags & (OpenFlag.CREAT | OpenFlag.TRUNC)) !== 0;
    const opensToWrite = (record.openFlags & OpenFlag.WRONLY) !== 0 && emptied;
    if (phase === "begin") {
      // Only what cannot wait for the end: who may be writing what.
      if (!opensToWrite) return;
      const edge = this.#fileEdge(node, record.file, proc, at);
      edge.firstWrite ??= at;
      edge.lastWrite = Math.max(edge.lastWrite ?? at, at);
      return;
    }
    const reads = hasOp(record.ops, Op.READ) || hasOp(record.ops, Op.MMAP);
    if (!reads && !writes && !hasOp(record.ops, Op.OPEN)) return;
    const edge = this.#fileEdge(node, record.file, proc, record.ts);
    if (reads) {
      edge.firstRead = Math.min(edge.firstRead ?? record.ts, record.ts);
      edge.lastRead = Math.max(edge.lastRead ?? at, at);
    }
    if (writes) {
      edge.firstWrite = Math.min(edge.firstWrite ?? record.ts, record.ts);
      edge.lastWrite = Math.max(edge.lastWrite ?? at, at);
    }
    this.#add(edge, record, at, hasOp(record.ops, Op.OPEN));
  }

  #fileEdge(process: ProcessNode, file: File, proc: Process, at: TimeNs): FileEdge {
    const node = this.#fileNode(file);
    let edge = process.files.get(node);
    if (edge === undefined) {
      edge = {
        process,
        file: node,
        proc,
        first: at,
        last: at,
        rbytes: 0,
        wbytes: 0,
        count: 0,
        records: [],
        firstRead: undefined,
        lastRead: undefined,
        firstWrite: undefined,
        lastWrite: undefined,
        changes: [],
      };
      if (process.files === noFiles) process.files = new Map();
      process.files.set(node, edge);
      node.edges.set(process, edge);
      this.#edges += 1;
    }
    return edge;
  }

  #fileNode(file: File): FileNode {
    const place = this.#place(file.host, file.container);
    let node = place.get(file.path);
    if (node === undefined) {
      node = { kind: "file", file, names: [file.path], edges: new Map(), used: true, gone: false };
      place.set(file.path, node);
      this.#queue.push(node);
    }
    node.used = true;
    return node;
  }

  #fileEvent(node: ProcessNode, record: FileEvent, proc: Process): void {
    const { file, newFile } = record;
    const place = this.#place(file.host, file.container);
    const change = (op: string): void => {
      const edge = this.#fileEdge(node, file, proc, record.ts);
      if (edge.changes.length < recordsPerEdge) edge.changes.push({ at: record.ts, op, record });
      edge.last = Math.max(edge.last, record.ts);
    };
    if (hasOp(record.ops, Op.CHMOD)) change("CHMOD");
    else if (hasOp(record.ops, Op.UNLINK)) {
      if (place.has(file.path)) change("UNLINK");
      // What is written under this name later is another file.
      place.delete(file.path);
    } else if (newFile !== undefined && newFile.path !== "") {
      const moved = hasOp(record.ops, Op.RENAME);
      if (!moved && !hasOp(record.ops, Op.LINK) && !hasOp(record.ops, Op.SYMLINK)) return;
      change(moved ? "RENAME" : "LINK");
      const target = this.#fileNode(file);
      if (target.names.length < 16) target.names.push(newFile.path);
      this.#place(newFile.host, newFile.container).set(newFile.path, target);
      if (moved) place.delete(file.path);
    }
  }

  #networkFlow(node: ProcessNode, record: NetworkFlow, { phase, at, proc }: Activity): void {
    if (proc === undefined) return;
    const tuple = tupleKey(record.net);
    const known = this.#current(tuple, record.ts);
    const accepted = hasOp(record.ops, Op.ACCEPT) || node.accepted.has(tuple);
    if (accepted) {
      const connection = known ?? this.#newConnection(tuple, record.net, proc, record.ts);
      connection.server = node;
      connection.proc = proc;
      connection.used = true;
      addAccepted(node, connection);
      if (phase !== "begin") this.#add(connection, record, at, hasOp(record.ops, Op.ACCEPT));
      return;
    }
    if (hasOp(record.ops, Op.CONNECT)) {
      // The client's end is remembered by its tuple only, for the moment when the server's end turns up.
      const connection = known ?? this.#newConnection(tuple, record.net, proc, record.ts);
      connection.client = node;
    } else if (known?.server !== undefined && known.server !== node && isWorkerOf(known, node)) {
      // Another worker of the same service goes on with the connection; a child that only inherited it does not.
      if (phase === "begin" || record.rbytes + record.wbytes === 0) return;
      this.#add(known, record, at, false);
      addAccepted(node, known);
      return;
    }
    if (phase === "begin") return;
    const edge = this.#peerEdge(node, record, proc);
    if (record.rbytes + record.wbytes > 0) edge.sessions += 1;
    this.#add(edge, record, at, true);
  }

  /** Evidence is kept on every edge, more of it while there is room for all. */
  #add(totals: Totals, record: FileFlow | NetworkFlow, at: TimeNs, began: boolean): void {
    totals.rbytes += record.rbytes;
    totals.wbytes += record.wbytes;
    if (began) totals.count += 1;
    if (record.ts < totals.first) totals.first = record.ts;
    if (at > totals.last) totals.last = at;
    const { length } = totals.records;
    if (length > 0 && (length >= recordsPerEdge || this.#records >= this.#max.edges)) return;
    totals.records.push(record);
    this.#records += 1;
  }

  /** The connection of a tuple; long after its end the same numbers are another connection. */
  #current(tuple: string, at: TimeNs): ConnectionNode | undefined {
    const known = this.#connections.get(tuple);
    if (known === undefined || at - known.last <= reuseNs) return known;
    known.server?.accepted.delete(tuple);
    this.#connections.delete(tuple);
    return undefined;
  }

  #newConnection(tuple: string, net: Tuple, proc: Process, at: TimeNs): ConnectionNode {
    const connection: ConnectionNode = {
      kind: "connection",
      tuple,
      net,
      server: undefined,
      client: undefined,
      proc,
      first: at,
      last: at,
      rbytes: 0,
      wbytes: 0,
      count: 0,
      records: [],
      used: true,
      gone: false,
    };
    this.#connections.set(tuple, connection);
    this.#queue.push(connection);
    return connection;
  }

  #peerEdge(process: ProcessNode, record: NetworkFlow, proc: Process): PeerEdge {
    const key = peerKey(record.net);
    let edge = process.peers.get(key);
    if (edge === undefined) {
      edge = {
        process,
        net: record.net,
        proc,
        first: record.ts,
        last: record.endTs,
        rbytes: 0,
        wbytes: 0,
        count: 0,
        sessions: 0,
        records: [],
      };
      if (process.peers === noPeers) process.peers = new Map();
      process.peers.set(key, edge);
      this.#edges += 1;
    }
    return edge;
  }

  #evict(keep: ProcessNode): void {
    while (this.nodeCount > this.#max.nodes || this.#edges > this.#max.edges) {
      const oldest = this.#queue[this.#head];
      if (oldest === undefined || this.nodeCount <= 1) return;
      this.#head += 1;
      if (this.#head > 65_536 && this.#head * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      if (oldest.used || oldest === keep) {
        oldest.used = false;
        this.#queue.push(oldest);
        continue;
      }
      this.evictedNodes += 1;
      const before = this.#edges;
      oldest.gone = true;
      this.#forget(oldest);
      this.evictedEdges += before - this.#edges;
    }
  }

  #forget(node: Node): void {
    if (node.kind === "connection") {
      if (this.#connections.get(node.tuple) === node) this.#connections.delete(node.tuple);
      this.#records -= node.records.length;
      if (node.server?.accepted.get(node.tuple) === node) node.server.accepted.delete(node.tuple);
      return;
    }
    if (node.kind === "file") {
      const place = this.#place(node.file.host, node.file.container);
      for (const name of node.names) if (place.get(name) === node) place.delete(name);
      for (const edge of node.edges.values()) {
        edge.process.files.delete(node);
        this.#records -= edge.records.length;
      }
      this.#edges -= node.edges.size;
      return;
    }
    this.#processes.delete(node.key);
    const pid = pidKey(node.proc);
    if (this.#byPid.get(pid) === node) this.#byPid.delete(pid);
    this.#nodeOfIdentity.delete(node.proc.identity);
    for (const edge of node.files.values()) {
      edge.file.edges.delete(node);
      this.#records -= edge.records.length;
    }
    for (const edge of node.peers.values()) this.#records -= edge.records.length;
    for (const child of node.children) child.parent = undefined;
    this.#edges -= node.files.size + node.peers.size + node.execs.length + node.children.size;
    if (node.parent?.children.delete(node) === true) this.#edges -= 1;
    node.parent = undefined;
  }
}

function isAncestor(candidate: ProcessNode, of: ProcessNode): boolean {
  let node: ProcessNode | undefined = of;
  for (let depth = 0; node !== undefined && depth < 64; depth++) {
    if (node === candidate) return true;
    node = node.parent;
  }
  return node !== undefined;
}

const noChildren = new Set<ProcessNode>();
const noFiles = new Map<FileNode, FileEdge>();
const noPeers = new Map<string, PeerEdge>();
const noConnections = new Map<string, ConnectionNode>();

function addAccepted(node: ProcessNode, connection: ConnectionNode): void {
  if (node.accepted === noConnections) node.accepted = new Map();
  node.accepted.set(connection.tuple, connection);
}

function pidKey(proc: Process): string {
  return `${proc.host.id}/${proc.pid}`;
}

/** It was given the connection by the service that took it: not the client, nor what the client started. */
function isWorkerOf({ client, server }: ConnectionNode, node: ProcessNode): boolean {
  if (server === undefined) return false;
  if (client !== undefined && (client === node || isAncestor(client, node))) return false;
  if (isAncestor(server, node) || isAncestor(node, server)) return true;
  return node.proc.exe === server.proc.exe && node.proc.args === server.proc.args;
}
