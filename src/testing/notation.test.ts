// The pages of docs/guide/strace.md and STYLE.md, and what they must mean; expectations written by hand.

import { expect, test } from "vitest";
import { printIp } from "../base/ip.ts";
import { opNames } from "../model/opflag.ts";
import type { Record } from "../model/record.ts";
import { activitiesOf, readNotation, recordsOf } from "./notation.ts";

/** Behaviour only, one line a record. */
function lines(records: readonly Record[]): string[] {
  return records.flatMap((record) => {
    const head = "ops" in record ? `${record.type} ${record.proc.pid} ${opNames(record.ops)}` : "";
    switch (record.type) {
      case "PE":
        return [`${head} ${record.proc.exe ?? record.proc.comm} ret=${record.ret}`];
      case "FE":
        return [`${head} ${record.file.path} ${record.newFile?.path ?? ""} ret=${record.ret}`];
      case "FF":
        return [`${head} ${record.file.path} ${record.rbytes}/${record.wbytes}`];
      case "NF":
      case "NE": {
        const { sip, sport, dip, dport, proto } = record.net;
        const ends = `${printIp(sip)}:${sport} ${printIp(dip)}:${dport} ${proto}`;
        return [
          `${head} ${ends}${record.type === "NF" ? ` ${record.rbytes}/${record.wbytes}` : ""}`,
        ];
      }
      case "PF":
        return [`${head} ${record.threadsCloned}`];
      default:
        return [];
    }
  });
}

const download = `\
# curl-download.in
10.000 bash/100   clone()                                   = 101
10.001 bash/101   execve("/usr/bin/curl", "http://a/x")     = 0
10.002 curl/101   connect(3, 10.0.0.2:80)                   = 0
10.009 curl/101   read(3)                                   = 4096
`;

test("the page of the style guide: a clone, an exec, a connection that received 4096 bytes", () => {
  const page = lines(recordsOf(download));
  expect(page.sort()).toEqual([
    "NF 101 CONNECT,READ,TRUNCATE 0.0.0.0:0 10.0.0.2:80 6 4096/0",
    "PE 100 CLONE bash ret=101",
    "PE 101 EXEC /usr/bin/curl ret=0",
  ]);
});

test("activities come in event-time order: a flow at its begin and at its end", () => {
  const { activities, diagnostics, base } = activitiesOf(download);
  expect(diagnostics).toEqual([]);
  expect(base).toBe(10_000_000_000n);
  const times = activities.map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(activities.map(({ record, phase }) => `${record.type} ${phase}`)).toEqual([
    "PE instant",
    "PE instant",
    "NF begin",
    "NF end",
  ]);
});

test("both ends of a connection, datagrams, threads, failures", () => {
  const page = lines(
    recordsOf(`\
1.0 node/100  accept(4, 203.0.113.7:50000->10.0.0.1:80)       = 9
1.1 node/100  read(9)                                         = 512
1.2 node/100  close(9)                                        = 0
1.3 node/100  clone(CLONE_THREAD)                             = 101
1.4 node/101  sendto(5, "x", 30, 0, 10.0.0.53:53)             = 30
1.5 node/101  openat("/etc/passwd", O_RDONLY)                 = 6
1.6 node/101  read(6)                                         = 2000
1.7 node/101  rename("/tmp/a", "/tmp/b")                      = 0
1.8 node/101  connect(7, 192.0.2.1:443)                       = -ECONNREFUSED
1.9 node/100  exit_group(0)
`),
  );
  expect(page).toContain("NF 100 ACCEPT,READ,CLOSE 203.0.113.7:50000 10.0.0.1:80 6 512/0");
  expect(page).toContain("NF 100 WRITE,TRUNCATE 0.0.0.0:0 10.0.0.53:53 17 0/30");
  expect(page).toContain("FF 100 OPEN,READ,TRUNCATE /etc/passwd 2000/0");
  expect(page).toContain("FE 100 RENAME /tmp/a /tmp/b ret=0");
  expect(page).toContain("PF 100 CLONE 1");
  expect(
    page.some((line) => line.startsWith("NE 100 CONNECT") && line.includes("192.0.2.1:443")),
  ).toBe(true);
});

test("a slip of the pen is named with its line", () => {
  const slips: readonly [string, number][] = [
    ["1.0 a/1 close(3) = 0\n1.1 a/1 conect(3, 10.0.0.2:80) = 0\n", 2],
    ['1.0 a/1 close(3) = 0\n1.1 a/1 openat("/x = 3\n', 2],
    ["1.0 a/1 close(3) = 0\n\n1.1 a/1 read(3) 4096\n", 3],
    ["1.0 a/1 close(3) = 0\nread 4096 bytes\n", 2],
  ];
  for (const [page, line] of slips) {
    const { diagnostics } = readNotation(page);
    expect(
      diagnostics.map((item) => [item.code, item.place.line]),
      page,
    ).toEqual([["SF1201", line]]);
  }
});
