// SysFlow files as a row of the table of wire formats.

import type { WireFormat } from "../reader.ts";
import { isContainer } from "./container.ts";
import { SysFlowReader } from "./reader.ts";

export const sysflowFormat: WireFormat = {
  name: "sysflow",
  doc: "SysFlow records of any schema age, in an Avro object container",
  sniff: isContainer,
  open: (options) => ({ kind: "records", reader: new SysFlowReader(options) }),
};
