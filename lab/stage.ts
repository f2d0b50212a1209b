// The ground a lab run stands on: hosts (network namespaces with a file tree of their own, or loopback addresses), the processes
// started on them, and the certainty that all of it is gone afterwards. It knows nothing of what is played on it.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
} from "node:fs";
import { closeSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { straceArguments } from "./trace.ts";

export type StageMode = "namespaces" | "loopback";

export type HostPlan = {
  readonly name: string;
  /** The first one is the host's own. */
  readonly addresses: readonly string[];
  /** Folders that the host sees as its own, empty ones; all others are the machine's, to be read. */
  readonly folders: readonly string[];
};

export type Running = {
  readonly name: string;
  readonly pid: number;
  readonly ended: Promise<number>;
};

/** What a host's processes see of the environment: nothing of the caller's. */
const environment: NodeJS.ProcessEnv = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
};

const searchPath = [
  ...(environment["PATH"] ?? "").split(":"),
  ...(process.env["PATH"] ?? "").split(delimiter),
];

/** The program behind a name: the system's own first, so that no wrapper script of the caller's shell is taken. */
export function findTool(name: string): string | undefined {
  for (const folder of searchPath) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** A folder of its own that can be bound over the machine's: what the lab needs must not lie in it. */
function canHide(folder: string, tools: readonly string[]): boolean {
  return (
    existsSync(folder) &&
    realpathSync(folder) === folder &&
    tools.every((tool) => !realpathSync(tool).startsWith(`${folder}/`))
  );
}

function ip(...args: readonly string[]): boolean {
  return spawnSync("ip", [...args], { stdio: "ignore" }).status === 0;
}

const namePrefix = "sfl";
let stages = 0;

/** True where this machine lets us make network namespaces (root, iproute2, bridges). */
export function namespacesWork(): boolean {
  if (process.getuid?.() !== 0 || findTool("ip") === undefined) return false;
  const name = `${namePrefix}${process.pid}-try`;
  if (!ip("netns", "add", name)) return false;
  const works = ip("-n", name, "link", "add", "bridge0", "type", "bridge");
  ip("netns", "del", name);
  return works;
}

/** Namespaces of a run that was killed before it could clean up; their names carry its pid. */
function removeStale(): void {
  const listed = spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout ?? "";
  for (const match of listed.matchAll(new RegExp(`^(${namePrefix}(\\d+)-\\S+)`, "gm"))) {
    if (!existsSync(`/proc/${match[2] ?? ""}`)) ip("netns", "del", match[1] ?? "");
  }
}

type Started = Running & { readonly child: ChildProcess; over: boolean };

export class Stage {
  readonly mode: StageMode;
  readonly folder: string;
  readonly #hosts: ReadonlyMap<string, HostPlan>;
  readonly #started: Started[] = [];
  readonly #namespaces: string[] = [];
  /** Begins every namespace's name: which process, and which of its stages. */
  readonly #prefix: string;
  readonly #onSignal = (): void => {
    this.#closeNow();
    process.exit(130);
  };
  readonly #onExit = (): void => this.#closeNow();
  #open = true;

  /** `needed`: files that all hosts must see. */
  constructor(mode: StageMode, hosts: readonly HostPlan[], needed: readonly string[] = []) {
    this.mode = mode;
    stages += 1;
    this.#prefix = `${namePrefix}${process.pid}-${stages}-`;
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), "sysflow-lab-")));
    process.on("exit", this.#onExit);
    process.on("SIGINT", this.#onSignal);
    process.on("SIGTERM", this.#onSignal);
    const found = ["python3", "perl", "strace"].flatMap(toolIfAny);
    const tools = [process.execPath, ...found, ...needed];
    this.#hosts = new Map(
      hosts.map((host) => [
        host.name,
        { ...host, folders: host.folders.filter((folder) => canHide(folder, tools)) },
      ]),
    );
    for (const host of this.#hosts.values()) {
      for (const folder of [...host.folders, "/root", "/tmp", "/trace"]) {
        mkdirSync(this.real(host.name, folder), { recursive: true });
      }
    }
    if (mode === "namespaces") this.#network();
  }

  #host(name: string): HostPlan {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`the lab has no host "${name}"`);
    return host;
  }

  address(host: string): string {
    return this.#host(host).addresses[0] ?? "127.0.0.1";
  }

  /** Where the lab finds a path of a host. */
  real(host: string, path: string): string {
    return join(this.folder, host, path);
  }

  /** The same path as the host's processes see it. */
  seen(host: string, path: string): string {
    if (this.mode === "loopback") return this.real(host, path);
    const own = this.#host(host).folders.some((folder) => `${path}/`.startsWith(`${folder}/`));
    return own ? path : this.real(host, path);
  }

  /** The end of what was printed on a host, in one line. */
  said(host: string): string {
    return textOf(join(this.folder, `${host}.log`))
      .trim()
      .split("\n")
      .slice(-2)
      .join(" ");
  }

  #network(): void {
    removeStale();
    const name = (host: string): string => `${this.#prefix}${host}`;
    const add = (host: string): void => {
      if (!ip("netns", "add", name(host))) throw new Error(`cannot make namespace ${name(host)}`);
      this.#namespaces.push(name(host));
    };
    add("switch");
    const within = name("switch");
    ip("-n", within, "link", "add", "bridge0", "type", "bridge");
    ip("-n", within, "link", "set", "bridge0", "up");
    let port = 0;
    for (const host of this.#hosts.values()) {
      add(host.name);
      const inside = name(host.name);
      port += 1;
      const far = `port${port}`;
      const pair = ["type", "veth", "peer", "name", far, "netns", within];
      if (!ip("link", "add", "eth0", "netns", inside, ...pair)) {
        throw new Error(`cannot connect ${inside}`);
      }
      ip("-n", within, "link", "set", far, "master", "bridge0", "up");
      for (const address of host.addresses) {
        ip("-n", inside, "address", "add", `${address}/32`, "dev", "eth0");
      }
      ip("-n", inside, "link", "set", "lo", "up");
      ip("-n", inside, "link", "set", "eth0", "up");
      ip("-n", inside, "route", "add", "default", "dev", "eth0");
    }
  }

  /**
   * Starts a program on a host, in a process group of its own. `trace` puts one strace around it that writes a file of that name;
   * `around` any other recorder, given where it may keep its files; `shown` is given what is printed, in whole lines.
   */
  start(
    host: string,
    command: readonly string[],
    options: {
      readonly trace?: string;
      readonly around?: (folder: string) => readonly string[];
      readonly shown?: (text: string) => void;
    } = {},
  ): Running {
    const plan = this.#host(host);
    const namespaced = this.mode === "namespaces";
    const kept = namespaced ? "/mnt" : this.real(host, "/trace");
    const { trace, around } = options;
    const recorder = trace === undefined ? [] : ["strace", ...straceArguments(join(kept, trace))];
    const traced = [...(around?.(kept) ?? recorder), ...command];
    const binds = [
      ...plan.folders.map((folder) => [this.real(host, folder), folder]),
      [this.real(host, "/trace"), "/mnt"],
    ];
    // Two steps: the trees are bound one by one, and /tmp, in which the lab itself lies, comes last.
    binds.sort((a, b) => Number(a[1] === "/tmp") - Number(b[1] === "/tmp"));
    const script = [
      ...binds.map((pair) => `mount --bind '${pair.join("' '")}'`),
      'cd / && exec "$@"',
    ].join(" && ");
    const whole = namespaced
      ? ["ip", "netns", "exec", `${this.#prefix}${host}`, "sh", "-c", script, "sh"]
      : [];
    const [program = "true", ...args] = [...whole, ...traced];
    const output = openSync(join(this.folder, `${host}.log`), "a");
    const { shown } = options;
    const stream = shown === undefined ? output : "pipe";
    const child = spawn(program, args, {
      cwd: namespaced ? "/" : this.real(host, "/"),
      env: {
        ...environment,
        ...(shown === undefined ? {} : screen()),
        HOME: this.seen(host, "/root"),
      },
      stdio: ["ignore", stream, stream],
      detached: true,
    });
    closeSync(output);
    if (shown !== undefined) for (const each of [child.stdout, child.stderr]) inLines(each, shown);
    const ended = new Promise<number>((resolve) => {
      child.on("error", () => resolve(127));
      child.on("exit", (code) => resolve(code ?? 128));
    });
    const running: Started = {
      name: `${host}: ${command.join(" ")}`,
      pid: child.pid ?? -1,
      ended,
      child,
      over: false,
    };
    void ended.then(() => {
      running.over = true;
      return undefined;
    });
    this.#started.push(running);
    return running;
  }

  /** Ends the process group of one program that was started here: asks first, insists after two seconds. */
  async stop(running: Running): Promise<void> {
    signalGroup(running.pid, "SIGTERM");
    const late = setTimeout(() => signalGroup(running.pid, "SIGKILL"), 2000);
    await running.ended;
    clearTimeout(late);
    signalGroup(running.pid, "SIGKILL");
  }

  /** Ends what still runs and takes everything away but what was copied out before. */
  async close(): Promise<void> {
    const open = this.#started.filter((running) => !running.over);
    await Promise.all(open.map(async (running) => this.stop(running)));
    this.#closeNow();
    process.off("exit", this.#onExit);
    process.off("SIGINT", this.#onSignal);
    process.off("SIGTERM", this.#onSignal);
  }

  #closeNow(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const running of this.#started) {
      const below = running.over ? [] : descendants(running.pid);
      signalGroup(running.pid, "SIGKILL");
      for (const pid of below) signalOne(pid);
    }
    for (const name of this.#namespaces) {
      endNamespace(name);
      ip("netns", "del", name);
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** How wide whoever looks on has it. */
function screen(): NodeJS.ProcessEnv {
  const columns = process.stdout.columns ?? process.env["COLUMNS"];
  return columns === undefined ? {} : { COLUMNS: String(columns) };
}

function inLines(stream: Readable | null, shown: (text: string) => void): void {
  let rest = "";
  stream?.setEncoding("utf8").on("data", (text: string) => {
    const end = (rest + text).lastIndexOf("\n") + 1;
    if (end > 0) shown((rest + text).slice(0, end));
    rest = (rest + text).slice(end);
  });
  stream?.on("end", () => shown(rest));
}

function toolIfAny(name: string): string[] {
  const path = findTool(name);
  return path === undefined ? [] : [path];
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (pid <= 1) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone already, which is what was wanted.
  }
}

function signalOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // As above.
  }
}

/** Children of ours that left the group (a daemon makes a session of its own). */
function descendants(pid: number): number[] {
  const found: number[] = [];
  const open = [pid];
  for (let next = open.pop(); next !== undefined && found.length < 10_000; next = open.pop()) {
    const tasks = `/proc/${next}/task`;
    for (const task of namesIn(tasks)) {
      for (const child of textOf(join(tasks, task, "children"))
        .trim()
        .split(" ")) {
        if (child !== "") {
          found.push(Number(child));
          open.push(Number(child));
        }
      }
    }
  }
  return found;
}

/** A process may end while it is looked at. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Whatever runs inside a namespace of ours was started by us, whoever its parent is now. */
function endNamespace(name: string): void {
  const listed = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" }).stdout ?? "";
  for (const pid of listed.trim().split("\n")) if (pid !== "") signalOne(Number(pid));
}

/** The folder of the lab's own files, whether it runs from its sources or from a bundle. */
export function labFolder(): string {
  const root = process.env["SYSFLOW_ROOT"];
  return root === undefined ? dirname(new URL(import.meta.url).pathname) : join(root, "lab");
}
