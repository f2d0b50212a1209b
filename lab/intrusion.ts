// The reference intrusion, played with real processes and made-up data: a shop with a planted bug is exploited, fetches a script and
// runs it; the script obeys its master, reads keys, empties the customer database and sends all of it away. No packet leaves the
// machine: the hosts are network namespaces, or loopback addresses where those cannot be made.

import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { customerLines, madeUpKey, numbersOf, patience, put, putShopPages } from "./material.ts";
import { type IntrusionPlan, planOf } from "./plan.ts";
import { type HostPlan, type Running, Stage, type StageMode } from "./stage.ts";
import { findTool, labFolder, namespacesWork } from "./stage.ts";
import { type ProbeRecorder, probeArguments, probeFiles, probeObstacle } from "./probe.ts";
import { traceObstacle } from "./trace.ts";
import { type StepKind, type Truth, type TruthEvent, truthOf } from "./truth.ts";

export type IntrusionOptions = {
  readonly seed: number;
  /** Namespaces where they can be made, unless told. */
  readonly mode?: StageMode;
  /** The database on a host, and in a recording, of its own. */
  readonly twoHosts?: boolean;
  /** Record with strace. Without it, and without a probe, the story is only played. */
  readonly trace: boolean;
  /** Record with the probe instead. */
  readonly probe?: ProbeRecorder;
  /** Where truth.json and the recordings go. */
  readonly out: string;
  readonly say: (line: string) => void;
};

export type IntrusionResult = {
  readonly truth: Truth;
  /** Steps that did not happen. */
  readonly incomplete: readonly StepKind[];
  readonly logs: readonly string[];
};

const victimFolders = ["/home", "/root", "/srv", "/tmp", "/var/tmp", "/var/log"];
const outside = ["customers", "attacker", "malware", "control", "collector"] as const;

/** Addresses are those kept for documentation, and private ones inside. */
function hostsOf(mode: StageMode, seed: number): HostPlan[] {
  if (mode === "namespaces") {
    const far = (name: string, ...addresses: string[]): HostPlan => ({
      name,
      addresses,
      folders: [],
    });
    return [
      { name: "victim", addresses: ["10.20.0.10"], folders: victimFolders },
      { name: "database", addresses: ["10.20.0.20"], folders: victimFolders },
      far("customers", "198.51.100.20", "198.51.100.21", "198.51.100.22", "198.51.100.23"),
      far("attacker", "203.0.113.66"),
      far("malware", "203.0.113.80"),
      far("control", "203.0.113.90"),
      far("collector", "192.0.2.40"),
    ];
  }
  // Two runs on one machine do not meet: the second and third number are the run's own.
  const net = `127.${10 + (process.pid % 200)}.${1 + (seed % 250)}`;
  return ["victim", "database", ...outside].map((name, i) => ({
    name,
    addresses: [`${net}.${10 + i}`],
    folders: name === "victim" || name === "database" ? victimFolders : [],
  }));
}

/** What keeps the intrusion from being played, or undefined. */
export function intrusionObstacle(trace: boolean): string | undefined {
  for (const tool of ["sh", "tar"]) {
    if (findTool(tool) === undefined) return `${tool} is missing (apt install ${tool})`;
  }
  return trace ? traceObstacle() : undefined;
}

const lifeSeconds = 60;

export async function runIntrusion(options: IntrusionOptions): Promise<IntrusionResult> {
  const { probe } = options;
  const obstacle =
    intrusionObstacle(options.trace) ??
    (probe === undefined ? undefined : probeObstacle(probe.binary));
  if (obstacle !== undefined) throw new Error(obstacle);
  const plan = planOf(options.seed);
  const mode = options.mode ?? (namespacesWork() ? "namespaces" : "loopback");
  const needed = probe === undefined ? [] : probeFiles(probe);
  const stage = new Stage(mode, hostsOf(mode, options.seed), needed);
  try {
    const ground = prepare(stage, plan, options.twoHosts === true);
    const cast = await play(stage, plan, ground, options);
    const events = notesOf(stage, ground);
    const { truth, incomplete } = truthOf(
      {
        seed: plan.seed,
        mode,
        hosts: hostsOf(mode, options.seed).map(({ name, addresses }) => ({
          name,
          address: addresses[0] ?? "",
        })),
        language: plan.language,
        scriptPath: ground.script,
        malwareServer: ground.malware,
        notes: [...plan.notes, ...cast],
      },
      events,
    );
    mkdirSync(options.out, { recursive: true });
    writeFileSync(join(options.out, "truth.json"), printTruth(truth));
    const logs = takeLogs(stage, options.out);
    return { truth, incomplete, logs };
  } finally {
    await stage.close();
  }
}

/** JSON with one event a line. */
function printTruth(truth: Truth): string {
  const { events, ...rest } = truth;
  const head = JSON.stringify(rest, undefined, 1).replace(/\n\}$/, "");
  return `${head},\n "events": [\n${events.map((each) => JSON.stringify(each)).join(",\n")}\n]}\n`;
}

