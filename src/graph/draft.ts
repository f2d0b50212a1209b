// What an incident is built from: the processes that belong to the attack, where it came in, and the steps that heuristics found.
// Data and small questions about the graph; the judgement is in heuristic/, the wording in sentence.ts.

import { isLoginProgram } from "../context/provenance.ts";
import type { Alert } from "../model/alert.ts";
import { type Process, processName } from "../model/entity.ts";
import type { Because } from "../model/incident.ts";
import type { BehaviourRecord } from "../model/record.ts";
import { type TimeNs, second } from "../model/time.ts";
import type { ProvenanceGraph } from "./graph.ts";
import type { ConnectionNode, Exec, FileNode, ProcessNode } from "./node.ts";

export type Action =
  | "accept"
  | "connect"
  | "exec"
  | "read"
  | "write"
  | "rename"
  | "chmod"
  | "unlink"
  | "other";

/** Alerts about a process; others (Kubernetes events) are never joined. */
export type ProcessAlert = Alert & { readonly proc: Process };

/** A step before it has its number. Two candidates with one key are the same step. */
export type Candidate = {
  readonly key: string;
  /** Keys of single acts that this step tells as one. */
  readonly covers: ReadonlySet<string>;
  readonly ts: TimeNs;
  readonly endTs: TimeNs | undefined;
  readonly node: ProcessNode;
  readonly proc: Process;
  readonly op: string;
  readonly object: { readonly kind: "file" | "peer" | "process"; readonly value: string };
  readonly because: Because;
  readonly tactic: string | undefined;
  readonly technique: string | undefined;
  readonly sentence: string;
  readonly records: readonly BehaviourRecord[];
  readonly alerts: readonly Alert[];
};

/** The connection through which an attack came in, and what made it stand out. */
export type Entry = {
  readonly connection: ConnectionNode;
  readonly service: ProcessNode;
  /** Median volume of the other connections that the service took on the same port. */
  readonly usual: { readonly rbytes: number; readonly wbytes: number; readonly count: number };
  readonly unusual: boolean;
  /** The first bad act fell into the time of the connection. */
  readonly during: boolean;
};

/** A file that was written in the recording and then run. */
export type Dropped = {
  readonly file: FileNode;
  readonly writer: ProcessNode;
  readonly writtenAt: TimeNs;
  readonly exec: Exec;
  readonly runner: ProcessNode;
};

export type Draft = {
  readonly graph: ProvenanceGraph;
  readonly programs: ProgramIndex;
  readonly alerts: readonly ProcessAlert[];
  readonly firstAlert: ProcessAlert;
  /** Processes of the attack, with the moment from which they belong to it. The exploited service is not among them. */
  readonly attack: Map<ProcessNode, TimeNs>;
  entry: Entry | undefined;
  /** Processes from the root down to the first alert, the service first where there is one. */
  readonly chain: ProcessNode[];
  /** When the attack began, as far back as it could be followed. */
  start: TimeNs;
  readonly dropped: Dropped[];
  /** The server that was made to run a command line. */
  commanded: ProcessNode | undefined;
  readonly steps: Candidate[];
  readonly terms: Map<string, number>;
};

export type Heuristic = {
  readonly name: string;
  readonly doc: string;
  /** Adds steps and score terms; what earlier rows of the table found is in the draft. */
  readonly apply: (draft: Draft) => void;
};

/** Who ran a file as a program or as a script, in time order. */
export class ProgramIndex {
  readonly #runs = new Map<FileNode, { readonly exec: Exec; readonly runner: ProcessNode }[]>();

