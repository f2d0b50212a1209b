// Written, then executed: the file that carries an attack from the process that wrote it to the one that runs it. Also scripts run
// through an interpreter, renamed and copied files.

import { printBytes } from "../../encode/units.ts";
import { printable } from "../../base/text.ts";
import {
  type Draft,
  type Dropped,
  type Entry,
  type Heuristic,
  actKey,
  actors,
  addTerm,
  belongs,
  isLogin,
  writerOf,
} from "../draft.ts";
import { after, before, clientOf, procAt, who } from "../sentence.ts";

export const droppedProgram: Heuristic = {
  name: "dropped program",
  doc: "a file written in the recording by a process of the attack, and run by one",
  apply(draft) {
    for (const dropped of findDropped(draft)) {
      draft.dropped.push(dropped);
      addWrite(draft, dropped);
      addRun(draft, dropped);
      // People run what they copied here.
      if (draft.entry === undefined || !isLogin(draft.entry.service)) {
        addTerm(draft, "dropped program", 15, 15);
      }
    }
  },
};

function findDropped(draft: Draft): Dropped[] {
  const found: Dropped[] = [];
  const members = new Set(actors(draft));
  for (const runner of draft.attack.keys()) {
    for (const exec of runner.execs) {
      for (const file of exec.files) {
        const written = writerOf(file, exec.at);
        if (written === undefined || !members.has(written.writer)) continue;
        if (!belongs(draft, written.writer, written.at)) continue;
        found.push({ file, writer: written.writer, writtenAt: written.at, exec, runner });
      }
    }
  }
  // A shell that was told to run the file is a step before: the program itself tells it, where it is there.
  found.sort((a, b) => Number(isShellOf(a)) - Number(isShellOf(b)) || a.exec.at - b.exec.at);
  // The first run tells it; the others are ordinary steps of the attack.
  const told = new Set<unknown>();
  return found.filter(({ file }) => !told.has(file) && told.add(file));
}

function isShellOf({ file, exec }: Dropped): boolean {
  return !file.names.includes(exec.proc.exe ?? "") && /(^| )-\w*c /.test(exec.proc.args ?? "");
}

function addWrite(draft: Draft, { file, writer, writtenAt }: Dropped): void {
  const edge = writer.files.get(file);
  if (edge === undefined) return;
  const path = file.names[0] ?? file.file.path;
  const size = edge.wbytes > 0 ? ` (${printBytes(edge.wbytes)})` : "";
  const entry = draft.entry;
  const request =
    entry !== undefined && entry.service === writer
      ? `, ${after(writtenAt - entry.connection.first)} ${requestOf(entry)}`
      : "";
  draft.steps.push({
    key: actKey(writer, "write", path),
    covers: new Set(),
    ts: writtenAt,
    endTs: edge.lastWrite,
    node: writer,
    proc: edge.proc,
    op: "WRITE",
    object: { kind: "file", value: path },
    because: "written-then-executed",
    tactic: "command-and-control",
    technique: "T1105",
    sentence: `${who(edge.proc)} wrote ${printable(path)}${size}${request}; the file was run later`,
    records: edge.records,
    alerts: [],
  });
  const renamed = file.names.at(-1);
  const change = edge.changes.find(({ op }) => op === "RENAME" || op === "CHMOD");
  if (change !== undefined) {
    const how = change.op === "CHMOD" ? "changed the mode of" : "renamed";
    draft.steps.push({
      key: actKey(writer, change.op === "CHMOD" ? "chmod" : "rename", path),
      covers: new Set(),
      ts: change.at,
      endTs: undefined,
      node: writer,
      proc: edge.proc,
      op: change.op,
      object: { kind: "file", value: path },
      because: "written-then-executed",
      tactic: "defense-evasion",
      technique: change.op === "CHMOD" ? "T1222.002" : "T1036",
      sentence: `${who(edge.proc)} ${how} ${printable(path)}${change.op === "RENAME" ? ` to ${printable(renamed ?? "")}` : ""}`,
      records: [change.record],
      alerts: [],
    });
  }
}

function addRun(draft: Draft, { file, writer, writtenAt, exec, runner }: Dropped): void {
  const path = file.names.at(-1) ?? file.file.path;
  const parent = runner.parent;
  const by = parent === undefined ? "" : ` from ${who(procAt(parent, exec.at))}`;
  const wrote = writer === runner ? "it had" : `${who(writer.proc)} had`;
  const when = before(exec.at - writtenAt);
  draft.steps.push({
    key: actKey(runner, "exec", exec.proc.exe ?? path),
    covers: new Set(),
    ts: exec.at,
    endTs: undefined,
    node: runner,
    proc: exec.proc,
    op: "EXEC",
    object: { kind: "file", value: path },
    because: "written-then-executed",
    tactic: "execution",
    technique: "T1059",
    sentence: `${printable(path)} ran as pid ${runner.proc.pid}${by}: the file that ${wrote} written ${when}`,
    records: [exec.record],
    alerts: [],
  });
}

function requestOf({ connection, usual, unusual }: Entry): string {
  const client = clientOf(connection.net);
  if (!unusual) return `a request from ${client}`;
  const size = `${printBytes(connection.rbytes)}; others ${printBytes(usual.rbytes)}`;
  return `a request of unusual size from ${client} (${size})`;
}
