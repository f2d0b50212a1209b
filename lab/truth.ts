// What really happened in a run of the intrusion, as the actors wrote it down, and its comparison with a story that was made from
// the recording alone. It knows the shape of `sysflow story --json`, not how it was made.

import { itemsOf, memberAt } from "../src/base/json.ts";

export const stepKinds = [
  "exploit",
  "fetch",
  "drop",
  "execute",
  "control",
  "credentials",
  "database",
  "pack",
  "exfiltration",
  "tidy",
] as const;
export type StepKind = (typeof stepKinds)[number];

/** One line of an actor's own notes. Times are wall-clock nanoseconds since 1970, as text. */
export type TruthEvent = {
  readonly ts: string;
  readonly actor: string;
  readonly pid: number;
  readonly act: string;
  readonly path?: string;
  readonly peer?: string;
  readonly bytes?: number;
  readonly command?: string;
  readonly status?: number;
  readonly found?: number;
  readonly rows?: number;
  readonly parent?: number;
  readonly node?: number;
  readonly shell?: number;
  readonly from?: string;
};

export type TruthStep = {
  readonly n: number;
  readonly kind: StepKind;
  readonly ts: string;
  readonly endTs: string;
  /** Who did it, on the victim: the shop's process, the shell or the script. */
  readonly pid: number;
  readonly objects: readonly { readonly kind: "file" | "peer"; readonly value: string }[];
  readonly bytes?: number;
};

export type Truth = {
  readonly version: 1;
  readonly seed: number;
  readonly mode: "namespaces" | "loopback";
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
  readonly language: string;
  readonly scriptPath: string;
  readonly processes: { readonly shop: number; readonly shell: number; readonly script: number };
  readonly steps: readonly TruthStep[];
  readonly events: readonly TruthEvent[];
  /** Requests of ordinary customers, before, during and after. */
  readonly ordinaryRequests: number;
  readonly notes: readonly string[];
};

type Facts = Pick<Truth, "seed" | "mode" | "hosts" | "language" | "scriptPath" | "notes"> & {
  readonly malwareServer: string;
};

/** What the script notes down, in the order of the plan, and what each step is about. */
const scriptSteps = [
  ["control", "beacon", "peer"],
  ["credentials", "read", "file"],
  ["database", "collect", "peer"],
  ["pack", "pack", "file"],
  ["exfiltration", "send", "peer"],
  ["tidy", "delete", "file"],
] as const;

/** Joins the actors' notes; undefined steps are a run that did not come to its end, and are named. */
export function truthOf(
  facts: Facts,
  events: readonly TruthEvent[],
): { readonly truth: Truth; readonly incomplete: readonly StepKind[] } {
  const { malwareServer, ...rest } = facts;
  const sorted = [...events].sort((a, b) => (BigInt(a.ts) < BigInt(b.ts) ? -1 : 1));
  const of = (actor: string, act: string): TruthEvent[] =>
    sorted.filter((event) => event.actor === actor && event.act === act);
  const exploit = of("attacker", "exploit")[0];
  const start = of("malware", "start")[0];
  const shop = exploit?.node ?? -1;
  const script = start?.pid ?? -1;
  const steps: TruthStep[] = [];
  const add = (
    kind: StepKind,
    pid: number,
    from: readonly TruthEvent[],
    objects: readonly (readonly ["file" | "peer", string | undefined])[],
  ): void => {
    const [first] = from;
    const last = from.at(-1);
    if (first === undefined || last === undefined) return;
    const known = objects.flatMap(([kind, value]) => (value === undefined ? [] : { kind, value }));
    const bytes = from.reduce((sum, event) => sum + (event.bytes ?? 0), 0);
    steps.push({
      n: steps.length + 1,
      kind,
      ts: first.ts,
      endTs: last.ts,
      pid,
      objects: distinct(known),
      ...(bytes > 0 ? { bytes } : {}),
    });
  };
  const served = of("malware-server", "serve").filter((event) => (event.bytes ?? 0) > 0);
  if (exploit !== undefined) add("exploit", shop, [exploit], [["peer", exploit.from]]);
  add("fetch", shop, served, [["peer", malwareServer]]);
  if (served.length > 0) add("drop", shop, served, [["file", facts.scriptPath]]);
  if (start !== undefined) add("execute", script, [start], [["file", facts.scriptPath]]);
  for (const [kind, act, object] of scriptSteps) {
    const done = of("malware", act);
    const objects = done.map(
      (event) => [object, object === "file" ? event.path : event.peer] as const,
    );
    add(kind, script, done, objects);
  }
  const present = new Set(steps.map((step) => step.kind));
  return {
    truth: {
      version: 1,
      ...rest,
      processes: { shop, shell: exploit?.shell ?? -1, script },
      steps,
      events: sorted,
      ordinaryRequests: of("customers", "visit").length,
    },
    incomplete: stepKinds.filter((kind) => !present.has(kind)),
  };
}

