// Attributes of the record itself: type, operations, times, result, volumes, and the network.

import { printIp } from "../../base/ip.ts";
import type { Activity } from "../activity.ts";
import { Op, type OpSet, opNames, ops } from "../opflag.ts";
import { toAbsolute } from "../time.ts";
import { type Attribute, type BehaviourType, listed, text } from "./row.ts";

export const behaviourTypes: readonly BehaviourType[] = ["PE", "FE", "NE", "KE", "PF", "FF", "NF"];

/** Operations that open a flow: its begin knows these, and no others. */
export const beginOps: OpSet = Op.OPEN + Op.ACCEPT + Op.CONNECT;

/** The operations that are known at the activity's phase: a flow's begin does not know the future. */
export function visibleOps(activity: Activity): OpSet {
  const record = activity.record;
  if (record.type === "KE") return 0;
  return activity.phase === "begin" ? record.ops & beginOps : record.ops;
}

const onFlows = ["FF", "NF"] as const;
const onNet = ["NF", "NE"] as const;

const protocols: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [58, "icmp6"],
  [132, "sctp"],
  [254, "raw"],
]);

/** Name of an IP protocol; its number where it has no name here. */
export function protocolName(proto: number | undefined): string | undefined {
  return proto === undefined ? undefined : (protocols.get(proto) ?? String(proto));
}

function port(value: number | undefined): number | undefined {
  return value === undefined || value === 0 ? undefined : value;
}

/** The other side: who connected for an accepted flow, where it went for all others. */
export function peerOf(activity: Activity): { ip: number | string; port: number } | undefined {
  const { net, record } = activity;
  if (net === undefined || record.type === "KE") return undefined;
  const accepted = Math.floor(record.ops / Op.ACCEPT) % 2 === 1;
  return accepted ? { ip: net.sip, port: net.sport } : { ip: net.dip, port: net.dport };
}

function endTsOf(activity: Activity): number | undefined {
  const record = activity.record;
  return record.type === "FF" || record.type === "NF" || record.type === "PF"
    ? record.endTs
    : undefined;
}

function volume(name: "rbytes" | "wbytes" | "rops" | "wops"): Attribute["get"] {
  return ({ record }) => (record.type === "FF" || record.type === "NF" ? record[name] : undefined);
}

