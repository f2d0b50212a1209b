// An oracle: a program that counts for itself what it reads and writes, where, how often it forks and executes, runs under strace;
// what our records add up to must be what it counted. Skipped where strace or python3 is missing or tracing is not allowed.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FlowEngine } from "../flow/engine.ts";
import { Op, hasOp } from "../model/opflag.ts";
import type { Record } from "../model/record.ts";
import { StraceReader } from "../wire/strace/reader.ts";

/** Random work on files, pipes and sockets in several processes and threads. Each process leaves truth-PID.json behind. */
const program = `
import json, os, random, socket, sys, threading
folder, seed = sys.argv[1], int(sys.argv[2])
truth = {"files": {}, "ports": {}, "forks": 0, "threads": 0}
lock = threading.Lock()
numbers = [300]

def count(table, key, way, amount):
    with lock:
        entry = truth[table].setdefault(key, {"r": 0, "w": 0})
        entry[way] += amount

def juggle(random):
    opened = []
    for _ in range(random.randint(20, 40)):
        act = random.randrange(9)
        if act == 0 or not opened:
            name = os.path.join(folder, "f%d" % random.randrange(6))
            flags = random.choice([os.O_RDWR, os.O_RDWR | os.O_APPEND]) | os.O_CREAT
            opened.append((os.open(name, flags, 0o644), name))
            continue
        at = random.randrange(len(opened))
        fd, name = opened[at]
        if act in (1, 2):
            count("files", name, "w", os.write(fd, b"x" * random.randrange(9000)))
        elif act == 3:
            count("files", name, "w", os.writev(fd, [b"a" * random.randrange(50), b"\\0\\n\\"<>", b"c"]))
        elif act == 4:
            count("files", name, "r", len(os.read(fd, random.randrange(1, 9000))))
        elif act == 5:
            count("files", name, "r", len(os.pread(fd, random.randrange(1, 9000), 0)))
        elif act == 6:
            opened.append((os.dup(fd), name))
        elif act == 7:
            # Onto a number of one's own, or one that no thread has.
            with lock:
                numbers[0] += 1
                unused = numbers[0]
            other = opened[random.randrange(len(opened))][0]
            fresh = os.dup2(fd, random.choice([other, unused]))
            opened = [(f, n) for f, n in opened if f != fresh] + [(fresh, name)]
        else:
            os.close(fd)
            opened.pop(at)
    return opened

def serve(listening, requests):
    for _ in range(requests):
        peer, _ = listening.accept()
        port = str(peer.getsockname()[1])
        while True:
            data = peer.recv(4096)
            count("ports", port, "r", len(data))
            if not data: break
            count("ports", port, "w", peer.send(data * 2))
        peer.close()

def ask(random, address):
    own = socket.socket()
    own.connect(address)
    port = str(address[1])
    for _ in range(random.randint(1, 5)):
        count("ports", port, "w", own.send(b"q" * random.randint(1, 500)))
        count("ports", port, "r", len(own.recv(4096)))
    own.close()

def work(random, depth):
    opened = juggle(random)
    threads = []
    for _ in range(random.randint(0, 3)):
        seed = random.random()
        def task(seed=seed):
            import random as module
            juggle(module.Random(seed))
        threads.append(threading.Thread(target=task))
        truth["threads"] += 1
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    if depth < 2:
        for _ in range(random.randint(1, 2)):
            truth["forks"] += 1
            seed = random.random()
            pid = os.fork()
            if pid == 0:
                truth.update({"files": {}, "ports": {}, "forks": 0, "threads": 0})
                import random as module
                child = module.Random(seed)
                # Descriptors that were open before the fork go on being used after it.
                for fd, name in opened[:3]:
                    count("files", name, "w", os.write(fd, b"y" * child.randrange(100)))
                work(child, depth + 1)
                save()
                os._exit(depth + 1)
            os.waitpid(pid, 0)

def save():
    with open(os.path.join(folder, "truth-%d.json" % os.getpid()), "w") as out:
        json.dump(truth, out)

source = random.Random(seed)
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen(8)
server = threading.Thread(target=serve, args=(listening, 3))
truth["threads"] += 1
server.start()
for _ in range(3): ask(source, listening.getsockname())
server.join()
listening.close()
work(source, 0)
save()
`;

