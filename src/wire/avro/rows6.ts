// Record types of schema 6: which fields are known, and the model's record made of a row. The fields' meaning is in schema6.ts;
// like all ages, files of this one are read by the names in their embedded schema.

import type { Container, ContainerType, Host, ObjectState, Process } from "../../model/entity.ts";
import { containerTypes } from "../../model/entity.ts";
import type { Record, TimePrecision } from "../../model/record.ts";
import { addVersion } from "./entities.ts";
import { buildNote } from "./notes6.ts";
import type { Row } from "./plan.ts";
import type { BuildContext, RecordSpec } from "./rows5.ts";
import { field } from "./rows5.ts";

const states: readonly ObjectState[] = ["CREATED", "MODIFIED", "REUP"];
const onlyId = 3;
const precisions: readonly TimePrecision[] = ["ns", "us", "ms", "s", "jiffy"];
function known(value: number | undefined): number | undefined {
  return value === -1 ? undefined : value;
}

function flagOf(value: number | undefined): boolean | undefined {
  return value === undefined || value === -1 ? undefined : value === 1;
}

function textOf(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function buildHeader({ numbers, texts }: Row, context: BuildContext): Record {
  const ip = textOf(texts[1]);
  const bootId = textOf(texts[4]);
  const host: Host = {
    id: texts[0] ?? "",
    ...(ip === undefined ? {} : { ip }),
    ...(bootId === undefined ? {} : { bootId }),
  };
  context.begin(host);
  return {
    type: "H",
    host,
    version: numbers[0] ?? 6,
    filename: textOf(texts[2]),
    base: context.base,
    precision: precisions.find((precision) => precision === texts[3]),
  };
}

function buildContainer(
  { numbers, texts, bigs }: Row,
  { entities, base }: BuildContext,
): Record | undefined {
  const podId = textOf(texts[5]);
  const state = numbers[1] ?? -1;
  const seen = bigs[0];
  const container: Container = {
    host: entities.host,
    id: texts[0] ?? "",
    name: texts[1],
    image: texts[2],
    imageId: texts[3],
    type: containerTypes.find((type): type is ContainerType => type === texts[4]),
    privileged: flagOf(numbers[3]),
    pod: podId === undefined ? undefined : entities.pods.get(podId),
    podId,
    state: states[state],
    ts: seen === undefined ? undefined : Number(seen - base),
  };
  entities.describeContainer(container);
  entities.numberContainer(numbers[0] ?? 0, container);
  return state === onlyId ? undefined : { type: "C", container };
}

function buildProcess(row: Row, { entities }: BuildContext): Record | undefined {
  const { numbers, texts, lists, bigs } = row;
  const state = numbers[1] ?? 2;
  const ts = row.times[0] ?? 0;
  const entry = entities.numberedProcess(numbers[0] ?? 0, numbers[3] ?? 0, bigs[0]);
  if (state === onlyId) return undefined;
  const identity = entry.identity;
  const old = identity.current;
  const argv = lists[0]?.length === 0 ? undefined : lists[0];
  const parent = numbers[4] ?? 0;
  const process: Process = {
    identity,
    host: entities.host,
    pid: numbers[3] ?? 0,
    createdNs: old.createdNs,
    parent: parent === 0 ? undefined : entities.numberedProcess(parent).identity.current,
    previous: old.known ? old : undefined,
    known: true,
    state: states[state] ?? "REUP",
    ts,
    exe: texts[0],
    args: texts[1] ?? argv?.slice(1).join(" "),
    uid: known(numbers[5]),
    user: texts[2],
    gid: known(numbers[6]),
    group: texts[3],
    tty: numbers[7] === 1,
    entry: numbers[8] === 1,
    container: entities.containerNumbers.get(numbers[9] ?? 0),
    cwd: textOf(texts[5]),
    env: lists[1] ?? [],
    argv,
    comm: textOf(texts[4]),
    session: known(numbers[10]),
    processGroup: known(numbers[11]),
    loginUid: known(numbers[12]),
    capabilities: bigs[1] === -1n ? undefined : bigs[1],
    exeInode: known(numbers[13]),
    exeUpperLayer: flagOf(numbers[14]),
    networkNamespace: known(numbers[15]),
  };
  addVersion(entry, process);
  return { type: "P", process };
}

function buildFile({ numbers, texts, times }: Row, { entities }: BuildContext): Record | undefined {
  const state = numbers[1] ?? 2;
  const ts = times[0] ?? 0;
  const file = {
    host: entities.host,
    state: states[state] ?? "REUP",
    ts: state === onlyId ? 0 : ts,
    type: texts[0] ?? "?",
    path: texts[1] ?? "",
    container: entities.containerNumbers.get(numbers[3] ?? 0),
    foid: undefined,
    device: known(numbers[4]),
    inode: known(numbers[5]),
    generation: known(numbers[6]),
    mountNamespace: known(numbers[7]),
    peerInode: known(numbers[8]),
  };
  entities.describeFile(numbers[0] ?? 0, file);
  return state === onlyId ? undefined : { type: "F", file };
}

function buildEvent({ numbers, lists, net, times }: Row, { entities }: BuildContext): Record {
  const proc = entities.numberedProcess(numbers[0] ?? 0).identity.current;
  const ts = times[0] ?? 0;
  const tid = known(numbers[2]);
  const ops = numbers[3] ?? 0;
  const ret = numbers[4] ?? 0;
  const args = lists[0] ?? [];
  const file = numbers[5] ?? 0;
  if (net !== undefined) return { type: "NE", proc, ts, tid, ops, net, ret };
  if (file !== 0) {
    const newFile = numbers[6] ?? 0;
    return {
      type: "FE",
      proc,
      ts,
      tid,
      ops,
      file: entities.numberedFile(file),
      newFile: newFile === 0 ? undefined : entities.numberedFile(newFile),
      ret,
      args: args.length === 0 ? undefined : args,
    };
  }
  const target = numbers[7] ?? 0;
  return {
    type: "PE",
    proc,
    ts,
    tid,
    ops,
    args,
    ret,
    target: target === 0 ? undefined : entities.numberedProcess(target).identity.current,
    failedOpens: known(numbers[8]),
  };
}

function buildFlow({ numbers, net, times }: Row, { entities }: BuildContext): Record {
  const proc = entities.numberedProcess(numbers[0] ?? 0).identity.current;
  const ts = times[0] ?? 0;
  const endTs = times[1] ?? 0;
  const tid = known(numbers[3]);
  const ops = numbers[4] ?? 0;
  const fileNumber = numbers[5] ?? 0;
  const fd = known(numbers[6]);
  const rops = numbers[9] ?? 0;
  const wops = numbers[10] ?? 0;
  const rbytes = numbers[11] ?? 0;
  const wbytes = numbers[12] ?? 0;
  const flowId = known(numbers[13]);
  const slice = known(numbers[14]);
  const final = slice === undefined ? undefined : numbers[15] === 1;
  if (fileNumber !== 0) {
    return {
      type: "FF",
      proc,
      ts,
      endTs,
      tid,
      ops,
      file: entities.numberedFile(fileNumber),
      fd,
      openFlags: numbers[7] ?? 0,
      opens: known(numbers[8]),
      rops,
      wops,
      rbytes,
      wbytes,
      flowId,
      slice,
      final,
    };
  }
  if (net === undefined) {
    return {
      type: "PF",
      proc,
      ts,
      endTs,
      ops,
      threadsCloned: rops,
      threadsExited: wops,
      cloneErrors: rbytes,
    };
  }
  return {
    type: "NF",
    proc,
    ts,
    endTs,
    tid,
    ops,
    net,
    fd,
    rops,
    wops,
    rbytes,
    wbytes,
    flowId,
    slice,
    final,
  };
}

export const specs6: readonly RecordSpec[] = [
  {
    name: "Header",
    fields: {
      version: field("number", 0),
      base: field("time", 1),
      host: field("text", 0),
      ip: field("text", 1),
      file: field("text", 2),
      clock: field("text", 3),
      boot: field("text", 4),
    },
    required: ["version", "base", "host"],
    build: buildHeader,
  },
  {
    name: "Container",
    fields: {
      n: field("number", 0),
      state: field("number", 1),
      seen: field("big", 0),
      id: field("text", 0),
      name: field("text", 1),
      image: field("text", 2),
      imageId: field("text", 3),
      type: field("text", 4),
      privileged: field("number", 3),
      pod: field("text", 5),
    },
    required: ["n", "id"],
    build: buildContainer,
  },
  {
    name: "Process",
    fields: {
      n: field("number", 0),
      state: field("number", 1),
      ts: field("time", 0),
      pid: field("number", 3),
      start: field("big", 0),
      parent: field("number", 4),
      exe: field("text", 0),
      argv: field("texts", 0),
      args: field("text", 1),
      comm: field("text", 4),
      uid: field("number", 5),
      user: field("text", 2),
      gid: field("number", 6),
      group: field("text", 3),
      tty: field("flag", 7),
      entry: field("flag", 8),
      container: field("number", 9),
      cwd: field("text", 5),
      env: field("texts", 1),
      session: field("number", 10),
      pgrp: field("number", 11),
      login: field("number", 12),
      caps: field("big", 1),
      inode: field("number", 13),
      upper: field("number", 14),
      netns: field("number", 15),
    },
    required: ["n", "pid"],
    build: buildProcess,
  },
  {
    name: "File",
    fields: {
      n: field("number", 0),
      state: field("number", 1),
      ts: field("time", 0),
      type: field("text", 0),
      path: field("text", 1),
      container: field("number", 3),
      dev: field("number", 4),
      inode: field("number", 5),
      gen: field("number", 6),
      mntns: field("number", 7),
      peer: field("number", 8),
    },
    required: ["n", "path"],
    build: buildFile,
  },
  {
    name: "Event",
    fields: {
      proc: field("number", 0),
      ts: field("time", 0),
      tid: field("number", 2),
      ops: field("number", 3),
      ret: field("number", 4),
      args: field("texts", 0),
      file: field("number", 5),
      file2: field("number", 6),
      net: field("net", 0),
      target: field("number", 7),
      failed: field("number", 8),
    },
    required: ["proc", "ts", "ops"],
    build: buildEvent,
  },
  {
    name: "Flow",
    fields: {
      proc: field("number", 0),
      ts: field("time", 0),
      end: field("time", 1),
      tid: field("number", 3),
      ops: field("number", 4),
      file: field("number", 5),
      net: field("net", 0),
      fd: field("number", 6),
      open: field("number", 7),
      opens: field("number", 8),
      rops: field("number", 9),
      wops: field("number", 10),
      rbytes: field("number", 11),
      wbytes: field("number", 12),
      id: field("number", 13),
      slice: field("number", 14),
      final: field("flag", 15),
    },
    required: ["proc", "ts", "ops"],
    build: buildFlow,
  },
  {
    name: "Note",
    fields: { ts: field("time", 0), kind: field("text", 0), json: field("text", 1) },
    required: ["ts", "kind", "json"],
    build: buildNote,
  },
];
