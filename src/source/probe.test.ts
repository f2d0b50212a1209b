// The link to the probe against one that is made up (test/probe/fake-probe.mjs): start, refusal, loss, death, back-pressure. What the
// real one does is tested in test/e2e/record.test.ts.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ProbePart, ProbeSource, type ProbeSourceOptions } from "./probe.ts";

const binary = fileURLToPath(new URL("../../test/probe/fake-probe.mjs", import.meta.url));

let folder = "";
let log = "";
let sleeper: ChildProcess | undefined;
let pid = 0;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sysflow-link-"));
  log = join(folder, "log");
  // Sockets of this test only.
  vi.stubEnv("TMPDIR", folder);
  sleeper = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(sleeper, "spawn");
  pid = sleeper.pid ?? 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
  sleeper?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function source(more: readonly string[], options: Partial<ProbeSourceOptions> = {}): ProbeSource {
  return new ProbeSource({
    binary,
    mode: "aggregate",
    owner: undefined,
    restartMs: [1, 1, 1],
    more: ["--log", log, ...more],
    ...options,
  });
}

/** Reads everything; `until` may stop it. */
async function collect(
  probe: ProbeSource,
  until: (parts: readonly ProbePart[]) => boolean = () => false,
): Promise<readonly ProbePart[]> {
  const parts: ProbePart[] = [];
  for await (const part of probe.parts()) {
    parts.push(part.kind === "bytes" ? { ...part, bytes: part.bytes.slice() } : part);
    if (until(parts)) void probe.stop();
  }
  return parts;
}

function said(): string[] {
  return readFileSync(log, "utf8").trimEnd().split("\n");
}

function kinds(parts: readonly ProbePart[]): string[] {
  return parts.map((part) => part.kind).filter((kind) => kind !== "bytes");
}

const ofTest = (): string[] =>
  readdirSync(folder).filter((name) => name.startsWith("sysflow-probe-"));

test("a process is described, added and scanned, in this order; the end is clean", async () => {
  const before = ofTest();
  const probe = source([]);
  expect(await probe.start()).toBeUndefined();
  const reading = collect(probe);
  expect(await probe.select({ kind: "processes", pids: [pid] })).toEqual([]);
  expect(probe.isDeserted).toBe(false);
  await probe.stop();
  const parts = await reading;
  expect(kinds(parts)).toEqual(["thread"]);
  const thread = parts.find((part) => part.kind === "thread");
  expect(thread).toMatchObject({ thread: { pid, comm: "sleep", args: ["60"] } });
  expect(said()).toEqual([
    expect.stringMatching(/^start --socket .* --mode aggregate$/),
    "connected",
    `add ${pid} 0`,
    "scan 0 0",
    "stop 0 0",
  ]);
  expect(ofTest()).toEqual(before);
});

test("the stream may be cut anywhere", async () => {
  const probe = source(["--cut", "7", "--members", "0"]);
  expect(await probe.start()).toBeUndefined();
  const reading = collect(probe);
  expect(await probe.select({ kind: "processes", pids: [pid] })).toEqual([]);
  await probe.stop();
  await reading;
  // Nobody is left, says the probe: it counts, we only heard of beginnings and ends.
  expect(probe.isDeserted).toBe(true);
});

test("who is refused is named", async () => {
  const probe = source(["--refuse", String(pid)]);
  expect(await probe.start()).toBeUndefined();
  const reading = collect(probe);
  const refused = await probe.select({ kind: "processes", pids: [pid, 4_194_305] });
  expect(refused).toEqual([
    { pid, errno: 1 },
    { pid: 4_194_305, errno: 3 },
  ]);
  expect(probe.members).toBe(0);
  await probe.stop();
  await reading;
});

describe("a probe that cannot start says why", () => {
  test("its own words", async () => {
    const probe = source(["--complain", "no type information"]);
    expect(await probe.start()).toBe("no type information");
    expect(await collect(probe)).toEqual([]);
  });

  test("no such file", async () => {
    const probe = source([], { binary: join(folder, "none") });
    expect(await probe.start()).toMatch(/not found|ended with 127/);
  });

  test("another version", async () => {
    const probe = source(["--version", "99"]);
    expect(await probe.start()).toBe("it speaks version 99, this program version 1");
  });

  test("rights could not be given away: nothing is read", async () => {
    const probe = source([], {
      beforeReading: () => {
        throw new Error("still root");
      },
    });
    expect(await probe.start()).toBe("still root");
    expect(await collect(probe)).toEqual([]);
  });
});

test("a process whose messages were lost is looked at again and scanned", async () => {
  const probe = source(["--dirty", "2"]);
  expect(await probe.start()).toBeUndefined();
  const reading = collect(probe, (parts) => kinds(parts).length === 3);
  await probe.select({ kind: "processes", pids: [pid] });
  expect(kinds(await reading)).toEqual(["thread", "thread", "thread"]);
  expect(said().filter((line) => line === `scan ${pid} 0`)).toHaveLength(2);
});

