// What the probe costs and leaves behind: memory, size, privileges; and that it sees nobody but the selected.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Probe, sleep, startStopped, statusOf } from "./client.ts";
import { canProbe, probeBinary, program, tool } from "./machine.ts";

const folder = canProbe ? mkdtempSync(join(tmpdir(), "sysflow-bounds-")) : "";
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bpftool = ["/usr/sbin/bpftool", "bpftool"].find((path) => tool(path, "version"));

type Held = { readonly programs: number[]; readonly links: number[]; readonly mapBytes: number };

/** What a process holds in the kernel, as its descriptors tell. */
function heldBy(pid: number): Held {
  const held = { programs: [] as number[], links: [] as number[], mapBytes: 0 };
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    let info: string;
    try {
      info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
    } catch {
      // The listening socket is closed about now.
      continue;
    }
    const value = (field: string): number | undefined => {
      const found = new RegExp(`^${field}:\\s*(\\d+)`, "m").exec(info);
      return found === null ? undefined : Number(found[1]);
    };
    const link = value("link_id");
    const programId = value("prog_id");
    if (link !== undefined) held.links.push(link);
    else if (programId !== undefined) held.programs.push(programId);
    else if (value("map_id") !== undefined) held.mapBytes += value("memlock") ?? 0;
  }
  return held;
}

function listed(what: "prog" | "link"): ReadonlySet<number> {
  const text = execFileSync(bpftool ?? "", ["-j", what, "list"], { encoding: "utf8" });
  const rows: readonly { readonly id: number }[] = JSON.parse(text);
  return new Set(rows.map((row) => row.id));
}

const kilobytes = (pid: number, field: string): number => Number.parseInt(statusOf(pid, field), 10);

describe.skipIf(!canProbe)("the running probe", () => {
  test("holds CAP_BPF and CAP_PERFMON and nothing else, for good", async () => {
    const probe = await Probe.start();
    const both = (2n ** 38n + 2n ** 39n).toString(16).padStart(16, "0");
    const { pid } = probe;
    expect(statusOf(pid, "CapEff")).toBe(both);
    expect(statusOf(pid, "CapPrm")).toBe(both);
    expect(statusOf(pid, "CapInh")).toMatch(/^0+$/);
    expect(statusOf(pid, "CapAmb")).toMatch(/^0+$/);
    expect(statusOf(pid, "NoNewPrivs")).toBe("1");
    expect(statusOf(pid, "Seccomp")).toBe("2");
    expect(statusOf(pid, "Uid")).not.toMatch(/\b0\b/);
    await probe.stop();
  });

  test("is small: binary, memory, kernel maps, time of processor to attach", async () => {
    const probe = await Probe.start();
    expect(statSync(probeBinary).size).toBeLessThanOrEqual(300 * 1024);
    expect(kilobytes(probe.pid, "VmHWM")).toBeLessThanOrEqual(4096);
    const { mapBytes, programs } = heldBy(probe.pid);
    expect(programs.length).toBeGreaterThan(3);
    expect(mapBytes / 2 ** 20).toBeGreaterThan(1);
    expect(mapBytes / 2 ** 20).toBeLessThanOrEqual(32);
    // The benchmark judges it in peace (0.3 s); beside other tests a processor is twice as slow.
    const onProcessor = Number(readFileSync(`/proc/${probe.pid}/schedstat`, "utf8").split(" ")[0]);
    expect(onProcessor / 1e9).toBeLessThanOrEqual(1);
    await probe.stop();
  });

  test.skipIf(bpftool === undefined)("leaves nothing attached when it is killed", async () => {
    const probe = await Probe.start();
    const work = await startStopped([program("short-lives"), join(folder, "killed"), "2000"]);
    await probe.select(work.pid);
    work.go();
    const { programs, links } = heldBy(probe.pid);
    expect(programs.length).toBeGreaterThan(3);
    expect(links.length).toBeGreaterThan(3);
    await probe.kill();
    await work.ended;
    let left: number[] = [];
    for (let tries = 0; tries < 100; tries++) {
      const alive = listed("prog");
      const attached = listed("link");
      left = [...programs.filter((id) => alive.has(id)), ...links.filter((id) => attached.has(id))];
      if (left.length === 0) break;
      await sleep(50);
    }
    expect(left).toEqual([]);
    // It runs again.
    const next = await Probe.start();
    await next.run(["true"]);
    expect((await next.stop()).total("exec")).toBe(1);
  });

  test("many short processes leave no trace in it", async () => {
    const processes = Number(process.env["SYSFLOW_PROBE_PROCESSES"] ?? 20_000);
    const probe = await Probe.start();
    await probe.run([program("short-lives"), join(folder, "lives"), "500"]);
    const before = kilobytes(probe.pid, "VmRSS");
    await probe.run([program("short-lives"), join(folder, "lives"), String(processes)]);
    expect(kilobytes(probe.pid, "VmRSS") - before).toBeLessThanOrEqual(256);
    const fold = await probe.stop();
    const { members, liveFlows, processesLost, flowsUntracked } = fold.stats;
    expect({ members, liveFlows, processesLost, flowsUntracked }).toEqual({
      members: 0,
      liveFlows: 0,
      processesLost: 0,
      flowsUntracked: 0,
    });
    expect(fold.total("fork")).toBe(500 + processes);
    expect(fold.total("exit")).toBe(500 + processes + 2);
  });
});

/** A process outside that does marked work until it is told to end. */
function bystander(mark: string): { readonly pid: number; readonly end: () => Promise<void> } {
  const script = 'while [ ! -e "$0.end" ]; do echo x > "$0"; cat "$0" >/dev/null; done';
  const child = spawn("sh", ["-c", script, mark], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return {
    pid: child.pid ?? 0,
    end: () => {
      execFileSync("touch", [`${mark}.end`]);
      return ended;
    },
  };
}

async function seen(mark: string, selectIt: boolean): Promise<{ pids: Set<number>; text: string }> {
  const pieces: Uint8Array[] = [];
  const probe = await Probe.start({
    mode: "both",
    onBytes: (piece) => pieces.push(piece.slice()),
  });
  const outside = bystander(mark);
  if (selectIt) await probe.command("add", outside.pid);
  await probe.run([program("short-lives"), join(folder, "inside"), "300"]);
  await sleep(300);
  await outside.end();
  const fold = await probe.stop();
  const pids = new Set([...fold.pids].filter((pid) => pid === outside.pid));
  return { pids, text: Buffer.concat(pieces).toString("latin1") };
}

describe.skipIf(!canProbe)("a process outside the selection", () => {
  const name = "marked-by-the-bystander";

  test("never appears in the stream: not its id, not a byte of its files' names", async () => {
    const { pids, text } = await seen(join(folder, name), false);
    expect([...pids]).toEqual([]);
    expect(text.includes(name)).toBe(false);
    expect(text.includes("inside")).toBe(true);
  });

  test("would be seen if it were selected: the test before can fail", async () => {
    const { pids, text } = await seen(join(folder, `${name}-2`), true);
    expect(pids.size).toBe(1);
    expect(text.includes(name)).toBe(true);
  });
});