export const recordAttributes: readonly Attribute[] = [
  {
    name: "type",
    type: "string",
    doc: "Kind of record: PE process event, FE file event, NE network event, KE Kubernetes event, PF process flow, FF file flow, NF network flow.",
    values: behaviourTypes,
    get: ({ record }) => record.type,
  },
  {
    name: "op",
    aliases: ["ops"],
    type: "flags",
    doc: "Operations that the record joins. SEND and RECV are other spellings of WRITE and READ. A flow's begin knows OPEN, ACCEPT and CONNECT only.",
    values: ops.map((row) => row.name),
    valueAliases: { SEND: "WRITE", RECV: "READ" },
    get: (activity) => listed(opNames(visibleOps(activity))),
  },
  {
    name: "ret",
    type: "int",
    doc: "Result of the system call of an event; an error is negative (-2 is ENOENT).",
    on: ["PE", "FE", "NE"],
    get: ({ record }) =>
      record.type === "PE" || record.type === "FE" || record.type === "NE" ? record.ret : undefined,
  },
  {
    name: "ts",
    type: "time",
    doc: "When the event happened or the flow began.",
    get: ({ record }, facts) => toAbsolute(facts.base, record.ts),
  },
  {
    name: "endTs",
    aliases: ["endts"],
    type: "time",
    doc: "When the flow (or this slice of it) ended.",
    knownAt: "end",
    on: ["FF", "NF", "PF"],
    get: (activity, facts) => {
      const end = endTsOf(activity);
      return end === undefined ? undefined : toAbsolute(facts.base, end);
    },
  },
  {
    name: "duration",
    type: "duration",
    doc: "Time between the flow's begin and its end.",
    knownAt: "end",
    on: ["FF", "NF", "PF"],
    get: (activity) => {
      const end = endTsOf(activity);
      return end === undefined ? undefined : end - activity.record.ts;
    },
  },
  {
    name: "args",
    type: "strings",
    doc: "Arguments of the event: the new id of SETUID and SETGID, the mode of CHMOD and MKNOD, the owner of CHOWN.",
    on: ["PE", "FE"],
    get: ({ record }) =>
      (record.type === "PE" || record.type === "FE") && record.args !== undefined
        ? listed(record.args)
        : undefined,
  },
  {
    name: "target.pid",
    type: "int",
    doc: "Process that a signal was sent to, or that was traced.",
    on: ["PE"],
    get: ({ record }) => (record.type === "PE" ? record.target?.pid : undefined),
  },
  {
    name: "target.exe",
    type: "path",
    doc: "Program of the process that a signal was sent to, or that was traced.",
    on: ["PE"],
    get: ({ record }) => (record.type === "PE" ? text(record.target?.exe) : undefined),
  },
  {
    name: "net.sip",
    type: "ip",
    doc: "Address of the client, IPv4 or IPv6.",
    on: onNet,
    get: ({ net }) => net?.sip,
  },
  {
    name: "net.sport",
    type: "int",
    doc: "Port of the client.",
    on: onNet,
    get: ({ net }) => port(net?.sport),
  },
  {
    name: "net.dip",
    type: "ip",
    doc: "Address of the server, IPv4 or IPv6.",
    on: onNet,
    get: ({ net }) => net?.dip,
  },
  {
    name: "net.dport",
    type: "int",
    doc: "Port of the server.",
    on: onNet,
    get: ({ net }) => port(net?.dport),
  },
  {
    name: "net.ip",
    type: "ips",
    doc: "Both addresses.",
    on: onNet,
    get: ({ net }) => (net === undefined ? undefined : [net.sip, net.dip]),
  },
  {
    name: "net.port",
    type: "ints",
    doc: "Both ports.",
    on: onNet,
    get: ({ net }) =>
      net === undefined ? undefined : listed([net.sport, net.dport].filter((p) => p !== 0)),
  },
  {
    name: "net.proto",
    type: "string",
    doc: "Protocol: tcp, udp, icmp, icmp6, sctp, raw, or a number.",
    on: onNet,
    get: ({ net }) => protocolName(net?.proto),
  },
  {
    name: "net.fd",
    type: "int",
    doc: "Descriptor of the socket; absent where the flow joins several.",
    on: ["NF"],
    get: ({ record }) => (record.type === "NF" ? record.fd : undefined),
  },
  {
    name: "peer.ip",
    type: "ip",
    doc: "Address of the other side: the client of an accepted connection, the server of all others.",
    on: onNet,
    get: (activity) => peerOf(activity)?.ip,
  },
  {
    name: "peer.port",
    type: "int",
    doc: "Port of the other side.",
    on: onNet,
    get: (activity) => port(peerOf(activity)?.port),
  },
  {
    name: "peer",
    type: "string",
    doc: "The other side as address:port.",
    on: onNet,
    get: (activity) => {
      const peer = peerOf(activity);
      return peer === undefined ? undefined : `${printIp(peer.ip)}:${peer.port}`;
    },
  },
  {
    name: "flow.rbytes",
    type: "int",
    doc: "Bytes read or received in this slice of the flow.",
    knownAt: "end",
    on: onFlows,
    get: volume("rbytes"),
  },
  {
    name: "flow.rops",
    type: "int",
    doc: "Reads or receives in this slice of the flow.",
    knownAt: "end",
    on: onFlows,
    get: volume("rops"),
  },
  {
    name: "flow.wbytes",
    type: "int",
    doc: "Bytes written or sent in this slice of the flow.",
    knownAt: "end",
    on: onFlows,
    get: volume("wbytes"),
  },
  {
    name: "flow.wops",
    type: "int",
    doc: "Writes or sends in this slice of the flow.",
    knownAt: "end",
    on: onFlows,
    get: volume("wops"),
  },
];
