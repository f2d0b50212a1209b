import { describe, expect, test } from "vitest";
import type { Activity } from "../model/activity.ts";
import type { Container, File, Host, Process } from "../model/entity.ts";
import { limits } from "../model/limits.ts";
import { Op, OpenFlag } from "../model/opflag.ts";
import type { BehaviourRecord } from "../model/record.ts";
import { sampleProcess } from "../model/sample-test.ts";
import { ProvenanceState, programPaths, resolvePath } from "./provenance.ts";

const host: Host = { id: "h" };
const container: Container = {
  host,
  id: "c1",
  name: undefined,
  image: undefined,
  imageId: undefined,
  type: undefined,
  privileged: undefined,
  pod: undefined,
};

function processOf(fields: Partial<Process>): Process {
  return sampleProcess({ host, createdNs: 5n, ...fields });
}

function fileOf(path: string, inside?: Container): File {
  return { host, state: "CREATED", ts: 0, type: "f", path, container: inside };
}

function activity(record: BehaviourRecord, phase: Activity["phase"] = "instant"): Activity {
  if (record.type === "KE") throw new Error("not used here");
  return {
    phase,
    at: record.ts,
    record,
    host,
    proc: record.proc,
    container: record.proc.container,
    file: "file" in record ? record.file : undefined,
    newFile: "newFile" in record ? record.newFile : undefined,
    net: "net" in record ? record.net : undefined,
  };
}

function write(proc: Process, path: string, ops: number = Op.WRITE, openFlags = 0): Activity {
  const volume = { rops: 0, wops: 1, rbytes: 0, wbytes: 9 };
  const file = fileOf(path, proc.container);
  const flow = {
    type: "FF",
    proc,
    ts: 10,
    endTs: 20,
    tid: 1,
    ops,
    file,
    fd: 3,
    openFlags,
  } as const;
  return activity({ ...flow, ...volume }, "end");
}

function event(proc: Process, ops: number, ret = 0, tid = proc.pid): Activity {
  return activity({ type: "PE", proc, ts: 30, tid, ops, args: [], ret });
}

function onFile(
  proc: Process,
  ops: number,
  path: string,
  second?: string,
  args?: string[],
): Activity {
  const newFile = second === undefined ? undefined : fileOf(second);
  return activity({
    type: "FE",
    proc,
    ts: 25,
    tid: 1,
    ops,
    file: fileOf(path),
    newFile,
    ret: 0,
    args,
  });
}

function feed(state: ProvenanceState, ...activities: readonly Activity[]): void {
  for (const item of activities) {
    state.before(item);
    state.after(item);
  }
}

const writer = processOf({ pid: 7, exe: "/usr/bin/node" });

describe("what a process runs", () => {
  test.each([
    [{ exe: "/tmp/x" }, ["/tmp/x"]],
    [{ exe: "/bin/sh", args: "/tmp/x -a" }, ["/bin/sh", "/tmp/x"]],
    [{ exe: "/bin/sh", args: "-e -u x.sh", cwd: "/srv/" }, ["/bin/sh", "/srv/x.sh"]],
    [{ exe: "/usr/bin/perl", args: "-e print(1) /tmp/x" }, ["/usr/bin/perl"]],
    [{ exe: "/bin/sh", args: "-x x.sh", cwd: "/srv/" }, ["/bin/sh", "/srv/x.sh"]],
    [{ exe: "/bin/sh", args: "-c /tmp/x -a" }, ["/bin/sh", "/tmp/x"]],
    [{ exe: "/bin/sh", args: "-c ls /tmp/x" }, ["/bin/sh"]],
    [{ exe: "/bin/bash", argv: ["bash", "-c", "/tmp/x -a; ls"] }, ["/bin/bash", "/tmp/x"]],
    [
      { exe: "/usr/bin/python3.11", args: "../x.py data", cwd: "/srv/app/" },
      ["/usr/bin/python3.11", "/srv/x.py"],
    ],
    [{ exe: "/usr/bin/python3", args: "-m http.server" }, ["/usr/bin/python3"]],
    [{ exe: "/bin/cat", args: "/tmp/x" }, ["/bin/cat"]],
    [{}, []],
  ])("%j", (fields: Partial<Process>, expected) => {
    expect(programPaths(processOf(fields))).toEqual(expected);
  });

  test("paths are made absolute", () => {
    expect(resolvePath("/a/b/", "../c/./d")).toBe("/a/c/d");
    expect(resolvePath(undefined, "x")).toBe("/x");
    expect(resolvePath("/a/", "/../../e")).toBe("/e");
  });
});