test("a killed probe is started again, and told once more what it was told", async () => {
  const probe = source(["--die-at", "scan:0"]);
  expect(await probe.start()).toBeUndefined();
  const scans = (): number => said().filter((line) => line.startsWith("scan")).length;
  const reading = collect(probe, () => scans() === 2);
  await probe.select({ kind: "processes", pids: [pid] });
  const parts = await reading;
  expect(kinds(parts)).toEqual(["thread", "restart", "thread"]);
  expect(parts.find((part) => part.kind === "restart")).toMatchObject({
    reason: "the probe closed the connection",
    blindMs: expect.any(Number),
  });
  expect(probe.restarts).toBe(1);
  const words = said().filter((line) => /^(start|add|scan)/.test(line));
  expect(words.map((line) => line.split(" ")[0])).toEqual([
    "start",
    "add",
    "scan",
    "start",
    "add",
    "scan",
  ]);
});

test("who died meanwhile is not added again: his number may be another's by now", async () => {
  const probe = source(["--die-at", "scan:0"]);
  expect(await probe.start()).toBeUndefined();
  const parts = collect(
    probe,
    (all) => all.some((part) => part.kind === "restart") && all.at(-1)?.kind === "bytes",
  );
  // It is killed while the probe dies, and is gone before the next one asks.
  const gone = sleeper === undefined ? undefined : once(sleeper, "exit");
  const selected = probe.select({ kind: "processes", pids: [pid] });
  sleeper?.kill("SIGKILL");
  await gone;
  await selected;
  await parts;
  expect(said().filter((line) => line.startsWith("add"))).toHaveLength(1);
});

test("one that dies again and again is given up, and says so", async () => {
  const probe = source(["--die-at", "scan"]);
  expect(await probe.start()).toBeUndefined();
  const reading = collect(probe);
  await probe.select({ kind: "processes", pids: [pid] });
  const all = kinds(await reading);
  expect(all.filter((kind) => kind === "restart")).toHaveLength(3);
  expect(all.at(-1)).toBe("lost");
});

test("bytes that are not the probe's end that probe, not the recording", async () => {
  const probe = source(["--garbage"]);
  expect(await probe.start()).toBeUndefined();
  const reading = collect(probe);
  await probe.select({ kind: "processes", pids: [pid] });
  expect(kinds(await reading).filter((kind) => kind === "restart").length).toBeGreaterThan(0);
});

test("a reader that stops reading stops the probe: nothing piles up here", async () => {
  const flood = 64 << 20;
  const probe = source(["--flood", String(flood)]);
  expect(await probe.start()).toBeUndefined();
  let read = 0;
  let mostAhead = 0;
  const written = (): number => {
    const last = said().findLast((line) => line.startsWith("flood"));
    return Number(last?.split(" ")[1] ?? 0);
  };
  const reading = (async () => {
    for await (const part of probe.parts()) {
      if (part.kind !== "bytes") continue;
      read += part.bytes.length;
      // Slow: whatever can be written meanwhile is written meanwhile.
      if (read < 8 << 20) await new Promise((resolve) => setTimeout(resolve, 20));
      mostAhead = Math.max(mostAhead, written() - read);
      if (read > flood) void probe.stop();
    }
  })();
  await probe.select({ kind: "processes", pids: [pid] });
  await reading;
  // A chunk, the socket's buffer, and what the writer itself holds.
  expect(mostAhead).toBeLessThan(4 << 20);
  expect(read).toBeGreaterThan(flood);
});

test("a probe that does not end when it is told to is left, and that is said", async () => {
  const probe = source(["--endless"], { stopMs: 100 });
  expect(await probe.start()).toBeUndefined();
  const reading = collect(probe);
  await probe.select({ kind: "processes", pids: [pid] });
  await probe.stop();
  expect(kinds(await reading)).toEqual(["thread", "lost"]);
});

test("last words are heard to the end, however late they come", async () => {
  const probe = source(["--tail", "5000"]);
  expect(await probe.start()).toBeUndefined();
  const reading = collect(probe);
  await probe.select({ kind: "processes", pids: [pid] });
  await probe.stop();
  const bytes = (await reading).reduce(
    (sum, part) => sum + (part.kind === "bytes" ? part.bytes.length : 0),
    0,
  );
  expect(bytes).toBeGreaterThan(5000 * 80);
});

test("whoever reads nothing can leave at once", async () => {
  const probe = source([]);
  expect(await probe.start()).toBeUndefined();
  probe.abandon();
  expect(probe.isRunning).toBe(false);
  await collect(probe);
});
