// npm run bench: SysFlow beside sysdig and avsc in interleaved runs on this machine. Only ratios are claims; they are written to
// docs/reference/performance.md with `--write`. Options: --rounds N, --small (2.5 M events instead of 10 M), --json.
// `npm run bench -- probe` measures the kernel probe: bench/probe.ts.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { corpusPath, hasCorpus, repositoryRoot } from "../test/corpus.ts";
import { repeatCapture, syntheticCapture } from "./captures.ts";
import { type Measured, interleave, measure, median, medianRatio } from "./measure.ts";
import { type Row, bound, floor, machine, table, writeChapter } from "./row.ts";

const folder = join(repositoryRoot, ".cache", "bench");
const sysflow = [process.execPath, join(repositoryRoot, "bin", "sysflow.mjs")];

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

const asJson = process.argv.includes("--json");
const small = process.argv.includes("--small");
const rounds = Number(option("--rounds") ?? 5);

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Installs Debian's sysdig where it is missing and we may; undefined (with the reason) otherwise. */
function findSysdig(): string | undefined {
  const found = (): boolean => spawnSync("sysdig", ["--version"]).status === 0;
  if (found()) return "sysdig";
  if (process.getuid?.() === 0) {
    say("installing sysdig …");
    spawnSync("apt-get", ["update", "-q"], { stdio: "ignore" });
    spawnSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", "sysdig"], {
      stdio: "ignore",
    });
  }
  return found() ? "sysdig" : undefined;
}

/** Reads all, keeps the full state, prints nothing. */
function neverMatching(path: string): readonly string[] {
  return ["sysdig", "-r", path, "proc.name=no-process-has-this-name"];
}

function convert(path: string, ...more: readonly string[]): readonly string[] {
  return [...sysflow, "convert", path, "-o", join(folder, "out.sf"), "--quiet", ...more];
}

function rate(events: number, runs: readonly Measured[]): string {
  const cpu = median(runs.map((run) => run.cpu));
  return `${cpu.toFixed(2)} CPU s, ${(events / cpu / 1e6).toFixed(1)} M events/CPU-s`;
}

function againstSysdig(): Row[] {
  const full = corpusPath("pairs", "mpm-event-full_capture.scap");
  const events = small ? 2_500_000 : 10_000_000;
  const large = join(folder, `mpm-${events}.scap`);
  const quarter = join(folder, "mpm-2500000.scap");
  const synthetic = join(folder, "synth-2500000.scap");
  say("making captures …");
  repeatCapture(full, large, events);
  repeatCapture(full, quarter, 2_500_000);
  syntheticCapture(corpusPath("pairs", "files-files.scap"), synthetic, 2_500_000);
  say(`converting ${(statSync(large).size / 1e6).toFixed(0)} MB, ${rounds} rounds …`);
  const [peer = [], deflate = [], none = []] = interleave(
    [neverMatching(large), convert(large), convert(large, "--codec", "null")],
    rounds,
  );
  const [synthPeer = [], synthOurs = []] = interleave(
    [neverMatching(synthetic), convert(synthetic)],
    rounds,
  );
  const quarterRun = measure(convert(quarter));
  const rss = Math.max(...deflate.map((run) => run.rssMb), ...synthOurs.map((run) => run.rssMb));
  const growth = median(deflate.map((run) => run.rssMb)) / quarterRun.rssMb;
  const size = `${(events / 1e6).toFixed(1)} M events`;
  return [
    bound(
      `convert ÷ sysdig, CPU, ${size}, default codec`,
      medianRatio(deflate, peer),
      1.5,
      "×",
      `ours ${rate(events, deflate)}; sysdig ${rate(events, peer)}`,
    ),
    bound(
      `convert ÷ sysdig, CPU, ${size}, null codec`,
      medianRatio(none, peer),
      1.5,
      "×",
      `ours ${rate(events, none)}`,
    ),
    bound(
      "convert ÷ sysdig, CPU, every open a new path",
      medianRatio(synthOurs, synthPeer),
      3,
      "×",
      `ours ${rate(2_500_000, synthOurs)}; sysdig ${rate(2_500_000, synthPeer)}`,
    ),
    bound("convert, peak memory", rss, 100, "MB", "largest of all rounds"),
    bound(
      "convert, peak memory of the long capture ÷ the 2.5 M one",
      growth,
      1.15,
      "×",
      `${quarterRun.rssMb.toFixed(0)} MB at 2.5 M events`,
    ),
  ];
}