describe("written, then executed", () => {
  const runner = processOf({ pid: 8, exe: "/tmp/x", parent: writer });

  test("the program's writer is known from the exec on, also to descendants", () => {
    const state = new ProvenanceState();
    feed(state, write(writer, "/tmp/x"));
    expect(state.programOf(runner)).toBeUndefined();
    feed(state, event(runner, Op.EXEC));
    expect(state.programOf(runner)).toMatchObject({ path: "/tmp/x", writer: { pid: 7 } });
    const child = processOf({ pid: 9, exe: "/bin/ls", parent: runner });
    expect(state.programOf(child)).toBeUndefined();
    expect(state.droppedOf(child)?.process.pid).toBe(8);
    expect(state.droppedOf(writer)).toBeUndefined();
  });

  test("an exec of another program ends it; a failed exec begins nothing", () => {
    const state = new ProvenanceState();
    feed(state, write(writer, "/tmp/x"), event(runner, Op.EXEC, -13));
    expect(state.programOf(runner)).toBeUndefined();
    feed(state, event(runner, Op.EXEC), event({ ...runner, exe: "/bin/ls" }, Op.EXEC));
    expect(state.programOf(runner)).toBeUndefined();
  });

  test("a rename takes the writer along, an unlink forgets it, CHMOD is remembered", () => {
    const state = new ProvenanceState();
    feed(state, write(writer, "/tmp/x"), onFile(writer, Op.CHMOD, "/tmp/x", undefined, ["755"]));
    feed(state, onFile(writer, Op.RENAME, "/tmp/x", "/tmp/y"));
    expect(state.writingOf("/tmp/x", undefined)).toBeUndefined();
    expect(state.writingOf("/tmp/y", undefined)).toMatchObject({
      path: "/tmp/y",
      madeExecutable: true,
    });
    feed(state, onFile(writer, Op.UNLINK, "/tmp/y"));
    expect(state.writingOf("/tmp/y", undefined)).toBeUndefined();
  });

  test("opening to read writes nothing; opening to truncate does, already at the begin", () => {
    const state = new ProvenanceState();
    const read = write(writer, "/tmp/r", Op.OPEN + Op.READ, OpenFlag.RDONLY);
    const flags = OpenFlag.WRONLY | OpenFlag.CREAT | OpenFlag.TRUNC;
    const open = { ...write(writer, "/tmp/w", Op.OPEN, flags), phase: "begin" } as const;
    feed(state, { ...read, phase: "begin" }, read, open);
    expect(state.writingOf("/tmp/r", undefined)).toBeUndefined();
    expect(state.writingOf("/tmp/w", undefined)?.writer).toBe(writer);
  });

  test("the same path in a container and on the host is two files", () => {
    const state = new ProvenanceState();
    feed(state, write(processOf({ pid: 7, container }), "/tmp/x"), event(runner, Op.EXEC));
    expect(state.programOf(runner)).toBeUndefined();
    const inside = processOf({ pid: 20, exe: "/tmp/x", container });
    feed(state, event(inside, Op.EXEC));
    expect(state.programOf(inside)).toBeDefined();
  });

  test("a later file of the recording that does not know the creation time finds it by pid, until it ends", () => {
    const state = new ProvenanceState();
    feed(state, write(writer, "/tmp/x"), event(runner, Op.EXEC));
    const again = processOf({ pid: 8, createdNs: undefined, exe: "/usr/bin/python3" });
    expect(state.programOf(again)?.path).toBe("/tmp/x");
    feed(state, event(runner, Op.EXIT));
    expect(state.programOf(again)).toBeUndefined();
  });

  test("a writing that is told late does not replace a later one of somebody else", () => {
    const state = new ProvenanceState();
    const other = processOf({ pid: 8, exe: "/usr/bin/perl" });
    const late = write(writer, "/tmp/x");
    feed(state, { ...write(other, "/tmp/x"), at: 40 }, { ...late, at: 20 });
    expect(state.writingOf("/tmp/x", undefined)?.writer.pid).toBe(8);
    feed(state, { ...late, at: 50 });
    expect(state.writingOf("/tmp/x", undefined)?.writer.pid).toBe(7);
  });

  test("what is remembered is bounded, and evictions are counted", () => {
    const state = new ProvenanceState();
    for (let i = 0; i <= limits.writings.max; i++) feed(state, write(writer, `/tmp/${i}`));
    expect(state.evicted).toBe(1);
    expect(state.writingOf("/tmp/0", undefined)).toBeUndefined();
    expect(state.writingOf("/tmp/1", undefined)).toBeDefined();
  });
});

