import { expect, test } from "vitest";
import { sysflowAttributes, sysflowNames, sysflowRefused } from "./attribute/sysflow.ts";
import { attributes, findAttribute, findSysflowAttribute, nearestAttribute } from "./attribute.ts";

test("every name and alias means one row", () => {
  const names = attributes.flatMap((row) => [row.name, ...(row.aliases ?? [])]);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test("docs are sentences", () => {
  for (const row of [...attributes, ...sysflowAttributes]) {
    expect(row.doc, row.name).toMatch(/^[A-Z0-9a-z].*\.$/);
  }
});

test("the original's names lead to rows, or say why they do not", () => {
  for (const [name, ours] of Object.entries(sysflowNames)) {
    expect(findAttribute(ours), name).toBeDefined();
    expect(findSysflowAttribute(name)).toBe(findAttribute(ours));
  }
  // The groups of the analysis specification, §1.4, name by name.
  const groups: { readonly [group: string]: string } = {
    "": "type opflags ret ts endts",
    "proc.":
      "oid pid tid createts name exe args cmdline uid gid user group tty entry apid aname aexe acmdline",
    "pproc.": "oid pid createts name exe args cmdline uid user gid group tty entry",
    "file.":
      "path name directory oid symlink type fd openflags is_open_read is_open_write newpath newname newdirectory newoid newsymlink",
    "net.": "proto sport dport port sip dip ip",
    "flow.": "rbytes rops wbytes wops",
    "container.": "id name imageid image type privileged",
    "pod.": "ts id name nodename namespace restartcnt hostip internalip services",
    "ke.": "action kind message",
    "node.": "id ip",
    "meta.": "schema tracename",
  };
  for (const [group, names] of Object.entries(groups)) {
    for (const short of names.split(" ")) {
      const name = `sf.${group}${short}`;
      const refused = Object.hasOwn(sysflowRefused, name);
      expect(findSysflowAttribute(name) === undefined, name).toBe(refused);
    }
  }
});

test("a typo finds the attribute that was meant", () => {
  expect(nearestAttribute("proc.exee")).toBe("proc.exe");
  expect(nearestAttribute("sf.prog.args")).toBe("sf.proc.args");
});
