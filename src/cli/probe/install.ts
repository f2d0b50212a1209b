// Putting the probe where ordinary users may start it, and taking it away again: one binary of root:sysflow that nobody else may run,
// with the two capabilities it needs. Each step is said; what is done already is not done again. Only this file changes the system.

import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { rmSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { installedProbe } from "../../source/probe-binary.ts";

export type InstallPlace = {
  readonly prefix: string;
  readonly group: string;
  /** Who is to be able to record; undefined: nobody in particular. */
  readonly user: string | undefined;
};

export type Say = (line: string) => void;

export const probeCapabilities = "cap_bpf,cap_perfmon+ep";
const binaryMode = 0o750;
/** What we did ourselves, so that removing undoes just that. */
type Done = { groupMade: boolean; users: readonly string[] };

/** Throws an Error that says which step failed, and what is left as it was before. */
export function install(source: string, place: InstallPlace, say: Say): void {
  const path = installedProbe(place.prefix);
  const done = readDone(place);
  let id = groupId(place.group);
  if (id === undefined) {
    perform("groupadd", ["--system", place.group]);
    id = groupId(place.group);
    if (id === undefined) throw new Error(`the group ${place.group} could not be made`);
    done.groupMade = true;
    say(`made the group ${place.group}`);
  } else say(`the group ${place.group} is there`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeDone(place, done);
  placeBinary(source, path, id, say);
  addUser(place, done, say);
}

/** Beside the old one, complete, then in its place: whoever starts it meanwhile gets one or the other. */
function placeBinary(source: string, path: string, group: number, say: Say): void {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    copyFileSync(source, beside);
    // Changing the owner takes capabilities away: they come last.
    chownSync(beside, 0, group);
    chmodSync(beside, binaryMode);
    perform("setcap", [probeCapabilities, beside]);
    renameSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
  say(`installed ${path} (root, mode 0750, ${probeCapabilities})`);
}

function addUser({ group, user, prefix }: InstallPlace, done: Done, say: Say): void {
  if (user === undefined || user === "root") return;
  if (membersOf(group).includes(user)) {
    say(`${user} is in the group ${group}`);
    return;
  }
  perform("usermod", ["--append", "--groups", group, user]);
  done.users = [...done.users, user];
  writeDone({ group, user, prefix }, done);
  say(`added ${user} to the group ${group}: it counts from the next login on`);
}

export function remove(place: InstallPlace, say: Say): void {
  const path = installedProbe(place.prefix);
  const folder = dirname(path);
  const done = readDone(place);
  const had = existed(path);
  rmSync(path, { force: true });
  say(had ? `removed ${path}` : `${path} is not there`);
  const id = groupId(place.group);
  for (const user of id === undefined || done.groupMade ? [] : done.users) {
    if (!membersOf(place.group).includes(user)) continue;
    perform("gpasswd", ["--delete", user, place.group]);
    say(`took ${user} out of the group ${place.group}`);
  }
  if (done.groupMade && id !== undefined) {
    perform("groupdel", [place.group]);
    say(`removed the group ${place.group}`);
  }
  rmSync(join(folder, doneName), { force: true });
  try {
    rmdirSync(folder);
    say(`removed ${folder}`);
  } catch {
    // Somebody else keeps something there, or it was never made.
  }
}

export type InstallStatus = {
  readonly path: string;
  readonly installed: boolean;
  readonly owner: string | undefined;
  /** "0750" */
  readonly mode: string | undefined;
  readonly capabilities: string | undefined;
  /** It is the one that came with this program; undefined where none did, or it cannot be read. */
  readonly current: boolean | undefined;
  readonly group: string;
  readonly members: readonly string[];
  /** What keeps it from working as it should. */
  readonly problems: readonly string[];
};

export function status(shipped: string | undefined, place: InstallPlace): InstallStatus {
  const path = installedProbe(place.prefix);
  const stat = statSync(path, { throwIfNoEntry: false });
  const id = groupId(place.group);
  const known = spawnSync("getcap", [path], { encoding: "utf8" });
  const capabilities = known.status === 0 ? / (?:= )?(\S+)\s*$/.exec(known.stdout)?.[1] : undefined;
  const problems: string[] = [];
  if (stat !== undefined) {
    if (stat.uid !== 0 || stat.gid !== id) problems.push(`it is not root:${place.group}'s`);
    if ((stat.mode & 0o7777) !== binaryMode) problems.push("its mode is not 0750");
    if (known.status === 0 && !/cap_perfmon/.test(capabilities ?? "")) {
      problems.push("it has not the capabilities cap_bpf and cap_perfmon");
    }
  }
  return {
    path,
    installed: stat !== undefined,
    owner: stat === undefined ? undefined : `${stat.uid}:${stat.gid}`,
    mode: stat === undefined ? undefined : (stat.mode & 0o7777).toString(8).padStart(4, "0"),
    capabilities,
    current: shipped === undefined ? undefined : sameContent(shipped, path),
    group: place.group,
    members: membersOf(place.group),
    problems,
  };
}

function sameContent(a: string, b: string): boolean | undefined {
  try {
    const [first, second] = [a, b].map((path) =>
      createHash("sha256").update(readFileSync(path)).digest("hex"),
    );
    return first === second;
  } catch {
    return undefined;
  }
}

function existed(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Runs a program of the system; throws with what it said. */
function perform(program: string, args: readonly string[]): void {
  const ran = spawnSync(program, args, { encoding: "utf8" });
  if (ran.error !== undefined) {
    const how = program === "setcap" ? " (Debian: apt install libcap2-bin)" : "";
    throw new Error(`${program} is not installed${how}`);
  }
  if (ran.status === 0) return;
  throw new Error(
    `${program} ${args.join(" ")}: ${ran.stderr.trim() || `ended with ${ran.status}`}`,
  );
}

/** group(5): name, password, id, members. */
function groupLine(group: string): readonly string[] | undefined {
  const ran = spawnSync("getent", ["group", group], { encoding: "utf8" });
  const line = ran.status === 0 ? ran.stdout.trim() : undefined;
  return line === undefined || line === "" ? undefined : line.split(":");
}

function groupId(group: string): number | undefined {
  const id = groupLine(group)?.[2];
  return id !== undefined && /^\d+$/.test(id) ? Number(id) : undefined;
}

function membersOf(group: string): readonly string[] {
  return (groupLine(group)?.[3] ?? "").split(",").filter((name) => name !== "");
}

const doneName = "installed.json";

function readDone({ prefix }: InstallPlace): Done {
  const nothing = { groupMade: false, users: [] };
  try {
    const path = join(dirname(installedProbe(prefix)), doneName);
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value !== "object" || value === null) return nothing;
    const users: unknown = Reflect.get(value, "users");
    return {
      groupMade: Reflect.get(value, "groupMade") === true,
      users: Array.isArray(users) ? users.filter((user) => typeof user === "string") : [],
    };
  } catch {
    return nothing;
  }
}

function writeDone({ prefix }: InstallPlace, done: Done): void {
  const path = join(dirname(installedProbe(prefix)), doneName);
  writeFileSync(path, `${JSON.stringify(done)}\n`, { mode: 0o644 });
}
