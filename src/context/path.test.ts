import { posix } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cleanPath, containerIdOf, joinPath } from "./path.ts";

const parts = fc.array(fc.constantFrom("a", "b.c", ".hidden", "..", ".", "", "..."), {
  maxLength: 8,
});

test("absolute paths are cleaned as the platform's own library does", () => {
  fc.assert(
    fc.property(parts, (list) => {
      const path = `/${list.join("/")}`;
      const expected = posix.normalize(path).replace(/(.)\/$/, "$1");
      expect(cleanPath(path)).toBe(expected);
      expect(cleanPath(cleanPath(path))).toBe(expected);
    }),
  );
});

test("relative paths are taken from the directory; without one they stay relative", () => {
  expect(joinPath("/home/a/", "../b/./c")).toBe("/home/b/c");
  expect(joinPath("/home/a", "c")).toBe("/home/a/c");
  expect(joinPath("/home/a", "/etc//passwd")).toBe("/etc/passwd");
  expect(joinPath("/", "../../x")).toBe("/x");
  expect(joinPath("", "./x/../y")).toBe("y");
});

const hex = "0123456789abcdef".repeat(4);

test("the container is in the cgroup's name, however the runtime writes it", () => {
  for (const cgroup of [
    `cpuset=/docker/${hex}`,
    `memory=/system.slice/docker-${hex}.scope`,
    `cpu=/kubepods/burstable/pod1/cri-containerd-${hex}.scope`,
    `cpu=/kubepods.slice/crio-${hex}`,
    `cpu=/kubepods.slice/crio-${hex}.scope`,
    `cpu=/system.slice/containerd.service/kubepods:cri-containerd:${hex}`,
    `pids=/machine.slice/libpod-${hex}.scope`,
  ]) {
    expect(containerIdOf(["name=/", cgroup]), cgroup).toBe("0123456789ab");
  }
  expect(containerIdOf(["cpu=/user.slice", `cpu=/docker/${hex.slice(1)}`])).toBeUndefined();
  expect(containerIdOf([])).toBeUndefined();
});