test("who accepts is a service, and so are its descendants behind it; a web server is one by name", () => {
  const state = new ProvenanceState();
  const shell = processOf({ pid: 30, exe: "/bin/sh", parent: writer });
  expect(state.serviceOf(shell)).toBeUndefined();
  const net = { sip: 1, sport: 2, dip: 3, dport: 4, proto: 6 };
  const flow = { type: "NF", proc: writer, ts: 1, endTs: 2, tid: 1, net, fd: 3 } as const;
  const volume = { rops: 0, wops: 0, rbytes: 0, wbytes: 0 };
  feed(state, activity({ ...flow, ...volume, ops: Op.ACCEPT }, "begin"));
  expect(state.serviceOf(shell)?.pid).toBe(7);
  expect(state.connectionOf(writer)).toBeUndefined();
  feed(state, activity({ ...flow, ...volume, proc: shell, ops: Op.CONNECT }, "begin"));
  expect(state.connectionOf(shell)?.net).toBe(net);
  const site = processOf({
    pid: 40,
    exe: "/bin/sh",
    parent: processOf({ pid: 41, exe: "/usr/sbin/php-fpm8.2" }),
  });
  expect(state.serviceOf(site)?.pid).toBe(41);
});

test("a program that only talks to itself is no service; the first foreign client makes it one", () => {
  for (const order of ["client first", "server first"]) {
    const state = new ProvenanceState();
    const child = processOf({ pid: 30, exe: "/usr/bin/curl", parent: writer });
    const other = processOf({ pid: 31, exe: "/usr/bin/curl" });
    const flow = (proc: Process, ops: number, sport: number): Activity =>
      activity(
        {
          type: "NF",
          proc,
          ts: 1,
          endTs: 2,
          tid: 1,
          net: { sip: 1, sport, dip: 3, dport: 4, proto: 6 },
          fd: 3,
          rops: 0,
          wops: 0,
          rbytes: 0,
          wbytes: 0,
          ops,
        },
        "begin",
      );
    const both = (client: Process, sport: number): void => {
      const ends = [flow(client, Op.CONNECT, sport), flow(writer, Op.ACCEPT, sport)];
      feed(state, ...(order === "client first" ? ends : ends.reverse()));
      feed(state, flow(writer, Op.ACCEPT, sport));
    };
    both(writer, 10);
    both(child, 11);
    expect(state.serviceOf(writer), order).toBeUndefined();
    both(other, 12);
    expect(state.serviceOf(writer)?.pid, order).toBe(7);
    both(child, 13);
    expect(state.serviceOf(writer)?.pid, order).toBe(7);
  }
});
