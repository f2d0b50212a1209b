// Prints one plain closing line, `N passed, N failed, N skipped`, that any CI can read.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Reporter, TestModule } from "vitest/node";
import { repositoryRoot } from "./corpus.ts";

export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
      // A file that does not load fails as a whole and has no tests to count.
      if (module.state() === "failed" && [...module.children.allTests("failed")].length === 0) {
        count.failed += 1;
      }
    }
    const skipped = count.skipped + count.pending;
    const line = `${count.passed} passed, ${count.failed} failed, ${skipped} skipped`;
    process.stdout.write(`\n${line}\n`);
    // scripts/ci.mjs says it again below its table of times.
    mkdirSync(join(repositoryRoot, ".cache"), { recursive: true });
    writeFileSync(join(repositoryRoot, ".cache", "closing-line"), `${line}\n`);
  }
}