type Ground = {
  readonly databaseHost: "victim" | "database";
  readonly database: string;
  readonly malware: string;
  /** As the victim sees it. */
  readonly script: string;
  readonly shopLog: string;
  readonly malwareLog: string;
};

/** Fills the hosts' folders with the shop, the database and the things worth stealing. */
function prepare(stage: Stage, plan: IntrusionPlan, twoHosts: boolean): Ground {
  const random = numbersOf(plan.seed + 1000);
  const databaseHost = twoHosts ? "database" : "victim";
  const local = stage.mode === "namespaces" && !twoHosts;
  const databaseAddress = local ? "127.0.0.1" : stage.address(databaseHost);
  const victim = (path: string): string => stage.real("victim", path);
  const seen = (path: string): string => stage.seen("victim", path);
  const actor = (name: string): string => join(labFolder(), "actors", name);
  for (const host of ["victim", databaseHost]) chmodSync(stage.real(host, "/tmp"), 0o1777);

  const shop = `/srv/${plan.shop}`;
  putShopPages(victim(shop));
  put(victim(`${shop}/config/credentials.json`), `${JSON.stringify({ token: plan.token })}\n`);
  put(victim(`${shop}/.env`), "PAYMENT_KEY=made-up\nMAIL_PASSWORD=made-up\n");
  put(victim(`${shop}/package.json`), `${JSON.stringify({ name: plan.shop, type: "module" })}\n`);
  copyFileSync(actor("shop.mjs"), victim(`${shop}/app.js`));
  put(victim(`/home/${plan.user}/.ssh/id_rsa`), madeUpKey(random), 0o600);
  put(victim(`/home/${plan.user}/notes.txt`), "buy milk\n");
  put(victim(`/home/${plan.user}/.profile`), "PATH=$PATH\n");

  const home = `/srv/${plan.database}`;
  const real = (path: string): string => stage.real(databaseHost, path);
  put(real(`${home}/customers.jsonl`), customerLines(random, 1600));
  put(real(`${home}/orders.jsonl`), "");
  copyFileSync(actor("database.mjs"), real(`${home}/server.mjs`));

  const at = (path: string): string => stage.seen(databaseHost, path);
  const database = `${databaseAddress}:${plan.ports.database}`;
  const databaseLine = [
    process.execPath,
    at(`${home}/server.mjs`),
    at(`${home}/customers.jsonl`),
    at(`${home}/orders.jsonl`),
    at(`/var/log/${plan.database}.log`),
    databaseAddress,
    plan.ports.database,
    plan.token,
    lifeSeconds,
  ].join(" ");
  const shopLine = [
    process.execPath,
    seen(`${shop}/app.js`),
    seen(shop),
    seen(`/var/log/${plan.shop}.log`),
    stage.address("victim"),
    plan.ports.shop,
    database,
    lifeSeconds,
  ].join(" ");
  const both = twoHosts ? [shopLine] : [databaseLine, shopLine];
  put(victim("/srv/start.sh"), `#!/bin/sh\n${both.join(" &\n")} &\n${patience}`, 0o755);
  if (twoHosts) put(real("/srv/start.sh"), `#!/bin/sh\n${databaseLine} &\n${patience}`, 0o755);
  mkdirSync(victim("/var/log"), { recursive: true });
  mkdirSync(victim("/var/tmp"), { recursive: true });
  mkdirSync(real("/var/log"), { recursive: true });

  const script = seen(`${plan.dropFolder}/${plan.script}`);
  const source = readFileSync(
    actor(join("script", `script.${plan.script.split(".").at(-1)}`)),
    "utf8",
  );
  const values: { readonly [name: string]: string } = {
    INTERPRETER: plan.interpreter,
    CONTROL: `${stage.address("control")}:${plan.ports.control}`,
    LOG: seen(`/var/log/${plan.malwareLog}`),
    WORK: seen(`${plan.dropFolder}/${plan.workFolder}`),
    DELAY: String(plan.delaySeconds),
    PIECE: String(plan.pieceBytes),
  };
  put(
    stage.real("malware", `/tmp/${plan.script}`),
    source.replace(/@([A-Z]+)@/g, (whole, name: string) => values[name] ?? whole),
  );
  return {
    databaseHost,
    database,
    malware: `${stage.address("malware")}:${plan.ports.malware}`,
    script,
    shopLog: victim(`/var/log/${plan.shop}.log`),
    malwareLog: victim(`/var/log/${plan.malwareLog}`),
  };
}

