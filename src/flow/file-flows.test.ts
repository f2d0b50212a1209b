import { expect, test } from "vitest";
import { FileEntry } from "./file-entry.ts";
import { Flow } from "./flow.ts";
import { Owner } from "./owner.ts";

function file(path: string): FileEntry {
  return new FileEntry({ id: "h" }, "REUP", 1, "f", path, undefined, undefined, undefined);
}

function begin(owner: Owner, entry: FileEntry): Flow {
  const flow = new Flow(owner, "", entry, undefined, 1, 3, 0, 0);
  owner.fileFlows.set(entry, flow);
  return flow;
}

test("each process has its own flow of a file, whichever was first and whichever ends first", () => {
  const shared = file("/shared");
  const owners = [1, 2, 3].map((pid) => new Owner(`${pid}`, pid, undefined));
  const flows = owners.map((owner) => begin(owner, shared));
  const seen = (): (Flow | undefined)[] => owners.map((owner) => owner.fileFlows.get(shared));
  expect(seen()).toEqual(flows);
  owners[0]?.fileFlows.delete(shared);
  expect(seen()).toEqual([undefined, flows[1], flows[2]]);
  const [first] = owners;
  if (first === undefined) throw new Error("assertion failed");
  const again = begin(first, shared);
  owners[1]?.fileFlows.delete(shared);
  expect(seen()).toEqual([again, undefined, flows[2]]);
  expect(owners.map((owner) => owner.fileFlows.size)).toEqual([1, 0, 1]);
});

test("the flows of a process come in the order in which they began", () => {
  const owner = new Owner("1", 1, undefined);
  const files = ["/a", "/b", "/c", "/d"].map(file);
  const flows = files.map((entry) => begin(owner, entry));
  expect(owner.fileFlows.values()).toEqual(flows);
  for (const at of [1, 3, 0]) {
    const entry = files[at];
    if (entry !== undefined) owner.fileFlows.delete(entry);
  }
  owner.fileFlows.delete(file("/never"));
  expect(owner.fileFlows.values()).toEqual([flows[2]]);
  expect(owner.fileFlows.size).toBe(1);
});
