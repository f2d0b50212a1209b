// One finding of the doctor.

export type State = "ok" | "limited" | "no";

export type Finding = {
  /** A short name that scripts may rely on. */
  readonly name: string;
  /** What is there: a version, a setting, a path. */
  readonly found: string;
  readonly state: State;
  /** What follows from it; also when it is fine. */
  readonly why: string;
  /** What to do; absent where nothing needs to be or can be done. */
  readonly fix?: string | undefined;
};

/** "6.1.0-18-amd64" is [6, 1]. */
export function versionOf(text: string): readonly [number, number] | undefined {
  const match = /^v?(\d+)\.(\d+)/.exec(text.trim());
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

export function atLeast(version: readonly [number, number], major: number, minor: number): boolean {
  return version[0] > major || (version[0] === major && version[1] >= minor);
}
