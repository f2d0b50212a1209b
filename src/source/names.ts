// What the machine calls its users and groups, where it keeps them in files (passwd(5), group(5)), and which boot this is.

import { readFileSync } from "node:fs";
import type { Input } from "../model/syscall.ts";

const namesMax = 65_536;

export function readNames(root = "/etc"): Input[] {
  const users = linesOf(`${root}/passwd`).map(([name = "", , id = ""]): Input => ({
    kind: "user",
    uid: Number(id),
    name,
  }));
  const groups = linesOf(`${root}/group`).map(([name = "", , id = ""]): Input => ({
    kind: "group",
    gid: Number(id),
    name,
  }));
  return [...users, ...groups];
}

function linesOf(path: string): string[][] {
  const lines = (readText(path) ?? "").split("\n", namesMax).map((line) => line.split(":"));
  return lines.filter(([name, , id]) => name !== "" && /^\d{1,10}$/.test(id ?? ""));
}

/** The kernel's random id of this boot. */
export function readBootId(): { readonly bootId?: string } {
  const text = readText("/proc/sys/kernel/random/boot_id")?.trim();
  return text === undefined || text === "" ? {} : { bootId: text };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
