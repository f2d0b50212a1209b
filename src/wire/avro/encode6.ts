// Records → datums of schema 6 (schema6.ts). Processes, files and containers get numbers in the order in which they are written;
// one that is referred to and was not written yet is written first, so every file stands alone.

import type { Ip } from "../../base/ip.ts";
import { ipToBytes } from "../../base/ip.ts";
import type {
  Container,
  File,
  ObjectState,
  Pod,
  Process,
  ProcessIdentity,
} from "../../model/entity.ts";
import { limits } from "../../model/limits.ts";
import { Op, hasOp } from "../../model/opflag.ts";
import type {
  FileFlow,
  FlowBase,
  HeaderRecord,
  NetworkFlow,
  ProcessFlow,
  Record,
  Tuple,
  Volume,
} from "../../model/record.ts";
import type { TimeNs } from "../../model/time.ts";
import type { Output } from "./output.ts";
import { Numbers } from "./numbers.ts";
import { branch6 } from "./schema6.ts";

const numbersRoom = 240;
const chainMax = 64;
const onlyId = 3;
const stateNumbers: { readonly [State in ObjectState]: number } = {
  CREATED: 0,
  MODIFIED: 1,
  REUP: 2,
};
const noVolume: Volume & { readonly fd: undefined } = {
  fd: undefined,
  rops: 0,
  wops: 0,
  rbytes: 0,
  wbytes: 0,
};

export class Encoder6 {
  /** Datums written: more than records where an entity had to be written first. */
  datums = 0;
  readonly #out: Output;
  /** Time of the datum before: what an entity without one is given. */
  #last: TimeNs = 0;
  #processes = new Numbers<ProcessIdentity>(limits.processes.max);
  /** Stands for this output where files keep their numbers: a new header begins new ones. */
  #numbering: object = {};
  #filesNext = 1;
  #containers = new Numbers<string>(limits.containers.max);

  constructor(out: Output) {
    this.#out = out;
  }

  encode(record: Record): boolean {
    this.#out.room(numbersRoom);
    switch (record.type) {
      case "FF":
      case "NF":
      case "PF":
        this.#flow(record);
        break;
      case "PE":
      case "FE":
      case "NE":
        this.#event(record);
        break;
      case "P":
        this.#process(record.process, 0);
        break;
      case "F":
        this.#file(record.file);
        break;
      case "C":
        this.#container(record.container);
        break;
      case "H":
        this.#header(record);
        break;
      case "PD":
        this.#note(record.pod.ts, "pod", podJson(record.pod));
        break;
      case "KE": {
        const { kind, action, message, ts } = record;
        this.#note(ts, "cluster", { kind, action, message });
        break;
      }
      case "G": {
        const { ts, endTs, reason, lost, unit, where } = record;
        this.#note(ts, "gap", { endNs: endTs - ts, reason, lost, unit, where });
        break;
      }
    }
    return true;
  }

