import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { containerTypes } from "../model/entity.ts";
import type { ContainerSnapshot } from "../model/syscall.ts";
import { askDocker } from "./docker.ts";
import { ContainerMetadata, type MetadataOptions } from "./metadata.ts";

const id = "0123456789abcdef".repeat(4);
const short = id.slice(0, 12);
const other = `0123456789aa${id.slice(12)}`;
const uid = "0f7f3a6e-1d2c-4b5a-9e8d-112233445566";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sysflow-metadata-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, content: unknown): string {
  const whole = join(folder, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, typeof content === "string" ? content : JSON.stringify(content));
  return whole;
}

function open(options: MetadataOptions = {}): ContainerMetadata {
  return new ContainerMetadata({
    roots: {
      containerd: [join(folder, "containerd")],
      docker: [join(folder, "docker")],
      storage: [join(folder, "storage")],
      running: [join(folder, "running")],
      runc: [join(folder, "runc")],
    },
    ...options,
  });
}

const typeOf = (found: ContainerSnapshot | undefined): string | undefined =>
  containerTypes[found?.type ?? -1];

test("containerd with Kubernetes: annotations of its bundle", () => {
  write(`containerd/k8s.io/${id}/config.json`, {
    annotations: {
      "io.kubernetes.cri.container-name": "web",
      "io.kubernetes.cri.container-type": "container",
      "io.kubernetes.cri.image-name": "registry.example/shop/web:1.4",
      "io.kubernetes.cri.sandbox-name": "web-5d8f",
      "io.kubernetes.cri.sandbox-namespace": "shop",
      "io.kubernetes.cri.sandbox-uid": uid,
    },
  });
  const found = open().find(short);
  expect(found).toEqual({
    kind: "container",
    id: short,
    name: "web",
    image: "registry.example/shop/web:1.4",
    imageId: undefined,
    imageTag: undefined,
    type: 7,
    privileged: undefined,
    complete: true,
    pod: { id: uid, name: "web-5d8f", namespace: "shop" },
  });
  expect(typeOf(found)).toBe("containerd");
});

test("a pod's sandbox has no name of its own", () => {
  write(`containerd/k8s.io/${id}/config.json`, {
    annotations: {
      "io.kubernetes.cri.container-type": "sandbox",
      "io.kubernetes.cri.sandbox-name": "web-5d8f",
    },
  });
  expect(open().find(id)).toMatchObject({
    name: "POD",
    image: undefined,
    pod: { name: "web-5d8f", id: undefined },
  });
});

test("Docker: its own files say more than the bundle that containerd runs for it", () => {
  write(`containerd/moby/${id}/config.json`, { ociVersion: "1.0.2", process: {} });
  expect(open().find(short)).toBeUndefined();
  write(`docker/${id}/config.v2.json`, {
    ID: id,
    Name: "/shop",
    Image: `sha256:${other}`,
    Config: {
      Image: "nginx:1.25",
      Labels: { "io.kubernetes.pod.name": "web-1", "io.kubernetes.pod.uid": uid },
    },
  });
  write(`docker/${id}/hostconfig.json`, { Privileged: true });
  const found = open().find(short);
  expect(found).toMatchObject({
    name: "shop",
    image: "nginx:1.25",
    imageId: other,
    privileged: true,
  });
  expect(typeOf(found)).toBe("docker");
  expect(found?.pod).toEqual({ id: uid, name: "web-1", namespace: undefined });
});

test("cri-o: annotations, and the list of containers where there are none", () => {
  write(`storage/overlay-containers/${id}/userdata/config.json`, {
    annotations: {
      "io.kubernetes.cri-o.ContainerType": "container",
      "io.kubernetes.container.name": "db",
      "io.kubernetes.cri-o.ImageName": "quay.example/db:9",
      "io.kubernetes.cri-o.Image": other,
      "io.kubernetes.cri-o.PrivilegedRuntime": "false",
      "io.kubernetes.pod.name": "db-0",
      "io.kubernetes.pod.namespace": "data",
      "io.kubernetes.pod.uid": uid,
    },
  });
  const found = open().find(short);
  expect(found).toMatchObject({
    name: "db",
    image: "quay.example/db:9",
    imageId: other,
    privileged: false,
  });
  expect(found?.pod).toEqual({ id: uid, name: "db-0", namespace: "data" });
  expect(typeOf(found)).toBe("crio");
});

test("podman: name and image stand in the list beside the bundle", () => {
  write(`storage/overlay-containers/${id}/userdata/config.json`, {
    annotations: { "io.container.manager": "libpod" },
  });
  const metadata = { "image-name": "docker.io/library/alpine:3", name: "busy" };
  write("storage/overlay-containers/containers.json", [
    { id: other, names: ["no"] },
    { id, names: ["also"], image: other, metadata: JSON.stringify(metadata) },
  ]);
  const found = open().find(short);
  expect(found).toMatchObject({
    name: "busy",
    image: "docker.io/library/alpine:3",
    imageId: other,
    pod: undefined,
  });
  expect(typeOf(found)).toBe("podman");
});

test("runc: its state names the bundle", () => {
  const bundle = dirname(
    write("bundle/config.json", {
      annotations: { "org.opencontainers.image.ref.name": "made:here" },
    }),
  );
  write(`runc/${id}/state.json`, { id, config: { labels: ["x=y", `bundle=${bundle}`] } });
  expect(open().find(short)).toMatchObject({
    image: "made:here",
    name: undefined,
    type: undefined,
  });
});

