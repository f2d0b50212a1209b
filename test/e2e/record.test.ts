// sysflow record with the real probe, from outside: what a command did, who may, what is left when somebody is killed. Only processes
// that these tests start are recorded.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { rmdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { childrenOf, readProcess, startOf, treeOf } from "../../src/source/proc.ts";
import { repositoryRoot } from "../corpus.ts";
import { canProbe, probeBinary, whyNoProbe } from "../probe/machine.ts";
import { type Ran, needsBuild, scratchFolder, sysflow } from "./sysflow.ts";

needsBuild();
const scratch = scratchFolder();
const program = join(repositoryRoot, "bin", "sysflow.mjs");

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) {
    child.kill("SIGKILL");
    // What a killed recorder leaves running waits for a line.
    child.stdin?.destroy();
  }
});

/** A folder of the test's own, where everybody may write. */
function place(name: string): string {
  const path = join(scratch.path, name);
  mkdirSync(path);
  for (const each of [scratch.path, path]) chmodSync(each, 0o777);
  return path;
}

function record(...args: readonly string[]): Ran {
  return sysflow(["record", "--probe", probeBinary, ...args]);
}

/** Runs on; `err` grows. */
function recordLater(args: readonly string[]): { child: ChildProcess; err: () => string } {
  const command = [program, "record", "--probe", probeBinary, ...args];
  const child = spawn(process.execPath, command, { stdio: ["pipe", "ignore", "pipe"] });
  started.push(child);
  let err = "";
  child.stderr?.on("data", (data: Buffer) => {
    err += data.toString();
  });
  return { child, err: () => err };
}

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(10)) {
    const found = look();
    if (found !== undefined) return found;
  }
  throw new Error(`in 30 s there was no ${what}`);
}

function fileAt(path: string): string | undefined {
  return existsSync(path) && statSync(path).size > 0 ? path : undefined;
}

/** As the kernel cuts it. */
const probeName = basename(probeBinary).slice(0, 15);

function probeOf(recorder: ChildProcess): number | undefined {
  const tree = treeOf(recorder.pid ?? 0);
  return tree.find((pid) => readProcess(pid)?.comm === probeName);
}

type Row = {
  readonly type: string;
  readonly op?: readonly string[];
  readonly proc?: { readonly pid: number; readonly exe?: string; readonly args?: string };
  readonly ret?: number;
  readonly file?: { readonly path: string };
  readonly flow?: { readonly rbytes: number; readonly wbytes: number; readonly rops: number };
  readonly container?: { readonly id: string };
  readonly gap?: { readonly reason: string; readonly lost: number };
};

/** The records of a file; `status` is that of reading it. */
function recordsOf(...paths: readonly string[]): { status: number | null; rows: readonly Row[] } {
  const ran = sysflow(["print", ...paths, "--json"]);
  const lines = ran.out.split("\n").filter((line) => line !== "");
  return { status: ran.status, rows: lines.map((line) => JSON.parse(line)) };
}

function flowsOn(rows: readonly Row[], path: string): readonly Row[] {
  return rows.filter((row) => row.type === "FF" && row.file?.path === path);
}

type Bytes = "rbytes" | "wbytes";

/** Of all its flows, or of those of one process. */
function bytesOf(rows: readonly Row[], path: string, what: Bytes, pid?: number): number {
  const flows = flowsOn(rows, path).filter((row) => pid === undefined || row.proc?.pid === pid);
  return flows.reduce((sum, row) => sum + (row.flow?.[what] ?? 0), 0);
}

function execs(rows: readonly Row[], program: string): readonly Row[] {
  return rows.filter(
    (row) => row.op?.includes("EXEC") === true && row.proc?.exe?.endsWith(`/${program}`) === true,
  );
}

function hasEnd(rows: readonly Row[], pid: number | undefined): boolean {
  return rows.some((row) => row.op?.includes("EXIT") === true && row.proc?.pid === pid);
}

/** Where groups of version 2 can be made. */
const groupRoot = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find((path) =>
  existsSync(join(path, "cgroup.controllers")),
);