/** CPU of `sysflow --version`-like work beyond bare node, averaged over many starts of each in turn. */
function startUp(): Row[] {
  const input = hasCorpus ? corpusPath("traces", "tcp.sf") : undefined;
  const bare = [process.execPath, "-e", "0"];
  const ours = input === undefined ? [...sysflow, "--version"] : [...sysflow, "print", input];
  const [bareRuns = [], ourRuns = []] = interleave([bare, ours], 21);
  const beyond = median(ourRuns.map((run, i) => run.cpu - (bareRuns[i]?.cpu ?? Number.NaN)));
  const name = input === undefined ? "--version" : "print of a small file";
  return [
    bound(
      `start-up beyond bare node (${name}), CPU`,
      beyond * 1000,
      80,
      "ms",
      `bare node ${(median(bareRuns.map((run) => run.cpu)) * 1000).toFixed(0)} ms`,
    ),
  ];
}

/** bench/codec.ts measures inside one process; its last line holds the ratios. */
function codec(): Row[] {
  const script = join(repositoryRoot, "scripts", "run.mjs");
  const result = spawnSync(process.execPath, [script, "bench/codec.ts"], {
    cwd: repositoryRoot,
    encoding: "utf8",
  });
  const found = /decode ([\d.]+)× avsc, encode ([\d.]+)× avsc/.exec(result.stdout);
  if (found === null) throw new Error(`bench/codec.ts failed: ${result.stderr.slice(-500)}`);
  const rates = (name: string): string =>
    [...result.stdout.matchAll(/^(.+?) {2,}(\d+) k records\/CPU-s/gm)]
      .filter((match) => match[1]?.startsWith(name) === true)
      .map((match) => `${match[1]} ${match[2]} k records/CPU-s`)
      .join("; ");
  const decode = Number(found[1]);
  const encode = Number(found[2]);
  return [
    floor("decode ÷ avsc, records per CPU-second", decode, 3, "×", rates("decode")),
    floor("encode ÷ avsc, records per CPU-second", encode, 4, "×", rates("encode")),
  ];
}

function main(): number {
  if (!existsSync(join(repositoryRoot, "dist", "sysflow.mjs"))) {
    spawnSync(process.execPath, [join(repositoryRoot, "scripts", "build.mjs")], {
      stdio: "inherit",
    });
  }
  mkdirSync(folder, { recursive: true });
  const rows: Row[] = [];
  const skipped: string[] = [];
  rows.push(...startUp());
  if (hasCorpus) rows.push(...codec());
  else skipped.push("codec and captures: the corpus is not here (SYSFLOW_TEST_CORPUS)");
  if (hasCorpus && findSysdig() !== undefined) rows.push(...againstSysdig());
  else if (hasCorpus) skipped.push("sysdig: not installed and not installable by this user");
  if (asJson) process.stdout.write(`${JSON.stringify({ machine, rounds, rows, skipped })}\n`);
  else
    process.stdout.write(`${table(rows)}\n\n${machine}; medians of ${rounds} interleaved rounds\n`);
  for (const reason of skipped) say(`skipped: ${reason}`);
  if (process.argv.includes("--write")) {
    writeChapter("captures", table(rows), `${machine}; ${rounds} rounds.`);
  }
  return rows.every((row) => row.met) ? 0 : 1;
}

if (process.argv[2] === "probe") {
  const { benchProbe } = await import("./probe.ts");
  process.exitCode = await benchProbe(process.argv.slice(3));
} else process.exitCode = main();
