// Places from which programs are started later, or people let in: a file that the attack wrote there is how it means to stay.

import { printable } from "../../base/text.ts";
import { printBytes } from "../../encode/units.ts";
import { type Draft, type Heuristic, actKey, actors, addTerm, belongs } from "../draft.ts";
import type { FileEdge, ProcessNode } from "../node.ts";
import { whoRuns } from "../sentence.ts";

type Place = { readonly pattern: RegExp; readonly technique: string; readonly what: string };

const places: readonly Place[] = [
  {
    pattern: /^\/(etc\/cron|etc\/anacrontab|var\/spool\/(cron|at))/,
    technique: "T1053.003",
    what: "jobs that cron starts",
  },
  {
    pattern: /\/systemd\/(system|user)\/.|^\/etc\/systemd\/./,
    technique: "T1543.002",
    what: "services that start by themselves",
  },
  {
    pattern: /^\/etc\/(init\.d|rc\.d|rc\.local|rc\d)/,
    technique: "T1037.004",
    what: "programs started with the system",
  },
  {
    pattern: /\/authorized_keys2?$/,
    technique: "T1098.004",
    what: "keys that may log in",
  },
  {
    pattern: /^\/etc\/ld\.so\.preload$/,
    technique: "T1574.006",
    what: "libraries loaded into every program",
  },
  {
    pattern:
      /^\/etc\/(profile|bash\.bashrc|update-motd\.d)|\/\.(bashrc|bash_profile|bash_login|profile|zshrc|zprofile)$/,
    technique: "T1546.004",
    what: "commands run at every login",
  },
  {
    pattern: /^\/etc\/sudoers/,
    technique: "T1548.003",
    what: "who may become root",
  },
];

export const foothold: Heuristic = {
  name: "foothold",
  doc: "a file written by the attack where programs are started from later, or people are let in",
  apply(draft) {
    for (const node of actors(draft)) {
      for (const edge of node.files.values()) {
        const at = edge.firstWrite ?? edge.changes.find(({ op }) => op === "RENAME")?.at;
        if (at === undefined || !belongs(draft, node, at)) continue;
        const path = edge.file.names.at(-1) ?? edge.file.file.path;
        const place = places.find(({ pattern }) => pattern.test(path));
        if (place !== undefined && isRegular(edge)) addFoothold(draft, node, edge, at, place);
      }
    }
  },
};

function isRegular({ file }: FileEdge): boolean {
  return file.file.type === "f" || file.file.type === "?";
}

function addFoothold(
  draft: Draft,
  node: ProcessNode,
  edge: FileEdge,
  at: number,
  { technique, what }: Place,
): void {
  const names = edge.file.names;
  const path = names.at(-1) ?? edge.file.file.path;
  const size = edge.wbytes > 0 ? ` (${printBytes(edge.wbytes)})` : "";
  draft.steps.push({
    key: actKey(node, "write", path),
    covers: new Set(
      names.flatMap((name) => [actKey(node, "write", name), actKey(node, "rename", name)]),
    ),
    ts: at,
    endTs: edge.lastWrite,
    node,
    proc: edge.proc,
    op: "WRITE",
    object: { kind: "file", value: path },
    because: "same-process",
    tactic: "persistence",
    technique,
    sentence: `${whoRuns(edge.proc)} wrote ${printable(path)}${size}: ${what}`,
    records: [...edge.records, ...edge.changes.map(({ record }) => record)].slice(0, 64),
    alerts: [],
  });
  addTerm(draft, "foothold", 10, 10);
}
