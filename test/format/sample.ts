// One record of every type with every field of the model set, made up: what schema 6 must be able to say.

import type { Container, File, Host, Pod, Process } from "../../src/model/entity.ts";
import { Op } from "../../src/model/opflag.ts";
import type { Record } from "../../src/model/record.ts";
import { sampleProcess } from "../../src/model/sample-test.ts";

export const sampleBase = 1_700_000_000_000_000_000n;

const host: Host = { id: "host-1", ip: "192.0.2.7", bootId: "0d9c-boot" };

const pod: Pod = {
  host,
  ts: 5,
  id: "pod-uid",
  name: "shop-1",
  nodeName: "node-a",
  hostIp: [0x0100007fn],
  internalIp: [1n, -2n],
  namespace: "default",
  restartCount: 3,
  labels: new Map([["app", "shop"]]),
  selectors: new Map([["tier", "web"]]),
  services: [
    {
      name: "shop",
      id: "service-uid",
      namespace: "default",
      ports: [{ port: 80, targetPort: 8080, nodePort: 30_080, proto: "TCP" }],
      clusterIp: [77n],
    },
  ],
};

const container: Container = {
  host,
  id: "c0ffee000001",
  name: "web",
  image: "shop:1",
  imageId: "sha256:aa",
  type: "podman",
  privileged: false,
  pod,
  podId: "pod-uid",
  state: "CREATED",
  ts: 9,
};

function process(pid: number, parent: Process | undefined, more: Partial<Process>): Process {
  return sampleProcess({ host, pid, parent, ts: 10, ...more });
}

const init = process(1, undefined, { exe: "/sbin/init" });
const shell = process(4242, init, {
  createdNs: sampleBase + 1234n,
  state: "CREATED",
  ts: 2000,
  exe: "/bin/sh",
  args: "-c true",
  uid: 0,
  user: "root",
  gid: 4_294_967_294,
  group: "nobody",
  tty: true,
  entry: true,
  container,
  cwd: "/srv/",
  env: ["A=1", "B=\udcff"],
  argv: ["sh", "-c", "true"],
  comm: "sh",
  session: 4000,
  processGroup: 4001,
  loginUid: 1000,
  capabilities: 0x1ffffffffffn,
  exeInode: 998,
  exeUpperLayer: true,
  networkNamespace: 4_026_531_840,
});

const file: File = {
  host,
  state: "CREATED",
  ts: 3000,
  type: "f",
  path: "/tmp/ü-\udc80.txt",
  container,
  foid: undefined,
  device: 64_769,
  inode: 12_345_678_901,
  generation: 7,
  mountNamespace: 4_026_531_841,
  peerInode: 55,
};
const renamed: File = { ...file, path: "/tmp/b", inode: undefined, peerInode: undefined };

export const sampleRecords: readonly Record[] = [
  { type: "H", host, version: 6, filename: "a.sf", base: sampleBase, precision: "us" },
  { type: "PD", pod },
  { type: "C", container },
  { type: "P", process: init },
  { type: "P", process: shell },
  { type: "F", file },
  {
    type: "PE",
    proc: shell,
    ts: 4000,
    tid: 4243,
    ops: Op.SIGNAL,
    args: ["9"],
    ret: -1,
    target: init,
    failedOpens: undefined,
  },
  {
    type: "PE",
    proc: shell,
    ts: 4100,
    tid: undefined,
    ops: Op.EXIT,
    args: [],
    ret: 256,
    target: undefined,
    failedOpens: 12,
  },
  { type: "F", file: renamed },
  {
    type: "FE",
    proc: shell,
    ts: 4200,
    tid: 4242,
    ops: Op.RENAME,
    file,
    newFile: renamed,
    ret: 0,
    args: ["0644"],
  },
  {
    type: "NE",
    proc: shell,
    ts: 4300,
    tid: 4242,
    ops: Op.CONNECT,
    net: { sip: "2001:db8::1", sport: 40_000, dip: "2001:db8::2", dport: 443, proto: 6 },
    ret: -111,
  },
  {
    type: "FF",
    proc: shell,
    ts: 4400,
    endTs: 9_000_000_000,
    tid: undefined,
    ops: Op.OPEN + Op.WRITE,
    file,
    fd: undefined,
    openFlags: 4358,
    opens: 2,
    rops: 0,
    wops: 3,
    rbytes: 0,
    wbytes: 5_000_000_000,
    flowId: 17,
    slice: 1,
    final: false,
  },
  {
    type: "NF",
    proc: shell,
    ts: 4350,
    endTs: 4500,
    tid: 4242,
    ops: Op.ACCEPT + Op.READ,
    net: { sip: 0xc0000207, sport: 1, dip: 0xffffffff, dport: 65_535, proto: undefined },
    fd: 4,
    rops: 1,
    wops: 0,
    rbytes: 10,
    wbytes: 0,
    flowId: 18,
    slice: 2,
    final: true,
  },
  {
    type: "PF",
    proc: shell,
    ts: 4600,
    endTs: 4700,
    ops: Op.CLONE,
    threadsCloned: 4,
    threadsExited: 3,
    cloneErrors: 1,
  },
  { type: "KE", host, ts: 4800, kind: "K8S_PODS", action: "K8S_COMPONENT_ADDED", message: "{}" },
  {
    type: "G",
    host,
    ts: 4900,
    endTs: 5000,
    reason: "dropped",
    lost: 42,
    unit: "events",
    where: "cpu 1",
  },
];
