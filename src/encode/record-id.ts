// A record's id: the same for the same behaviour in every file that holds it, whatever else the file holds (interface.md, Identity).

import { printIp } from "../base/ip.ts";
import { sha1 } from "../base/sha1.ts";
import { encodeText, textLength } from "../base/text.ts";
import { type Container, type File, type Host, type Process, processKey } from "../model/entity.ts";
import type { Record, Tuple } from "../model/record.ts";
import { type TimeBase, type TimeNs, toAbsolute } from "../model/time.ts";

/** 80 bits of SHA-1 over host, type, process key, object key and start time, as 20 hexadecimal digits. */
export function recordId(record: Record, base: TimeBase): string {
  const [host, process, object, start] = partsOf(record);
  const time = start === undefined ? "" : toAbsolute(base, start).toString();
  const key = process === undefined ? "" : processKey(process);
  return hashOf([host.id, record.type, key, object, time]).slice(0, 20);
}

type Parts = readonly [Host, Process | undefined, string, TimeNs | undefined];

/** Operations are part of an event's object key: an OPEN and an EXIT at one instant are two records. */
function partsOf(record: Record): Parts {
  switch (record.type) {
    case "H":
      return [record.host, undefined, `${record.version}:${record.filename ?? ""}`, undefined];
    case "C":
      return [record.container.host, undefined, record.container.id, record.container.ts];
    case "P":
      return [record.process.host, record.process, record.process.state, record.process.ts];
    case "F":
      return [record.file.host, undefined, fileKey(record.file), record.file.ts];
    case "PD":
      return [record.pod.host, undefined, record.pod.id, record.pod.ts];
    case "PE":
      return [record.proc.host, record.proc, `${record.ops}:${record.tid ?? ""}`, record.ts];
    case "FE": {
      const second = record.newFile === undefined ? "" : fileKey(record.newFile);
      const object = `${record.ops}:${fileKey(record.file)}>${second}`;
      return [record.proc.host, record.proc, object, record.ts];
    }
    case "NE":
      return [record.proc.host, record.proc, `${record.ops}:${tupleKey(record.net)}`, record.ts];
    case "KE":
      return [
        record.host,
        undefined,
        `${record.kind}:${record.action}:${record.message}`,
        record.ts,
      ];
    case "PF":
      return [record.proc.host, record.proc, "", record.ts];
    case "FF": {
      const descriptor = `${record.tid ?? ""}:${record.fd ?? ""}`;
      return [record.proc.host, record.proc, `${fileKey(record.file)}:${descriptor}`, record.ts];
    }
    case "NF": {
      const descriptor = `${record.tid ?? ""}:${record.fd ?? ""}`;
      return [record.proc.host, record.proc, `${tupleKey(record.net)}:${descriptor}`, record.ts];
    }
    case "G":
      return [record.host, undefined, `${record.reason}:${record.where ?? ""}`, record.ts];
    default:
      return record satisfies never;
  }
}

export function fileKey(file: File): string {
  return `${containerKey(file.container)}:${file.type}:${file.path}`;
}

function containerKey(container: Container | undefined): string {
  return container?.id ?? "";
}

export function tupleKey(net: Tuple): string {
  return `${printIp(net.sip)}:${net.sport}>${printIp(net.dip)}:${net.dport}/${net.proto ?? ""}`;
}

/** Each part is preceded by its length, so that no two lists of parts give the same bytes. */
function hashOf(parts: readonly string[]): string {
  const text = parts.map((part) => `${part.length}:${part}`).join("");
  const bytes = new Uint8Array(textLength(text));
  encodeText(text, bytes, 0);
  return sha1Hex(bytes);
}

function sha1Hex(bytes: Uint8Array): string {
  return Array.from(sha1(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
