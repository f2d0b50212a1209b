// A draft as an incident: candidates become numbered steps, alerts find the step they speak of, and the whole gets its root,
// title, score and id.

import { sha256OfText } from "../base/sha256.ts";
import { printable } from "../base/text.ts";
import { type Container, type Process, processKey, processName } from "../model/entity.ts";
import type { Incident, Step } from "../model/incident.ts";
import { Op, OpenFlag, hasOp } from "../model/opflag.ts";
import type { BehaviourRecord } from "../model/record.ts";
import { type TimeBase, type TimeNs, toAbsolute } from "../model/time.ts";
import {
  type Action,
  type Candidate,
  type Draft,
  type ProcessAlert,
  actKey,
  bornAt,
  isLogin,
} from "./draft.ts";
import { type ProcessNode, printPeer, tupleKey } from "./node.ts";
import { scoreTerms, severityOf } from "./score.ts";
import { clientOf } from "./sentence.ts";

const impactTactics: ReadonlySet<string | undefined> = new Set([
  "credential-access",
  "collection",
  "exfiltration",
  "impact",
]);

export function tell(draft: Draft, base: TimeBase): Incident {
  const candidates = placeAlerts(draft).sort((a, b) => a.ts - b.ts || (a.key < b.key ? -1 : 1));
  const steps = candidates.map((candidate, i): Step => numbered(candidate, i + 1));
  const terms = scoreTerms(
    draft,
    steps.map(({ tactic }) => tactic),
  );
  const score = Math.min(
    100,
    terms.reduce((sum, { value }) => sum + value, 0),
  );
  const impact = steps.filter(({ tactic }) => impactTactics.has(tactic));
  const root = rootOf(draft);
  const nodes = processesOf(draft, candidates);
  const first = steps[0]?.ts ?? draft.start;
  const key = `${processKey(root.proc)} ${toAbsolute(base, root.ts)}`;
  return {
    id: sha256OfText(key).slice(0, 20),
    merged: [],
    score,
    severity: severityOf(score),
    title: titleOf(draft, steps),
    from: Math.min(first, root.ts),
    to: steps.reduce((last, step) => Math.max(last, step.endTs ?? step.ts), first),
    hosts: distinct(
      nodes.map(({ proc }) => proc.host),
      ({ id }) => id,
    ),
    containers: containersOf(nodes),
    root,
    steps,
    impact,
    processes: nodes.map(({ proc }) => proc),
    scoreTerms: terms,
    alerts: draft.alerts,
  };
}

function numbered(candidate: Candidate, n: number): Step {
  const { ts, endTs, sentence, tactic, technique, proc, op, object, because, records, alerts } =
    candidate;
  return { n, ts, endTs, sentence, tactic, technique, proc, op, object, because, records, alerts };
}

/** Joins candidates of one act, and gives every alert its step: the one that tells the same act, or one of its own. */
function placeAlerts(draft: Draft): Candidate[] {
  const byKey = new Map<string, Candidate>();
  const coveredBy = new Map<string, string>();
  for (const candidate of draft.steps) {
    if (!byKey.has(candidate.key)) byKey.set(candidate.key, candidate);
    for (const key of candidate.covers) coveredBy.set(key, candidate.key);
  }
  for (const candidate of draft.steps)
    if (byKey.has(candidate.key)) coveredBy.set(candidate.key, candidate.key);
  // A rule that fires twice on one process (at the program, at what it does) speaks of one step.
  const stepOfRule = new Map<string, string>();
  for (const alert of draft.alerts) {
    const act = actOf(draft, alert);
    const exact = coveredBy.get(act.key) ?? anyExec(act, coveredBy);
    const key = exact ?? stepOfRule.get(act.fallback) ?? act.fallback;
    if (!stepOfRule.has(act.fallback)) stepOfRule.set(act.fallback, key);
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? ownStep(alert, act, key) : withAlert(known, alert));
  }
  return [...byKey.values()];
}

/** `env` that becomes an interpreter that becomes a program: one process, one step. */
function anyExec({ node, op }: Act, coveredBy: ReadonlyMap<string, string>): string | undefined {
  if (op !== "EXEC") return undefined;
  for (const exec of node.execs) {
    const key = coveredBy.get(actKey(node, "exec", exec.proc.exe ?? ""));
    if (key !== undefined) return key;
  }
  return undefined;
}

type Act = {
  readonly key: string;
  readonly fallback: string;
  readonly node: ProcessNode;
  readonly op: string;
  readonly object: Step["object"];
};

function actOf(draft: Draft, alert: ProcessAlert): Act {
  const record = alert.activities.at(-1)?.record;
  const { proc } = alert;
  const node = draft.graph.nodeOf(proc, alert.ts);
  const [action, object] = objectOf(record, proc);
  const name =
    action === "exec"
      ? (proc.exe ?? "")
      : action === "accept" && record?.type === "NF"
        ? tupleKey(record.net)
        : object.value;
  const fallback = `${node.key} rule ${alert.rule.id}`;
  return { key: actKey(node, action, name), fallback, node, op: action.toUpperCase(), object };
}

function objectOf(record: BehaviourRecord | undefined, proc: Process): [Action, Step["object"]] {
  const self = { kind: "process", value: proc.exe ?? "" } as const;
  switch (record?.type) {
    case "FF": {
      const writes = record.wbytes > 0 || (record.openFlags & OpenFlag.WRONLY) !== 0;
      return [writes ? "write" : "read", { kind: "file", value: record.file.path }];
    }
    case "FE":
      return [
        hasOp(record.ops, Op.CHMOD) ? "chmod" : hasOp(record.ops, Op.RENAME) ? "rename" : "other",
        { kind: "file", value: record.file.path },
      ];
    case "NF":
    case "NE": {
      const accepts = record.type === "NF" && hasOp(record.ops, Op.ACCEPT);
      return [accepts ? "accept" : "connect", { kind: "peer", value: printPeer(record.net) }];
    }
    case "PE":
      return ["exec", self];
    default:
      return ["other", self];
  }
}

