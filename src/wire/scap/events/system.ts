// Events about other processes and about the kernel itself.

import type { EventRow } from "../layout.ts";

export const systemEvents = [
  { id: 169, call: "ptrace", entry: "mode16 target", exit: "ret . . | mode16 target" },
  { id: 421, call: "process_vm_readv", entry: "", exit: "ret target ." },
  { id: 423, call: "process_vm_writev", entry: "", exit: "ret target ." },
  { id: 129, call: "kill", entry: "target mode8", exit: "ret | target mode8" },
  { id: 131, call: "tkill", entry: "target mode8", exit: "ret | target mode8" },
  { id: 133, call: "tgkill", entry: "target . mode8", exit: "ret | target . mode8" },
  { id: 297, call: "bpf", entry: "mode64", exit: "." },
  { id: 369, call: "bpf", entry: "mode64", exit: "newFd mode" },
  { id: 411, call: "init_module", entry: "", exit: "ret . . .", mode: 0 },
  { id: 413, call: "finit_module", entry: "", exit: "ret fd . flags", mode: 0 },
  { id: 425, call: "delete_module", entry: "", exit: "ret path flags", mode: 1 },
] as const satisfies readonly EventRow[];