function distinct<T extends { readonly kind: string; readonly value: string }>(
  objects: readonly T[],
): T[] {
  return [...new Map(objects.map((object) => [`${object.kind} ${object.value}`, object])).values()];
}

export type Comparison = {
  /** Incidents that the story tells; one is right. */
  readonly incidents: number;
  /** Steps of the truth that the story does not tell. */
  readonly missing: readonly StepKind[];
  /** Told, but in another order than they happened. */
  readonly misplaced: readonly StepKind[];
  /** Steps of the story whose object no actor of the intrusion touched. */
  readonly extra: readonly string[];
};

type ToldStep = {
  readonly kind: string;
  readonly value: string;
  readonly text: string;
  readonly removes: boolean;
  readonly ts: string;
};

function toldSteps(incident: unknown): ToldStep[] {
  const root = memberAt(incident, "root");
  const told: ToldStep[] = [
    {
      kind: memberAt(root, "kind") === "connection" ? "peer" : String(memberAt(root, "kind")),
      value: String(memberAt(root, "object") ?? ""),
      text: "",
      removes: false,
      ts: String(memberAt(root, "ts") ?? ""),
    },
  ];
  for (const step of itemsOf(memberAt(incident, "steps"))) {
    const proc = memberAt(step, "proc");
    const words = ["exe", "args"].map((key) => String(memberAt(proc, key) ?? ""));
    const act = ["op", "sentence"].map((key) => String(memberAt(step, key) ?? "")).join(" ");
    told.push({
      kind: String(memberAt(memberAt(step, "object"), "kind")),
      value: String(memberAt(memberAt(step, "object"), "value") ?? ""),
      text: [String(memberAt(step, "op") ?? ""), ...words].join(" "),
      removes: /unlink|remove|delete/i.test(act),
      ts: String(memberAt(step, "ts") ?? ""),
    });
  }
  return told;
}

/** Does this step of the story tell that step of the truth? By object; an address without its port is enough for a peer. */
function tells(told: ToldStep, step: TruthStep): boolean {
  if (step.kind === "execute") {
    const path = step.objects[0]?.value ?? "";
    const runs = told.kind === "process" || /EXEC/i.test(told.text);
    return runs && (told.value.includes(path) || told.text.includes(path));
  }
  // The same file is dropped, and removed in the end.
  if ((step.kind === "tidy") !== told.removes && told.kind === "file") return false;
  return step.objects.some(
    ({ kind, value }) =>
      kind === told.kind &&
      (kind === "file" ? told.value.split(" ").includes(value) : samePeer(told.value, value)),
  );
}

function samePeer(told: string, value: string): boolean {
  const host = value.slice(0, value.lastIndexOf(":"));
  return told.includes(value) || told === host || told.startsWith(`${host}:`);
}

/** Which steps must be told in the order in which they began. */
const ordered = ["exploit", "fetch", "execute", "credentials", "database", "exfiltration"] as const;

/** Compares a run's truth with the document that `sysflow story --json` prints of its recording. */
export function compareStory(truth: Truth, story: unknown): Comparison {
  const incidents = itemsOf(memberAt(story, "incidents"));
  const told = incidents.flatMap(toldSteps);
  const firstOf = (step: TruthStep): number => told.findIndex((each) => tells(each, step));
  const missing = truth.steps.filter((step) => firstOf(step) < 0).map((step) => step.kind);
  const misplaced: StepKind[] = [];
  let before = "";
  for (const kind of ordered) {
    const step = truth.steps.find((each) => each.kind === kind);
    const at = step === undefined ? -1 : firstOf(step);
    const ts = told[at]?.ts ?? "";
    if (at < 0) continue;
    if (ts < before) misplaced.push(kind);
    else before = ts;
  }
  const touched = touchedBy(truth);
  const extra = told.filter((each) => !touched(each)).map((each) => `${each.text} ${each.value}`);
  return { incidents: incidents.length, missing, misplaced, extra };
}

/** Everything that the exploited shop, the shell and the script had to do with: their programs and folders count as touched. */
function touchedBy(truth: Truth): (told: ToldStep) => boolean {
  const attack = truth.events.filter((event) => event.actor !== "customers");
  const values = attack.flatMap((event) => [event.path, event.peer, event.from]);
  const objects = truth.steps.flatMap((step) => step.objects.map((object) => object.value));
  const known = [...values, ...objects, truth.scriptPath].flatMap((value) => value ?? []);
  const work = truth.steps
    .find((step) => step.kind === "pack")
    ?.objects[0]?.value.replace(/\/[^/]*$/, "/");
  return ({ kind, value, text }) =>
    kind === "process" ||
    known.some((each) => value.includes(each) || samePeer(value, each)) ||
    (work !== undefined && `${value}/`.startsWith(work)) ||
    text.includes(truth.scriptPath);
}
