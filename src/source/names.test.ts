import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readNames } from "./names.ts";

test("users and groups by their numbers; lines that are none are left out", () => {
  const folder = mkdtempSync(join(tmpdir(), "sysflow-names-"));
  try {
    writeFileSync(
      join(folder, "passwd"),
      "root:x:0:0::/root:/bin/sh\n+nis\n:x:5:5::/:\nann:x:1000:1000::/:\n",
    );
    writeFileSync(join(folder, "group"), "wheel:x:10:ann\n# note\n");
    expect(readNames(folder)).toEqual([
      { kind: "user", uid: 0, name: "root" },
      { kind: "user", uid: 1000, name: "ann" },
      { kind: "group", gid: 10, name: "wheel" },
    ]);
    expect(readNames(join(folder, "none"))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