/** Starts everybody, waits for the end of the script, ends everybody. Returns what went wrong, in words. */
async function play(
  stage: Stage,
  plan: IntrusionPlan,
  ground: Ground,
  options: IntrusionOptions,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const actor = (host: (typeof outside)[number], file: string, more: object): Running => {
    const config = {
      actor: host === "malware" ? "malware-server" : host,
      address: stage.address(host),
      seconds: lifeSeconds,
      truth: truthFile(stage, host),
      ...more,
    };
    const script = join(labFolder(), "actors", file);
    return stage.start(host, [process.execPath, script, JSON.stringify(config)]);
  };
  const { ports } = plan;
  actor("malware", "malware-server.mjs", {
    port: ports.malware,
    path: `/${plan.script}`,
    file: stage.seen("malware", `/tmp/${plan.script}`),
  });
  const commands = [
    "look",
    "wait",
    `search ${stage.seen("victim", `/srv/${plan.shop}`)}`,
    `search ${stage.seen("victim", "/home")}`,
    "wait",
    `customers ${ground.database}`,
    `send ${stage.address("collector")}:${ports.collector}`,
    "wait",
    "leave",
  ];
  actor("control", "control.mjs", { port: ports.control, commands });
  actor("collector", "collector.mjs", { port: ports.collector });
  const { probe } = options;
  const start = (host: "victim" | "database"): Running =>
    stage.start(host, ["/bin/sh", stage.seen(host, "/srv/start.sh")], {
      ...(options.trace ? { trace: `${host}.strace` } : {}),
      ...(probe === undefined ? {} : recordedBy(probe, host)),
    });
  const services = [
    ...(ground.databaseHost === "database" ? [start("database")] : []),
    start("victim"),
  ];
  if (!(await until(() => has(ground.shopLog, '"act":"listen"'), 10))) {
    if (probe !== undefined) throw new Error(`the recorder did not start: ${stage.said("victim")}`);
    wrong.push("the shop did not start");
  }
  options.say(`${stage.mode}: the shop is up, script language ${plan.language}`);

  const visits = {
    port: ports.shop,
    address: stage.address("victim"),
    from: hostsOf(stage.mode, plan.seed).find((host) => host.name === "customers")?.addresses,
    everyMs: plan.visitEveryMs,
    seed: plan.seed,
  };
  const visitors = [1, 2, 3].map((n) =>
    actor("customers", "customers.mjs", { ...visits, seed: n }),
  );
  await pause(plan.warmSeconds);
  const attack = actor("attacker", "attacker.mjs", {
    shopAddress: stage.address("victim"),
    shopPort: ports.shop,
    probeMs: 120,
    drop: ground.script,
    fetch: `http://${ground.malware}/${plan.script}`,
  });
  if ((await Promise.race([attack.ended, pause(15)])) !== 0) wrong.push("the exploit failed");
  else if (!(await until(() => has(ground.malwareLog, '"act": ?"end"'), 25))) {
    wrong.push("the script did not come to its end");
  }
  await pause(plan.coolSeconds);
  await Promise.all([...visitors, ...services].map(async (running) => stage.stop(running)));
  for (const line of wrong) options.say(line);
  return wrong;
}

function recordedBy(probe: ProbeRecorder, host: string): Parameters<Stage["start"]>[2] {
  const { show } = probe;
  let file = "";
  return {
    around: (folder) => {
      file = join(folder, `${host}.sf`);
      return probeArguments(probe, file, host);
    },
    ...(show === undefined ? {} : { shown: (text) => show(text, file) }),
  };
}

function truthFile(stage: Stage, host: string): string {
  // Outside the victim, so that the notes of these actors are no part of the recording.
  const seen = stage.mode === "namespaces" ? "/mnt" : stage.real(host, "/trace");
  return join(seen, "notes.jsonl");
}

function has(path: string, pattern: string): boolean {
  return existsSync(path) && new RegExp(pattern).test(readFileSync(path, "utf8"));
}

async function until(holds: () => boolean, seconds: number): Promise<boolean> {
  for (let waited = 0; waited < seconds; waited += 0.1) {
    if (holds()) return true;
    await pause(0.1);
  }
  return holds();
}

function pause(seconds: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), seconds * 1000);
  });
}

/** The notes of everybody: of the outside actors, and the services' and the script's own logs. */
function notesOf(stage: Stage, ground: Ground): TruthEvent[] {
  const files = outside.map((host) => stage.real(host, "/trace/notes.jsonl"));
  for (const host of new Set(["victim", ground.databaseHost])) {
    const logs = stage.real(host, "/var/log");
    for (const name of readdirSync(logs)) files.push(join(logs, name));
  }
  return files
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, "utf8").split("\n"))
    .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as TruthEvent] : []));
}

function takeLogs(stage: Stage, out: string): string[] {
  const names = ["victim", "database"].flatMap((host) =>
    ["strace", "sf"].map((kind) => [host, `${host}.${kind}`] as const),
  );
  return names.flatMap(([host, name]) => {
    const log = stage.real(host, `/trace/${name}`);
    if (!existsSync(log)) return [];
    const copy = join(out, name);
    copyFileSync(log, copy);
    return [copy];
  });
}