function readProcsOf(path: string): string {
  return readFileSync(join(path, "cgroup.procs"), "utf8");
}

const title = canProbe ? "with the probe" : `with the probe (skipped: ${whyNoProbe()})`;

describe.skipIf(!canProbe)(title, () => {
  test("a command: programs, arguments, files with their bytes, the end", () => {
    const folder = place("command");
    const out = join(folder, "out.sf");
    const file = join(folder, "written");
    const ran = record("-o", out, "--", "sh", "-c", `echo hi > ${file}; cat ${file} ${file}`);
    expect(ran).toMatchObject({ status: 0, out: "hi\nhi\n" });
    expect(ran.err).toContain("sh ended with 0");
    expect(ran.err).toContain(`nothing lost → ${out}`);
    expect(readdirSync(folder).toSorted()).toEqual(["out.sf", "written"]);
    const { rows, status } = recordsOf(out);
    expect(status).toBe(0);
    const [cat] = execs(rows, "cat");
    const shell = rows.find((row) => row.proc?.args?.startsWith("-c echo hi"))?.proc?.pid;
    expect(cat?.proc?.args).toBe(`${file} ${file}`);
    expect(bytesOf(rows, file, "wbytes", shell)).toBe(3);
    expect(bytesOf(rows, file, "rbytes", cat?.proc?.pid)).toBe(6);
    expect(bytesOf(rows, file, "wbytes")).toBe(3);
    expect([hasEnd(rows, shell), hasEnd(rows, cat?.proc?.pid)]).toEqual([true, true]);
    expect(rows.filter((row) => row.type === "G")).toEqual([]);
    // Searching the command's file in PATH is ours, not the command's.
    expect(rows.some((row) => row.op?.includes("EXEC") === true && Number(row.ret) < 0)).toBe(
      false,
    );
  });

  test.for([
    ["exit 3", 3, "ended with 3"],
    ["kill -TERM $$", 143, "was killed by SIGTERM"],
  ] as const)("the command's end is ours: %s", ([script, code, words]) => {
    const ran = record("-o", join(place(`end-${code}`), "x.sf"), "--", "sh", "-c", script);
    expect(ran.status).toBe(code);
    expect(ran.err).toContain(`sh ${words}`);
  });

  test.for([
    ["--mode", "raw"],
    ["--schema", "5"],
  ] as const)("the same bytes with %s %s", ([option, value]) => {
    const folder = place(`with-${value}`);
    const [out, file] = [join(folder, "x.sf"), join(folder, "data")];
    const script = `printf 12345 > ${file}; cat ${file} ${file} > /dev/null`;
    const ran = record("-o", out, option, value, "--", "sh", "-c", script);
    expect(ran.status, ran.err).toBe(0);
    const { rows } = recordsOf(out);
    expect([bytesOf(rows, file, "wbytes"), bytesOf(rows, file, "rbytes")]).toEqual([5, 10]);
  });

  test("what a command leaves running is recorded to its end", () => {
    const folder = place("left");
    const out = join(folder, "x.sf");
    const file = join(folder, "late");
    record("-o", out, "--", "sh", "-c", `(sleep 0.5; echo late > ${file}) >/dev/null 2>&1 &`);
    expect(bytesOf(recordsOf(out).rows, file, "wbytes")).toBe(5);
  });

  test("under sudo the process that reads the probe is the caller, without capabilities", () => {
    const folder = place("sudo");
    const out = join(folder, "x.sf");
    const args = ["record", "--probe", probeBinary, "-o", out, "--"];
    // The command's parent is the recorder.
    const command = [...args, "sh", "-c", "id -u; cat /proc/$PPID/status"];
    const caller = { SUDO_UID: "65534", SUDO_GID: "65534", SUDO_USER: "nobody" };
    const ran = sysflow(command, { env: caller });
    expect(ran.status, ran.err).toBe(0);
    expect(ran.out).toMatch(/^0\n/);
    expect(ran.out).toMatch(/^CapEff:\t0000000000000000$/m);
    expect(ran.out).toMatch(/^CapPrm:\t0000000000000000$/m);
    expect(ran.out).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
    expect(ran.out).toMatch(/^Groups:\t65534 $/m);
    expect(statSync(out)).toMatchObject({ uid: 65_534, gid: 65_534 });
    expect(execs(recordsOf(out).rows, "cat")).toHaveLength(1);
    // Root that nobody lent stays root.
    const plain = record("-o", join(folder, "y.sf"), "--", "sh", "-c", "cat /proc/$PPID/status");
    expect(plain.out).not.toMatch(/^CapEff:\t0000000000000000$/m);
  });

  test("under sudo a probe that dies is started again all the same", async () => {
    const folder = place("sudo-again");
    const out = join(folder, "x.sf");
    const command = [program, "record", "--probe", probeBinary, "-o", out, "--", "sh", "-c"];
    const file = join(folder, "after");
    const env = { ...process.env, SUDO_UID: "65534", SUDO_GID: "65534", SUDO_USER: "nobody" };
    const child = spawn(process.execPath, [...command, `read line; echo "$line" > ${file}`], {
      stdio: ["pipe", "ignore", "ignore"],
      env,
    });
    started.push(child);
    await until("recording", () => fileAt(`${out}.open`));
    const old = await until("probe", () => probeOf(child));
    process.kill(old, "SIGKILL");
    await until("new probe", () => (probeOf(child) === old ? undefined : probeOf(child)));
    await sleep(1500);
    child.stdin.end("word\n");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(bytesOf(recordsOf(out).rows, file, "wbytes")).toBe(5);
  });

  test("--pid: a running process with its descendants, until they have ended", async () => {
    const folder = place("pid");
    const [out, file] = [join(folder, "x.sf"), join(folder, "data")];
    writeFileSync(file, "0123456789");
    const script = `while read line; do cat ${file}; done`;
    const shell = spawn("sh", ["-c", `sh -c '${script}'; true`], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    started.push(shell);
    const inner = await until("inner shell", () => childrenOf(shell.pid ?? 0)?.[0]);
    const { child, err } = recordLater(["-o", out, "--pid", String(shell.pid)]);
    await until("beginning", () => (err().includes("Ctrl-C ends it") ? true : undefined));
    shell.stdin.end("go\n");
    expect(await once(child, "exit")).toEqual([0, null]);
    const { rows } = recordsOf(out);
    expect(bytesOf(rows, file, "rbytes")).toBe(10);
    expect(rows.find((row) => row.proc?.pid === inner)?.proc?.args).toContain(script);
    expect(hasEnd(rows, shell.pid)).toBe(true);
  });

  test("--pid: Ctrl-C ends it with 130 and a whole file; the process goes on", async () => {
    const folder = place("interrupt");
    const [out, file] = [join(folder, "x.sf"), join(folder, "open")];
    const script = `exec 3> ${file}; while read line; do echo "$line" >&3; done`;
    const shell = spawn("sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"] });
    started.push(shell);
    const { child, err } = recordLater(["-o", out, "--pid", String(shell.pid)]);
    await until("beginning", () => (err().includes("Ctrl-C ends it") ? true : undefined));
    shell.stdin.write("12345\n");
    await until("written line", () => fileAt(file));
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([130, null]);
    // The file is open still: its last word is the probe's, when it is told to end.
    expect(bytesOf(recordsOf(out).rows, file, "wbytes")).toBe(6);
    expect(startOf(shell.pid ?? 0)).toBeDefined();
  });

  test("a signal to the recorder is the command's", async () => {
    const out = join(place("signal"), "x.sf");
    const trap = "trap 'exit 7' TERM; echo > /dev/null; while :; do sleep 0.05; done";
    const { child } = recordLater(["-o", out, "--", "sh", "-c", trap]);
    await until("recording", () => fileAt(`${out}.open`));
    await sleep(1000);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([7, null]);
    expect(recordsOf(out).status).toBe(0);
  });

  test("--rotate: files follow each other, each can be read alone", () => {
    const folder = place("rotate");
    const data = place("rotate-data");
    const script = `for i in 1 2 3 4 5 6 7; do echo $i > ${data}/$i; sleep 0.5; done`;
    const ran = record(
      "-o",
      `${folder}/`,
      "--exporter",
      "host",
      "--rotate",
      "1s",
      "--",
      "sh",
      "-c",
      script,
    );
    expect(ran.status, ran.err).toBe(0);
    const names = readdirSync(folder).toSorted();
    expect(names.length).toBeGreaterThanOrEqual(3);
    for (const name of names) expect(name).toMatch(/^host\.\d{10}\.sf$/);
    for (const name of names) {
      const { rows, status } = recordsOf(join(folder, name));
      expect(status, name).toBe(0);
      for (const row of rows.filter(({ type }) => ["PE", "FF", "FE"].includes(type))) {
        expect(row.proc?.exe, JSON.stringify(row)).toBeDefined();
      }
    }
    const { rows } = recordsOf(folder);
    for (const i of [1, 2, 3, 4, 5, 6, 7]) {
      const written = flowsOn(rows, join(data, String(i))).reduce(
        (sum, row) => sum + (row.flow?.wbytes ?? 0),
        0,
      );
      expect(written, String(i)).toBe(2);
    }
  });

  test("kill -9 of the probe: a gap, and what follows is recorded", async () => {
    const folder = place("killed-probe");
    const [out, before, after] = ["x.sf", "before", "after"].map((name) => join(folder, name));
    const script = `echo a > ${before}; read line; echo bc > ${after}`;
    const { child, err } = recordLater(["-o", out ?? "", "--", "sh", "-c", script]);
    await until("first file", () => fileAt(before ?? ""));
    const old = await until("probe", () => probeOf(child));
    process.kill(old, "SIGKILL");
    await until("warning", () => (err().includes("SF5014") ? true : undefined));
    await sleep(1500);
    child.stdin?.end("go\n");
    expect(await once(child, "exit")).toEqual([0, null]);
    const { rows } = recordsOf(out ?? "");
    expect(rows.filter((row) => row.type === "G").length).toBeGreaterThan(0);
    expect(bytesOf(rows, after ?? "", "wbytes")).toBe(3);
    // It is the same process as before.
    const shell = rows.filter((row) => row.proc?.args?.includes(script) === true);
    expect(new Set(shell.map((row) => row.proc?.pid))).toEqual(
      new Set([flowsOn(rows, after ?? "")[0]?.proc?.pid]),
    );
  });

  test("kill -9 of recorder and probe: what was written can be read, nothing stays behind", async () => {
    const folder = place("killed-both");
    const [out, file] = [join(folder, "x.sf"), join(folder, "written")];
    // What has ended is on disk a moment later; of what is still open, what was told before.
    const script = `/bin/true; sh -c 'echo abc > ${file}'; read line`;
    const { child } = recordLater(["-o", out, "--", "sh", "-c", script]);
    await until("file", () => fileAt(file));
    await sleep(2500);
    const tree = treeOf(child.pid ?? 0);
    const probe = await until("probe", () => probeOf(child));
    child.kill("SIGKILL");
    process.kill(probe, "SIGKILL");
    await once(child, "exit");
    child.stdin?.end("\n");
    await until("end of all", () =>
      tree.every((pid) => startOf(pid) === undefined) ? true : undefined,
    );
    const { rows, status } = recordsOf(`${out}.open`);
    expect(status).toBe(0);
    expect(execs(rows, "true")).toHaveLength(1);
    expect(bytesOf(rows, file, "wbytes")).toBe(4);
    // The next recording of that name leaves it alone and says so.
    const again = record("-o", out, "--", "true");
    expect(again.status).toBe(5);
    expect(again.err).toContain("an unfinished recording lies there");
    expect(existsSync(`${out}.open`)).toBe(true);
  });

  test("kill -9 of the recorder alone: the probe ends by itself", async () => {
    const out = join(place("killed-recorder"), "x.sf");
    const { child } = recordLater(["-o", out, "--", "sh", "-c", "read line"]);
    await until("recording", () => fileAt(`${out}.open`));
    const probe = await until("probe", () => probeOf(child));
    const words = readProcess(probe)?.args ?? [];
    const socket = words[words.indexOf("--socket") + 1] ?? "";
    expect(existsSync(socket)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    await until("no folder", () => (existsSync(dirname(socket)) ? undefined : true));
    await until("end of the probe", () => (startOf(probe) === undefined ? true : undefined));
  });

  describe.skipIf(groupRoot === undefined)("a control group of version 2", () => {
    /** A shell inside the group, which does what it is told line by line; the group is gone afterwards. */
    async function inGroup(
      name: string,
      work: (path: string, say: (line: string) => void) => Promise<void>,
    ): Promise<void> {
      const path = join(groupRoot ?? "", name);
      mkdirSync(path);
      const shell = spawn("sh", [], { stdio: ["pipe", "ignore", "ignore"] });
      started.push(shell);
      try {
        writeFileSync(join(path, "cgroup.procs"), `${shell.pid}\n`);
        await work(path, (line) => shell.stdin.write(`${line}\n`));
      } finally {
        shell.kill("SIGKILL");
        await once(shell, "exit");
        await until("empty group", () => (readProcsOf(path) === "" ? true : undefined));
        rmdirSync(path);
      }
    }

    test("--cgroup: who is in it, and who comes to be", async () => {
      const folder = place("cgroup");
      const [out, own, child] = ["x.sf", "own", "child"].map((name) => join(folder, name));
      const outside = join(folder, "outside");
      await inGroup(`sysflow-test-${process.pid}`, async (path, say) => {
        const { child: recorder, err } = recordLater(["-o", out ?? "", "--cgroup", path]);
        await until("beginning", () => (err().includes("Ctrl-C ends it") ? true : undefined));
        say(`echo abc > ${own}; sh -c 'echo de > ${child}'`);
        await until("files", () => fileAt(child ?? ""));
        spawnSync("sh", ["-c", `echo not recorded > ${outside}`]);
        recorder.kill("SIGINT");
        expect(await once(recorder, "exit")).toEqual([130, null]);
      });
      const { rows } = recordsOf(out ?? "");
      expect(bytesOf(rows, own ?? "", "wbytes")).toBe(4);
      expect(bytesOf(rows, child ?? "", "wbytes")).toBe(3);
      expect(flowsOn(rows, outside)).toEqual([]);
    });

    test("--container: the beginning of its id; --for ends it", async () => {
      const folder = place("container");
      const [out, file] = [join(folder, "x.sf"), join(folder, "inside")];
      const id = `5f10${String(process.pid).padStart(8, "0")}`.padEnd(64, "e");
      await inGroup(`docker-${id}.scope`, async (_, say) => {
        const args = ["-o", out, "--container", id.slice(0, 12), "--for", "3s"];
        const { child: recorder, err } = recordLater(args);
        await until("beginning", () => (err().includes("Ctrl-C ends it") ? true : undefined));
        say(`sh -c 'echo in > ${file}'`);
        expect(await once(recorder, "exit")).toEqual([0, null]);
      });
      const { rows } = recordsOf(out);
      expect(bytesOf(rows, file, "wbytes")).toBe(3);
      const inside = flowsOn(rows, file)[0];
      expect(inside?.container?.id).toBe(id.slice(0, 12));
    });
  });

  test.for([
    [["--pid", "4194304"], 3, "SF5013"],
    [["--cgroup", "/no/such/group"], 3, "SF5013"],
    [["--container", "0123456789abcdef"], 3, "SF5013"],
    [["--pid", "x"], 2, "SF2001"],
    [["--container", "web"], 2, "SF2001"],
    [["--pid", "1", "--", "true"], 2, "SF2001"],
    [["--rotate", "5m", "--", "true"], 2, "--rotate needs a folder"],
    [["--", "no-such-command-here"], 2, "SF2001"],
    [[], 2, "nothing to record"],
  ] as const)("what cannot be: %s", ([args, code, words]) => {
    const ran = record(...args);
    expect([ran.status, ran.out]).toEqual([code, ""]);
    expect(ran.err).toContain(words);
  });

  test("no probe there: exit 6, and how to get it", () => {
    const ran = sysflow(["record", "--probe", "/no/such/probe", "--", "true"]);
    expect(ran.status).toBe(6);
    expect(ran.err).toContain("SF5010");
    expect(ran.err).toContain("sudo sysflow probe install");
  });
});

