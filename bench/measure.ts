// Whole commands measured by the operating system's accounting: CPU seconds (user + system), wall seconds, peak memory.

import { spawnSync } from "node:child_process";

export type Measured = { readonly cpu: number; readonly wall: number; readonly rssMb: number };

/** Runs a command once under GNU time; throws when it fails. */
export function measure(command: readonly string[]): Measured {
  const environment: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1" };
  // A CA bundle named here costs every Node process its loading time.
  delete environment["NODE_EXTRA_CA_CERTS"];
  const script = 'TIMEFORMAT="@ %3U %3S %3R"; time { /usr/bin/time -f "# %M" "$@" >/dev/null; }';
  const result = spawnSync("bash", ["-c", script, "bash", ...command], {
    env: environment,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const times = /^@ ([\d.]+) ([\d.]+) ([\d.]+)$/m.exec(result.stderr);
  const memory = /^# (\d+)$/m.exec(result.stderr);
  if (result.status !== 0 || times === null || memory === null) {
    throw new Error(`${command.join(" ")} failed: ${result.stderr.slice(-500)}`);
  }
  return {
    cpu: Number(times[1]) + Number(times[2]),
    wall: Number(times[3]),
    rssMb: Number(memory[1]) / 1024,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** Runs the commands in turn, A B C A B C …, one uncounted round first. */
export function interleave(
  commands: readonly (readonly string[])[],
  rounds: number,
): readonly Measured[][] {
  const results: Measured[][] = commands.map(() => []);
  for (let round = -1; round < rounds; round++) {
    commands.forEach((command, i) => {
      const measured = measure(command);
      if (round >= 0) results[i]?.push(measured);
    });
  }
  return results;
}

/** Median of the ratios round by round, so that a drift of the machine's speed cancels. */
export function medianRatio(a: readonly Measured[], b: readonly Measured[]): number {
  return median(a.map((value, i) => value.cpu / (b[i]?.cpu ?? Number.NaN)));
}
