// For the tests beside it: text of an audit log → inputs, and the records of one event from few words.

import type { Input, Syscall } from "../../model/syscall.ts";
import { printInput } from "../strace/inputs-test.ts";
import { AuditReader } from "./reader.ts";

export function openReader(text: string | Uint8Array): AuditReader {
  const reader = new AuditReader();
  reader.push(typeof text === "string" ? new TextEncoder().encode(text) : text);
  reader.end();
  return reader;
}

export function takeAll(reader: AuditReader): Input[] {
  const inputs: Input[] = [];
  for (let input = reader.next(); input !== undefined; input = reader.next()) inputs.push(input);
  return inputs;
}

export function inputsOf(text: string): Input[] {
  return takeAll(openReader(text));
}

export function callsOf(text: string): Syscall[] {
  return inputsOf(text).filter((input) => input.kind === "call");
}

/** One line per input, without those that only say that time has passed. */
export function pageOf(text: string): string[] {
  return inputsOf(text)
    .filter((input) => input.kind !== "time")
    .map(printInput);
}

export type Made = {
  readonly pid?: number;
  readonly ppid?: number;
  readonly exit?: number | string;
  readonly arch?: string;
  readonly args?: readonly string[];
  readonly uid?: number;
  readonly exe?: string;
  readonly at?: number;
  readonly more?: readonly string[];
};

/** The records of one event: `more` are further ones, without their stamp, as `PATH item=0 …`. */
export function event(serial: number, syscall: number | string, made: Made = {}): string {
  const { pid = 10, ppid = 1, exit = 0, arch = "c000003e", args = [], uid = 1000 } = made;
  const stamp = `msg=audit(${(1700000000 + (made.at ?? serial / 1000)).toFixed(3)}:${serial}):`;
  const [a0 = "0", a1 = "0", a2 = "0", a3 = "0"] = args;
  const exe = made.exe ?? "/usr/bin/app";
  const comm = exe.slice(exe.lastIndexOf("/") + 1);
  const failed = typeof exit === "number" && exit < 0;
  const result = exit === "none" ? "" : `success=${failed ? "no" : "yes"} exit=${exit} `;
  const ids = `auid=1000 uid=${uid} gid=${uid} euid=${uid} suid=${uid} fsuid=${uid} egid=${uid} sgid=${uid} fsgid=${uid}`;
  const lines = [
    `type=SYSCALL ${stamp} arch=${arch} syscall=${syscall} ${result}a0=${a0} a1=${a1} a2=${a2} a3=${a3} items=0 ` +
      `ppid=${ppid} pid=${pid} ${ids} tty=pts0 ses=3 comm="${comm}" exe="${exe}" key="k"`,
  ];
  for (const record of made.more ?? []) {
    const space = record.indexOf(" ");
    lines.push(`type=${record.slice(0, space)} ${stamp}${record.slice(space)}`);
  }
  lines.push(`type=PROCTITLE ${stamp} proctitle="${comm}"`);
  return `${lines.join("\n")}\n`;
}
