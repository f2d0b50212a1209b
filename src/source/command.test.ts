import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Command, findCommand } from "./command.ts";
import { readProcess } from "./proc.ts";

function stateOf(pid: number): string | undefined {
  return /^State:\t(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
}

test("it does not run before it is told to, and ends as it ends", async () => {
  const command = await Command.start(["sh", "-c", "exit 4"]);
  expect(stateOf(command.pid)).toBe("T");
  await sleep(50);
  expect(command.end).toBeUndefined();
  command.run();
  expect(await command.ended).toEqual({ code: 4, signal: undefined });
});

test("it is the same process, under the name that it was called by", async () => {
  const command = await Command.start(["sleep", "60"]);
  command.run();
  for (let i = 0; i < 200 && readProcess(command.pid)?.comm !== "sleep"; i++) await sleep(10);
  expect(readProcess(command.pid)).toMatchObject({ argv0: "sleep", args: ["60"] });
  expect(command.signal("TERM")).toBe(true);
  expect(await command.ended).toEqual({ code: undefined, signal: "SIGTERM" });
});

test("arguments are not the shell's: what looks like its words is handed on", async () => {
  const script = 'test "$1" = "\\$(exit 9) * ; -- a" || exit 5; exit 6';
  const command = await Command.start(["sh", "-c", script, "-x", "$(exit 9) * ; -- a"]);
  command.run();
  expect((await command.ended).code).toBe(6);
});

test("an abandoned one never ran", async () => {
  const command = await Command.start(["sh", "-c", "exit 4"]);
  command.abandon();
  expect(await command.ended).toEqual({ code: undefined, signal: "SIGKILL" });
});

test("programs are found where the shell would find them", () => {
  expect(findCommand("sh")).toMatch(/^\/.*\/sh$/);
  expect(findCommand("/bin/sh")).toBe("/bin/sh");
  expect(findCommand("./no-such-file")).toBeUndefined();
  expect(findCommand("/etc")).toBeUndefined();
});
