// Rules over activities: which fire, once per rule, process and object, with the sentence and the id of the alert. State is bounded
// and follows the order of the activities; files and terminals are not its business.

import { printIp } from "../base/ip.ts";
import { sha256OfText } from "../base/sha256.ts";
import { printable } from "../base/text.ts";
import { ProvenanceState } from "../context/provenance.ts";
import type { Activity } from "../model/activity.ts";
import type { Alert } from "../model/alert.ts";
import { peerOf, visibleOps } from "../model/attribute/record.ts";
import type { BehaviourType } from "../model/attribute/row.ts";
import { type File, type Process, processKey, processName } from "../model/entity.ts";
import { limits } from "../model/limits.ts";
import { type OpSet, opNames } from "../model/opflag.ts";
import type { GapRecord } from "../model/record.ts";
import { type TimeBase, type TimeNs, toAbsolute } from "../model/time.ts";
import {
  Compiler,
  type Predicate,
  type Reach,
  type Scene,
  canReach,
  knownAtBegin,
  reachOf,
  showValue,
} from "./compile.ts";
import type { Rule } from "./rule.ts";

type Compiled = {
  readonly rule: Rule;
  readonly matches: Predicate;
  readonly reach: Reach;
  /** A flow's begin can decide it. */
  readonly early: boolean;
};

type ByOps = Map<OpSet, readonly Compiled[]>;

export type RuleEngineOptions = {
  /** Hexadecimal SHA-256 of a text's UTF-8 bytes, where the platform has a faster one. */
  readonly sha256?: ((text: string) => string) | undefined;
};

export type RuleCounters = {
  activities: number;
  /** Conditions evaluated. */
  evaluated: number;
  matches: number;
  alerts: number;
  /** Matches of a rule, process and object that already made an alert. */
  repeated: number;
  /** Alerts forgotten by the memory that finds repetitions; they may come again. */
  evicted: number;
};

/** Rules made ready, and what is remembered of processes and files: the same for everybody who runs them. */
type Prepared = {
  readonly compiler: Compiler;
  readonly compiled: readonly Compiled[];
  readonly sha256: (text: string) => string;
  /** Rules that a record's type, operations and phase can fire. */
  readonly candidates: {
    readonly begin: Map<BehaviourType, ByOps>;
    readonly other: Map<BehaviourType, ByOps>;
  };
  readonly procMemory: WeakMap<Process, Uint8Array>;
  readonly fileMemory: WeakMap<File, Uint8Array>;
};

function prepare(rules: readonly Rule[], options: RuleEngineOptions): Prepared {
  const compiler = new Compiler();
  return {
    compiler,
    compiled: rules
      .filter((rule) => rule.enabled)
      .map((rule) => ({
        rule,
        matches: compiler.compile(rule.checked),
        reach: reachOf(rule.checked),
        early: knownAtBegin(rule.checked),
      })),
    sha256: options.sha256 ?? sha256OfText,
    candidates: { begin: new Map(), other: new Map() },
    procMemory: new WeakMap(),
    fileMemory: new WeakMap(),
  };
}

/** Runs rules over activities in event-time order. Replaying the same activities gives the same alerts. */
export class RuleEngine {
  readonly counters: RuleCounters = {
    activities: 0,
    evaluated: 0,
    matches: 0,
    alerts: 0,
    repeated: 0,
    evicted: 0,
  };
  readonly provenance = new ProvenanceState();
  readonly #prepared: Prepared;
  readonly #seen = new Set<string>();
  #gap: { readonly from: TimeNs; readonly to: TimeNs; readonly host: string } | undefined;

  /** With another engine instead of rules: the same rules over the same records, seen in another order. */
  constructor(rules: readonly Rule[] | RuleEngine, options: RuleEngineOptions = {}) {
    this.#prepared = rules instanceof RuleEngine ? rules.#prepared : prepare(rules, options);
  }

  /** Alerts of these activities. `base` is what TimeNs 0 stands for in them. */
  push(activities: readonly Activity[], base: TimeBase): Alert[] {
    const alerts: Alert[] = [];
    const { compiler, procMemory, fileMemory } = this.#prepared;
    const scene: Scene = { base, provenance: this.provenance, proc: undefined, file: undefined };
    for (const activity of activities) {
      this.counters.activities += 1;
      this.provenance.before(activity);
      const candidates = this.#candidatesOf(activity);
      if (candidates.length > 0) {
        scene.proc = memoryOf(procMemory, activity.proc, compiler.procSlots);
        scene.file = memoryOf(fileMemory, activity.file, compiler.fileSlots);
        for (const compiled of candidates) {
          this.counters.evaluated += 1;
          if (compiled.matches(activity, scene)) this.#fire(compiled.rule, activity, scene, alerts);
        }
      }
      this.provenance.after(activity);
    }
    return alerts;
  }

