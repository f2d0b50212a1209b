import { posix } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cleanPath, containerIdOf, joinPath, podUidOf } from "./path.ts";

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

const other = "fedcba9876543210".repeat(4);
const uid = "0f7f3a6e-1d2c-4b5a-9e8d-112233445566";
const slice = `kubepods-burstable-pod${uid.replaceAll("-", "_")}.slice`;

test.each([
  ["Docker, cgroupfs", `/docker/${hex}`],
  ["Docker, systemd", `/system.slice/docker-${hex}.scope`],
  ["Docker without root", `/user.slice/user-1000.slice/user@1000.service/docker-${hex}.scope`],
  ["Docker with systemd inside", `/docker/${hex}/init.scope`],
  ["a service inside a container", `/system.slice/docker-${hex}.scope/system.slice/nginx.service`],
  ["a container of Docker in Docker", `/docker/${other}/docker/${hex}`],
  ["a node of kind", `/docker/${other}/kubelet.slice/${slice}/cri-containerd-${hex}.scope`],
  ["Kubernetes, cgroupfs", `/kubepods/burstable/pod${uid}/${hex}`],
  ["Kubernetes, guaranteed", `/kubepods/pod${uid}/${hex}`],
  [
    "Kubernetes, containerd",
    `/kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-${hex}.scope`,
  ],
  [
    "Kubernetes, containerd with the wrong driver",
    `/system.slice/containerd.service/${slice}:cri-containerd:${hex}`,
  ],
  ["Kubernetes, Docker", `/kubepods.slice/kubepods-besteffort.slice/${slice}/docker-${hex}.scope`],
  ["Kubernetes, cri-o", `/kubepods.slice/kubepods-burstable.slice/${slice}/crio-${hex}.scope`],
  ["cri-o with its container below", `/kubepods.slice/${slice}/crio-${hex}.scope/container`],
  ["podman", `/machine.slice/libpod-${hex}.scope`],
  ["podman, split", `/machine.slice/libpod-${hex}.scope/container`],
  [
    "podman without root",
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${hex}.scope`,
  ],
  ["podman, cgroupfs", `/libpod_parent/libpod-${hex}`],
  ["nerdctl", `/default/${hex}`],
  ["nerdctl, systemd", `/system.slice/nerdctl-${hex}.scope`],
  ["Amazon ECS", `/ecs/7f6c1b2d-0000-1111-2222-333344445555/${hex}`],
  ["seen from a namespace", `/../../docker/${hex}`],
  ["a group that was removed", `/docker/${hex} (deleted)`],
  ["GitHub's runners", `/actions_job/${hex}`],
])("a container: %s", (_, cgroup) => {
  expect(containerIdOf([cgroup])).toBe("0123456789ab");
  expect(containerIdOf(["name=systemd=/", `memory=${cgroup}`])).toBe("0123456789ab");
});

test.each([
  ["the host", "/"],
  ["a session", "/user.slice/user-1000.slice/session-3.scope"],
  ["a service", "/system.slice/ssh.service"],
  ["cri-o's monitor, which is outside", `/kubepods.slice/${slice}/crio-conmon-${hex}.scope`],
  ["podman's monitor", `/machine.slice/libpod-conmon-${hex}.scope`],
  ["an id that is too short", `/docker/${hex.slice(1)}`],
  ["an id that is too long", `/docker/${hex}0`],
  ["no hexadecimal digits", `/docker/${"g".repeat(64)}`],
  ["capitals", `/docker/${hex.toUpperCase()}`],
  ["a pod's own group", `/kubepods.slice/${slice}`],
])("no container: %s", (_, cgroup) => {
  expect(containerIdOf([cgroup])).toBeUndefined();
});

test("a pod's uid, as either driver writes it", () => {
  for (const cgroup of [
    `/kubepods/burstable/pod${uid}/${hex}`,
    `/kubepods/pod${uid}`,
    `/kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-${hex}.scope`,
    `/system.slice/containerd.service/${slice}:cri-containerd:${hex}`,
    `/docker/${other}/kubelet/kubepods/besteffort/pod${uid}/${hex}`,
  ]) {
    expect(podUidOf(["/", cgroup]), cgroup).toBe(uid);
  }
  const fixed = "0123456789abcdef0123456789abcdef";
  expect(podUidOf([`/kubepods/burstable/pod${fixed}/${hex}`])).toBe(fixed);
  expect(
    podUidOf([`/docker/pod${uid}/${hex}`, "/kubepods/burstable", "/kubepods/podx/y"]),
  ).toBeUndefined();
});

test("paths built to make the search slow take no longer than others", () => {
  const start = performance.now();
  for (const part of ["/", "docker-", ":a:", "/pod0", `/${hex}`, "a", "kubepods-pod"]) {
    containerIdOf([part.repeat(100_000)]);
    podUidOf([`kubepods${part.repeat(100_000)}`]);
  }
  expect(performance.now() - start).toBeLessThan(2000);
});
