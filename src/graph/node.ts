// Nodes and edges of the provenance graph, and the keys by which they are found. Data only: graph.ts builds it.

import { printIp } from "../base/ip.ts";
import type { File, Process } from "../model/entity.ts";
import type { BehaviourRecord, FileEvent, ProcessEvent, Tuple } from "../model/record.ts";
import type { TimeNs } from "../model/time.ts";

export type Exec = {
  readonly at: TimeNs;
  readonly proc: Process;
  readonly record: ProcessEvent;
  /** The program and the script it interprets, where the graph knew them then: a program may remove itself later. */
  readonly files: readonly FileNode[];
};

/** `used` since eviction last came by; `gone`: evicted, whoever still points at it. */
type Spent = { used: boolean; gone: boolean };

export type ProcessNode = Spent & {
  readonly kind: "process";
  readonly key: string;
  /** The newest version seen. */
  proc: Process;
  parent: ProcessNode | undefined;
  /** Its creation, where the recording holds it. */
  forkedAt: TimeNs | undefined;
  forkRecord: ProcessEvent | undefined;
  exitedAt: TimeNs | undefined;
  readonly first: TimeNs;
  last: TimeNs;
  readonly execs: Exec[];
  // Most processes have no children, peers or clients: the empty collections are shared until the first entry.
  children: Set<ProcessNode>;
  files: Map<FileNode, FileEdge>;
  peers: Map<string, PeerEdge>;
  accepted: Map<string, ConnectionNode>;
};

export type FileNode = Spent & {
  readonly kind: "file";
  file: File;
  /** The names it went by, the present one last. */
  readonly names: string[];
  readonly edges: Map<ProcessNode, FileEdge>;
};

export type Totals = {
  first: TimeNs;
  last: TimeNs;
  rbytes: number;
  wbytes: number;
  /** Flows that began. */
  count: number;
  readonly records: BehaviourRecord[];
};

export type FileEdge = Totals & {
  readonly process: ProcessNode;
  readonly file: FileNode;
  firstRead: TimeNs | undefined;
  lastRead: TimeNs | undefined;
  /** An open that may change the file, or the first write. */
  firstWrite: TimeNs | undefined;
  lastWrite: TimeNs | undefined;
  /** Names it was given by this process: renamed, linked, mode changed, removed. */
  readonly changes: { readonly at: TimeNs; readonly op: string; readonly record: FileEvent }[];
  /** The version of the process that touched it first. */
  readonly proc: Process;
};

/** What a process exchanged with one server. */
export type PeerEdge = Totals & {
  readonly process: ProcessNode;
  readonly net: Tuple;
  readonly proc: Process;
  /** Sessions that carried data. */
  sessions: number;
};

/** One connection that a process accepted; also the place where both of its ends meet. */
export type ConnectionNode = Spent &
  Totals & {
    readonly kind: "connection";
    readonly tuple: string;
    readonly net: Tuple;
    /** Undefined while only the client's end was seen. */
    server: ProcessNode | undefined;
    client: ProcessNode | undefined;
    proc: Process;
  };

export function tupleKey(net: Tuple): string {
  return `${net.sip}:${net.sport}>${net.dip}:${net.dport}`;
}

/** A server: address, port, protocol. */
export function peerKey(net: Tuple): string {
  return `${net.dip}:${net.dport}/${net.proto ?? ""}`;
}

export function printPeer(net: Tuple): string {
  const ip = printIp(net.dip);
  return ip.includes(":") ? `[${ip}]:${net.dport}` : `${ip}:${net.dport}`;
}