  /** Something is missing there: alerts that look at that time say so. */
  noteGap(gap: GapRecord): void {
    const before = this.#gap;
    const joined = before?.host === gap.host.id ? before : undefined;
    this.#gap = {
      from: Math.min(gap.ts, joined?.from ?? gap.ts),
      to: Math.max(gap.endTs, joined?.to ?? gap.endTs),
      host: gap.host.id,
    };
  }

  #candidatesOf(activity: Activity): readonly Compiled[] {
    const { type } = activity.record;
    const begin = activity.phase === "begin";
    const { candidates, compiled } = this.#prepared;
    const rows = begin ? candidates.begin : candidates.other;
    let byOps = rows.get(type);
    if (byOps === undefined) {
      byOps = new Map();
      rows.set(type, byOps);
    }
    const seen = visibleOps(activity);
    let found = byOps.get(seen);
    if (found === undefined) {
      found = compiled.filter(
        ({ reach, early }) => (early || !begin) && canReach(reach, type, seen),
      );
      // Hostile records may claim any of 2^39 sets; the known ones are remembered.
      if (byOps.size < 4096) byOps.set(seen, found);
    }
    return found;
  }

  #fire(rule: Rule, activity: Activity, scene: Scene, alerts: Alert[]): void {
    this.counters.matches += 1;
    const { proc, host, record } = activity;
    const process = proc === undefined ? "" : processKey(proc);
    const object = objectKey(activity);
    const key = [rule.info.id, host.id, process, object].join("\n");
    if (this.#seen.has(key)) {
      this.counters.repeated += 1;
      return;
    }
    this.#seen.add(key);
    if (this.#seen.size > limits.alerts.max) {
      const oldest = this.#seen.keys().next();
      if (oldest.done !== true) this.#seen.delete(oldest.value);
      this.counters.evicted += 1;
    }
    const start = toAbsolute(scene.base, record.ts);
    const identity = [rule.info.id, rule.info.version, host.id, process, object, start];
    const text = identity.map((part) => `${String(part).length}:${part}`).join("");
    this.counters.alerts += 1;
    alerts.push({
      id: this.#prepared.sha256(text),
      rule: rule.info,
      ts: activity.at,
      host,
      proc,
      activities: [activity],
      reason: printReason(rule, activity, scene),
      blind: this.#isBlind(activity),
    });
  }

  #isBlind({ host, record, at }: Activity): boolean {
    const gap = this.#gap;
    return gap !== undefined && gap.host === host.id && gap.from <= at && gap.to >= record.ts;
  }
}

function memoryOf<Key extends object>(
  memories: WeakMap<Key, Uint8Array>,
  key: Key | undefined,
  slots: number,
): Uint8Array | undefined {
  if (key === undefined || slots === 0) return undefined;
  let memory = memories.get(key);
  if (memory === undefined) {
    memory = new Uint8Array(slots);
    memories.set(key, memory);
  }
  return memory;
}

/** What was acted on: the file, the other side of the connection, or the program. */
function objectKey(activity: Activity): string {
  const { file, newFile, record, proc } = activity;
  if (file !== undefined) return newFile === undefined ? file.path : `${file.path}>${newFile.path}`;
  const peer = peerOf(activity);
  if (peer !== undefined) {
    const accepted = activity.net?.sip === peer.ip && activity.net.sport === peer.port;
    return accepted ? printIp(peer.ip) : `${printIp(peer.ip)}:${peer.port}`;
  }
  if (record.type === "KE") return record.message;
  return proc?.exe ?? "";
}

/** The rule's own sentence with its attributes put in, or a plain one. */
function printReason(rule: Rule, activity: Activity, scene: Scene): string {
  if (rule.sentence === undefined) return plainReason(activity);
  const text = rule.sentence
    .map((part) => {
      if (typeof part === "string") return part;
      for (const attribute of part) {
        const value = attribute.get(activity, scene);
        if (value !== undefined) return shorten(showValue(attribute, value));
      }
      return "?";
    })
    .join("");
  return printable(text);
}

/** Command lines can be long; a sentence is not. */
function shorten(text: string): string {
  return text.length <= 160 ? text : `${text.slice(0, 120)}…${text.slice(-39)}`;
}

function plainReason(activity: Activity): string {
  const { proc } = activity;
  const who =
    proc === undefined ? "" : `${processName(proc) ?? "an unknown process"} (${proc.pid}) `;
  const did = opNames(visibleOps(activity)).join(", ");
  return printable(`${who}did ${did} on ${shorten(objectKey(activity))}.`);
}
