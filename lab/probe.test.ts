// The intrusion as the kernel's probe records it: the kept recording tells the same steps as the one made with strace, and a run of
// today tells its own truth, live and afterwards.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../test/corpus.ts";
import { needsBuild, sysflow } from "../test/e2e/sysflow.ts";
import { canProbe, probeBinary, whyNoProbe } from "../test/probe/machine.ts";
import { runIntrusion } from "./intrusion.ts";
import { probeObstacle } from "./probe.ts";
import { namespacesWork } from "./stage.ts";
import { compareStory } from "./truth.ts";

needsBuild();
const recordings = join(repositoryRoot, "lab", "recording");

type Incident = { readonly id: string; readonly score: number; readonly steps: readonly Step[] };
type Step = {
  readonly tactic?: string;
  readonly technique?: string;
  readonly op: string;
  readonly object: { readonly kind: string; readonly value: string };
};

function storyOf(path: string): { readonly incidents: readonly Incident[] } {
  const { status, out, err } = sysflow(["story", path, "--json"]);
  expect(status, err).toBe(0);
  return JSON.parse(out);
}

/** What differs from run to run is left out: ports of clients, and the shell's own name, which strace has from its caller. */
function told({ steps }: Incident): string[] {
  return steps.map(({ tactic = "", technique = "", op, object }) => {
    const client = op === "ACCEPT" ? object.value.replace(/:\d+$/, "") : object.value;
    const value = client.replace(/^(sh|dash|bash) -c /, "sh -c ");
    return [tactic, technique, op, object.kind, value].join(" ");
  });
}

test("the recordings made with the probe and with strace tell one incident with the same steps", () => {
  const byStrace = storyOf(join(recordings, "intrusion.sf")).incidents;
  const byProbe = storyOf(join(recordings, "intrusion-probe.sf")).incidents;
  expect([byStrace.length, byProbe.length]).toEqual([1, 1]);
  const [strace, probe] = [byStrace[0], byProbe[0]];
  if (strace === undefined || probe === undefined) throw new Error("no incident");
  expect(told(probe).length).toBeGreaterThan(12);
  expect(told(probe)).toEqual(told(strace));
  expect(probe.score).toBe(strace.score);
});

test("without root, or without a probe, it is said what to do", () => {
  expect(probeObstacle("/nowhere/sysflow-probe")).toMatch(
    process.getuid?.() === 0 ? /there is no probe at \/nowhere/ : /needs root/,
  );
});

/** Undefined: it can be played here. In CI a machine that has root and BTF must. */
const obstacle = canProbe ? (namespacesWork() ? undefined : "no network namespaces") : whyNoProbe();

type Line = { readonly kind: string; readonly state?: string; readonly id: string };

test.skipIf(obstacle !== undefined)(
  `the intrusion of today under the probe${obstacle === undefined ? "" : ` (${obstacle})`}`,
  { timeout: 120_000 },
  async () => {
    const out = mkdtempSync(join(tmpdir(), "lab-probe-"));
    try {
      let text = "";
      const show = (more: string): void => void (text += more);
      const probe = { verb: "run", binary: probeBinary, json: true, show } as const;
      const say = (): void => undefined;
      const { truth, incomplete } = await runIntrusion({ seed: 3, trace: false, probe, out, say });
      expect(incomplete).toEqual([]);
      const recording = join(out, "victim.sf");
      expect(existsSync(recording)).toBe(true);
      const story = storyOf(recording);
      const { incidents, missing, misplaced, extra } = compareStory(truth, story);
      expect(missing.filter((kind) => kind !== "pack")).toEqual([]);
      expect({ incidents, misplaced, extra }).toEqual({ incidents: 1, misplaced: [], extra: [] });
      // What was told meanwhile is what the recording says.
      const lines: Line[] = text
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line));
      const ids = (kind: string): string[] =>
        lines.filter((line) => line.kind === kind).map(({ id }) => id);
      const gone = new Set(ids("withdrawn"));
      const alerts = ids("alert").filter((id) => !gone.has(id));
      const detected = sysflow(["detect", recording, "--json"]).out.trim().split("\n");
      expect(alerts.sort()).toEqual(
        detected.map((line) => String(Object(JSON.parse(line)).id)).sort(),
      );
      const final = lines.filter(({ state }) => state === "final").map(({ id }) => id);
      expect(final).toEqual(story.incidents.map(({ id }) => id));
      // It was told before its end, and grew.
      expect(lines.findIndex(({ state }) => state === "new")).toBeLessThan(
        lines.findIndex(({ state }) => state === "changed"),
      );
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  },
);
