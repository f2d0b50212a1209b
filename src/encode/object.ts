// What a record was done to, in one short text for people: a path, two ends of a connection, a child, an exit status.

import { type Ip, printIp } from "../base/ip.ts";
import { protocolName } from "../model/attribute/record.ts";
import { type File, parentOf, processName } from "../model/entity.ts";
import { type OpSet, Op, hasOp } from "../model/opflag.ts";
import type { GapRecord, ProcessEvent, Record, Tuple } from "../model/record.ts";
import { errorName, signalName } from "./errno.ts";
import { countNoun } from "./units.ts";

/** Empty where the record says nothing but its operation. Not made safe for a terminal: `printable` does that. */
export function printObject(record: Record): string {
  switch (record.type) {
    case "H":
      return `schema ${record.version}${record.filename === undefined ? "" : ` ${record.filename}`}`;
    case "C": {
      const { name, image, id } = record.container;
      return [name ?? id, image].filter((part) => part !== undefined && part !== "").join(" ");
    }
    case "P": {
      const { exe, args } = record.process;
      return [exe, args].filter((part) => part !== undefined && part !== "").join(" ");
    }
    case "F":
      return printFile(record.file);
    case "PD":
      return `${record.pod.namespace}/${record.pod.name}`;
    case "PE":
      return ofProcessEvent(record);
    case "FE":
      return record.newFile === undefined
        ? [printFile(record.file), ...(record.args ?? [])].join(" ")
        : `${printFile(record.file)} → ${printFile(record.newFile)}`;
    case "FF":
      return printFile(record.file);
    case "NE":
    case "NF":
      return printTuple(record.net, record.ops);
    case "PF": {
      const { threadsCloned, threadsExited, cloneErrors } = record;
      const failed = cloneErrors === 0 ? "" : `, ${cloneErrors} failed`;
      return `threads: ${threadsCloned} started, ${threadsExited} ended${failed}`;
    }
    case "KE":
      return record.kind;
    case "G":
      return printGap(record);
    default:
      return record satisfies never;
  }
}

function ofProcessEvent(record: ProcessEvent): string {
  if (record.target !== undefined) {
    return `→ ${processName(record.target) ?? "process"} ${record.target.pid}`;
  }
  if (hasOp(record.ops, Op.EXIT)) return printStatus(record.ret);
  if (hasOp(record.ops, Op.CLONE)) return ofClone(record);
  if (hasOp(record.ops, Op.EXEC)) {
    const { exe, args } = record.proc;
    return [exe, args].filter((part) => part !== undefined && part !== "").join(" ");
  }
  return record.args.join(" ");
}

/** The parent is told the child's pid; the child, which is told 0, names its parent. */
function ofClone(record: ProcessEvent): string {
  if (record.ret !== 0) return record.ret > 0 ? `→ ${record.ret}` : "";
  const parent = parentOf(record.proc);
  return parent === undefined ? "" : `from ${processName(parent) ?? "process"} ${parent.pid}`;
}

const nameless: ReadonlyMap<string, string> = new Map([
  ["p", "pipe"],
  ["u", "unix socket"],
  ["d", "directory"],
  ["f", "file"],
]);

function printFile(file: File): string {
  return file.path === "" ? `(${nameless.get(file.type) ?? "no path"})` : file.path;
}

/** Where there is little room: of a connection only the other end. */
export function printShortObject(record: Record): string {
  if (record.type !== "NF" && record.type !== "NE") return printObject(record);
  const { net, ops } = record;
  const proto = net.proto === undefined || net.proto === 6 ? "" : ` ${protocolName(net.proto)}`;
  if (hasOp(ops, Op.ACCEPT)) return `← ${printEnd(net.sip, net.sport)}${proto}`;
  return `→ ${printEnd(net.dip, net.dport)}${proto}`;
}

/** A raw wait status, as the shell would put it. */
function printStatus(status: number): string {
  const signal = status & 0x7f;
  if (status < 0) return errorName(status);
  return signal === 0 ? `status ${(status >> 8) & 0xff}` : `killed by ${signalName(signal)}`;
}

/** Our own end first: `→` we connected, `←` we accepted. */
export function printTuple(net: Tuple, ops: OpSet): string {
  const client = printEnd(net.sip, net.sport);
  const server = printEnd(net.dip, net.dport);
  const proto = protocolName(net.proto);
  const ends = hasOp(ops, Op.ACCEPT) ? `${server} ← ${client}` : `${client} → ${server}`;
  return proto === undefined ? ends : `${ends} ${proto}`;
}

function printEnd(ip: Ip, port: number): string {
  return `${typeof ip === "string" ? `[${ip}]` : printIp(ip)}:${port === 0 ? "?" : port}`;
}

function printGap(record: GapRecord): string {
  const where = record.where === undefined ? "" : `: ${record.where}`;
  if (record.lost < 0) return `unknown amount of ${record.unit} lost${where}`;
  const noun = record.unit === "processes" ? "process" : record.unit.slice(0, -1);
  if (noun === "process" && record.lost !== 1) return `${record.lost} processes lost${where}`;
  return `${countNoun(record.lost, noun)} lost${where}`;
}
