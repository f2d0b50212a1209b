// Addresses as strace prints them: in socket arguments (`{sa_family=AF_INET, …}`), in -yy's descriptors (`TCP:[a:1->b:2]`), and
// the notation's short form (`10.0.0.2:80`).

import { type Ip, parseIp } from "../../base/ip.ts";
import { AddressFamily, type SocketTuple } from "../../model/syscall.ts";
import { addressFamily } from "./constants.ts";
import { memberOf, readNumber, readString, skipString, unescape } from "./scan.ts";

export type Endpoint = { readonly ip: Ip; readonly port: number };

export type Address =
  | { readonly kind: "inet"; readonly family: number; readonly at: Endpoint }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "other"; readonly family: number };

/** An argument that is a socket address; undefined for NULL and what is not understood. */
export function readAddress(argument: string): Address | undefined {
  const text = argument.trim();
  if (text.startsWith("{")) return readStructure(text);
  const endpoint = readEndpoint(text);
  if (endpoint !== undefined) {
    return { kind: "inet", family: familyOf(endpoint.ip, false), at: endpoint };
  }
  const path = text.startsWith("unix:") ? text.slice(5) : readString(text);
  return path === undefined ? undefined : { kind: "unix", path };
}

function familyOf(ip: Ip, v6: boolean): number {
  return v6 || typeof ip === "string" ? AddressFamily.inet6 : AddressFamily.inet;
}

function readStructure(text: string): Address | undefined {
  const name = memberOf(text, "sa_family");
  if (name === undefined) return undefined;
  const family = addressFamily(name);
  switch (family) {
    case AddressFamily.inet:
      return readInet(text, family, "sin_port");
    case AddressFamily.inet6:
      return readInet(text, family, "sin6_port");
    case AddressFamily.unix:
      return { kind: "unix", path: readString(memberOf(text, "sun_path") ?? '""') ?? "" };
    default:
      return { kind: "other", family };
  }
}

function readInet(text: string, family: number, portKey: string): Address | undefined {
  const port = memberOf(text, portKey) ?? "";
  const call = family === AddressFamily.inet6 ? "inet_pton(" : "inet_addr(";
  const at = text.indexOf(call);
  const open = at < 0 ? -1 : text.indexOf('"', at);
  const end = open < 0 ? -1 : skipString(text, open);
  if (end < 0) return undefined;
  const ip = parseIp(unescape(text.slice(open + 1, end - 1)));
  if (ip === undefined) return undefined;
  const number = readNumber(port.startsWith("htons(") ? port.slice(6) : port);
  return { kind: "inet", family, at: { ip, port: number ?? 0 } };
}

/** `1.2.3.4:80`, `[::1]:80`. */
export function readEndpoint(text: string): Endpoint | undefined {
  const colon = text.lastIndexOf(":");
  if (colon < 0 || text.length > 64) return undefined;
  const bracketed = text.startsWith("[") && text.charAt(colon - 1) === "]";
  const ip = parseIp(bracketed ? text.slice(1, colon - 1) : text.slice(0, colon));
  const port = readNumber(text, colon + 1);
  return ip === undefined || port === undefined ? undefined : { ip, port };
}

/** The notation may write both ends, `10.0.0.1:4000->10.0.0.2:80`: from the client to the server, from the sender to the receiver. */
export function readEnds(text: string): SocketTuple | undefined {
  const arrow = text.indexOf("->");
  if (arrow < 0 || text.length > 128) return undefined;
  const source = readEndpoint(text.slice(0, arrow).trim());
  const destination = readEndpoint(text.slice(arrow + 2).trim());
  if (source === undefined || destination === undefined) return undefined;
  return inetTuple(source, destination);
}

