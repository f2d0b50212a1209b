import { expect, test } from "vitest";
import { lineage, lineageMax, parentOf, processKey, processName, versionAt } from "./entity.ts";
import { sampleProcess } from "./sample-test.ts";

test("a version is in force from its own time on; the first known one also before", () => {
  const stub = sampleProcess({ known: false, ts: 0 });
  const first = sampleProcess({ exe: "/bin/sh", ts: 10, previous: stub });
  const second = sampleProcess({ exe: "/bin/ls", ts: 20, previous: first });
  expect(versionAt(second, 21)).toBe(second);
  expect(versionAt(second, 20)).toBe(second);
  expect(versionAt(second, 19)).toBe(first);
  expect(versionAt(second, 9)).toBe(first);
});

test("a parent that was a stub is what it was described as later", () => {
  const stub = sampleProcess({ pid: 1, known: false });
  const described = sampleProcess({ pid: 1, exe: "/sbin/init", identity: stub.identity });
  expect(parentOf(sampleProcess({ parent: stub }))).toBe(stub);
  stub.identity.current = described;
  expect(parentOf(sampleProcess({ parent: stub }))).toBe(described);
  expect(parentOf(sampleProcess())).toBeUndefined();
});

test("a lineage has the nearest first, and ends where it comes back to the process", () => {
  const stub = sampleProcess({ pid: 9, known: false });
  const child = sampleProcess({ pid: 2, parent: stub });
  const grandchild = sampleProcess({ pid: 3, parent: child });
  expect(lineage(grandchild).map((process) => process.pid)).toEqual([2, 9]);
  // The pid was used again: the one above is the one below.
  stub.identity.current = grandchild;
  const looped = sampleProcess({ pid: 9, parent: child, identity: stub.identity });
  stub.identity.current = looped;
  expect(lineage(looped).map((process) => process.pid)).toEqual([2]);
});

test("a lineage is bounded", () => {
  let process = sampleProcess();
  for (let i = 0; i < 2 * lineageMax; i++) process = sampleProcess({ parent: process });
  expect(lineage(process).length).toBe(lineageMax);
});

test("names: the last part of the program's path, else what the kernel calls it", () => {
  expect(processName(sampleProcess({ exe: "/usr/bin/node", comm: "MainThread" }))).toBe("node");
  expect(processName(sampleProcess({ comm: "kworker" }))).toBe("kworker");
  expect(processName(sampleProcess({ exe: "", comm: "kworker" }))).toBe("kworker");
  expect(processName(sampleProcess())).toBeUndefined();
});

test("keys hold host, pid and creation", () => {
  expect(processKey(sampleProcess({ pid: 7, createdNs: 5n }))).toBe("host/7/5");
  expect(processKey(sampleProcess({ pid: 7 }))).toBe("host/7/0");
});
