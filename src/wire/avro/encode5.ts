// Records → datums of schema 5. What the schema cannot say is left out and counted by name; a record that would say something
// else without it is left out as a whole. Facts: format specification §1.3.

import { sha1 } from "../../base/sha1.ts";
import { encodeText, textLength } from "../../base/text.ts";
import type { Ip } from "../../base/ip.ts";
import type {
  Container,
  File,
  ObjectState,
  Pod,
  Process,
  ProcessIdentity,
} from "../../model/entity.ts";
import { containerTypes } from "../../model/entity.ts";
import { opNames, opsOfSchema5 } from "../../model/opflag.ts";
import type {
  FileFlow,
  FlowBase,
  NetworkFlow,
  ProcessFlow,
  Record,
  Tuple,
  Volume,
} from "../../model/record.ts";
import { Output } from "./output.ts";
import { swapAddress } from "./rows5.ts";
import { actionSymbols, componentSymbols } from "./schema5.ts";

// More than all numbers of any record take: 16 of at most 10 bytes, two file ids.
const numbersRoom = 240;
const Branch = {
  header: 0,
  container: 1,
  process: 2,
  file: 3,
  processEvent: 4,
  networkFlow: 5,
  fileFlow: 6,
  fileEvent: 7,
  processFlow: 9,
  pod: 10,
  cluster: 11,
} as const;
const typesOfSchema5 = 10;
const stateNumbers: { readonly [State in ObjectState]: number } = {
  CREATED: 0,
  MODIFIED: 1,
  REUP: 2,
};
const processFields6 = [
  "argv",
  "comm",
  "session",
  "processGroup",
  "loginUid",
  "capabilities",
  "exeInode",
  "exeUpperLayer",
  "networkNamespace",
] as const;
const fileFields6 = ["device", "inode", "generation", "mountNamespace", "peerInode"] as const;

export class Encoder5 {
  readonly unsayable = new Map<string, number>();
  datums = 0;
  readonly #out: Output;
  readonly #processIds = new WeakMap<ProcessIdentity, Uint8Array>();
  #lastIdentity: ProcessIdentity | undefined;
  #lastId: Uint8Array = new Uint8Array(0);
  readonly #digests = new WeakMap<File, Uint8Array>();
  #scratch = new Uint8Array(1024);

  constructor(out: Output) {
    this.#out = out;
  }

  /** False: schema 5 cannot say the record. */
  encode(record: Record): boolean {
    this.#out.room(numbersRoom);
    const said = this.#encode(record);
    if (said) this.datums += 1;
    return said;
  }

