import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { childrenOf, readProcess, startOf, treeOf } from "./proc.ts";

let proc = "";
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), "sysflow-proc-"));
});
afterEach(() => rmSync(proc, { recursive: true }));

function made(pid: number, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(proc, String(pid), name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, content);
  }
}

function statLine(pid: number, comm: string, parent: number, state = "S"): string {
  const rest = Array.from({ length: 14 }, () => "0").join(" ");
  return `${pid} (${comm}) ${state} ${parent} 40 41 1025 ${rest} 777 0\n`;
}

describe("a made-up /proc", () => {
  test("every fact stands where proc(5) has it", () => {
    made(7, {
      stat: statLine(7, "a) b (c", 3),
      status:
        "Uid:\t1000\t1001\t1002\t1003\nGid:\t5\t6\t7\t8\nNSpid:\t7\t2\t1\nCapEff:\t000000c000000000\n",
      cmdline: "prog\0-x\0\0last\0",
      environ: "SECRET=1\0",
      cgroup: "5:cpu,cpuacct:/a:b\n0::/user.slice\n",
      loginuid: "1000",
    });
    expect(readProcess(7, { proc })).toMatchObject({
      kind: "thread",
      tid: 7,
      pid: 7,
      parentTid: 3,
      vpid: 1,
      comm: "a) b (c",
      argv0: "prog",
      args: ["-x", "", "last"],
      env: undefined,
      cgroups: ["/a:b", "/user.slice"],
      uid: 1001,
      gid: 6,
      tty: 1025,
      session: 41,
      processGroup: 40,
      loginUid: 1000,
      capabilities: 0xc000000000n,
    });
    expect(readProcess(7, { proc, environment: true })?.env).toEqual(["SECRET=1"]);
    expect(startOf(7, proc)).toBe(777);
  });

  test("what cannot be read is undefined, not empty and not 0", () => {
    made(8, { stat: statLine(8, "x", 1), loginuid: "4294967295" });
    const found = readProcess(8, { proc });
    for (const name of ["exePath", "cwd", "args", "argv0", "uid", "cgroups", "loginUid"] as const) {
      expect(found?.[name], name).toBeUndefined();
    }
    expect(readProcess(9, { proc })).toBeUndefined();
  });

  test("bytes that are no text survive", () => {
    made(7, { stat: statLine(7, "x", 1), cmdline: Uint8Array.of(0x61, 0, 0xff, 0xfe, 0) });
    expect(readProcess(7, { proc })?.args).toEqual(["\udcff\udcfe"]);
  });

  test("garbage is no process", () => {
    made(7, { stat: ")(" });
    expect(readProcess(7, { proc })).toBeUndefined();
  });

  test("the tree holds the descendants of all threads, and stops at circles and at the dead", () => {
    made(1, { stat: statLine(1, "a", 0), "task/1/children": "2 ", "task/11/children": "3 4 " });
    made(2, { stat: statLine(2, "b", 1), "task/2/children": "1 5 " });
    made(3, { stat: statLine(3, "c", 1, "Z"), "task/3/children": "" });
    made(5, { stat: statLine(5, "d", 2), "task/5/children": "" });
    expect(treeOf(1, proc).toSorted((a, b) => a - b)).toEqual([1, 2, 5]);
    expect(treeOf(3, proc)).toEqual([]);
  });

  test("a kernel that lists no children says so", () => {
    made(1, { stat: statLine(1, "a", 0), "task/1/comm": "a" });
    expect(childrenOf(1, proc)).toBeUndefined();
  });
});

describe.skipIf(process.platform !== "linux")("this machine's /proc", () => {
  test("a child of ours is what it was started as", async () => {
    const child = spawn("sleep", ["60"], { stdio: "ignore", cwd: proc });
    await once(child, "spawn");
    const pid = child.pid ?? 0;
    const found = readProcess(pid);
    expect(found).toMatchObject({ parentTid: process.pid, uid: process.geteuid?.() });
    expect(found?.cwd).toBe(proc);
    expect(childrenOf(process.pid)).toContain(pid);
    expect(treeOf(process.pid)).toContain(pid);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    expect(found?.vpid).toBe(Number(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1]));
    const ps = spawnSync("ps", ["-o", "pgid=,sid=", "-p", String(pid)], { encoding: "utf8" });
    if (ps.status === 0) {
      expect(`${found?.processGroup} ${found?.session}`).toBe(ps.stdout.trim().replace(/ +/, " "));
    }
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(startOf(pid)).toBeUndefined();
  });
});