test("unknown is said, looked for again ever more rarely, and found when it appears", () => {
  let now = 1000;
  const metadata = open({ now: () => now });
  for (let i = 0; i < 50; i++) expect(metadata.find(short)).toBeUndefined();
  expect(metadata.lookups).toBe(1);
  for (let i = 0; i < 100; i++) {
    now += 10;
    metadata.find(short);
  }
  // After 20, 50, 100, 200 and 500 ms.
  expect(metadata.lookups).toBe(6);
  write(`docker/${id}/config.v2.json`, { Name: "/late" });
  expect(metadata.answers()).toEqual([]);
  now += 1000;
  expect(metadata.answers()).toMatchObject([{ id: short, name: "late" }]);
  expect(metadata.answers()).toEqual([]);
  const before = metadata.lookups;
  rmSync(folder, { recursive: true });
  // Known from now on, whatever becomes of the files.
  expect(metadata.find(short)).toMatchObject({ name: "late" });
  expect(metadata.lookups).toBe(before);
});

test("the pod's uid is in the control group even where no file may be read; it is said once", () => {
  const metadata = open();
  const cgroups = [`/kubepods/burstable/pod${uid}/${id}`];
  expect(metadata.find(short, cgroups)).toMatchObject({
    complete: false,
    name: undefined,
    pod: { id: uid, name: undefined },
  });
  expect(metadata.find(short, cgroups)).toBeUndefined();
});

test("what exists is known before it does something", () => {
  write(`docker/${id}/config.v2.json`, { Name: "/one" });
  write(`docker/${other}/config.v2.json`, { Name: "/two" });
  write("docker/not-an-id/config.v2.json", { Name: "/three" });
  const metadata = open();
  expect(metadata.prepare()).toBe(2);
  rmSync(join(folder, "docker"), { recursive: true });
  expect(metadata.find(short)?.name).toBe("one");
  expect(metadata.find(other)?.name).toBe("two");
});

test("hostile files: wrong types, no JSON, too large, pipes, links to nowhere", () => {
  const path = `docker/${id}/config.v2.json`;
  for (const content of [
    "",
    "{",
    "[]",
    "null",
    "7",
    { Name: 7, Image: {}, Config: null },
    { Name: "x".repeat(5000), Image: "../../etc" },
    { Config: { Labels: "none", Image: ["a"] } },
    `{"Name":"/big","x":"${"y".repeat(5_000_000)}"}`,
  ]) {
    write(path, content);
    expect(open().find(short), JSON.stringify(content).slice(0, 60)).toBeUndefined();
  }
  rmSync(join(folder, path));
  symlinkSync("/nowhere/at/all", join(folder, path));
  expect(open().find(short)).toBeUndefined();
  rmSync(join(folder, path));
  expect(spawnSync("mkfifo", [join(folder, path)]).status).toBe(0);
  const start = performance.now();
  expect(open().find(short)).toBeUndefined();
  expect(performance.now() - start).toBeLessThan(1000);
});

test("folders without end are left when the time is over", () => {
  for (let i = 0; i < 60; i++) {
    write(`containerd/n${i}/${id}/config.json`, { annotations: {} });
  }
  let now = 0;
  let looks = 0;
  const metadata = open({ timeoutMs: 10, now: () => (looks++, (now += 3)) });
  expect(metadata.find(short)).toBeUndefined();
  expect(looks).toBeLessThan(15);
});

// ── Docker's API ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const servers: Server[] = [];
const sockets: string[] = [];
afterAll(() => {
  for (const server of servers) server.close();
  for (const path of sockets) rmSync(path, { recursive: true, force: true });
});

async function docker(answer: string, status = 200): Promise<{ path: string; asked: string[] }> {
  // Longer than the folder of one test, whose server may still answer.
  const place = mkdtempSync(join(tmpdir(), "sysflow-docker-"));
  sockets.push(place);
  const path = join(place, "docker.sock");
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.statusCode = status;
    if (answer === "never") return;
    response.end(answer);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path, asked };
}

test("Docker is asked where its files say nothing; the answer comes later", async () => {
  const answer = {
    Id: id,
    Name: "/asked",
    Image: `sha256:${other}`,
    Config: { Image: "img" },
    HostConfig: { Privileged: false },
  };
  const { path, asked } = await docker(JSON.stringify(answer));
  const metadata = open({ dockerSocket: path });
  expect(metadata.find(short)).toBeUndefined();
  await expect
    .poll(() => metadata.answers())
    .toMatchObject([{ id: short, name: "asked", image: "img", imageId: other, privileged: false }]);
  expect(asked).toEqual([`GET /containers/${short}/json`]);
  expect(metadata.find(short)?.name).toBe("asked");
});

test("Docker's silence, refusal, nonsense and absence are no answer, and take no longer than allowed", async () => {
  const start = performance.now();
  for (const [answer, status] of [
    ["never", 200],
    ["{}", 404],
    ["{", 200],
    ["[]", 200],
    ["x".repeat(6_000_000), 200],
  ] as const) {
    const { path } = await docker(answer, status);
    expect(await askDocker(path, short, 200)).toBeUndefined();
  }
  expect(await askDocker(join(folder, "none.sock"), short, 200)).toBeUndefined();
  expect(await askDocker("/dev/null", "../../images", 200)).toBeUndefined();
  expect(performance.now() - start).toBeLessThan(3000);
});
