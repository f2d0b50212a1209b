// Who started us, and how to become him: under sudo the process that parses what the kernel says gives root away first.

import { readFileSync } from "node:fs";

/** Whoever called sudo. */
export type Caller = {
  readonly uid: number;
  readonly gid: number;
  /** Undefined where sudo does not say it: then no other groups are joined. */
  readonly name: string | undefined;
};

export type Identity = {
  readonly uid: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

export function ownIdentity(): Identity {
  return { uid: process.geteuid?.() ?? -1, environment: process.env };
}

/** Undefined: not root, or root not by sudo of somebody else. Then there is nobody to become. */
export function sudoCaller({ uid, environment }: Identity): Caller | undefined {
  if (uid !== 0) return undefined;
  const caller = idOf(environment["SUDO_UID"]);
  const group = idOf(environment["SUDO_GID"]);
  if (caller === undefined || caller === 0 || group === undefined) return undefined;
  const name = environment["SUDO_USER"];
  return { uid: caller, gid: group, name: name === "" ? undefined : name };
}

function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/**
 * Gives root away for good: groups, group, user, and with them every capability. Throws if anything of it is left: whoever asked
 * for this must not go on as root.
 */
export function becomeCaller(caller: Caller): void {
  const { setgroups, setgid, setuid } = process;
  if (setgroups === undefined || setgid === undefined || setuid === undefined) {
    throw new Error("this system has no user ids");
  }
  if (!joinGroups(caller)) setgroups([caller.gid]);
  setgid(caller.gid);
  setuid(caller.uid);
  const left = heldCapabilities();
  if (process.geteuid?.() !== caller.uid || process.getuid?.() !== caller.uid || left !== 0n) {
    throw new Error(
      `root could not be given away (capabilities left: ${left?.toString(16) ?? "?"})`,
    );
  }
}

/** False: the name is not known here, or its groups are not the caller's to have. */
function joinGroups(caller: Caller): boolean {
  // Node has it, and its types do not say so.
  const initgroups: unknown = Reflect.get(process, "initgroups");
  if (caller.name === undefined || typeof initgroups !== "function") return false;
  try {
    Reflect.apply(initgroups, process, [caller.name, caller.gid]);
    // The environment is the caller's word: root's groups are not taken on it.
    return caller.gid === 0 || process.getgroups?.().includes(0) === false;
  } catch {
    return false;
  }
}

/** Effective capabilities of this process as a bit set. */
export function heldCapabilities(): bigint | undefined {
  try {
    const hex = /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return hex === undefined ? undefined : BigInt(`0x${hex}`);
  } catch {
    return undefined;
  }
}
