// Says what live detection finds, while it finds it, and at the end what the whole recording says. What finds it is pipeline/live.ts;
// where the records come from is the verb's business.

import type { JsonObject } from "../encode/json.ts";
import { incidentJson } from "../encode/story-json.ts";
import { renderNews } from "../encode/story-news.ts";
import { renderStory } from "../encode/story.ts";
import { painter } from "../encode/style.ts";
import { countNoun } from "../encode/units.ts";
import type { IncidentNews } from "../graph/watch.ts";
import type { Alert } from "../model/alert.ts";
import type { FileFlow, NetworkFlow, Record } from "../model/record.ts";
import type { Incident } from "../model/incident.ts";
import type { TimeBase } from "../model/time.ts";
import { LiveDetection, type LiveNews } from "../pipeline/live.ts";
import type { Rule } from "../rule/rule.ts";
import { alertJson, alertLine } from "./detect.ts";
import { ClosedPipe, type Terminal } from "./verb.ts";

export type LiveBatch = {
  readonly records: readonly Record[];
  /** Flows that began, as they were then; each comes again among the records. */
  readonly begins?: readonly (FileFlow | NetworkFlow)[] | undefined;
  /** What TimeNs 0 stands for in these records. */
  readonly base: TimeBase;
};

export type LiveSource = {
  /** Ends when there is nothing more, or soon after `stop`. */
  readonly batches: () => AsyncGenerator<LiveBatch>;
  /** Asks it to end: what is open is told as records, then the batches end. */
  readonly stop: () => void;
  /** The records' clock is the machine's: time passes for them while nothing comes. */
  readonly isNow?: boolean | undefined;
};

export type LiveRequest = {
  readonly rules: readonly Rule[];
  readonly json: boolean;
  /** Where the recording can be read again, as a user would type it; "" where it is not kept. */
  readonly inputs?: (() => string) | undefined;
  /** Called with every batch, before it is judged. */
  readonly keep?: ((batch: LiveBatch) => void | Promise<void>) | undefined;
  /** Asked when nobody reads any more what is told: it goes on all the same, in silence. */
  readonly goesOn?: (() => boolean) | undefined;
  /** Asked at the end: nothing was recorded, and there is nothing to tell. */
  readonly isVoid?: (() => boolean) | undefined;
};

export type LiveOutcome = {
  readonly records: number;
  readonly incidents: readonly Incident[];
  readonly interrupted: boolean;
  /** "3 alerts, 1 incident". */
  readonly summary: string;
};

/** How often time is looked at while nothing comes. */
const tickMs = 50;
/** Records of the last moments may still be on their way. */
const silentNs = 2_000_000_000n;

export async function tellLive(
  terminal: Terminal,
  source: LiveSource,
  request: LiveRequest,
): Promise<LiveOutcome> {
  const teller = new Teller(terminal, request);
  const batches = new Awaited(source.batches());
  let stopping = false;
  let tickedAt = Date.now();
  for (;;) {
    const got = await batches.next(tickMs);
    if (got?.done === true) break;
    if (got !== undefined) {
      await request.keep?.(got.value);
      await teller.take(got.value);
    }
    const now = Date.now();
    await teller.passed(now - tickedAt, source.isNow === true);
    tickedAt = now;
    const unheard = teller.unheard && request.goesOn?.() !== true;
    if (!stopping && (terminal.interrupted.aborted || unheard)) {
      stopping = true;
      source.stop();
    }
  }
  return teller.end(terminal.interrupted.aborted);
}

/** Batches one by one, and turns without one. Not a race of promises: one that waits for hours would gather a follower each turn. */
class Awaited {
  readonly #batches: AsyncGenerator<LiveBatch>;
  #asked = false;
  #got: IteratorResult<LiveBatch> | undefined;
  #failed: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(batches: AsyncGenerator<LiveBatch>) {
    this.#batches = batches;
  }

  /** The next batch, or the end; undefined when neither came in so many milliseconds. */
  async next(milliseconds: number): Promise<IteratorResult<LiveBatch> | undefined> {
    this.#ask();
    if (this.#got === undefined && this.#failed === undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    if (this.#failed !== undefined) throw this.#failed.error;
    const got = this.#got;
    this.#got = undefined;
    return got;
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    const arrived = (): void => {
      this.#asked = false;
      this.#wake?.();
    };
    this.#batches.next().then(
      (got) => {
        this.#got = got;
        arrived();
      },
      (error: unknown) => {
        this.#failed = { error };
        arrived();
      },
    );
  }
}

class Teller {
  readonly #terminal: Terminal;
  readonly #request: LiveRequest;
  readonly #done: LiveDetection[] = [];
  #detection: LiveDetection | undefined;
  /** The reader of our output is gone. */
  unheard = false;

