// The probe's greeting: who speaks, in which version, on which machine and since which boot.

import type { DiagnosticCode } from "../../model/diagnostic.ts";
import { probeMessages, probeVersion } from "../../model/probe.ts";
import { big64, headAt, headBytes, helloAt, u32 } from "./layout.ts";
import { type NumberedCall, callsOf } from "./numbers.ts";

/** "SYSFLOW1" as it lies in memory. */
export const probeMagic = [0x46535953, 0x31574f4c] as const;

export type Hello = {
  /** Nanoseconds since boot, and since 1970, at one moment. */
  readonly boot: bigint;
  readonly realtime: bigint;
  readonly bootId: string;
  readonly mode: number;
  readonly machine: number;
  readonly calls: ReadonlyMap<number, NumberedCall>;
};

/** Why it cannot be understood. */
export type Mismatch = { readonly code: DiagnosticCode; readonly trouble: string };

export function readHello(
  bytes: Uint8Array,
  words: Int32Array,
  at: number,
  end: number,
): Hello | Mismatch {
  const field = (offset: number): number => u32(words, (at + offset) >> 2);
  const whole = end - at >= probeMessages.hello.size;
  const magic = whole && field(helloAt.magic) === probeMagic[0];
  if (!magic || field(helloAt.magic + 4) !== probeMagic[1]) {
    return { code: "SF1300", trouble: "the greeting is not the probe's" };
  }
  const machine = field(helloAt.machine);
  const calls = callsOf(machine);
  const mismatch = [
    differs("version", field(helloAt.version), probeVersion),
    differs("FLOW messages of so many bytes", field(helloAt.flowSize), probeMessages.flow.size),
    differs("heads of so many bytes", field(helloAt.headSize), headBytes),
    calls === undefined ? `machine ${machine} is not known` : undefined,
  ].find((text) => text !== undefined);
  if (mismatch !== undefined || calls === undefined) {
    return { code: "SF1301", trouble: `the probe cannot be understood: ${mismatch ?? ""}` };
  }
  return {
    boot: big64(words, (at + headAt.time) >> 2),
    realtime: big64(words, (at + helloAt.realtime) >> 2),
    bootId: uuid(bytes, at + helloAt.bootId),
    mode: field(helloAt.mode),
    machine,
    calls,
  };
}

function differs(what: string, found: number, expected: number): string | undefined {
  return found === expected ? undefined : `it has ${what} ${found}, expected ${expected}`;
}

function uuid(bytes: Uint8Array, at: number): string {
  const hex = Array.from(bytes.subarray(at, at + 16), (byte) => byte.toString(16).padStart(2, "0"));
  const text = hex.join("");
  const parts = [0, 8, 12, 16, 20, 32];
  return parts
    .slice(1)
    .map((end, i) => text.slice(parts[i], end))
    .join("-");
}