function ownStep(alert: ProcessAlert, act: Act, key: string): Candidate {
  const tags = tagsOf(alert);
  return {
    key,
    covers: new Set(),
    ts: alert.activities.at(-1)?.record.ts ?? alert.ts,
    endTs: undefined,
    node: act.node,
    proc: alert.proc,
    op: act.op,
    object: act.object,
    because: "alert",
    tactic: tags.tactic,
    technique: tags.technique,
    sentence: alert.reason,
    records: alert.activities.map(({ record }) => record),
    alerts: [alert],
  };
}

function withAlert(step: Candidate, alert: ProcessAlert): Candidate {
  const tags = tagsOf(alert);
  const own = step.because === "alert";
  return {
    ...step,
    // A rule that fires again and again is one step that lasts.
    endTs: own ? Math.max(step.endTs ?? step.ts, alert.ts) : step.endTs,
    tactic: step.tactic ?? tags.tactic,
    technique: step.technique ?? tags.technique,
    records:
      own && step.records.length < 64
        ? [...step.records, ...alert.activities.map(({ record }) => record)]
        : step.records,
    alerts: [...step.alerts, alert],
  };
}

export function tagsOf(alert: ProcessAlert): {
  readonly tactic: string | undefined;
  readonly technique: string | undefined;
} {
  let tactic: string | undefined;
  let technique: string | undefined;
  for (const tag of alert.rule.tags) {
    const name = /^attack\.(.+)$/i.exec(tag)?.[1]?.toLowerCase().replaceAll("_", "-");
    if (name === undefined) continue;
    if (/^t\d{4}(\.\d{3})?$/.test(name)) technique ??= name.toUpperCase();
    else tactic ??= name;
  }
  return { tactic, technique };
}

function rootOf(draft: Draft): Incident["root"] {
  const { entry } = draft;
  if (entry !== undefined) {
    const { net } = entry.connection;
    return {
      kind: "connection",
      proc: entry.service.proc,
      object: `${clientOf(net)}:${net.sport}`,
      ts: entry.connection.first,
    };
  }
  const { commanded } = draft;
  const [top, first] = draft.chain;
  if (top !== undefined && top === commanded && first !== undefined) {
    const program = first.execs[0]?.proc ?? first.proc;
    return { kind: "process", proc: top.proc, object: program.exe ?? "", ts: bornAt(first) };
  }
  const node = draft.chain[0] ?? draft.graph.nodeOf(draft.firstAlert.proc, draft.start);
  const proc = node.execs[0]?.proc ?? node.proc;
  const ts = Math.min(bornAt(node), draft.start);
  return { kind: "process", proc, object: proc.exe ?? "", ts };
}

function processesOf(draft: Draft, candidates: readonly Candidate[]): ProcessNode[] {
  const nodes = new Set<ProcessNode>(draft.chain);
  for (const node of draft.attack.keys()) nodes.add(node);
  for (const { node } of candidates) nodes.add(node);
  return [...nodes].sort((a, b) => bornAt(a) - bornAt(b) || (a.key < b.key ? -1 : 1));
}

function containersOf(nodes: readonly ProcessNode[]): Container[] {
  const found = nodes.map(({ proc }) => proc.container).filter((item) => item !== undefined);
  return distinct(found, ({ host, id }) => `${host.id} ${id}`);
}

function distinct<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map<string, T>(items.map((item) => [keyOf(item), item])).values()];
}

/** One line: where it came in, what it did there, what it led to. */
function titleOf(draft: Draft, steps: readonly Step[]): string {
  const has = (tactic: string): boolean => steps.some((step) => step.tactic === tactic);
  const dropped = draft.dropped[0];
  const madeExecutable = steps.find(
    ({ op, object, technique }) =>
      op === "EXEC" && object.kind === "file" && technique === "T1222.002",
  );
  const parts: string[] = [];
  const server = draft.entry?.service ?? draft.commanded;
  if (server !== undefined) {
    const name = processName(server.proc) ?? "a service";
    parts.push(isLogin(server) ? `login through ${name}` : `${name} was exploited`);
  }
  if (dropped !== undefined)
    parts.push(`${printable(dropped.file.names.at(-1) ?? "")} was dropped and run`);
  else if (madeExecutable !== undefined)
    parts.push(`${printable(madeExecutable.object.value)} was left and made executable`);
  else if (server !== undefined && steps.some(({ op }) => op === "EXEC"))
    parts.push("commands were run");
  else if (server !== undefined) parts.push("made to act for somebody");
  else parts.push(draft.firstAlert.rule.name);
  if (has("credential-access")) parts.push("credentials were read");
  if (has("persistence")) parts.push("a foothold was left");
  if (has("impact")) parts.push("files were replaced");
  if (has("exfiltration")) parts.push("data left");
  else if (has("command-and-control") && dropped === undefined) parts.push("control channel");
  return parts.join(", ");
}

export function earliest(alerts: readonly ProcessAlert[]): TimeNs {
  let first = Number.POSITIVE_INFINITY;
  for (const alert of alerts) {
    for (const { at } of alert.activities) first = Math.min(first, at);
    first = Math.min(first, alert.ts);
  }
  return first;
}