type Volume = { r: number; w: number };
type Truth = {
  files: { [path: string]: Volume };
  ports: { [port: string]: Volume };
  forks: number;
  threads: number;
};

function tool(name: string, ...args: readonly string[]): boolean {
  return spawnSync(name, args, { stdio: "ignore" }).status === 0;
}

const python = ["/usr/bin/python3", "python3"].find((name) => tool(name, "-c", "import socket"));
const canTrace = python !== undefined && tool("strace", "-f", "-o", "/dev/null", "true");

function recordsOf(log: Uint8Array): { records: Record[]; reader: StraceReader } {
  const reader = new StraceReader();
  reader.push(log);
  reader.end();
  const records: Record[] = [];
  let engine: FlowEngine | undefined;
  for (let input = reader.next(); input !== undefined; input = reader.next()) {
    engine ??= new FlowEngine({ mode: "native", exporter: "here", base: reader.base ?? 0n });
    engine.apply(input);
    records.push(...engine.take());
  }
  engine?.end();
  records.push(...(engine?.take() ?? []));
  return { records, reader };
}

function sumTruth(folder: string): Truth & { processes: number } {
  const sum: Truth & { processes: number } = {
    files: {},
    ports: {},
    forks: 0,
    threads: 0,
    processes: 0,
  };
  for (const name of readdirSync(folder)) {
    if (!name.startsWith("truth-")) continue;
    const one: Truth = JSON.parse(readFileSync(join(folder, name), "utf8"));
    sum.processes += 1;
    sum.forks += one.forks;
    sum.threads += one.threads;
    for (const table of ["files", "ports"] as const) {
      for (const [key, { r, w }] of Object.entries(one[table])) {
        const entry = (sum[table][key] ??= { r: 0, w: 0 });
        entry.r += r;
        entry.w += w;
      }
    }
  }
  return sum;
}

function add(table: { [key: string]: Volume }, key: string, r: number, w: number): void {
  const entry = (table[key] ??= { r: 0, w: 0 });
  entry.r += r;
  entry.w += w;
}

describe.skipIf(!canTrace)("a program that counts for itself, under strace", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sysflow-oracle-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const [seed, flags] of [
    [1, ["-ttt", "-y", "-yy", "-s", "64"]],
    [2, ["-ttt", "-y", "-yy", "-s", "4096", "-T"]],
    [3, ["-tt", "-y", "-xx"]],
    [4, ["-ttt", "-yy", "-v", "--seccomp-bpf"]],
    // Without -y nothing but the calls themselves says what a descriptor is.
    [5, ["-ttt"]],
  ] as const) {
    test(`seed ${seed}, strace ${flags.join(" ")}`, () => {
      const run = join(folder, `run${seed}`);
      execFileSync("mkdir", [run]);
      const log = join(folder, `log${seed}`);
      const traced = [python ?? "", "-c", program, run, String(seed)];
      execFileSync("strace", ["-f", ...flags, "-o", log, "--", ...traced], { stdio: "pipe" });
      const truth = sumTruth(run);
      expect(truth.processes).toBe(truth.forks + 1);
      const { records, reader } = recordsOf(readFileSync(log));
      expect(reader.diagnostics).toEqual([]);

      const files: { [path: string]: Volume } = {};
      const ports: { [port: string]: Volume } = {};
      let forks = 0;
      let threads = 0;
      for (const record of records) {
        if (record.type === "FF" && record.file.path.startsWith(`${run}/f`)) {
          add(files, record.file.path, record.rbytes, record.wbytes);
        } else if (record.type === "NF") {
          add(ports, String(record.net.dport), record.rbytes, record.wbytes);
        } else if (record.type === "PE" && hasOp(record.ops, Op.CLONE)) forks += 1;
        else if (record.type === "PF") threads += record.threadsCloned;
      }
      expect(files).toEqual(truth.files);
      expect(ports).toEqual(truth.ports);
      expect(forks).toBe(truth.forks);
      expect(threads).toBe(truth.threads);
    });
  }
});
