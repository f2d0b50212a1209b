import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { callNames } from "./numbers.ts";

const headers = [
  ["x86-64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"],
  ["i386", "/usr/include/x86_64-linux-gnu/asm/unistd_32.h"],
] as const;

for (const [machine, path] of headers) {
  test.skipIf(!existsSync(path))(
    `the numbers of ${machine} are those of the C library's headers`,
    () => {
      const said = new Map<number, string>();
      for (const match of readFileSync(path, "utf8").matchAll(/^#define __NR_(\w+) (\d+)$/gm)) {
        said.set(Number(match[2]), match[1] ?? "");
      }
      expect(said.size).toBeGreaterThan(300);
      let compared = 0;
      for (const [number, name] of callNames[machine]) {
        if (!said.has(number)) continue;
        compared += 1;
        expect(said.get(number), `${number}`).toBe(name);
      }
      expect(compared).toBeGreaterThan(100);
    },
  );
}

test("machines number differently below 424 and alike from there on", () => {
  expect(callNames["x86-64"].get(59)).toBe("execve");
  expect(callNames.arm64.get(221)).toBe("execve");
  expect(callNames.i386.get(11)).toBe("execve");
  expect(callNames.arm64.get(56)).toBe("openat");
  expect(callNames.arm64.get(203)).toBe("connect");
  for (const machine of ["x86-64", "arm64", "i386"] as const) {
    expect(callNames[machine].get(435)).toBe("clone3");
    expect(callNames[machine].get(452)).toBe("fchmodat2");
  }
});
