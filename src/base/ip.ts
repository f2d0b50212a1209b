// IP addresses: IPv4 is a number (network order read big-endian: 10.0.0.1 = 0x0a000001), IPv6 is its canonical text (RFC 5952).
// An IPv4-mapped IPv6 address is the IPv4 address.

export type Ip = number | string;

export function printIp(ip: Ip): string {
  if (typeof ip === "string") return ip;
  return `${(ip >>> 24) & 255}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`;
}

/** Sixteen bytes in network order → canonical text, or a number for ::ffff:a.b.c.d. */
export function ipFromBytes(bytes: Uint8Array, at: number): Ip {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push(((bytes[at + i] ?? 0) << 8) | (bytes[at + i + 1] ?? 0));
  }
  return ipFromGroups(groups);
}

function ipFromGroups(groups: readonly number[]): Ip {
  const mapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (mapped) return (((groups[6] ?? 0) << 16) | (groups[7] ?? 0)) >>> 0;
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > bestLength) {
      bestStart = i;
      bestLength = end - i;
    }
    if (end > i) i = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(":");
  return `${hex.slice(0, bestStart).join(":")}::${hex.slice(bestStart + bestLength).join(":")}`;
}

/** Parses either family; undefined when the text is no address. */
export function parseIp(text: string): Ip | undefined {
  return text.includes(":") ? parseIp6(text) : parseIp4(text);
}

function parseIp4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

function parseIp6(text: string): Ip | undefined {
  const groups = groupsOf(text);
  return groups === undefined ? undefined : ipFromGroups(groups);
}

function groupsOf(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const parsed: number[][] = [];
  for (const half of halves) {
    const groups: number[] = [];
    for (const part of half === "" ? [] : half.split(":")) {
      if (part.includes(".")) {
        const v4 = parseIp4(part);
        if (v4 === undefined) return undefined;
        groups.push(v4 >>> 16, v4 & 0xffff);
      } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
      else return undefined;
    }
    parsed.push(groups);
  }
  const head = parsed[0] ?? [];
  const tail = parsed[1] ?? [];
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  const missing = 8 - head.length - tail.length;
  if (missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** Sixteen bytes of either family; IPv4 as ::ffff:a.b.c.d. */
export function ipToBytes(ip: Ip): Uint8Array {
  const bytes = new Uint8Array(16);
  if (typeof ip === "number") {
    bytes[10] = 255;
    bytes[11] = 255;
    for (let i = 0; i < 4; i++) bytes[12 + i] = (ip >>> (24 - 8 * i)) & 255;
    return bytes;
  }
  const groups = groupsOf(ip) ?? [];
  groups.forEach((group, i) => {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 255;
  });
  return bytes;
}

export type Cidr = { readonly bytes: Uint8Array; readonly bits: number };

/** "10.0.0.0/8", "2001:db8::/32" or a bare address. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = "", length, ...rest] = text.split("/");
  const ip = parseIp(address);
  if (ip === undefined || rest.length > 0) return undefined;
  const v4 = typeof ip === "number";
  const width = v4 ? 32 : 128;
  const bits = length === undefined ? width : Number(length);
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  if (bits > width) return undefined;
  return { bytes: ipToBytes(ip), bits: v4 ? bits + 96 : bits };
}

export function cidrContains(cidr: Cidr, ip: Ip): boolean {
  const bytes = ipToBytes(ip);
  const whole = cidr.bits >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== cidr.bytes[i]) return false;
  const rest = cidr.bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((bytes[whole] ?? 0) & mask) === ((cidr.bytes[whole] ?? 0) & mask);
}
