// Processor time that the probe adds to one operation of a thread: paired with no probe, in the same round.

import { join } from "node:path";
import { repositoryRoot } from "../../test/corpus.ts";
import { Probe, type ProbeMode, startStopped } from "../../test/probe/client.ts";
import { program } from "../../test/probe/machine.ts";
import { median } from "../measure.ts";
import { type Row, bound } from "../row.ts";
import { startPeer } from "./peer.ts";

export const stormFolder = join(repositoryRoot, "bench", "probe");

type Case = "none" | "bystander" | "peer" | Exclude<ProbeMode, "both">;

async function storm(command: readonly string[], which: Case, peer?: string): Promise<number> {
  if (which === "peer" && peer !== undefined) {
    const stop = await startPeer(peer);
    const work = await startStopped(command);
    work.go();
    await work.ended;
    await stop();
    return Number(work.output());
  }
  if (which === "none") {
    const work = await startStopped(command);
    work.go();
    await work.ended;
    return Number(work.output());
  }
  const probe = await Probe.start({
    mode: which === "bystander" || which === "peer" ? "aggregate" : which,
    passOver: true,
  });
  const work = await startStopped(command);
  if (which !== "bystander") await probe.select(work.pid);
  work.go();
  await work.ended;
  await probe.kill();
  return Number(work.output());
}

/** Case → nanoseconds of an operation, one figure a round; the order is turned round after each (A B C, C B A, …). */
async function measure(
  command: readonly string[],
  cases: readonly Case[],
  rounds: number,
  peer: string | undefined,
): Promise<ReadonlyMap<Case, number[]>> {
  const figures = new Map<Case, number[]>(cases.map((which) => [which, []]));
  for (let round = 0; round < rounds; round++) {
    for (const which of round % 2 === 0 ? cases : cases.toReversed()) {
      figures.get(which)?.push(await storm(command, which, peer));
    }
  }
  return figures;
}

export async function addedTime(
  file: string,
  rounds: number,
  peer: string | undefined,
  skipped: string[],
): Promise<Row[]> {
  const binary = program("storm", stormFolder);
  const cases: Case[] = ["none", "bystander", "aggregate", "raw", "raw-enter"];
  if (peer === undefined) skipped.push("Falco libs beside it: name a checkout, --peer libs PATH");
  else cases.push("peer");
  const bytes = await measure([binary, "rw", "40", "10000", file], cases, rounds, peer);
  const opens = await measure(
    [binary, "open", "40", "2000", file],
    ["none", "aggregate", "raw-enter"],
    rounds,
    peer,
  );
  const added = (table: ReadonlyMap<Case, number[]>, which: Case): number => {
    const none = table.get("none") ?? [];
    return median((table.get(which) ?? []).map((ns, i) => ns - (none[i] ?? Number.NaN)));
  };
  const base = `${median(bytes.get("none") ?? []).toFixed(0)} ns without a probe`;
  const ours = added(bytes, "aggregate");
  const raw = added(bytes, "raw-enter");
  const rows = [
    bound("added to a 1-byte read or write, aggregate", ours, 250, "ns", base),
    bound(
      "the same ÷ raw enter + exit",
      (ours / raw) * 100,
      65,
      "%",
      `raw enter + exit adds ${raw.toFixed(0)} ns, raw exit ${added(bytes, "raw").toFixed(0)} ns`,
    ),
    bound("added to it for an unwatched process", added(bytes, "bystander"), 200, "ns", base),
    bound(
      "added to open + read + close, aggregate",
      added(opens, "aggregate"),
      1200,
      "ns",
      `${median(opens.get("none") ?? []).toFixed(0)} ns without, raw enter + exit adds ${added(opens, "raw-enter").toFixed(0)} ns`,
    ),
  ];
  if (peer !== undefined) {
    const theirs = added(bytes, "peer");
    const detail = `Falco libs' modern probe adds ${theirs.toFixed(0)} ns`;
    rows.push(bound("aggregate ÷ Falco libs, added", (ours / theirs) * 100, 65, "%", detail));
  }
  return rows;
}
