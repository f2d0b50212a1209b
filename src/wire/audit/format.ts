// The audit log's row in the table of wire formats: recognised by its first records.

import { decodeText } from "../../base/text.ts";
import type { WireFormat } from "../reader.ts";
import { isRemark, isSeparator, parseLine } from "./line.ts";
import { AuditReader } from "./reader.ts";

const headBytes = 65_536;
const linesLooked = 40;

export const auditFormat: WireFormat = {
  name: "audit",
  doc: "the Linux audit log: audit.log, and what ausearch prints",
  sniff: (head) => {
    const bytes = head.subarray(0, headBytes);
    const text = decodeText(bytes, 0, bytes.length);
    const lines = text.split("\n", linesLooked);
    for (const line of lines) {
      const clean = line.replace(/\r$/, "");
      if (isRemark(clean) || isSeparator(clean)) continue;
      if (clean.startsWith("#") || clean.startsWith("NOTE - ")) continue;
      return parseLine(clean) !== undefined;
    }
    return false;
  },
  open: (options) => ({
    kind: "syscalls",
    reader: new AuditReader({ base: options.base, path: options.path }),
  }),
};
