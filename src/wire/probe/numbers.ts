// Numbers of system calls → the calls of model/syscall.ts, for the machines that the probe runs on.

import { Family, type SyscallName, syscalls } from "../../model/syscall.ts";
import { callNames } from "../numbers.ts";

/** ELF machine numbers, as HELLO says them. */
export const Machine = { x64: 62, arm64: 183 } as const;

export type NumberedCall = { readonly name: SyscallName; readonly family: number };

const rows: ReadonlyMap<string, NumberedCall> = new Map(
  syscalls.flatMap((row) => {
    const { name } = row;
    const call = { name, family: Family[row.family] };
    const aliases: readonly string[] = "aliases" in row ? row.aliases : [];
    return [name, ...aliases].map((alias): [string, NumberedCall] => [alias, call]);
  }),
);

/** Call by number; undefined for a machine that the probe does not run on. */
export function callsOf(machine: number): ReadonlyMap<number, NumberedCall> | undefined {
  const known =
    machine === Machine.x64 ? "x86-64" : machine === Machine.arm64 ? "arm64" : undefined;
  if (known === undefined) return undefined;
  const calls = new Map<number, NumberedCall>();
  for (const [number, name] of callNames[known]) {
    const call = rows.get(name);
    if (call !== undefined) calls.set(number, call);
  }
  return calls;
}
