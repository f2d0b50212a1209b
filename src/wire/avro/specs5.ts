// The record types of schemas 1000 to 5 by name: which fields are known and which slot each goes to. What becomes of them is in
// rows5.ts. Facts: format specification §1.3 and §1.4.

import type { Row } from "./plan.ts";
import type { RecordSpec } from "./rows5.ts";
import {
  buildContainer,
  buildFile,
  buildFileEvent,
  buildFileFlow,
  buildHeader,
  buildKubernetesEvent,
  buildNetworkEvent,
  buildNetworkFlow,
  buildPod,
  buildProcess,
  buildProcessEvent,
  buildProcessFlow,
  buildPrototypeProcess,
  field,
} from "./rows5.ts";

const volume = {
  fd: field("number", 9),
  numRRecvOps: field("number", 10),
  numWSendOps: field("number", 11),
  numRRecvBytes: field("number", 12),
  numWSendBytes: field("number", 13),
};
const tuple = {
  sip: field("number", 4),
  sport: field("number", 5),
  dip: field("number", 6),
  dport: field("number", 7),
  proto: field("number", 8),
};
const flow = {
  procOID: field("process", 0),
  ts: field("time", 0),
  endTs: field("time", 1),
  tid: field("number", 2),
  opFlags: field("number", 3),
};
const event = {
  procOID: field("process", 0),
  ts: field("time", 0),
  tid: field("number", 1),
  opFlags: field("number", 2),
  ret: field("number", 3),
};

/** In the order of the fields' slots; several rows of one name are tried in turn, by what is required. */
export const specs5: readonly RecordSpec[] = [
  {
    name: "SFHeader",
    fields: {
      version: field("number", 0),
      exporter: field("text", 0),
      ip: field("text", 1),
      filename: field("text", 2),
    },
    required: ["version", "exporter"],
    build: buildHeader,
  },
  {
    name: "Container",
    fields: {
      id: field("text", 0),
      name: field("text", 1),
      image: field("text", 2),
      imageid: field("text", 3),
      type: field("symbol", 4),
      privileged: field("flag", 1),
      podId: field("text", 5),
    },
    required: ["id"],
    build: buildContainer,
  },
  {
    name: "Process",
    fields: {
      state: field("symbol", 0),
      type: field("symbol", 0),
      oid: field("process", 0),
      poid: field("process", 1),
      ts: field("time", 0),
      exe: field("text", 1),
      exeArgs: field("text", 2),
      uid: field("number", 1),
      userName: field("text", 3),
      gid: field("number", 2),
      groupName: field("text", 4),
      tty: field("flag", 3),
      entry: field("flag", 4),
      containerId: field("text", 5),
      cwd: field("text", 6),
      env: field("texts", 0),
    },
    required: ["oid"],
    build: buildProcess,
  },
  {
    name: "File",
    fields: {
      state: field("symbol", 0),
      oid: field("file", 0),
      ts: field("time", 0),
      restype: field("number", 1),
      path: field("text", 1),
      containerId: field("text", 2),
    },
    required: ["oid", "path"],
    build: buildFile,
  },
  {
    name: "ProcessEvent",
    fields: { ...event, args: field("texts", 0) },
    required: ["procOID", "ts"],
    build: buildProcessEvent,
  },
  {
    name: "FileEvent",
    fields: { ...event, fileOID: field("file", 0), newFileOID: field("file", 1) },
    required: ["procOID", "ts", "fileOID"],
    build: buildFileEvent,
  },
  {
    name: "NetworkEvent",
    fields: { ...event, ...tuple },
    required: ["procOID", "ts"],
    build: buildNetworkEvent,
  },
  {
    name: "NetworkFlow",
    fields: { ...flow, ...tuple, ...volume },
    required: ["procOID", "ts"],
    build: buildNetworkFlow,
  },
  {
    name: "FileFlow",
    fields: { ...flow, openFlags: field("number", 4), fileOID: field("file", 0), ...volume },
    required: ["procOID", "ts", "fileOID"],
    build: buildFileFlow,
  },
  {
    name: "ProcessFlow",
    fields: { ...event, args: field("texts", 0), type: field("symbol", 0) },
    required: ["procOID", "ts", "ret"],
    build: buildPrototypeProcess,
  },
  {
    name: "ProcessFlow",
    fields: {
      procOID: field("process", 0),
      ts: field("time", 0),
      endTs: field("time", 1),
      opFlags: field("number", 2),
      numThreadsCloned: field("number", 3),
      numThreadsExited: field("number", 4),
      numCloneErrors: field("number", 5),
    },
    required: ["procOID", "ts", "endTs"],
    build: buildProcessFlow,
  },
  {
    name: "Pod",
    fields: {
      ts: field("time", 0),
      id: field("text", 0),
      name: field("text", 1),
      nodeName: field("text", 2),
      hostIP: field("longs", 0),
      internalIP: field("longs", 1),
      namespace: field("text", 3),
      restartCount: field("number", 1),
      labels: field("textMap", 0),
      selectors: field("textMap", 1),
      services: field("services", 0),
    },
    required: ["id"],
    build: buildPod,
  },
  {
    name: "K8sEvent",
    fields: {
      kind: field("symbol", 0),
      action: field("symbol", 1),
      ts: field("time", 0),
      message: field("text", 2),
    },
    required: ["message"],
    build: buildKubernetesEvent,
  },
];

/** First values of a row: what a field means when the file's schema lacks it. */
export function initialNumbers(spec: RecordSpec, has: ReadonlySet<string>, row: Row): void {
  const absent: readonly [string, string, number][] = [
    ["Container", "privileged", 1],
    ["Process", "uid", 1],
    ["Process", "gid", 2],
    ["NetworkFlow", "fd", 9],
    ["FileFlow", "fd", 9],
  ];
  for (const [name, missing, slot] of absent) {
    if (spec.name === name && !has.has(missing)) row.numbers[slot] = -1;
  }
}
