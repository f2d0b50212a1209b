// Every bound in one place: what it holds, how many, and about how many bytes an entry costs. Reaching one is counted and shown.

export type Limit = { readonly max: number; readonly bytesEach: number; readonly doc: string };

export const limits = {
  threads: { max: 262_144, bytesEach: 400, doc: "live threads known to the state engine" },
  descriptors: { max: 1_048_576, bytesEach: 160, doc: "open file descriptors of all processes" },
  flows: { max: 131_072, bytesEach: 240, doc: "flows that are still open" },
  kernelFlows: {
    max: 131_072,
    bytesEach: 400,
    doc: "flows that the probe counts, one for each descriptor (the kernel holds at most half as many)",
  },
  endedFlows: {
    max: 16_384,
    bytesEach: 400,
    doc: "flows of the probe whose last word was said, kept so that a word that comes late is not counted twice",
  },
  departed: {
    max: 4_096,
    bytesEach: 1_500,
    doc: "ended processes of which something may still be told",
  },
  paths: {
    max: 131_072,
    bytesEach: 200,
    doc: "paths that the probe numbered (least recently used go first; the kernel remembers a quarter as many)",
  },
  probeMessage: { max: 262_144, bytesEach: 1, doc: "bytes of one message of the probe" },
  closedFlows: {
    max: 1_024,
    bytesEach: 800,
    doc: "flows of files that nothing has open any more and that wait to be opened again (longest closed go first)",
  },
  files: {
    max: 4_096,
    bytesEach: 200,
    doc: "file entities known to the writer (second chance within sets of eight)",
  },
  processes: { max: 262_144, bytesEach: 500, doc: "process entities kept by a reader or writer" },
  knownFiles: { max: 262_144, bytesEach: 200, doc: "file entities kept by a reader" },
  containers: { max: 16_384, bytesEach: 400, doc: "containers and pods kept by a reader" },
  arrayItems: {
    max: 1_048_576,
    bytesEach: 16,
    doc: "array and map items of one record in an input",
  },
  pendingCalls: { max: 65_536, bytesEach: 200, doc: "system calls entered and not yet finished" },
  auditEvents: {
    max: 1_024,
    bytesEach: 16_384,
    doc: "events of an audit log whose records are being put together, or whose process is not known yet",
  },
  reorder: { max: 1_048_576, bytesEach: 120, doc: "records held back to restore event-time order" },
  textBytes: { max: 1_048_576, bytesEach: 1, doc: "bytes of one string in an input" },
  blockBytes: {
    max: 67_108_864,
    bytesEach: 1,
    doc: "bytes of one block of an input, decompressed",
  },
  diagnostics: { max: 100, bytesEach: 300, doc: "diagnostics kept per input; the rest is counted" },
  graphNodes: { max: 65_536, bytesEach: 1_200, doc: "nodes of the provenance graph" },
  graphEdges: { max: 262_144, bytesEach: 400, doc: "edges of the provenance graph" },
  writings: {
    max: 65_536,
    bytesEach: 250,
    doc: "files written during the recording whose last writer is remembered for rules",
  },
  conditionBytes: { max: 65_536, bytesEach: 1, doc: "characters of one condition" },
  conditionDepth: { max: 64, bytesEach: 200, doc: "parentheses and nots inside each other" },
  conditionTests: {
    max: 10_000,
    bytesEach: 100,
    doc: "comparisons of one condition, its macros written out",
  },
  ruleFileBytes: { max: 4_194_304, bytesEach: 1, doc: "bytes of one rule file" },
  rules: { max: 10_000, bytesEach: 4_000, doc: "rules that run together" },
  alerts: { max: 65_536, bytesEach: 400, doc: "alerts kept for incidents" },
} as const satisfies { readonly [name: string]: Limit };
