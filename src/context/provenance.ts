// What earlier records say about later ones: who wrote a file last, who wrote the program that a process runs, which processes
// are network services, where a process connected. Fed with activities in event-time order; bounded; no rules and no graph here.

import type { Activity } from "../model/activity.ts";
import {
  type Container,
  type Process,
  type ProcessIdentity,
  lineage,
  processKey,
  processName,
} from "../model/entity.ts";
import type { Connection, DroppedProgram, Provenance, Writing } from "../model/facts.ts";
import { limits } from "../model/limits.ts";
import { Op, OpenFlag, hasOp } from "../model/opflag.ts";
import type { FileEvent, FileFlow, NetworkFlow, Tuple } from "../model/record.ts";

/** Programs that run a file named by their first argument. Versions behind the name ("python3.11") are ignored. */
const interpreters: ReadonlySet<string> = new Set(
  "sh bash dash ash zsh ksh mksh fish busybox python pypy perl ruby node nodejs deno bun php lua tclsh java wish Rscript awk gawk".split(
    " ",
  ),
);

/** Programs that serve the network, also where the recording does not show their connections being accepted. */
const servers: ReadonlySet<string> = new Set(
  "apache2 httpd httpd-foreground nginx lighttpd caddy haproxy php-fpm uwsgi gunicorn uvicorn unicorn puma tomcat catalina jetty mysqld mariadbd postgres mongod redis-server named".split(
    " ",
  ),
);

/** Programs that let people in: what happens behind them is somebody's session. */
const logins: ReadonlySet<string> = new Set(
  "sshd sshd-session sshd-auth dropbear login in.telnetd telnetd in.rshd xrdp xrdp-sesman Xvnc mosh-server".split(
    " ",
  ),
);

/** Whether a program with this name opens sessions for people. */
export function isLoginProgram(name: string | undefined): boolean {
  return name !== undefined && logins.has(name);
}

/** Options whose next word is program text or a module, so that no script follows. For shells, -e and -r mean other things. */
const inlineOptions = {
  shell: new Set(["-c"]),
  other: new Set(["-c", "-e", "-E", "-m", "-r", "-p", "--eval", "--print"]),
} as const;
const shellName = /^(ba|da|a|z|k|mk|fi|c|tc|rba)?sh$|^busybox$/;

/** Whether a program with this name answers the network for a living. Versions behind the name are ignored. */
export function isServerProgram(name: string | undefined): boolean {
  return name !== undefined && (servers.has(name) || servers.has(name.replace(/[\d.]+$/, "")));
}

/** Whether a file with this name is run by interpreting the file that its arguments name. */
export function isInterpreter(name: string | undefined): boolean {
  if (name === undefined) return false;
  return interpreters.has(name) || interpreters.has(name.replace(/[\d.]+$/, ""));
}

/** The files that a process' program may be: its executable, and the script that an interpreter was given. */
export function programPaths(process: Process): readonly string[] {
  const paths: string[] = [];
  if (process.exe !== undefined && process.exe !== "") paths.push(process.exe);
  if (!isInterpreter(processName(process))) return paths;
  const script = scriptArgument(process);
  if (script !== undefined) paths.push(resolvePath(process.cwd, script));
  return paths;
}

function scriptArgument(process: Process): string | undefined {
  const shell = shellName.test(processName(process) ?? "");
  const inline: ReadonlySet<string> = shell ? inlineOptions.shell : inlineOptions.other;
  const { argv, args } = process;
  const words = argv?.slice(1) ?? args?.split(" ") ?? [];
  for (let i = 0; i < words.length && i < 64; i++) {
    const word = words[i] ?? "";
    if (word === "") continue;
    if (inline.has(word)) {
      // `sh -c /path/to/program …` runs the program; any other text is code, whose commands show as processes of their own.
      const first = words[i + 1]?.trim().split(/\s/)[0];
      return shell && first?.includes("/") === true ? first : undefined;
    }
    if (!word.startsWith("-")) return word;
  }
  return undefined;
}

