// A pod as a container's description names it: written once, before its container, and read back from either schema's file.

import { expect, test } from "vitest";
import { FlowEngine } from "../../src/flow/engine.ts";
import type { Record } from "../../src/model/record.ts";
import {
  type ContainerSnapshot,
  emptySyscall,
  Family,
  type Input,
  noThreadInfo,
} from "../../src/model/syscall.ts";
import { SysFlowReader } from "../../src/wire/avro/reader.ts";
import { SysFlowWriter } from "../../src/wire/avro/writer.ts";

const uid = "0f7f3a6e-1d2c-4b5a-9e8d-112233445566";
const id = "0123456789abcdef".repeat(4);
const cgroups = [`/kubepods/burstable/pod${uid}/${id}`];
const base = 1_700_000_000_000_000_000n;

const container = (pod: ContainerSnapshot["pod"], complete = true): ContainerSnapshot => ({
  kind: "container",
  id: id.slice(0, 12),
  name: "web",
  image: "web:1",
  imageId: undefined,
  imageTag: undefined,
  type: 7,
  privileged: undefined,
  complete,
  pod,
});

function exec(pid: number, ts: number): Input {
  const info = {
    ...noThreadInfo,
    tid: pid,
    pid,
    exePath: "/bin/sh",
    argv0: "sh",
    args: [],
    cgroups,
  };
  return { ...emptySyscall(), family: Family.exec, name: "execve", ts, tid: pid, pid, info };
}

function recordsOf(inputs: readonly Input[]): Record[] {
  const engine = new FlowEngine({ mode: "native", exporter: "h", base });
  for (const input of inputs) engine.apply(input);
  engine.end();
  return engine.take();
}

const whole = { id: uid, name: "web-1", namespace: "shop" };

test("a pod comes before its container, once; of two containers in it as well", () => {
  const other = { ...container(whole), id: "fedcba987654" };
  const second = exec(8, 2);
  if (second.kind === "call" && second.info !== undefined) {
    second.info = { ...second.info, cgroups: [`/docker/${"fedcba9876543210".repeat(4)}`] };
  }
  const records = recordsOf([container(whole), other, exec(7, 1), second]);
  expect(records.map((record) => record.type).join(" ")).toBe("H PD C P PE C P PE");
  const described = records.flatMap((record) => (record.type === "C" ? [record.container] : []));
  expect(described.map((item) => item.pod?.name)).toEqual(["web-1", "web-1"]);
});

test("what is not known of it is absent, and half of a name makes no pod", () => {
  const [pod] = recordsOf([container(whole), exec(7, 1)]).flatMap((record) =>
    record.type === "PD" ? [record.pod] : [],
  );
  expect(pod).toMatchObject({ nodeName: undefined, restartCount: undefined });
  const half = recordsOf([
    container({ id: uid, name: undefined, namespace: undefined }, false),
    exec(7, 1),
  ]);
  expect(half.map((record) => record.type)).not.toContain("PD");
  const [known] = half.flatMap((record) => (record.type === "C" ? [record.container] : []));
  expect(known).toMatchObject({ podId: uid, name: undefined });
});

test.each([5, 6] as const)("schema %i gives it back", (schema) => {
  const writer = new SysFlowWriter({ schema, codec: "null" });
  writer.write(recordsOf([container(whole), exec(7, 1)]));
  writer.end();
  const reader = new SysFlowReader();
  reader.push(Buffer.concat(writer.take()));
  reader.end();
  const [found] = reader
    .read()
    .flatMap((record) => (record.type === "C" ? [record.container] : []));
  expect(found?.pod).toMatchObject({ id: uid, name: "web-1", namespace: "shop" });
  // Schema 5 has a number for restarts and no way to leave it out.
  expect(found?.pod?.restartCount).toBe(schema === 5 ? 0 : undefined);
});