  constructor(graph: ProvenanceGraph) {
    for (const runner of graph.processes()) {
      for (const exec of runner.execs) {
        for (const file of exec.files) {
          const runs = this.#runs.get(file) ?? [];
          runs.push({ exec, runner });
          this.#runs.set(file, runs);
        }
      }
    }
    for (const runs of this.#runs.values()) runs.sort((a, b) => a.exec.at - b.exec.at);
  }

  runsOf(file: FileNode): readonly { readonly exec: Exec; readonly runner: ProcessNode }[] {
    return this.#runs.get(file) ?? [];
  }
}

export type Written = {
  readonly writer: ProcessNode;
  readonly file: FileNode;
  readonly at: TimeNs;
};

/** The last process that wrote the file before a moment; a copy leads on to the file that was copied. */
export function writerOf(file: FileNode, before: TimeNs, depth = 0): Written | undefined {
  let found: Written | undefined;
  for (const [writer, edge] of file.edges) {
    const at = edge.firstWrite;
    if (at === undefined || at > before) continue;
    if (found === undefined || at > found.at) found = { writer, file, at };
  }
  if (found === undefined || depth >= 4) return found;
  const source = copiedFrom(found);
  return source === undefined ? found : (writerOf(source, found.at, depth + 1) ?? found);
}

/** The file that the writer read, byte for byte as much as it wrote, where that file was itself written in the recording. */
function copiedFrom({ writer, file }: Written): FileNode | undefined {
  const written = writer.files.get(file)?.wbytes ?? 0;
  if (written === 0) return undefined;
  for (const [other, edge] of writer.files) {
    if (other === file || edge.rbytes !== written || edge.firstWrite !== undefined) continue;
    for (const third of other.edges.values()) if (third.firstWrite !== undefined) return other;
  }
  return undefined;
}

/** Connections looked at before a process counts as one that talks to itself only. */
const ownConnectionsMax = 256;

/** A process that answers others: what it does in one request says nothing about the next. */
export function isService(node: ProcessNode): boolean {
  let seen = 0;
  for (const connection of node.accepted.values()) {
    if (!isOwnConnection(connection, node)) return true;
    if (++seen >= ownConnectionsMax) return false;
  }
  return false;
}

/** Its client is the server itself or was started by it, as in a test that brings its own server. */
export function isOwnConnection({ client }: ConnectionNode, server: ProcessNode): boolean {
  if (client === undefined) return false;
  return client === server || ancestors(client).includes(server);
}

/** A service behind which people sit; they run what they like. */
export function isLogin(node: ProcessNode): boolean {
  return isLoginProgram(processName(node.proc));
}

/** The nearest service, or login, above a process, and the child of it through which the process descends. */
export function serviceBranch(
  node: ProcessNode,
): { readonly service: ProcessNode; readonly child: ProcessNode } | undefined {
  let child = node;
  for (const ancestor of ancestors(node)) {
    if (isService(ancestor) || isLogin(ancestor)) return { service: ancestor, child };
    child = ancestor;
  }
  return undefined;
}

export function bornAt(node: ProcessNode): TimeNs {
  return node.forkedAt ?? node.execs[0]?.at ?? node.first;
}

/** Nearest first, the process itself left out. */
export function ancestors(node: ProcessNode): ProcessNode[] {
  const chain: ProcessNode[] = [];
  let next = node.parent;
  while (next !== undefined && chain.length < 64) {
    chain.push(next);
    next = next.parent;
  }
  return chain;
}

/** Where names are made up anew each time. */
const temporary = /(\/tmp|\/dev\/shm|\/run)\/[^\s'";|&)]+/g;

/** What a child was made for: its first program and arguments, numbers and temporary names left out. */
function purposeOf(node: ProcessNode): string {
  const proc = node.execs[0]?.proc ?? node.proc;
  const args = (proc.args ?? "").replace(temporary, "$1/*").replace(/\d+/g, "#");
  return `${proc.exe ?? ""} ${args}`;
}

/** Whether the parent had started the same program with the same arguments before the moment. */
export function isUsualChild(child: ProcessNode, parent: ProcessNode, before: TimeNs): boolean {
  const purpose = purposeOf(child);
  for (const sibling of parent.children) {
    if (sibling === child || bornAt(sibling) >= before) continue;
    if (purposeOf(sibling) === purpose) return true;
  }
  return false;
}

/** How long after an exploit request its service's own acts are counted to it. */
export const requestSpan = 60 * second;

/** A service's acts belong to the attack only near the request; other processes' from the moment they joined. */
export function belongs(draft: Draft, node: ProcessNode, at: TimeNs): boolean {
  const since = draft.attack.get(node);
  if (since !== undefined) return at >= since;
  const service = draft.entry?.service ?? draft.chain[0];
  return node === service && at >= draft.start && at <= draft.start + requestSpan;
}

export function actors(draft: Draft): ProcessNode[] {
  const nodes = [...draft.attack.keys()];
  const service = draft.entry?.service;
  if (service !== undefined && !draft.attack.has(service) && !isLogin(service)) {
    nodes.unshift(service);
  }
  return nodes;
}

export function actKey(node: ProcessNode, action: Action, object: string): string {
  return `${node.key} ${action} ${object}`;
}

export function addTerm(draft: Draft, name: string, value: number, most: number): void {
  draft.terms.set(name, Math.min(most, (draft.terms.get(name) ?? 0) + value));
}

/** npm and the like: their own tokens and what they unpack are their business. */
export function isPackageTool(proc: Process): boolean {
  const words = [proc.exe, ...(proc.args ?? "").split(" ", 3)];
  return words.some((word) =>
    /(^|\/)(npm|npx|npm-cli\.js|yarn|pnpm|pip[\d.]*|apt-get|apt|dpkg)$/.test(word ?? ""),
  );
}