  #time(time: TimeNs): void {
    this.#out.time(time);
    this.#last = time;
  }

  #begin(branch: number): void {
    this.datums += 1;
    this.#out.byte(branch << 1);
  }

  #header(record: HeaderRecord): void {
    this.#processes = new Numbers(limits.processes.max);
    this.#numbering = {};
    this.#filesNext = 1;
    this.#containers = new Numbers(limits.containers.max);
    this.#last = 0;
    const out = this.#out;
    this.#begin(branch6.Header);
    out.long(6);
    out.big(out.base);
    out.text(record.host.id);
    out.text(record.host.ip ?? "");
    out.text(record.filename ?? "");
    out.text(record.precision ?? "");
    out.text(record.host.bootId ?? "");
  }

  #note(ts: number, kind: string, body: unknown): void {
    const out = this.#out;
    this.#begin(branch6.Note);
    this.#time(ts);
    out.text(kind);
    out.text(JSON.stringify(body));
  }

  #containerNumber(container: Container | undefined): number {
    if (container === undefined) return 0;
    return this.#containers.get(container.id) ?? this.#container(container);
  }

  #container(container: Container): number {
    const number = this.#containers.get(container.id) ?? this.#containers.add(container.id);
    const stub = container.name === undefined && container.type === undefined;
    const out = this.#out;
    out.room(numbersRoom);
    this.#begin(branch6.Container);
    out.long(number);
    const state = container.state === undefined ? -1 : stateNumbers[container.state];
    out.long(stub && container.image === undefined ? onlyId : state);
    if (container.ts === undefined) out.byte(0);
    else {
      out.byte(2);
      out.time(container.ts);
    }
    out.text(container.id);
    out.optionalText(container.name);
    out.optionalText(container.image);
    out.text(container.imageId ?? "");
    out.text(container.type ?? "");
    out.room(numbersRoom);
    out.long(flagNumber(container.privileged));
    out.text(container.pod?.id ?? container.podId ?? "");
    out.room(numbersRoom);
    return number;
  }

  #processNumber(process: Process, depth: number): number {
    return this.#processes.get(process.identity) ?? this.#process(process, depth);
  }

  #process(process: Process, depth: number): number {
    const parent = process.parent;
    const parentNumber =
      parent === undefined || depth > chainMax ? 0 : this.#processNumber(parent, depth + 1);
    const container = this.#containerNumber(process.container);
    const identity = process.identity;
    const number = this.#processes.get(identity) ?? this.#processes.add(identity);
    const out = this.#out;
    out.room(numbersRoom);
    this.#begin(branch6.Process);
    out.long(number);
    out.long(process.known ? stateNumbers[process.state] : onlyId);
    this.#time(process.known ? process.ts : this.#last);
    out.long(process.pid);
    if (process.createdNs === undefined) out.byte(0);
    else {
      out.byte(2);
      out.big(process.createdNs);
    }
    out.long(parentNumber);
    out.optionalText(process.exe);
    this.#arguments(process);
    out.text(process.comm ?? "");
    out.room(numbersRoom);
    out.long(process.uid ?? -1);
    out.optionalText(process.user);
    out.room(numbersRoom);
    out.long(process.gid ?? -1);
    out.optionalText(process.group);
    out.room(numbersRoom);
    out.byte(process.tty ? 1 : 0);
    out.byte(process.entry ? 1 : 0);
    out.long(container);
    out.text(process.cwd ?? "");
    out.texts(process.env);
    out.room(numbersRoom);
    out.long(process.session ?? -1);
    out.long(process.processGroup ?? -1);
    out.long(process.loginUid ?? -1);
    out.big(process.capabilities ?? -1n);
    out.long(process.exeInode ?? -1);
    out.long(flagNumber(process.exeUpperLayer));
    out.long(process.networkNamespace ?? -1);
    out.room(numbersRoom);
    return number;
  }

  /** argv, and args only where argv does not say it. */
  #arguments(process: Process): void {
    const argv = process.argv ?? [];
    this.#out.texts(argv);
    const joined = argv.length === 0 ? undefined : argv.slice(1).join(" ");
    this.#out.optionalText(process.args === joined ? undefined : process.args);
  }

  #fileNumber(file: File | undefined): number {
    if (file === undefined) return 0;
    return file.numberedBy === this.#numbering ? (file.number ?? 0) : this.#file(file);
  }

  #file(file: File): number {
    const container = this.#containerNumber(file.container);
    if (file.numberedBy !== this.#numbering) {
      file.numberedBy = this.#numbering;
      file.number = this.#filesNext++;
    }
    const number = file.number ?? 0;
    const out = this.#out;
    out.room(numbersRoom);
    this.#begin(branch6.File);
    out.long(number);
    const stub = file.path === "" && file.type === "?" && file.ts === 0;
    out.long(stub ? onlyId : stateNumbers[file.state]);
    this.#time(stub ? this.#last : file.ts);
    out.text(file.type);
    out.text(file.path);
    out.room(numbersRoom);
    out.long(container);
    out.long(file.device ?? -1);
    out.long(file.inode ?? -1);
    out.long(file.generation ?? -1);
    out.long(file.mountNamespace ?? -1);
    out.long(file.peerInode ?? -1);
    out.room(numbersRoom);
    return number;
  }

  #event(record: Record & { type: "PE" | "FE" | "NE" }): void {
    const out = this.#out;
    const proc = this.#processNumber(record.proc, 0);
    const file = record.type === "FE" ? this.#fileNumber(record.file) : 0;
    const file2 = record.type === "FE" ? this.#fileNumber(record.newFile) : 0;
    const target =
      record.type === "PE" && record.target !== undefined
        ? this.#processNumber(record.target, 0)
        : 0;
    this.#begin(branch6.Event);
    out.long(proc);
    this.#time(record.ts);
    out.long(record.tid ?? -1);
    out.long(record.ops);
    out.long(record.ret);
    out.texts(record.type === "NE" ? [] : (record.args ?? []));
    out.room(numbersRoom);
    out.long(file);
    out.long(file2);
    this.#net(record.type === "NE" ? record.net : undefined);
    out.long(target);
    out.long(record.type === "PE" ? (record.failedOpens ?? -1) : -1);
    if (record.type === "PE" && hasOp(record.ops, Op.EXIT) && record.tid === record.proc.pid) {
      this.#processes.end(record.proc.identity);
    }
  }

  #net(net: Tuple | undefined): void {
    const out = this.#out;
    if (net === undefined) {
      out.byte(0);
      return;
    }
    out.byte(2);
    this.#address(net.sip);
    out.long(net.sport);
    this.#address(net.dip);
    out.long(net.dport);
    out.long(net.proto ?? -1);
  }

  #address(ip: Ip): void {
    const out = this.#out;
    if (typeof ip === "number") {
      out.byte(8);
      out.byte(ip >>> 24);
      out.byte((ip >>> 16) & 255);
      out.byte((ip >>> 8) & 255);
      out.byte(ip & 255);
      return;
    }
    out.byte(32);
    for (const byte of ipToBytes(ip)) out.byte(byte);
  }

  #flow(flow: FileFlow | NetworkFlow | ProcessFlow): void {
    const out = this.#out;
    const proc = this.#processNumber(flow.proc, 0);
    const file = flow.type === "FF" ? this.#fileNumber(flow.file) : 0;
    const shared: FlowBase = flow.type === "PF" ? { ...flow, tid: undefined } : flow;
    const volume =
      flow.type === "PF"
        ? {
            ...noVolume,
            rops: flow.threadsCloned,
            wops: flow.threadsExited,
            rbytes: flow.cloneErrors,
          }
        : flow;
    // What is mostly the same stands together, what differs stands at the end: that packs best.
    this.#begin(branch6.Flow);
    out.long(proc);
    out.long(shared.tid ?? -1);
    out.long(flow.ops);
    out.long(flow.type === "FF" ? flow.openFlags : 0);
    out.long(volume.fd ?? -1);
    out.long(flow.type === "FF" ? (flow.opens ?? -1) : -1);
    // A flow of a single slice needs no id to be put together.
    const single = shared.slice === 0 && shared.final === true;
    out.long(single ? -1 : (shared.flowId ?? -1));
    out.long(shared.slice ?? -1);
    out.byte(shared.final === true ? 1 : 0);
    this.#net(flow.type === "NF" ? flow.net : undefined);
    out.long(volume.rops);
    out.long(volume.wops);
    out.long(volume.rbytes);
    out.long(volume.wbytes);
    out.long(file);
    this.#time(flow.ts);
    out.time(flow.endTs);
  }
}

function flagNumber(flag: boolean | undefined): number {
  if (flag === undefined) return -1;
  return flag ? 1 : 0;
}

function podJson(pod: Pod): unknown {
  return {
    id: pod.id,
    name: pod.name,
    nodeName: pod.nodeName,
    namespace: pod.namespace,
    restartCount: pod.restartCount,
    labels: [...pod.labels],
    selectors: [...pod.selectors],
    hostIp: pod.hostIp.map(String),
    internalIp: pod.internalIp.map(String),
    services: pod.services.map((service) => ({
      ...service,
      clusterIp: service.clusterIp.map(String),
    })),
  };
}
