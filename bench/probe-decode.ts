// `node scripts/start.mjs bench/probe-decode.ts [EVENTS]`: our CPU for one raw event of the probe after the kernel, that is decode, flows
// and encode, in the process that does the work. The stream is made up: read and write in turn on some files and connections of some
// processes, as a busy server does, in pieces as they come from a socket.

import { FlowEngine } from "../src/flow/engine.ts";
import { flowKinds, probeModes } from "../src/model/probe.ts";
import { SysFlowWriter } from "../src/wire/avro/writer.ts";
import { ProbeReader } from "../src/wire/probe/reader.ts";
import { ProbeStream, begin, ip4, type Who } from "../src/wire/probe/sample-test.ts";

const processes = 8;
const flowsEach = 16;
/** One buffer, as the source has it. */
const pieceBytes = 1 << 20;
const rounds = 7;
/** Two connections of a thousand events each come and go beside them, so that records are written. */
const eventsPerConnection = 1000;

function streamOf(events: number): Uint8Array {
  const stream = new ProbeStream({ mode: probeModes.raw });
  const who = Array.from({ length: processes }, (_, i): Who => ({
    pid: 1000 + i,
    start: begin + i,
  }));
  const flows: number[][] = who.map((process, i) => {
    stream.exec(process, `/usr/bin/server${i}`, [`server${i}`]);
    return Array.from({ length: flowsEach }, (_, fd) => {
      const id = stream.nextFlow();
      const path = stream.path(`/srv/data/${i}/${fd}`);
      stream.flow(process, "begin", { id, fd, path, inode: id });
      return id;
    });
  });
  const head = stream.bytes();
  const parts: Uint8Array[] = [head];
  for (let event = 0; event < events;) {
    const batch = new ProbeStream({ mode: probeModes.raw });
    batch.parts.length = 0;
    batch.now = begin + event * 1000;
    const at = (event / eventsPerConnection) % processes;
    const process = who[at] as Who;
    const connection = 1_000_000 + event;
    const fields = { id: connection, fd: 99, kind: flowKinds.inet, protocol: 6, dport: 80 };
    const ends = {
      sport: 1024 + ((event / eventsPerConnection) % 60_000),
      source: ip4(10, 0, 0, 1),
    };
    batch.flow(process, "begin", { ...fields, ...ends, destination: ip4(10, 0, 0, 2) });
    for (let i = 0; i < eventsPerConnection; i++, event++) {
      batch.now += 1000;
      const busy = flows[(at + i) % processes] as number[];
      const flow = i % 8 === 0 ? connection : (busy[(i * 7) % flowsEach] as number);
      const actor = i % 8 === 0 ? process : (who[(at + i) % processes] as Who);
      batch.raw(actor, i % 2, flow, 100 + (i % 50));
    }
    batch.flow(process, "close", { ...fields, ...ends, destination: ip4(10, 0, 0, 2) });
    parts.push(batch.bytes());
  }
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

type Result = { readonly us: number; readonly events: number; readonly fileBytes: number };

function run(bytes: Uint8Array): Result {
  const buffer = new Uint8Array(pieceBytes);
  const reader = new ProbeReader();
  const writer = new SysFlowWriter({ schema: 6, codec: "null" });
  let engine: FlowEngine | undefined;
  let fileBytes = 0;
  const before = process.cpuUsage();
  const write = (): void => {
    if (engine === undefined) return;
    writer.write(engine.take());
    for (const part of writer.take()) fileBytes += part.length;
  };
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    buffer.set(piece);
    reader.push(buffer.subarray(0, piece.length));
    for (let input = reader.next(); input !== undefined; input = reader.next()) {
      engine ??= new FlowEngine({ mode: "native", exporter: "bench", base: reader.base ?? 0n });
      engine.apply(input);
    }
    write();
  }
  reader.end();
  engine?.end(reader.now);
  write();
  writer.end();
  for (const part of writer.take()) fileBytes += part.length;
  const used = process.cpuUsage(before);
  const { events } = reader.counters;
  return { us: (used.user + used.system) / events, events, fileBytes };
}

const bytes = streamOf(Number(process.argv[2] ?? "2000000"));
run(bytes);
const results = Array.from({ length: rounds }, () => run(bytes));
const sorted = results.map((result) => result.us).sort((a, b) => a - b);
const middle = sorted[sorted.length >> 1] ?? Number.NaN;
const last = results[0];
process.stderr.write(
  `${last?.events} events in ${bytes.length} bytes → ${last?.fileBytes} bytes; ` +
    `${sorted[0]?.toFixed(3)} to ${sorted.at(-1)?.toFixed(3)} µs\n`,
);
process.stdout.write(`raw event: ${middle.toFixed(2)} µs\n`);
