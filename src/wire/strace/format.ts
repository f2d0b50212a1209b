// strace's row in the table of wire formats: recognised by a first line that looks like `[pid] [time] call(…) = …`.

import { decodeText } from "../../base/text.ts";
import type { WireFormat } from "../reader.ts";
import { signalNumber } from "./constants.ts";
import { parseCall, parseLine } from "./line.ts";
import { callRows } from "./calls.ts";
import { StraceReader } from "./reader.ts";

const headBytes = 65_536;
const linesLooked = 40;

/** Calls that the model does not list but that logs begin with. */
const others = new Set(["brk", "access", "restart_syscall", "wait4", "futex", "ioctl", "poll"]);

export const straceFormat: WireFormat = {
  name: "strace",
  doc: "what `strace -f -ttt -y -yy` prints, and the test notation",
  sniff: (head) => {
    const bytes = head.subarray(0, headBytes);
    if (bytes.includes(0)) return false;
    const lines = decodeText(bytes, 0, bytes.length).split("\n", linesLooked);
    for (const text of lines) {
      const verdict = judge(text);
      if (verdict !== undefined) return verdict;
    }
    return false;
  },
  open: (options) => ({
    kind: "syscalls",
    reader: new StraceReader({
      base: options.base,
      path: options.path,
      tid: tidOfPath(options.path),
    }),
  }),
};

/** Undefined: the line says nothing either way. */
function judge(text: string): boolean | undefined {
  const line = parseLine(text.replace(/\r$/, ""), signalNumber);
  const body = line.body;
  const prefixed = line.tid !== undefined || line.stamp !== undefined;
  switch (body.kind) {
    case "blank":
    case "attached":
      return undefined;
    case "call": {
      const whole = parseCall(body.text) !== undefined;
      // The program's own output may have torn the line.
      if (callRows.has(body.name) || others.has(body.name)) return whole || prefixed;
      return whole && prefixed && line.stamp !== undefined && line.stamp.digits > 0;
    }
    case "unfinished":
    case "resumed":
    case "exited":
    case "superseded":
    case "signal":
      return prefixed || body.kind === "unfinished";
    default:
      return false;
  }
}

/** `strace -ff -o NAME` writes NAME.PID, and nothing in the file says which. */
function tidOfPath(path: string | undefined): number | undefined {
  const digits = /\.(\d{1,7})$/.exec(path ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}
