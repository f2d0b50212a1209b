// The built program as a user starts it.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { repositoryRoot } from "../corpus.ts";

export type Ran = {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
};

const program = join(repositoryRoot, "bin", "sysflow.mjs");

/** Builds dist/ where it is missing; `npm test` has built it before. */
export function needsBuild(): void {
  beforeAll(() => {
    if (existsSync(join(repositoryRoot, "dist", "types", "wire.d.ts"))) return;
    spawnSync(process.execPath, [join(repositoryRoot, "scripts", "build.mjs")], {
      stdio: "inherit",
    });
  }, 120_000);
}

export function sysflow(
  args: readonly string[],
  more: {
    readonly input?: Uint8Array;
    readonly env?: NodeJS.ProcessEnv;
    readonly cwd?: string;
  } = {},
): Ran {
  const { NO_COLOR: _, NODE_EXTRA_CA_CERTS: __, ...environment } = process.env;
  const result = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...environment, ...more.env },
    timeout: 120_000,
    ...(more.input === undefined ? {} : { input: more.input }),
    ...(more.cwd === undefined ? {} : { cwd: more.cwd }),
  });
  return { status: result.status, out: result.stdout, err: result.stderr };
}

/** A folder that is gone after the file's tests. */
export function scratchFolder(): { readonly path: string } {
  const folder = { path: "" };
  beforeAll(() => {
    folder.path = mkdtempSync(join(tmpdir(), "sysflow-e2e-"));
  });
  afterAll(() => rmSync(folder.path, { recursive: true, force: true }));
  return folder;
}