const group = `sysflow-test-${process.pid}`;

describe.skipIf(!canProbe)("installed for ordinary users", () => {
  /** As nobody, with the group or without. */
  function asNobody(groupName: string, args: readonly string[], cwd: string): Ran {
    const identity = ["--reuid", "65534", "--regid", groupName, "--clear-groups"];
    const command = [...identity, process.execPath, program, ...args];
    const ran = spawnSync("setpriv", command, { encoding: "utf8", cwd, timeout: 60_000 });
    return { status: ran.status, out: ran.stdout, err: ran.stderr };
  }

  test("install, use, refuse, remove", () => {
    const prefix = place("prefix");
    chmodSync(prefix, 0o755);
    const work = place("work");
    const installing = ["probe", "install", "--prefix", prefix, "--group", group];
    const binary = join(prefix, "lib", "sysflow", "sysflow-probe");
    const sleeper = spawn("sleep", ["60"], { stdio: "ignore" });
    started.push(sleeper);
    try {
      const first = sysflow([...installing, "--from", probeBinary]);
      expect(first.status, first.err).toBe(0);
      expect(first.err).toContain(`made the group ${group}`);
      expect(statSync(binary).mode & 0o7777).toBe(0o750);
      const told = sysflow(["probe", "status", "--json", "--prefix", prefix, "--group", group]);
      expect(told.status).toBe(0);
      expect(JSON.parse(told.out)).toMatchObject({
        installed: true,
        mode: "0750",
        capabilities: "cap_perfmon,cap_bpf=ep",
        problems: [],
      });
      // Once more changes nothing.
      expect(sysflow([...installing, "--from", probeBinary]).err).toContain("is there");

      const file = join(work, "mine");
      const script = ["--", "sh", "-c", `echo own > ${file}`];
      const out = join(work, "own.sf");
      const own = asNobody(group, ["record", "--probe", binary, "-o", out, ...script], work);
      expect(own.status, own.err).toBe(0);
      expect(bytesOf(recordsOf(out).rows, file, "wbytes")).toBe(4);
      expect(statSync(out).uid).toBe(65_534);

      const pid = String(sleeper.pid);
      const others = asNobody(group, ["record", "--probe", binary, "--pid", pid], work);
      expect(others.status, others.err).toBe(6);
      expect(others.err).toContain("SF5012");
      const host = asNobody(group, ["record", "--probe", binary, "--host", "--for", "1s"], work);
      expect(host.status, host.err).toBe(6);
      expect(host.err).toContain("SF5012");
      expect(readdirSync(work).toSorted()).toEqual(["mine", "own.sf"]);

      const stranger = asNobody("65534", ["record", "--probe", binary, ...script], work);
      expect(stranger.status).toBe(6);
      expect(stranger.err).toMatch(/Permission denied/);
    } finally {
      const removed = sysflow(["probe", "remove", "--prefix", prefix, "--group", group]);
      expect(removed.status, removed.err).toBe(0);
    }
    expect(existsSync(join(prefix, "lib", "sysflow"))).toBe(false);
    expect(readFileSync("/etc/group", "utf8")).not.toContain(group);
    expect(sysflow(["probe", "remove", "--prefix", prefix, "--group", group]).status).toBe(0);
  });

  test("only root may install", () => {
    const ran = asNobody("65534", ["probe", "install", "--prefix", scratch.path], "/");
    expect(ran.status).toBe(6);
    expect(ran.err).toContain("SF5016");
    expect(ran.err).toContain("sudo sysflow probe install");
  });
});
