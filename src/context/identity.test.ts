// A process is a pid and a beginning: whoever had the pid before, or has it later, is another one.

import { expect, test } from "vitest";
import { limits } from "../model/limits.ts";
import { noThreadInfo } from "../model/syscall.ts";
import { identify } from "./identity.ts";
import { KernelState } from "./state.ts";

const nothing = (): void => undefined;

function stateOf(): KernelState<object, object> {
  return new KernelState<object, object>({
    quirks: false,
    onRelease: nothing,
    onDuplicate: nothing,
    onForget: nothing,
  });
}

function snapshot(pid: number, exePath: string, start: number | undefined) {
  return { kind: "thread", ...noThreadInfo, tid: pid, pid, exePath, start } as const;
}

test("the same pid and beginning are the same process, before and after it ended", () => {
  const state = stateOf();
  const first = identify(state, 7, 1000);
  expect(identify(state, 7, 1000)).toBe(first);
  const second = identify(state, 7, 5000);
  expect(second).not.toBe(first);
  expect(identify(state, 7, 1000)).toBe(first);
  expect(state.threads.get(7)).toBe(second);
  // Told for the first time when another one has its pid already.
  const between = identify(state, 7, 3000);
  expect(state.threads.get(7)).toBe(second);
  expect(identify(state, 7, 3000)).toBe(between);
});

test("a list of processes knows beginnings to a clock tick", () => {
  const state = stateOf();
  state.learn(snapshot(7, "/bin/sh", 40_000_000));
  state.learn(snapshot(8, "/bin/old", 40_000_000));
  state.learn(snapshot(9, "/bin/any", undefined));
  expect(identify(state, 7, 49_999_999).exePath).toBe("/bin/sh");
  expect(identify(state, 8, 90_000_000).exePath).toBeUndefined();
  expect(identify(state, 9, 90_000_000).exePath).toBe("/bin/any");
  // What is exact now is not exact to a tick any more.
  expect(identify(state, 7, 49_999_998).exePath).toBeUndefined();
});

test("a list that speaks of another process than the one that is known", () => {
  const state = stateOf();
  const known = identify(state, 7, 1_000_000_000);
  state.learn(snapshot(7, "/bin/same", 1_000_000_000));
  expect(known.exePath).toBe("/bin/same");
  state.learn(snapshot(7, "/bin/next", 9_000_000_000));
  expect(known.exePath).toBe("/bin/same");
  expect(state.threads.get(7)?.exePath).toBe("/bin/next");
  expect(identify(state, 7, 1_000_000_000)).toBe(known);
});

test("ended processes are remembered in a bounded number", () => {
  const state = stateOf();
  for (let start = 0; start < limits.departed.max + 100; start++) identify(state, 7, start);
  expect(state.departed.size).toBe(limits.departed.max);
  expect(state.threads.size).toBe(1);
});
