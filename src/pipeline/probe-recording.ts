// A recording made now: the probe's stream and what /proc says beside it → flow engine → records, while they come. The shape is that
// of any live source: batches, and a request to stop.

import { hostname } from "node:os";
import { containerIdOf } from "../context/path.ts";
import { FlowEngine } from "../flow/engine.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import type { File, Host } from "../model/entity.ts";
import { limits } from "../model/limits.ts";
import type { FileFlow, NetworkFlow, Record } from "../model/record.ts";
import type { Input } from "../model/syscall.ts";
import type { TimeBase } from "../model/time.ts";
import type { ContainerMetadata } from "../source/metadata.ts";
import { readBootId, readNames } from "../source/names.ts";
import type { ProbePart, ProbeSource } from "../source/probe.ts";
import { ProbeReader, type ProbeReaderOptions } from "../wire/probe/reader.ts";

export type ProbeRecordingOptions = {
  /** Host id in the header; the machine's name by default. */
  readonly exporter?: string | undefined;
  readonly filename?: string | undefined;
  /** Tell flows when they begin, too. */
  readonly begins?: boolean | undefined;
  /** Files of which the probe tells at once when one is opened, not only when it has something to say of the flow. */
  readonly watch?: ((file: File) => boolean) | undefined;
  /** Says who a container is. */
  readonly containers?: ContainerMetadata | undefined;
  readonly report: (diagnostic: Diagnostic) => void;
};

export type ProbeBatch = {
  readonly records: readonly Record[];
  readonly begins: readonly (FileFlow | NetworkFlow)[];
  readonly base: TimeBase;
};

/** Records that are handed on before more are made. */
const portion = 256;

export class ProbeRecording {
  readonly #source: ProbeSource;
  readonly #options: ProbeRecordingOptions;
  readonly #reader: ProbeReader;
  #engine: FlowEngine | undefined;
  /** What is known before the first time was seen. */
  #early: Input[] = [];
  #reported = 0;
  readonly #described = new Set<string>();
  /** Nothing more can be recorded: the probe is gone for good. */
  lost = false;
  records = 0;

  constructor(source: ProbeSource, options: ProbeRecordingOptions) {
    this.#source = source;
    this.#options = options;
    this.#reader = new ProbeReader({ path: "probe", onPath: this.#onPath() });
  }

  async *batches(): AsyncGenerator<ProbeBatch> {
    for await (const part of this.#source.parts()) {
      this.#take(part);
      yield* this.#drain();
    }
    this.#reader.end();
    yield* this.#drain();
    const engine = this.#begin();
    engine.end(this.#reader.now);
    yield this.#batch(engine);
  }

  /** Lost for good: nothing told it again. */
  get summary(): { readonly events: number; readonly unrecorded: number } {
    const { counters } = this.#reader;
    const dropped = Object.values(this.#engine?.counters.dropped ?? {});
    return { events: counters.events, unrecorded: dropped.reduce((sum, count) => sum + count, 0) };
  }

  /** What a rule names is watched from its first use on. */
  #onPath(): ProbeReaderOptions["onPath"] {
    const { watch, exporter } = this.#options;
    if (watch === undefined) return undefined;
    const host: Host = { id: exporter ?? hostname() };
    return (id, path, type) => {
      const file: File = { host, state: "REUP", ts: 0, type, path, container: undefined };
      if (watch(file)) this.#source.watch(id);
    };
  }

  #take(part: ProbePart): void {
    switch (part.kind) {
      case "bytes":
        this.#reader.push(part.bytes);
        return;
      case "thread": {
        const start = this.#reader.timeOfBoot(part.startTicks * tickNs);
        this.#apply({ ...part.thread, start });
        return;
      }
      case "restart": {
        const where = `the probe died (${part.reason}); ${part.blindMs} ms without one`;
        this.#reader.restart();
        this.#gap(where);
        this.#options.report(diagnostic("SF5014", where));
        return;
      }
      case "lost": {
        const where = `the probe died and cannot be started again: ${part.reason}`;
        this.lost = true;
        this.#gap(where);
        this.#options.report(diagnostic("SF5015", where));
        return;
      }
    }
  }

  /** How much happened meanwhile nobody knows: −1. */
  #gap(where: string): void {
    const ts = this.#reader.now;
    this.#apply({ kind: "gap", ts, reason: "dropped", lost: -1, unit: "events", where });
  }

  /** Before the first input that shows a container: what its engine says of it. */
  #describeContainer(input: Input): void {
    const { containers } = this.#options;
    const cgroups = input.kind === "thread" ? input.cgroups : cgroupsOf(input);
    if (containers === undefined || cgroups === undefined) return;
    const id = containerIdOf(cgroups);
    if (id === undefined || this.#described.has(id)) return;
    const snapshot = containers.find(id, cgroups);
    if (snapshot === undefined) return;
    if (snapshot.complete && this.#described.size < limits.containers.max) this.#described.add(id);
    this.#apply(snapshot);
  }

  #apply(input: Input): void {
    this.#describeContainer(input);
    if (this.#engine === undefined && this.#reader.base === undefined) this.#early.push(input);
    else this.#begin().apply(input);
  }

  *#drain(): Generator<ProbeBatch> {
    const reader = this.#reader;
    for (let input = reader.next(); input !== undefined; input = reader.next()) {
      const engine = this.#begin();
      this.#describeContainer(input);
      engine.apply(input);
      if (engine.waiting >= portion) yield this.#batch(engine);
    }
    this.#reportNew();
    for (const container of this.#options.containers?.answers() ?? []) this.#apply(container);
    // Empty ones too: the probe says something every second, and time passes for files as well.
    if (this.#engine !== undefined) yield this.#batch(this.#engine);
  }

  #batch(engine: FlowEngine): ProbeBatch {
    const records = engine.take();
    this.records += records.length;
    return { records, begins: engine.takeBegins(), base: this.#reader.base ?? 0n };
  }

  #begin(): FlowEngine {
    if (this.#engine !== undefined) return this.#engine;
    const { exporter, filename, begins } = this.#options;
    const { base = 0n, precision } = this.#reader;
    const engine = new FlowEngine({ mode: "native", exporter, filename, base, precision, begins });
    this.#engine = engine;
    engine.apply({ kind: "host", hostname: hostname(), bootNs: undefined, ...readBootId() });
    for (const input of readNames()) engine.apply(input);
    for (const input of this.#early) engine.apply(input);
    this.#early = [];
    return engine;
  }

  #reportNew(): void {
    const all = this.#reader.diagnostics;
    for (; this.#reported < all.length; this.#reported++) {
      const item = all[this.#reported];
      if (item !== undefined) this.#options.report(item);
    }
  }
}

function cgroupsOf(input: Input): readonly string[] | undefined {
  return input.kind === "call" ? input.info?.cgroups : undefined;
}

/** A hundredth of a second, as /proc counts. */
const tickNs = 1e7;