  constructor(terminal: Terminal, request: LiveRequest) {
    this.#terminal = terminal;
    this.#request = request;
  }

  async take({ base, begins = [], records }: LiveBatch): Promise<void> {
    let detection = this.#detection;
    // Recordings too far apart to share a base come one after the other.
    if (detection === undefined || detection.base !== base) {
      await this.#finish();
      detection = new LiveDetection(base, this.#request.rules);
      this.#detection = detection;
    }
    await this.#news(detection, detection.push(begins, records));
  }

  /** `isNow`: the records' time passes as well. */
  async passed(milliseconds: number, isNow: boolean): Promise<void> {
    const detection = this.#detection;
    if (detection === undefined) return;
    detection.passed(milliseconds);
    if (!isNow) return this.#incidents(detection);
    const now = BigInt(Date.now()) * 1_000_000n - silentNs - detection.base;
    await this.#news(detection, detection.advance(Number(now)));
  }

  async #news(detection: LiveDetection, { alerts, withdrawn }: LiveNews): Promise<void> {
    for (const alert of alerts) await this.#alert(detection, alert);
    for (const alert of withdrawn) await this.#withdrawn(detection, alert);
    await this.#incidents(detection);
  }

  async #alert({ base }: LiveDetection, alert: Alert): Promise<void> {
    if (this.#request.json) return this.#line({ kind: "alert", ...alertJson(alert, base) });
    await this.#write(alertLine(alert, base, this.#terminal.color));
  }

  async #withdrawn({ base }: LiveDetection, alert: Alert): Promise<void> {
    if (this.#request.json) return this.#line({ kind: "withdrawn", id: alert.id });
    const [first = ""] = alertLine(alert, base, false).split("\n");
    const paint = painter(this.#terminal.color);
    await this.#write(
      `${paint("dim", `${first} — withdrawn: what came later speaks against it`)}\n`,
    );
  }

  async #incidents(detection: LiveDetection): Promise<void> {
    for (const news of detection.incidents()) await this.#incident(detection, news);
  }

  async #incident({ base }: LiveDetection, news: IncidentNews): Promise<void> {
    if (this.#request.json) {
      const { kind: state, incident } = news;
      return this.#line({ kind: "incident", state, ...incidentJson(incident, base) });
    }
    const { columns, color } = this.#terminal;
    await this.#write(`\n${renderNews(news, base, { columns, color })}\n`);
  }

  async #finish(): Promise<void> {
    const detection = this.#detection;
    if (detection === undefined) return;
    await this.#news(detection, detection.end());
    this.#done.push(detection);
    this.#detection = undefined;
  }

  /** What the whole recording says. */
  async end(interrupted: boolean): Promise<LiveOutcome> {
    if (this.#request.isVoid?.() !== true) await this.#finish();
    const incidents: Incident[] = [];
    let alerts = 0;
    let withdrawn = 0;
    for (const { base, chapter, counters, lost } of this.#done) {
      const document = chapter.tell();
      incidents.push(...document.incidents);
      alerts += counters.alerts - counters.withdrawn;
      withdrawn += counters.withdrawn;
      if (this.#request.json) {
        for (const incident of document.incidents) {
          await this.#line({ kind: "incident", state: "final", ...incidentJson(incident, base) });
        }
        const unconnectedAlerts = document.unconnected.map(({ id }) => id);
        await this.#line({
          kind: "end",
          records: chapter.records,
          unconnectedAlerts,
          lost,
        });
      } else {
        const { columns, color } = this.#terminal;
        const view = chapter.view(document, this.#request.inputs?.() ?? "");
        await this.#write(`\n${renderStory(view, { columns, color })}`);
      }
    }
    const records = this.#done.reduce((sum, { chapter }) => sum + chapter.records, 0);
    const back = withdrawn === 0 ? "" : ` (${withdrawn} withdrawn)`;
    const unconfirmed = this.#done.reduce((sum, { counters }) => sum + counters.unconfirmed, 0);
    if (unconfirmed > 0) {
      this.#terminal.note(
        `${countNoun(unconfirmed, "alert")} told and not compared with the recording`,
      );
    }
    const summary = `${countNoun(alerts, "alert")}${back}, ${countNoun(incidents.length, "incident")}`;
    return { records, incidents, interrupted, summary };
  }

  async #write(text: string): Promise<void> {
    if (this.unheard) return;
    try {
      await this.#terminal.write(text);
    } catch (error) {
      if (!(error instanceof ClosedPipe)) throw error;
      this.unheard = true;
    }
  }

  async #line(document: JsonObject): Promise<void> {
    await this.#write(`${JSON.stringify(document)}\n`);
  }
}
