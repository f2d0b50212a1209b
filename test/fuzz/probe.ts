// Mutated streams of the probe: messages moved, doubled and dropped; fields, texts and frames inside them changed.

import { probeFormat } from "../../src/wire/probe/format.ts";
import {
  ProbeStream,
  begin,
  inetAddress,
  ip4,
  nul,
  second,
  type Who,
} from "../../src/wire/probe/sample-test.ts";
import { flowKinds, probeModes } from "../../src/model/probe.ts";
import { Op } from "../../src/model/opflag.ts";
import type { FuzzTarget } from "./harness.ts";
import { type Bytes, concat, mutateBytes, mutateList } from "./mutate.ts";
import type { Random } from "./random.ts";

const shell: Who = { pid: 100, start: begin - second };

/** A shell's children: programs, files, a connection, names, losses. */
function streamOf(mode: number): Bytes {
  const stream = new ProbeStream({ mode });
  const srv = stream.path("/srv");
  for (let pid = 101; pid < 105; pid++) {
    const who = { pid, start: stream.now };
    stream.after(1000).fork(shell, who).exec(who, `/usr/bin/tool${pid}`, ["tool", "-x"]);
    const path = stream.path(`/srv/file${pid}`);
    const id = stream.nextFlow();
    const totals = { ops: Op.OPEN | Op.WRITE, opens: 1, openFlags: 0o101, wops: 2, wbytes: 70 };
    stream.flow(who, "begin", { id, path, ops: Op.OPEN, opens: 1 });
    if (mode !== probeModes.aggregate) stream.raw(who, 1, id, 35).raw(who, 1, id, 35);
    stream.after(second).flow(who, "checkpoint", { id, path, ...totals });
    stream.flow(who, "begin", {
      id: stream.nextFlow(),
      kind: flowKinds.inet,
      mode: 0o140777,
      protocol: 6,
      sport: 4000 + pid,
      dport: 80,
      source: ip4(10, 0, 0, 1),
      destination: ip4(10, 0, 0, 2),
      ops: Op.CONNECT,
      fd: 5,
    });
    stream.call(who, 82, { dir1: srv, dir2: srv }, nul("a"), nul(`b${pid}`));
    stream.call(who, 42, { ret: -111, arg0: 6, flags: 4 }, inetAddress([10, 0, 0, 9], 81));
    stream.call(who, 105, { arg0: pid, euid: pid });
    stream.add("stats", { flowsLost: pid - 100, controlLost: 2 }).add("dirty", { pid, calls: 1 });
    stream.clock();
    stream.exit(who, { status: 256, failedOpens: 2, threadsCloned: 1 });
    stream.flow(who, "exit", { id, path, ...totals, wops: 3, wbytes: 90 });
  }
  return stream.bytes();
}

/** Frames: eight bytes of head, then the message. */
function framesOf(bytes: Bytes): Bytes[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Bytes[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = 8 + ((view.getUint32(at, true) + 7) & ~7);
    frames.push(bytes.subarray(at, at + size));
    at += size;
  }
  return frames;
}

/** A field, most of the time behind the frame and the message's own length. */
function mutateFrame(random: Random, frame: Bytes): Bytes {
  if (random.chance(4)) return mutateBytes(random, frame, random.chance(5) ? 0 : 16);
  const out = frame.slice();
  const view = new DataView(out.buffer);
  const words = out.length >> 2;
  const at = 4 * (random.chance(8) ? random.int(words) : 4 + random.int(Math.max(1, words - 4)));
  if (at + 4 > out.length) return out;
  const value = view.getUint32(at, true);
  const changes = [random.word(), value + 1, value - 1, 0, 0xffffffff, value * 2];
  view.setUint32(at, random.pick(changes) >>> 0, true);
  return out;
}

function mutate(random: Random, seed: Bytes, other: Bytes): Bytes {
  const frames = framesOf(seed);
  const others = framesOf(other);
  const rounds = 1 + random.int(1 << random.int(5));
  for (let i = 0; i < rounds; i++) {
    if (random.chance(4)) {
      mutateList(random, frames, others);
      continue;
    }
    // Without its greeting a stream is refused: that is tried now and then.
    const index = random.chance(30) ? 0 : 1 + random.int(Math.max(1, frames.length - 1));
    const frame = frames[index];
    if (frame !== undefined) frames[index] = mutateFrame(random, frame);
  }
  const bytes = concat(frames);
  return random.chance(15) ? mutateBytes(random, bytes, 104) : bytes;
}

function seeds(): Bytes[] {
  return [probeModes.aggregate, probeModes.raw, probeModes.both].map(streamOf);
}

export const probeTarget: FuzzTarget = { name: "probe", format: probeFormat, seeds, mutate };