  #encode(record: Record): boolean {
    switch (record.type) {
      case "FF":
        return this.#fileFlow(record);
      case "NF":
        return this.#networkFlow(record);
      case "PF":
        return this.#processFlow(record);
      case "P":
        return this.#process(record.process);
      case "F":
        return this.#file(record.file);
      case "C":
        return this.#container(record.container);
      case "PD":
        return this.#pod(record.pod);
      case "PE":
      case "FE":
      case "H":
      case "KE":
        return this.#rare(record);
      case "NE":
        // The original never writes network events, and its Python reader stops at one.
        return this.#cannot("network event");
      case "G":
        return this.#cannot("gap");
    }
  }

  #cannot(what: string): false {
    this.unsayable.set(what, (this.unsayable.get(what) ?? 0) + 1);
    return false;
  }

  #rare(record: Record & { type: "PE" | "FE" | "H" | "KE" }): boolean {
    const out = this.#out;
    switch (record.type) {
      case "H":
        out.long(Branch.header);
        out.long(5);
        out.text(record.host.id);
        out.text(record.host.ip ?? "");
        out.text(record.filename ?? "");
        if (record.host.bootId !== undefined) this.#cannot("boot id");
        return true;
      case "KE":
        out.long(Branch.cluster);
        out.long(symbolNumber(componentSymbols, record.kind));
        out.long(symbolNumber(actionSymbols, record.action));
        out.time(record.ts);
        out.text(record.message);
        return true;
      case "PE": {
        if (!this.#sayableOps(record.ops)) return false;
        if (record.target !== undefined) this.#cannot("target");
        if (record.failedOpens !== undefined) this.#cannot("failed opens");
        this.#acted(Branch.processEvent, record.proc, record.ts);
        out.long(record.tid ?? -1);
        out.long(record.ops % (opsOfSchema5 + 1));
        out.texts(record.args);
        out.room(numbersRoom);
        out.long(record.ret);
        return true;
      }
      case "FE": {
        if (!this.#sayableOps(record.ops)) return false;
        if (record.args !== undefined && record.args.length > 0) this.#cannot("file event args");
        this.#acted(Branch.fileEvent, record.proc, record.ts);
        out.long(record.tid ?? -1);
        out.long(record.ops % (opsOfSchema5 + 1));
        this.#fileId(record.file);
        out.long(record.ret);
        if (record.newFile === undefined) out.byte(0);
        else {
          out.byte(2);
          this.#fileId(record.newFile);
        }
        return true;
      }
    }
  }

  /** Counts operations that the schema lacks; false when nothing is left. */
  #sayableOps(ops: number): boolean {
    if (ops <= opsOfSchema5) return true;
    for (const name of opNames(ops - (ops % (opsOfSchema5 + 1)))) this.#cannot(name);
    return ops % (opsOfSchema5 + 1) !== 0;
  }

  #acted(branch: number, proc: Process, ts: number): void {
    this.#out.byte(branch << 1);
    this.#processId(proc);
    this.#out.time(ts);
  }

  /** An OID is encoded once per process: its creation time is a bigint. */
  #processId(process: Process): void {
    const out = this.#out;
    const identity = process.identity;
    if (identity !== this.#lastIdentity) {
      this.#lastIdentity = identity;
      this.#lastId = this.#processIds.get(identity) ?? this.#encodeProcessId(process);
    }
    const id = this.#lastId;
    const bytes = out.bytes;
    const p = out.pos;
    for (let i = 0; i < id.length; i++) bytes[p + i] = id[i] as number;
    out.pos = p + id.length;
  }

  #encodeProcessId(process: Process): Uint8Array {
    const id = new Output(0n, 32);
    id.big(process.createdNs ?? 0n);
    id.long(process.pid);
    const bytes = id.bytes.slice(0, id.pos);
    this.#processIds.set(process.identity, bytes);
    return bytes;
  }

  #fileId(file: File): void {
    const out = this.#out;
    const bytes = out.bytes;
    let p = out.pos;
    const known = file.foid;
    if (known !== undefined && known.length === 20) {
      for (let i = 0; i < 20; i++) bytes[p++] = known.charCodeAt(i);
    } else {
      const digest = this.#digest(file);
      for (let i = 0; i < 20; i++) bytes[p++] = digest[i] as number;
    }
    out.pos = p;
  }

  /** SHA-1 over the container's id and the path, without anything between. */
  #digest(file: File): Uint8Array {
    const known = this.#digests.get(file);
    if (known !== undefined) return known;
    const text = (file.container?.id ?? "") + file.path;
    const length = textLength(text);
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length * 2);
    encodeText(text, this.#scratch, 0);
    const digest = sha1(this.#scratch, length);
    this.#digests.set(file, digest);
    return digest;
  }

  #address(ip: Ip): number {
    return typeof ip === "number" ? swapAddress(ip) | 0 : 0;
  }

  #sayableTuple(net: Tuple): boolean {
    if (typeof net.sip === "number" && typeof net.dip === "number") return true;
    return this.#cannot("IPv6 flow");
  }

  #sayableFlow(flow: FlowBase & { opens?: number | undefined }): boolean {
    if (!this.#sayableOps(flow.ops)) return false;
    if (flow.flowId !== undefined) this.#cannot("flow id");
    return true;
  }

  #volume(flow: Volume & { fd: number | undefined }): void {
    const out = this.#out;
    out.long(flow.fd ?? -1);
    out.long(flow.rops);
    out.long(flow.wops);
    out.long(flow.rbytes);
    out.long(flow.wbytes);
  }

  #fileFlow(flow: FileFlow): boolean {
    if (!this.#sayableFlow(flow)) return false;
    const out = this.#out;
    this.#acted(Branch.fileFlow, flow.proc, flow.ts);
    out.long(flow.tid ?? -1);
    out.long(flow.ops % (opsOfSchema5 + 1));
    out.long(flow.openFlags);
    out.time(flow.endTs);
    this.#fileId(flow.file);
    this.#volume(flow);
    return true;
  }

  #networkFlow(flow: NetworkFlow): boolean {
    const net = flow.net;
    if (!this.#sayableFlow(flow) || !this.#sayableTuple(net)) return false;
    const out = this.#out;
    this.#acted(Branch.networkFlow, flow.proc, flow.ts);
    out.long(flow.tid ?? -1);
    out.long(flow.ops % (opsOfSchema5 + 1));
    out.time(flow.endTs);
    out.long(this.#address(net.sip));
    out.long(net.sport);
    out.long(this.#address(net.dip));
    out.long(net.dport);
    out.long(net.proto ?? -1);
    this.#volume(flow);
    return true;
  }

  #processFlow(flow: ProcessFlow): boolean {
    if (!this.#sayableOps(flow.ops)) return false;
    const out = this.#out;
    this.#acted(Branch.processFlow, flow.proc, flow.ts);
    out.long(flow.threadsCloned);
    out.long(flow.ops % (opsOfSchema5 + 1));
    out.time(flow.endTs);
    out.long(flow.threadsExited);
    out.long(flow.cloneErrors);
    return true;
  }

  #process(process: Process): boolean {
    const out = this.#out;
    for (const name of processFields6)
      if (process[name] !== undefined) this.#cannot(`process ${name}`);
    out.long(Branch.process);
    out.long(stateNumbers[process.state]);
    this.#processId(process);
    if (process.parent === undefined) out.byte(0);
    else {
      out.byte(2);
      this.#processId(process.parent);
    }
    out.time(process.ts);
    out.text(process.exe ?? "<NA>");
    out.text(process.args ?? process.argv?.slice(1).join(" ") ?? "");
    out.room(numbersRoom);
    out.long(process.uid === undefined ? -1 : process.uid | 0);
    out.text(process.user ?? "<NA>");
    out.room(numbersRoom);
    out.long(process.gid === undefined ? -1 : process.gid | 0);
    out.text(process.group ?? "<NA>");
    out.room(numbersRoom);
    out.byte(process.tty ? 1 : 0);
    out.optionalText(process.container?.id);
    out.room(1);
    out.byte(process.entry ? 1 : 0);
    out.text(process.cwd ?? "");
    out.texts(process.env);
    return true;
  }

  #file(file: File): boolean {
    const out = this.#out;
    for (const name of fileFields6) if (file[name] !== undefined) this.#cannot(`file ${name}`);
    out.long(Branch.file);
    out.long(stateNumbers[file.state]);
    this.#fileId(file);
    out.time(file.ts);
    out.long(fileTypeNumber(file.type));
    out.text(file.path);
    out.optionalText(file.container?.id);
    return true;
  }

  #container(container: Container): boolean {
    const out = this.#out;
    if (container.state !== undefined) this.#cannot("container state");
    out.long(Branch.container);
    out.text(container.id);
    out.text(container.name ?? "incomplete");
    out.text(container.image ?? "incomplete:incomplete");
    out.text(container.imageId ?? "");
    out.room(numbersRoom);
    out.long(this.#containerType(container));
    out.byte(container.privileged === true ? 1 : 0);
    out.optionalText(container.pod?.id ?? container.podId);
    return true;
  }

  /** Types that the enum lacks are "custom": a number outside the enum stops other readers. */
  #containerType(container: Container): number {
    const index = container.type === undefined ? -1 : containerTypes.indexOf(container.type);
    if (index >= 0 && index < typesOfSchema5) return index;
    this.#cannot(`container type ${container.type ?? "unknown"}`);
    return containerTypes.indexOf("custom");
  }

  #pod(pod: Pod): boolean {
    const out = this.#out;
    out.long(Branch.pod);
    out.time(pod.ts);
    for (const text of [pod.id, pod.name, pod.nodeName ?? ""]) out.text(text);
    out.bigs(pod.hostIp);
    out.bigs(pod.internalIp);
    out.text(pod.namespace);
    out.room(numbersRoom);
    out.long(pod.restartCount ?? 0);
    out.textMap(pod.labels);
    out.textMap(pod.selectors);
    out.room(numbersRoom);
    if (pod.services.length > 0) out.long(pod.services.length);
    for (const service of pod.services) this.#service(service);
    out.room(1);
    out.byte(0);
    return true;
  }

  #service(service: Pod["services"][number]): void {
    const out = this.#out;
    for (const text of [service.name, service.id, service.namespace]) out.text(text);
    out.room(numbersRoom);
    if (service.ports.length > 0) out.long(service.ports.length);
    for (const port of service.ports) {
      out.room(numbersRoom);
      out.long(port.port);
      out.long(port.targetPort);
      out.long(port.nodePort);
      out.text(port.proto);
    }
    out.room(1);
    out.byte(0);
    out.bigs(service.clusterIp);
  }
}

function symbolNumber(symbols: readonly string[], symbol: string): number {
  const index = symbols.indexOf(symbol);
  return index < 0 ? symbols.length - 1 : index;
}

/** A letter's code; types that are no letter were numbers in the file that they came from. */
function fileTypeNumber(type: string): number {
  return type.length === 1 ? type.charCodeAt(0) : Number.parseInt(type, 10) || 63;
}