/** What a descriptor's decoration says. */
export type Target =
  | {
      readonly kind: "file";
      readonly path: string;
      readonly type: "f" | "c" | "b";
    }
  | { readonly kind: "pipe"; readonly inode: number; readonly name: string }
  | {
      readonly kind: "inet";
      readonly proto: number | undefined;
      readonly v6: boolean;
      readonly local: Endpoint | undefined;
      readonly remote: Endpoint | undefined;
    }
  | {
      readonly kind: "unix";
      readonly inode: string | undefined;
      readonly peer: string | undefined;
      readonly path: string;
    }
  | { readonly kind: "other"; readonly name: string };

const transportNumbers: readonly [string, number][] = [
  ["TCP", 6],
  ["UDPLITE", 136],
  ["UDP", 17],
  ["ICMPv6", 58],
  ["ICMP", 1],
  ["SCTP", 132],
  ["RAW", 255],
];

export function readTarget(target: string): Target {
  // -xx escapes every character of a path.
  if (target.startsWith("/") || target.startsWith("\\x2f")) return readPath(target);
  const open = target.indexOf(":[");
  if (open > 0 && target.endsWith("]")) {
    const name = target.slice(0, open);
    const inside = target.slice(open + 2, -1);
    if (name === "pipe") return { kind: "pipe", inode: readNumber(inside) ?? 0, name: target };
    if (name.startsWith("UNIX")) return readUnix(inside);
    const transport = transportNumbers.find(([prefix]) => name.startsWith(prefix));
    if (transport !== undefined) {
      return readTransport(inside, transport[1], name.endsWith("v6"));
    }
  }
  return { kind: "other", name: unescape(target) };
}

function readPath(target: string): Target {
  const device = target.indexOf("<");
  const type = device < 0 ? "f" : target.startsWith("<block", device) ? "b" : "c";
  let path = unescape(device < 0 ? target : target.slice(0, device));
  // strace before 6 leaves the kernel's mark inside.
  if (path.endsWith(" (deleted)")) path = path.slice(0, -10);
  return { kind: "file", path, type };
}

function readTransport(inside: string, proto: number, v6: boolean): Target {
  const arrow = inside.indexOf("->");
  return {
    kind: "inet",
    proto,
    v6,
    local: readEndpoint(arrow < 0 ? inside : inside.slice(0, arrow)),
    remote: arrow < 0 ? undefined : readEndpoint(inside.slice(arrow + 2)),
  };
}

function readUnix(inside: string): Target {
  const comma = inside.indexOf(",");
  const numbers = comma < 0 ? inside : inside.slice(0, comma);
  const arrow = numbers.indexOf("->");
  const inode = arrow < 0 ? numbers : numbers.slice(0, arrow);
  return {
    kind: "unix",
    inode: inode === "" ? undefined : inode,
    peer: arrow < 0 ? undefined : numbers.slice(arrow + 2),
    path: comma < 0 ? "" : (readString(inside.slice(comma + 1).trim()) ?? ""),
  };
}

const nowhere = { ip: 0, port: 0 };
const nowhere6 = { ip: "::", port: 0 };

/** A tuple from `source` to `destination`; a side that is not known is all zeros. */
export function inetTuple(
  source: Endpoint | undefined,
  destination: Endpoint | undefined,
): SocketTuple {
  const known = destination ?? source ?? nowhere;
  const none = typeof known.ip === "string" ? nowhere6 : nowhere;
  const from = source ?? none;
  const to = destination ?? none;
  const v6 = typeof from.ip === "string" || typeof to.ip === "string";
  return {
    family: v6 ? AddressFamily.inet6 : AddressFamily.inet,
    sip: from.ip,
    sport: from.port,
    dip: to.ip,
    dport: to.port,
    path: "",
  };
}

export function unixTuple(
  path: string,
  sourceId: string | undefined,
  peerId: string | undefined,
): SocketTuple {
  return {
    family: AddressFamily.unix,
    sip: 0,
    sport: 0,
    dip: 0,
    dport: 0,
    path,
    sourceId,
    peerId,
  };
}