/** An absolute path without "." and ".."; relative ones are taken from the current directory. */
export function resolvePath(cwd: string | undefined, path: string): string {
  const whole = path.startsWith("/") ? path : `${cwd ?? "/"}/${path}`;
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Connections taken from somebody else: a program that only talks to itself (a test with its own server) serves nobody. */
type Served = { foreign: number };
type Accepted = { readonly server: Process; readonly served: Served };

type Remembered = { -readonly [Key in keyof Writing]: Writing[Key] };

export class ProvenanceState implements Provenance {
  /** Least recently written first. */
  readonly #writings = new Map<string, Remembered>();
  // By process key: every file of a recording describes its processes anew, as other objects.
  readonly #programs = new Map<string, Writing>();
  readonly #services = new Map<string, Served>();
  /** By tuple: who connected, and whom the connection made a service. */
  readonly #clients = new Map<string, Process>();
  readonly #accepts = new Map<string, Accepted>();
  readonly #connections = new Map<string, Connection>();
  readonly #keys = new WeakMap<ProcessIdentity, string>();
  /** Writings, programs, services and connections forgotten because there were too many. */
  evicted = 0;

  #key(process: Process): string {
    let key = this.#keys.get(process.identity);
    if (key === undefined) {
      key = processKey(process);
      this.#keys.set(process.identity, key);
    }
    return key;
  }

  /**
   * Remembers something about a process. A later file of the recording may not know when the process was created: it is then
   * found by its pid alone, until it ends.
   */
  #mark<Value>(map: Map<string, Value>, process: Process, value: Value): void {
    this.#put(map, this.#key(process), value);
    if (process.createdNs !== undefined) this.#put(map, pidKey(process), value);
  }

  #forgetPid(process: Process): void {
    const key = pidKey(process);
    this.#programs.delete(key);
    this.#services.delete(key);
    this.#connections.delete(key);
  }

  /** The entry becomes the newest; the oldest one makes room. */
  #put<Value>(map: Map<string, Value>, key: string, value: Value): void {
    map.delete(key);
    map.set(key, value);
    if (map.size <= limits.writings.max) return;
    const oldest = map.keys().next();
    if (oldest.done !== true) map.delete(oldest.value);
    this.evicted += 1;
  }

  writingOf(path: string, container: Container | undefined): Writing | undefined {
    return this.#writings.get(keyOf(path, container));
  }

  programOf(process: Process): Writing | undefined {
    return this.#programs.get(this.#key(process));
  }

  droppedOf(process: Process): DroppedProgram | undefined {
    const own = this.#programs.get(this.#key(process));
    if (own !== undefined) return { process, writing: own };
    for (const ancestor of lineage(process)) {
      const writing = this.#programs.get(this.#key(ancestor));
      if (writing !== undefined) return { process: ancestor, writing };
    }
    return undefined;
  }

  serviceOf(process: Process): Process | undefined {
    if (this.#isService(process)) return process;
    return lineage(process).find((ancestor) => this.#isService(ancestor));
  }

  #isService(process: Process): boolean {
    if ((this.#services.get(this.#key(process))?.foreign ?? 0) > 0) return true;
    return isServerProgram(processName(process));
  }

  connectionOf(process: Process): Connection | undefined {
    return this.#connections.get(this.#key(process));
  }

  /**
   * What an activity says about itself, before anybody judges it: an exec knows its program. Call `before`, judge, then call
   * `after`, which takes in what holds for the activities that follow.
   */
  before({ record, proc }: Activity): void {
    if (record.type !== "PE" || proc === undefined || record.ret < 0) return;
    if (hasOp(record.ops, Op.CLONE) && proc.createdNs !== undefined && record.ret === 0) {
      // A new process: whatever is known of its pid was another one's.
      this.#forgetPid(proc);
    }
    if (!hasOp(record.ops, Op.EXEC)) return;
    this.#programs.delete(this.#key(proc));
    this.#programs.delete(pidKey(proc));
    for (const path of programPaths(proc)) {
      const writing = this.#writings.get(keyOf(path, proc.container));
      // A copy: what is written over a running program later is another program.
      if (writing !== undefined) this.#mark(this.#programs, proc, { ...writing });
    }
  }

  after(activity: Activity): void {
    const { record } = activity;
    switch (record.type) {
      case "FF":
        this.#afterFileFlow(activity, record);
        return;
      case "FE":
        if (record.ret >= 0) this.#afterFileEvent(activity, record);
        return;
      case "PE":
        if (hasOp(record.ops, Op.EXIT) && record.tid === record.proc.pid) {
          this.#forgetPid(record.proc);
        }
        return;
      case "NF":
        if (hasOp(record.ops, Op.ACCEPT)) this.#afterAccept(record);
        else if (hasOp(record.ops, Op.CONNECT) && activity.phase !== "update") {
          this.#afterConnect(record);
          this.#put(this.#connections, this.#key(record.proc), {
            net: record.net,
            at: activity.at,
          });
        }
        return;
      default:
    }
  }

  #afterAccept({ proc, net }: NetworkFlow): void {
    const tuple = tupleOf(net);
    const client = this.#clients.get(tuple);
    if (client !== undefined && isOwn(proc, client)) return;
    const known = this.#accepts.get(tuple);
    if (known !== undefined && known.server.identity === proc.identity) return;
    const served = this.#services.get(this.#key(proc)) ?? { foreign: 0 };
    served.foreign += 1;
    this.#mark(this.#services, proc, served);
    this.#put(this.#accepts, tuple, { server: proc, served });
  }

  /** Either end of a connection may be seen first. */
  #afterConnect({ proc, net }: NetworkFlow): void {
    const tuple = tupleOf(net);
    this.#put(this.#clients, tuple, proc);
    const accepted = this.#accepts.get(tuple);
    if (accepted === undefined || !isOwn(accepted.server, proc)) return;
    accepted.served.foreign -= 1;
    this.#accepts.delete(tuple);
  }

  #afterFileFlow({ phase, at, proc }: Activity, record: FileFlow): void {
    const { file } = record;
    if (file.path === "" || (file.type !== "f" && file.type !== "?")) return;
    const emptied = record.openFlags & (OpenFlag.CREAT | OpenFlag.TRUNC);
    const opened = (record.openFlags & OpenFlag.WRONLY) !== 0 && emptied !== 0;
    const wrote =
      phase === "begin" ? opened : hasOp(record.ops, Op.WRITE) || hasOp(record.ops, Op.FTRUNCATE);
    if (!wrote) return;
    this.#remember(keyOf(file.path, file.container), {
      path: file.path,
      writer: proc ?? record.proc,
      at,
      madeExecutable: false,
    });
  }

  #afterFileEvent({ at, proc }: Activity, record: FileEvent): void {
    const { file, newFile, ops } = record;
    const key = keyOf(file.path, file.container);
    const writing = this.#writings.get(key);
    if (newFile !== undefined && writing !== undefined && (ops & (Op.RENAME | Op.LINK)) !== 0) {
      this.#remember(keyOf(newFile.path, newFile.container), { ...writing, path: newFile.path });
      if (hasOp(ops, Op.RENAME)) this.#writings.delete(key);
    } else if (newFile !== undefined && hasOp(ops, Op.SYMLINK)) {
      const target = this.#writings.get(keyOf(file.path, newFile.container));
      if (target !== undefined) {
        this.#remember(keyOf(newFile.path, newFile.container), { ...target, path: newFile.path });
      }
    } else if (hasOp(ops, Op.UNLINK)) this.#writings.delete(key);
    else if (writing !== undefined && hasOp(ops, Op.CHMOD) && setsExecute(record)) {
      writing.madeExecutable = true;
    } else if (hasOp(ops, Op.MKNOD)) {
      this.#remember(key, {
        path: file.path,
        writer: proc ?? record.proc,
        at,
        madeExecutable: false,
      });
    }
  }

  #remember(key: string, writing: Remembered): void {
    const before = this.#writings.get(key);
    // Told late: somebody else has written since.
    if (before !== undefined && before.at > writing.at && !isSame(before, writing)) return;
    // The same process writes on: the execute bit stays.
    if (before?.madeExecutable === true && isSame(before, writing)) {
      writing.madeExecutable = true;
    }
    this.#put(this.#writings, key, writing);
  }
}

function isSame(a: Writing, b: Writing): boolean {
  return a.writer.identity === b.writer.identity;
}

/** The client is the server itself, or was started by it. */
function isOwn(server: Process, client: Process): boolean {
  if (client.identity === server.identity) return true;
  return lineage(client).some(({ identity }) => identity === server.identity);
}

function tupleOf({ sip, sport, dip, dport }: Tuple): string {
  return `${sip}:${sport}>${dip}:${dport}`;
}

function setsExecute(record: FileEvent): boolean {
  const mode = record.args?.[0];
  return mode !== undefined && (Number.parseInt(mode, 8) & 0o111) !== 0;
}

/** The key of the process in a file that does not know its creation time. */
function pidKey(process: Process): string {
  return `${process.host.id}/${process.pid}/0`;
}

/** The same path in two containers is two files. */
function keyOf(path: string, container: Container | undefined): string {
  return container === undefined ? path : `${container.id}\n${path}`;
}
