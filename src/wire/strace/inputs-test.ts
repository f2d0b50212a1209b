// For the tests beside it: text → inputs, and inputs as short lines that can be compared by eye.

import { printIp } from "../../base/ip.ts";
import { type FamilyName, Family, type Input, type Syscall } from "../../model/syscall.ts";
import { StraceReader, type StraceOptions } from "./reader.ts";

export function openReader(text: string | Uint8Array, options: StraceOptions = {}): StraceReader {
  const reader = new StraceReader(options);
  reader.push(typeof text === "string" ? new TextEncoder().encode(text) : text);
  reader.end();
  return reader;
}

export function takeAll(reader: StraceReader): Input[] {
  const inputs: Input[] = [];
  for (let input = reader.next(); input !== undefined; input = reader.next()) inputs.push(input);
  return inputs;
}

export function inputsOf(text: string | Uint8Array, options: StraceOptions = {}): Input[] {
  return takeAll(openReader(text, options));
}

export function callsOf(text: string, options: StraceOptions = {}): Syscall[] {
  return inputsOf(text, options).filter((input) => input.kind === "call");
}

/** One line per input: `12/10 openat fd=3 path="/x"`; fields at their default are left out. */
export function pageOf(text: string, options: StraceOptions = {}): string[] {
  return inputsOf(text, options).map(printInput);
}

const familyNames: ReadonlyMap<number, string> = new Map(
  (Object.keys(Family) as FamilyName[]).map((name) => [Family[name], name]),
);

export function printInput(input: Input): string {
  switch (input.kind) {
    case "call":
      return printCall(input);
    case "thread":
      return `thread ${input.tid} comm=${input.comm ?? "?"} cwd=${input.cwd ?? "?"}`;
    case "descriptor": {
      const what = input.tuple === undefined ? input.path : printTuple(input);
      return `descriptor ${input.tid} ${input.fd} ${input.type} ${input.fileType ?? "-"} ${what}`;
    }
    case "gap":
      return `gap ${input.reason} ${input.where ?? ""}`;
    default:
      return input.kind;
  }
}

function printTuple(from: { readonly tuple: Syscall["tuple"] }): string {
  const { tuple } = from;
  if (tuple === undefined) return "-";
  if (tuple.family === 1) {
    return `unix:${tuple.path} ${tuple.sourceId ?? "?"}->${tuple.peerId ?? "?"}`;
  }
  return `${printIp(tuple.sip)}:${tuple.sport}->${printIp(tuple.dip)}:${tuple.dport}`;
}

function printCall(call: Syscall): string {
  const words = [`${call.tid}/${call.pid}`, familyNames.get(call.family) ?? "?"];
  const add = (name: string, value: unknown, none: unknown): void => {
    if (value !== none) words.push(`${name}=${String(value)}`);
  };
  if (call.name !== words[1]) words.push(call.name);
  add("ret", call.ret, 0);
  add("fd", call.fd, -1);
  add("fd2", call.fd2, -1);
  add("dirfd", call.dirfd, -100);
  add("newDirfd", call.newDirfd, -100);
  add("path", call.path, undefined);
  add("newPath", call.newPath, undefined);
  add("fdPath", call.fdPath, "");
  add("flags", call.flags, 0);
  add("mode", call.mode, 0);
  add("domain", call.domain, 0);
  add("type", call.socketType, 0);
  add("protocol", call.protocol, 0);
  if (call.tuple !== undefined) words.push(printTuple(call));
  add("uid", call.uid, -1);
  add("gid", call.gid, -1);
  add("target", call.target, 0);
  add("device", call.device, 0);
  add("inode", call.inode, 0);
  if (call.info !== undefined) words.push(printInfo(call.info));
  return words.join(" ");
}

function printInfo(info: NonNullable<Syscall["info"]>): string {
  const known = Object.entries(info).filter(([, value]) => value !== undefined);
  const text = known.map(
    ([key, value]) => `${key}:${Array.isArray(value) ? value.join("|") : value}`,
  );
  return `{${text.join(" ")}}`;
}
