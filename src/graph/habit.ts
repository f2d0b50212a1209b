// What a service does for everybody who asks: a build server writes the script of every job and runs it. Its alerts stay alerts;
// one job among others alike is no attack.

import { processName } from "../model/entity.ts";
import { findEntry } from "./cause.ts";
import { type ProcessAlert, isService, serviceBranch, writerOf } from "./draft.ts";
import type { ProvenanceGraph } from "./graph.ts";
import type { FileNode, ProcessNode } from "./node.ts";

/** Requests that must have led to a file of the same kind before it is a habit. */
const habitMin = 3;
const childrenMax = 4096;

type Habit = { readonly files: ReadonlySet<FileNode>; readonly runners: ReadonlySet<ProcessNode> };
type Kind = { readonly files: Set<FileNode>; readonly runners: Set<ProcessNode> };

/** The alerts that tell what a service does for every request. */
export function habitualAlerts(
  graph: ProvenanceGraph,
  alerts: readonly ProcessAlert[],
): ReadonlySet<ProcessAlert> {
  const habits = new Map<ProcessNode, Habit>();
  const found = new Set<ProcessAlert>();
  for (const alert of alerts) {
    const node = graph.nodeOf(alert.proc, alert.ts);
    const branch = serviceBranch(node);
    const service = isService(node) ? node : branch?.service;
    if (service === undefined) continue;
    const habit = habits.get(service) ?? habitOf(service);
    habits.set(service, habit);
    if (habit.runners.size === 0) continue;
    if (service === node ? isAbout(graph, alert, habit) : isBelow(branch?.child, habit)) {
      found.add(alert);
    }
  }
  return found;
}

function isBelow(child: ProcessNode | undefined, habit: Habit): boolean {
  return child !== undefined && habit.runners.has(child);
}

function isAbout(graph: ProvenanceGraph, alert: ProcessAlert, habit: Habit): boolean {
  const file = alert.activities.at(-1)?.file;
  if (file === undefined) return false;
  for (const known of habit.files) if (known.names.includes(file.path)) return true;
  return graph.findFile(alert.proc, file.path) === undefined;
}

/** Files of one kind that the service wrote itself, each in another ordinary request, and ran once. */
function habitOf(service: ProcessNode): Habit {
  const kinds = new Map<string, Kind>();
  let looked = 0;
  for (const runner of service.children) {
    if (++looked > childrenMax) break;
    for (const exec of runner.execs) {
      for (const file of exec.files) {
        if (writerOf(file, exec.at)?.writer !== service) continue;
        const key = `${processName(exec.proc) ?? ""} ${kindOf(file)}`;
        const kind = kinds.get(key) ?? { files: new Set(), runners: new Set() };
        kind.files.add(file);
        kind.runners.add(runner);
        kinds.set(key, kind);
      }
    }
  }
  const habit = { files: new Set<FileNode>(), runners: new Set<ProcessNode>() };
  for (const { files, runners } of kinds.values()) {
    if (files.size < habitMin || !isOrdinary(service, files)) continue;
    for (const file of files) habit.files.add(file);
    for (const runner of runners) habit.runners.add(runner);
  }
  return habit;
}

/** The end of its name and its depth: the rest is different for every job. */
function kindOf(file: FileNode): string {
  const path = file.names[0] ?? "";
  const name = path.slice(path.lastIndexOf("/") + 1);
  return `${path.split("/").length} ${name.includes(".") ? name.slice(name.lastIndexOf(".")) : ""}`;
}

/** Every file came with a request of its own, most of which did not stand out. */
function isOrdinary(service: ProcessNode, files: ReadonlySet<FileNode>): boolean {
  const requests = new Set<string>();
  let unusual = 0;
  for (const file of files) {
    const at = service.files.get(file)?.firstWrite;
    const entry = at === undefined ? undefined : findEntry(service, at);
    if (entry === undefined) return false;
    if (entry.unusual) unusual += 1;
    requests.add(entry.connection.tuple);
  }
  return requests.size >= habitMin && unusual * 2 <= files.size;
}
