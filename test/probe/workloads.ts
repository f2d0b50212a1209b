// Ordinary work for tests and benchmarks, as commands: each runs in a network namespace of its own, and ends what it began.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isolated, program, tool } from "./machine.ts";

export type Workload = {
  readonly name: string;
  readonly command: readonly string[];
};

const hasRedis = tool("redis-server", "--version") && tool("redis-cli", "--version");
const hasWrk = tool("sh", "-c", "command -v wrk");
const hasMake = tool("make", "--version");

export function diskCopies(folder: string, blocks: number): Workload {
  const script = `dd if=/dev/zero of=$0/a bs=1000 count=${blocks} 2>/dev/null && dd if=$0/a of=$0/b bs=777 2>/dev/null && cat $0/a $0/b | wc -c`;
  return { name: "dd", command: ["sh", "-c", script, folder] };
}

export function transfers(folder: string): Workload {
  const command = [program("transfers"), join(folder, "t1"), join(folder, "t2")];
  return { name: "sendfile, splice, copy_file_range", command };
}

export function redis(folder: string, requests: number): Workload | undefined {
  if (!hasRedis) return undefined;
  const script = [
    "cd $0; redis-server --port 6379 --save '' --appendonly no >/dev/null & server=$!",
    "until redis-cli ping >/dev/null 2>&1; do sleep 0.05; done",
    `redis-benchmark -q -c 20 -n ${requests} -t set,get >/dev/null || exit 1`,
    "kill $server; wait $server; exit 0",
  ].join("\n");
  return { name: "redis-benchmark", command: isolated(["sh", "-c", script, folder]) };
}

export function compilation(folder: string, files: number): Workload | undefined {
  if (!hasMake) return undefined;
  const source = join(folder, "compiled");
  mkdirSync(source, { recursive: true });
  const names = Array.from({ length: files }, (_, i) => `unit${i}`);
  for (const name of names) {
    writeFileSync(
      join(source, `${name}.c`),
      `#include <stdio.h>\n#include <stdlib.h>\nint ${name}(void) { return printf("${name}"); }\n`,
    );
  }
  const objects = names.map((name) => `${name}.o`).join(" ");
  writeFileSync(
    join(source, "Makefile"),
    `all: ${objects}\n\tar rc all.a ${objects}\n%.o: %.c\n\tgcc -O1 -c $< -o $@\n`,
  );
  const script = "cd $0 && rm -f *.o all.a && make -s -j2";
  return { name: "make", command: ["sh", "-c", script, source] };
}

const server = `
const server = require("node:http").createServer((request, response) => response.end("hello, world\\n"));
server.listen(8080, "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;

/** wrk's own output is the command's: "N requests in …". */
export function http(keepAlive: boolean, seconds: number): Workload | undefined {
  if (!hasWrk) return undefined;
  const close = keepAlive ? "" : "-H 'Connection: close'";
  const script = [
    `"$0" -e "$1" & server=$!`,
    "until wrk -c 1 -t 1 -d 1 http://127.0.0.1:8080/ 2>&1 | grep -q 'requests in'; do sleep 0.1; done",
    `wrk -c 8 -t 1 -d ${seconds} ${close} http://127.0.0.1:8080/ || exit 1`,
    "cat /proc/$server/stat",
    "kill $server; wait $server; exit 0",
  ].join("\n");
  return {
    name: keepAlive ? "HTTP keep-alive" : "one connection per request",
    command: isolated(["sh", "-c", script, process.execPath, server]),
  };
}
