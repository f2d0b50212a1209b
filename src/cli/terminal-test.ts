// A terminal for tests: says nothing, 80 columns, no colours.

import type { Terminal } from "./verb.ts";

export function silentTerminal(more: Partial<Terminal>): Terminal {
  return {
    write: () => Promise.resolve(),
    note: () => undefined,
    report: () => undefined,
    progress: () => undefined,
    onSignal: () => undefined,
    color: false,
    columns: 80,
    isTerminal: false,
    debug: false,
    quiet: false,
    interrupted: { aborted: false },
    ...more,
  };
}
