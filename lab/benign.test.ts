// Ordinary work is played and recorded, and nothing of it is left over.

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../test/corpus.ts";
import { needsBuild, sysflow } from "../test/e2e/sysflow.ts";
import { recordBenign } from "./benign.ts";
import { traceObstacle } from "./trace.ts";

const obstacle = traceObstacle();
needsBuild();

test("the committed stretch of ordinary work is long enough, and tells no incident", () => {
  const recording = join(repositoryRoot, "lab", "recording", "benign.sf");
  const stats: unknown = JSON.parse(sysflow(["stats", recording, "--json"]).out);
  const [from, to] = ["from", "to"].map((key) => Date.parse(String(Object(stats)[key])));
  expect((to ?? 0) - (from ?? 0)).toBeGreaterThanOrEqual(20 * 60_000);
  const story = sysflow(["story", recording, "--json"]);
  expect(story.status, story.err).toBe(0);
  expect(Object(JSON.parse(story.out)).incidents).toEqual([]);
});

test.skipIf(obstacle !== undefined)(
  `half a minute of ordinary work${obstacle === undefined ? "" : ` (${obstacle})`}`,
  { timeout: 120_000 },
  async () => {
    const before = process.env["TMPDIR"];
    const scratch = mkdtempSync(join(tmpdir(), "lab-benign-"));
    process.env["TMPDIR"] = scratch;
    try {
      const log = join(scratch, "benign.strace");
      const options = { minutes: 0.5, seed: 1, log, say: () => undefined };
      const { parts, skipped, visits } = await recordBenign(options);
      expect(parts).toContain("customer database and shop");
      for (const reason of skipped) expect(reason).toMatch(/apt install|root/);
      const text = readFileSync(log, "utf8");
      expect(text).toMatch(/execve\("[^"]*node"/);
      // The visitors' count and the server's side of it. Most visitors come to nginx, where that is installed.
      expect(visits).toBeGreaterThan(parts.some((part) => part.includes("nginx")) ? 20 : 5);
      expect(text.match(/"(GET|POST) \//g)?.length ?? 0).toBeGreaterThanOrEqual(visits);
      // Whoever is called a service was really there.
      const programs = {
        nginx: "nginx",
        sshd: "sshd",
        PostgreSQL: "postgres",
        redis: "redis-server",
      };
      for (const [word, program] of Object.entries(programs)) {
        const played = parts.some((part) => part.includes(word));
        expect(new RegExp(`execve\\("[^"]*/${program}"`).test(text), program).toBe(played);
      }
      expect(readdirSync(scratch).filter((name) => name.startsWith("sysflow-lab-"))).toEqual([]);
      const pids = [...new Set(text.match(/^\d+/gm))];
      const left = (): string[] => pids.filter((pid) => existsSync(`/proc/${pid}`));
      // The kernel, and init for orphans, take a moment.
      for (let i = 0; i < 50 && left().length > 0; i += 1) {
        await new Promise((resolve) => {
          setTimeout(resolve, 100);
        });
      }
      expect(left()).toEqual([]);
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
      rmSync(scratch, { recursive: true, force: true });
    }
  },
);
