// Writes captures for tests: blocks and events of every version, byte by byte as the format says. Not part of the product, and
// written independently of the reader: it shares no table with it.

export type Bytes = Uint8Array;

export function join(parts: readonly Bytes[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function u8(value: number): Bytes {
  return Uint8Array.of(value);
}

export function u16(value: number): Bytes {
  return Uint8Array.of(value & 255, (value >> 8) & 255);
}

export function u32(value: number): Bytes {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}

export function u64(value: number | bigint): Bytes {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return out;
}

export function i64(value: number | bigint): Bytes {
  return u64(value);
}

/** As a parameter: NUL-terminated. */
export function text(value: string): Bytes {
  return join([new TextEncoder().encode(value), u8(0)]);
}

/** As a parameter: every string NUL-terminated. */
export function list(values: readonly string[]): Bytes {
  return join(values.map(text));
}

/** In lists of processes: a length in front, no NUL. */
export function short(value: string): Bytes {
  const bytes = new TextEncoder().encode(value);
  return join([u16(bytes.length), bytes]);
}

function ip4(value: string): Bytes {
  return Uint8Array.from(value.split(".").map(Number));
}

export function tuple4(sip: string, sport: number, dip: string, dport: number): Bytes {
  return join([u8(2), ip4(sip), u16(sport), ip4(dip), u16(dport)]);
}

/** Addresses as sixteen bytes each. */
export function tuple6(sip: Bytes, sport: number, dip: Bytes, dport: number): Bytes {
  return join([u8(10), sip, u16(sport), dip, u16(dport)]);
}

export function tupleUnix(source: bigint, peer: bigint, path: string): Bytes {
  return join([u8(1), u64(source), u64(peer), text(path)]);
}

export function address4(ip: string, port: number): Bytes {
  return join([u8(2), ip4(ip), u16(port)]);
}

export function address6(ip: Bytes, port: number): Bytes {
  return join([u8(10), ip, u16(port)]);
}

export function addressUnix(path: string): Bytes {
  return join([u8(1), text(path)]);
}

/** Pads the body to four bytes and frames it. */
export function block(type: number, body: Bytes): Bytes {
  const padded = join([body, new Uint8Array((4 - (body.length % 4)) % 4)]);
  const length = u32(padded.length + 12);
  return join([u32(type), length, padded, length]);
}

export function section(): Bytes {
  return block(0x0a0d0d0a, join([u32(0x1a2b3c4d), u16(1), u16(2), u64(-1n)]));
}

export function machine(hostname: string, bootNs: bigint): Bytes {
  const name = new Uint8Array(128);
  name.set(new TextEncoder().encode(hostname));
  return block(
    0x201,
    join([u32(4), u64(1n << 34n), u64(32768), name, u64(bootNs), u64(0), u64(0), u64(0)]),
  );
}

export type EventOptions = {
  readonly block?: "v1" | "v1+flags" | "v2" | "v2+flags" | "large" | "large+flags";
  readonly flags?: number;
};

const eventBlocks = {
  v1: { type: 0x204, version: 1, flags: false },
  "v1+flags": { type: 0x208, version: 1, flags: true },
  v2: { type: 0x216, version: 2, flags: false },
  "v2+flags": { type: 0x217, version: 2, flags: true },
  large: { type: 0x221, version: 2, flags: false },
  "large+flags": { type: 0x222, version: 2, flags: true },
} as const;

export function event(
  ts: bigint,
  tid: number,
  type: number,
  parameters: readonly Bytes[] = [],
  options: EventOptions = {},
): Bytes {
  const name = options.block ?? "v2";
  const shape = eventBlocks[name];
  const wide = name.startsWith("large") && [322, 324, 402].includes(type);
  const lengths = join(parameters.map((item) => (wide ? u32(item.length) : u16(item.length))));
  const data = join(parameters);
  const header = shape.version === 2 ? 26 : 22;
  const total = header + lengths.length + data.length;
  return block(
    shape.type,
    join([
      u16(0),
      ...(shape.flags ? [u32(options.flags ?? 0)] : []),
      u64(ts),
      i64(tid),
      u32(total),
      u16(type),
      ...(shape.version === 2 ? [u32(parameters.length)] : []),
      lengths,
      data,
    ]),
  );
}

export type TestProcess = {
  readonly tid: number;
  readonly pid: number;
  readonly comm: string;
  readonly exe: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly tail?: Bytes;
};

const processBlocks = [0, 0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214, 0x215];

export function processes(version: number, entries: readonly TestProcess[], type?: number): Bytes {
  const body = join(entries.map((entry) => processEntry(version, entry)));
  return block(type ?? processBlocks[version] ?? 0, body);
}

function processEntry(version: number, entry: TestProcess): Bytes {
  const args = list(entry.args);
  const fields = join([
    i64(entry.tid),
    i64(entry.pid),
    i64(1),
    ...(version >= 6 ? [i64(77)] : []),
    ...(version >= 8 ? [i64(78)] : []),
    short(entry.comm),
    short(entry.exe),
    ...(version >= 7 ? [short(`/bin/${entry.comm}`)] : []),
    u16(args.length),
    args,
    short(entry.cwd),
    i64(1024),
    u32(0),
    u32(1000),
    u32(100),
    ...(version >= 2 ? [u32(1), u32(2), u32(3), u64(4), u64(5)] : []),
    ...(version >= 3 ? [u16(8), list(["A=1", "B=2"])] : []),
    ...(version >= 4 ? [i64(7), i64(6), short("cpu=/\0memory=/x\0")] : []),
    ...(version >= 5 ? [short("/")] : []),
    entry.tail ?? new Uint8Array(0),
  ]);
  return version >= 9 ? join([u32(fields.length + 4), fields]) : fields;
}

export type TestDescriptor = {
  readonly fd: number;
  readonly type: number;
  readonly payload: Bytes;
};

export function descriptors(
  version: number,
  tid: number,
  entries: readonly TestDescriptor[],
  type?: number,
): Bytes {
  const body = entries.map((entry) => {
    const fields = join([i64(entry.fd), u64(4711), u8(entry.type), entry.payload]);
    return version >= 2 ? join([u32(fields.length + 4), fields]) : fields;
  });
  return block(type ?? (version >= 2 ? 0x218 : 0x203), join([u64(tid), ...body]));
}

export function users(version: number, type?: number): Bytes {
  const entries = [
    join([u8(0), u32(1000), u32(100), short("ann"), short("/home/ann"), short("/bin/sh")]),
    join([u8(1), u32(100), short("staff")]),
  ];
  const body = entries.map((entry) =>
    version >= 2 ? join([u32(entry.length + 4), entry]) : entry,
  );
  return block(type ?? (version >= 2 ? 0x220 : 0x206), join(body));
}
