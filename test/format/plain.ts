// Two ways to one plain form: from what avsc decodes, and from our records. They share no code but the names of the form, so
// that a mistake in one shows against the other. Times are absolute; what an age of the format lacks is undefined.

import type { Container, File, Process } from "../../src/model/entity.ts";
import type { Record, Tuple } from "../../src/model/record.ts";

export type Plain = { readonly [key: string]: unknown };
type Raw = { readonly [key: string]: unknown };

function num(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function oid(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const { createTS, hpid } = value as { createTS: bigint; hpid: bigint };
  return `${createTS}/${hpid}`;
}

function hex(value: unknown): string | undefined {
  return value === undefined || value === null
    ? undefined
    : Buffer.from(value as Buffer).toString("hex");
}

/** −1 is how the format says unknown. */
function unknown1(value: unknown): number | undefined {
  return value === undefined || Number(value) === -1 ? undefined : Number(value);
}

function octets(value: unknown): string {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(Number(value));
  return [...bytes].join(".");
}

function rawTuple(raw: Raw): Plain {
  return {
    sip: octets(raw["sip"]),
    sport: num(raw["sport"]),
    dip: octets(raw["dip"]),
    dport: num(raw["dport"]),
    proto: unknown1(raw["proto"]),
  };
}

function rawVolume(raw: Raw): Plain {
  return {
    fd: unknown1(raw["fd"]),
    rops: num(raw["numRRecvOps"]),
    wops: num(raw["numWSendOps"]),
    rbytes: num(raw["numRRecvBytes"]),
    wbytes: num(raw["numWSendBytes"]),
  };
}

/** One value as avsc gives it for the union: `{ "sysflow.flow.FileFlow": {...} }`. */
export function plainOfAvsc(wrapped: { readonly [name: string]: Raw }): Plain {
  const [full = "", raw = {}] = Object.entries(wrapped)[0] ?? [];
  const name = full.slice(full.lastIndexOf(".") + 1);
  const acted = {
    proc: oid(raw["procOID"]),
    ts: raw["ts"],
    tid: num(raw["tid"]),
    ops: num(raw["opFlags"]),
  };
  switch (name) {
    case "SFHeader":
      return {
        type: "H",
        version: num(raw["version"]),
        host: raw["exporter"],
        ip: raw["ip"] === "" ? undefined : raw["ip"],
        filename: raw["filename"] === "" ? undefined : raw["filename"],
      };
    case "Container":
      return {
        type: "C",
        id: raw["id"],
        name: raw["name"] === "incomplete" ? undefined : raw["name"],
        image: raw["image"] === "incomplete:incomplete" ? undefined : raw["image"],
        imageId: raw["imageid"],
        kind: String(raw["type"]).slice(3).toLowerCase(),
        privileged: raw["privileged"],
        pod: raw["podId"] ?? undefined,
      };
    case "Process":
      return {
        type: "P",
        state: raw["state"],
        id: oid(raw["oid"]),
        parent: oid(raw["poid"]),
        ts: raw["ts"],
        exe: raw["exe"] === "<NA>" ? undefined : raw["exe"],
        args: raw["exeArgs"],
        uid: unknown1(raw["uid"]),
        user: raw["userName"] === "<NA>" ? undefined : raw["userName"],
        gid: unknown1(raw["gid"]),
        group: raw["groupName"] === "<NA>" ? undefined : raw["groupName"],
        tty: raw["tty"],
        entry: raw["entry"] ?? false,
        container: raw["containerId"] ?? undefined,
        cwd: raw["cwd"] === "" ? undefined : raw["cwd"],
        env: raw["env"] ?? [],
      };
    case "File":
      return {
        type: "F",
        state: raw["state"],
        id: hex(raw["oid"]),
        ts: raw["ts"],
        kind: String.fromCharCode(Number(raw["restype"])),
        path: raw["path"],
        container: raw["containerId"] ?? undefined,
      };
    case "ProcessEvent":
      return { type: "PE", ...acted, args: raw["args"], ret: num(raw["ret"]) };
    case "ProcessFlow":
      if ("ret" in raw) return { type: "PE", ...acted, args: raw["args"], ret: num(raw["ret"]) };
      return {
        type: "PF",
        proc: acted.proc,
        ts: acted.ts,
        endTs: raw["endTs"],
        ops: acted.ops,
        cloned: num(raw["numThreadsCloned"]),
        exited: num(raw["numThreadsExited"]),
        errors: num(raw["numCloneErrors"]),
      };
    case "FileEvent":
      return {
        type: "FE",
        ...acted,
        file: hex(raw["fileOID"]),
        newFile: hex(raw["newFileOID"]),
        ret: num(raw["ret"]),
      };
    case "NetworkEvent":
      return { type: "NE", ...acted, ...rawTuple(raw), ret: num(raw["ret"]) };
    case "NetworkFlow":
      return { type: "NF", ...acted, endTs: raw["endTs"], ...rawTuple(raw), ...rawVolume(raw) };
    case "FileFlow":
      return {
        type: "FF",
        ...acted,
        endTs: raw["endTs"],
        openFlags: num(raw["openFlags"] ?? 0),
        file: hex(raw["fileOID"]),
        ...rawVolume(raw),
      };
    case "Pod":
      return {
        type: "PD",
        ts: raw["ts"],
        id: raw["id"],
        name: raw["name"],
        node: raw["nodeName"],
        hostIp: raw["hostIP"],
        internalIp: raw["internalIP"],
        namespace: raw["namespace"],
        restarts: num(raw["restartCount"]),
        labels: raw["labels"],
        selectors: raw["selectors"],
        services: (raw["services"] as Raw[]).map((service) => ({
          name: service["name"],
          id: service["id"],
          namespace: service["namespace"],
          ports: service["portList"],
          clusterIp: service["clusterIP"],
        })),
      };
    case "K8sEvent":
      return {
        type: "KE",
        ts: raw["ts"],
        kind: raw["kind"],
        action: raw["action"],
        message: raw["message"],
      };
    default:
      throw new Error(`avsc gave an unknown record ${full}`);
  }
}

function processId(process: Process | undefined): string | undefined {
  return process === undefined ? undefined : `${process.createdNs ?? 0n}/${process.pid}`;
}

function fileId(file: File | undefined): string | undefined {
  return file?.foid === undefined ? undefined : Buffer.from(file.foid, "latin1").toString("hex");
}

function containerId(container: Container | undefined): string | undefined {
  return container?.id;
}

function dotted(ip: number | string): string {
  if (typeof ip === "string") return ip;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(ip);
  return [...bytes].join(".");
}

function tupleOf(net: Tuple): Plain {
  return { ...net, sip: dotted(net.sip), dip: dotted(net.dip) };
}

export function plainOfRecord(record: Record, base: bigint): Plain {
  const at = (time: number): bigint => base + BigInt(time);
  switch (record.type) {
    case "H": {
      const { version, filename, host } = record;
      return { type: "H", version, host: host.id, ip: host.ip, filename };
    }
    case "C": {
      const { id, name, image, imageId, type, privileged, pod, podId } = record.container;
      return { type: "C", id, name, image, imageId, kind: type, privileged, pod: pod?.id ?? podId };
    }
    case "P": {
      const p = record.process;
      const { state, exe, args, uid, user, gid, group, tty, entry, cwd, env } = p;
      return {
        type: "P",
        state,
        id: processId(p),
        parent: processId(p.parent),
        ts: at(p.ts),
        exe,
        args,
        uid,
        user,
        gid,
        group,
        tty,
        entry,
        container: containerId(p.container),
        cwd,
        env,
      };
    }
    case "F": {
      const { state, type, path, container, ts } = record.file;
      return {
        type: "F",
        state,
        id: fileId(record.file),
        ts: at(ts),
        kind: type,
        path,
        container: containerId(container),
      };
    }
    case "PE": {
      const { proc, ts, tid, ops, args, ret } = record;
      return { type: "PE", proc: processId(proc), ts: at(ts), tid, ops, args, ret };
    }
    case "FE": {
      const { proc, ts, tid, ops, file, newFile, ret } = record;
      return {
        type: "FE",
        proc: processId(proc),
        ts: at(ts),
        tid,
        ops,
        file: fileId(file),
        newFile: fileId(newFile),
        ret,
      };
    }
    case "NE": {
      const { proc, ts, tid, ops, net, ret } = record;
      return { type: "NE", proc: processId(proc), ts: at(ts), tid, ops, ...tupleOf(net), ret };
    }
    case "PF": {
      const { proc, ts, endTs, ops, threadsCloned, threadsExited, cloneErrors } = record;
      return {
        type: "PF",
        proc: processId(proc),
        ts: at(ts),
        endTs: at(endTs),
        ops,
        cloned: threadsCloned,
        exited: threadsExited,
        errors: cloneErrors,
      };
    }
    case "NF": {
      const { proc, ts, tid, ops, endTs, net, fd, rops, wops, rbytes, wbytes } = record;
      const volume = { fd, rops, wops, rbytes, wbytes };
      const acted = { proc: processId(proc), ts: at(ts), tid, ops, endTs: at(endTs) };
      return { type: "NF", ...acted, ...tupleOf(net), ...volume };
    }
    case "FF": {
      const { proc, ts, tid, ops, endTs, file, openFlags, fd, rops, wops, rbytes, wbytes } = record;
      const acted = { proc: processId(proc), ts: at(ts), tid, ops, endTs: at(endTs) };
      return {
        type: "FF",
        ...acted,
        openFlags,
        file: fileId(file),
        fd,
        rops,
        wops,
        rbytes,
        wbytes,
      };
    }
    case "PD": {
      const pod = record.pod;
      return {
        type: "PD",
        ts: at(pod.ts),
        id: pod.id,
        name: pod.name,
        node: pod.nodeName,
        hostIp: pod.hostIp,
        internalIp: pod.internalIp,
        namespace: pod.namespace,
        restarts: pod.restartCount,
        labels: Object.fromEntries(pod.labels),
        selectors: Object.fromEntries(pod.selectors),
        services: pod.services,
      };
    }
    case "KE": {
      const { ts, kind, action, message } = record;
      return { type: "KE", ts: at(ts), kind, action, message };
    }
    case "G":
      return { type: "G", ts: at(record.ts), reason: record.reason, lost: record.lost };
  }
}
