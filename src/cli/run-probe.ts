// `sysflow run` on what happens on this machine: the probe's session of `record`, told by live detection, and kept where that is asked
// for.

import { countNoun } from "../encode/units.ts";
import { gather } from "../pipeline/gather.ts";
import { Recorder } from "../pipeline/recorder.ts";
import type { Rule } from "../rule/rule.ts";
import { watches } from "../rule/watch.ts";
import { type LiveBatch, type LiveOutcome, tellLive } from "./live-teller.ts";
import { ProbeSession, type Target, endOf, nameOf } from "./probe-session.ts";
import { durationOf, lostOf, outputFailed, placeOf } from "./record.ts";
import {
  type ExitCode,
  Exit,
  type Options,
  type Terminal,
  UsageError,
  textOption,
} from "./verb.ts";

export type ProbeRun = {
  readonly target: Target;
  readonly options: Options;
  readonly rules: readonly Rule[];
  readonly json: boolean;
};

export async function runProbe(terminal: Terminal, run: ProbeRun): Promise<ExitCode> {
  const { target, options, rules } = run;
  const forMs = durationOf(options, "for");
  const kept = textOption(options, "output") !== undefined;
  if (!kept && textOption(options, "rotate") !== undefined) {
    throw new UsageError("--rotate needs a folder: -o FOLDER/", "sysflow run -o recordings/ …");
  }
  const place = kept ? placeOf(target, options) : undefined;
  if (target.kind === "host") {
    terminal.note("warning: --host looks at every process of this machine, also of other users");
  }
  const session = await ProbeSession.open(terminal, target, options);
  if ("exit" in session) {
    terminal.report(session.diagnostic);
    return session.exit;
  }
  const keeping = new Keeping(session);
  if (place !== undefined && !keeping.open(place)) {
    session.abandon();
    return outputFailed(terminal, place.shown, keeping.problem);
  }
  const recording = session.recording({
    exporter: textOption(options, "exporter"),
    begins: true,
    watch: watches(rules),
  });
  let failed = false;
  const telling = tellLive(
    terminal,
    { batches: () => gather(recording.batches()), stop: () => void session.stop(), isNow: true },
    {
      rules,
      json: run.json,
      inputs: () => place?.shown ?? "",
      keep: (batch) => keeping.write(batch),
      // What somebody started is not cut short because nobody looks on.
      goesOn: () => session.command !== undefined,
      isVoid: () => failed,
    },
  );
  const failure = await session.begin();
  if (failure !== undefined) {
    failed = true;
    await telling;
    keeping.abandon();
    terminal.report(failure.diagnostic);
    return failure.exit;
  }
  let outcome: LiveOutcome;
  try {
    await Promise.race([session.finished(forMs), telling]);
    await session.stop();
    outcome = await telling;
  } catch (error) {
    // A defect of ours leaves no probe behind.
    await session.stop();
    throw error;
  }
  await keeping.end();
  if (place !== undefined && keeping.problem !== undefined) {
    return outputFailed(terminal, place.shown, keeping.problem);
  }
  summarize(terminal, session, outcome, target);
  if (recording.lost) return Exit.notPossible;
  const end = session.command?.end;
  return session.interrupted || end?.signal === "SIGINT" ? Exit.interrupted : Exit.done;
}

/** The recording on disk, where one is wanted. What the file system refuses ends the session, and is kept to be told. */
class Keeping {
  readonly #session: ProbeSession;
  #recorder: Recorder | undefined;
  problem: unknown;

  constructor(session: ProbeSession) {
    this.#session = session;
  }

  open(place: ConstructorParameters<typeof Recorder>[0]): boolean {
    try {
      this.#recorder = new Recorder(place);
      return true;
    } catch (error) {
      this.problem = error;
      return false;
    }
  }

  async write({ records }: LiveBatch): Promise<void> {
    if (this.problem !== undefined) return;
    try {
      await this.#recorder?.write(records);
    } catch (error) {
      this.problem = error;
      this.abandon();
      void this.#session.stop();
    }
  }

  async end(): Promise<void> {
    if (this.problem !== undefined) return;
    try {
      await this.#recorder?.end();
    } catch (error) {
      this.problem = error;
    }
  }

  abandon(): void {
    this.#recorder?.abandon();
    this.#recorder = undefined;
  }
}

function summarize(
  terminal: Terminal,
  session: ProbeSession,
  outcome: LiveOutcome,
  target: Target,
): void {
  const { command, source } = session;
  if (command?.end !== undefined) terminal.note(`${nameOf(target)} ${endOf(command.end)}`);
  const lost = lostOf(source.stats);
  const losses = lost === 0 ? "nothing lost" : countNoun(lost, "loss").replace("losss", "losses");
  terminal.note(`${countNoun(outcome.records, "record")}, ${losses}: ${outcome.summary}`);
}
