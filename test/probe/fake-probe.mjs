#!/usr/bin/env node
// Speaks the probe's protocol without a kernel: what it says is decided by its arguments. Offsets are written out here once more, so
// that the tables (src/model/probe.ts) have a witness. It records nothing.
//   fake-probe --socket PATH --mode MODE [--owner UID] [--log FILE] [--version N] [--refuse PID] [--die-at COMMAND[:LIFE]]
//              [--dirty N] [--flood BYTES] [--silent] [--complain TEXT] [--cut BYTES] [--members N] [--garbage] [--endless] [--tail N]
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";

const options = new Map();
for (let i = 2; i < process.argv.length; i++) {
  const name = process.argv[i].slice(2);
  const value = process.argv[i + 1];
  if (value === undefined || value.startsWith("--")) options.set(name, "");
  else {
    options.set(name, value);
    i += 1;
  }
}
const logPath = options.get("log");
const earlier = logPath && existsSync(logPath) ? readFileSync(logPath, "utf8").split("\n") : [];
/** How often it was started before. */
const life = earlier.filter((line) => line.startsWith("start")).length;
const log = (line) => {
  if (logPath) appendFileSync(logPath, `${line}\n`);
};
log(`start ${process.argv.slice(2, 6).join(" ")}`);
if (options.has("complain")) {
  process.stderr.write(`${options.get("complain")}\n`);
  process.exit(1);
}

const bootNs = 1_000_000_000_000n;
let now = bootNs;

function message(type, size, fields, { code = 0, pid = 0, start = 0n } = {}) {
  const bytes = Buffer.alloc(8 + size);
  bytes.writeUInt32LE(size, 0);
  bytes.writeUInt16LE(type, 8);
  bytes.writeUInt16LE(code, 10);
  bytes.writeUInt32LE(size, 12);
  bytes.writeUInt32LE(pid, 16);
  bytes.writeUInt32LE(pid, 20);
  bytes.writeBigUInt64LE((now += 1000n), 24);
  bytes.writeBigUInt64LE(start, 32);
  for (const [at, value] of fields) {
    if (typeof value === "bigint") bytes.writeBigUInt64LE(value, 8 + at);
    else bytes.writeUInt32LE(value, 8 + at);
  }
  return bytes;
}

const realtime = () => BigInt(Date.now()) * 1_000_000n;
const hello = () => {
  const bytes = message(1, 96, [
    [32, Number(options.get("version") ?? 1)],
    [36, 160],
    [44, 250],
    [52, 0x60000],
    [72, realtime()],
    [80, 62],
    [84, 32],
  ]);
  bytes.write("SYSFLOW1", 8 + 88, "latin1");
  return bytes;
};
const clock = () => message(2, 48, [[32, realtime()]]);
const stats = (members) => message(3, 160, [[144, BigInt(members)]]);
const ack = (command, pid, errno) => message(7, 40, [[32, errno]], { code: command, pid });
const raw = () => message(33, 72, []);

const added = new Set();
const names = ["", "add", "addCgroup", "addHost", "scan", "watch", "stop", "stall"];

function answer(socket, command, pid, value) {
  log(`${names[command]} ${pid} ${value}`);
  const [dieAt, dieIn] = (options.get("die-at") ?? "").split(":");
  // Whoever is killed says nothing more.
  if (dieAt === names[command] && (dieIn === undefined || Number(dieIn) === life)) {
    process.kill(process.pid, "SIGKILL");
  }
  const refused = Number(options.get("refuse") ?? -1) === pid;
  if (command === 1 && !refused) added.add(pid);
  if (command === 4) {
    send(socket, message(4, 32, [], { pid }));
    send(socket, message(5, 32, [], { pid }));
  }
  send(socket, ack(command, pid, refused ? 1 : 0));
  if (command === 4 && pid === 0) afterScan(socket);
  if (command === 6 && !options.has("endless")) {
    // What is said after the answer counts as well.
    setTimeout(() => {
      for (let i = 0; i < Number(options.get("tail") ?? 0); i++) send(socket, raw());
      send(socket, stats(0));
      socket.end();
    }, 50);
  }
}

function afterScan(socket) {
  for (const pid of added) {
    const count = Number(options.get("dirty") ?? 0);
    const lost = [
      [32, 1],
      [36, 1],
    ];
    for (let i = 0; i < count; i++) send(socket, message(6, 56, lost, { pid }));
  }
  if (options.has("members")) send(socket, stats(Number(options.get("members"))));
  if (options.has("garbage")) socket.write(Buffer.alloc(64, 0x41));
  flood(socket, Number(options.get("flood") ?? 0));
}

/** As much as the reader takes. */
function flood(socket, bytes) {
  const block = Buffer.concat(Array.from({ length: 800 }, raw));
  let left = bytes;
  const more = () => {
    while (left > 0) {
      left -= block.length;
      log(`flood ${bytes - left}`);
      if (!socket.write(block)) {
        socket.once("drain", more);
        return;
      }
    }
  };
  more();
}

/** In pieces of `--cut` bytes: a stream has no messages. */
function send(socket, bytes) {
  const cut = Number(options.get("cut") ?? bytes.length);
  for (let at = 0; at < bytes.length; at += cut) socket.write(bytes.subarray(at, at + cut));
}

const server = createServer((socket) => {
  log("connected");
  server.close();
  socket.setNoDelay?.(true);
  socket.on("error", () => process.exit(0));
  socket.on("close", () => process.exit(0));
  if (!options.has("silent")) {
    send(socket, hello());
    send(socket, clock());
  }
  let held = Buffer.alloc(0);
  socket.on("data", (data) => {
    held = Buffer.concat([held, data]);
    for (; held.length >= 16; held = held.subarray(16)) {
      answer(socket, held.readUInt32LE(0), held.readUInt32LE(4), held.readBigUInt64LE(8));
    }
  });
  const tick = () => {
    if (socket.writable) send(socket, clock());
  };
  if (!options.has("endless")) setInterval(tick, 200).unref();
});
server.listen(options.get("socket"), () => process.stdout.write("ready\n"));
// Whoever started it may be gone before it connects.
setTimeout(() => process.exit(3), 20_000).unref();
