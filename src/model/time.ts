// Time inside the program is a plain number of nanoseconds since a base that the whole run shares (`TimeBase`): a double holds
// 104 days of them exactly. Absolute time is a bigint and exists only at the edge: in codecs, in ids and in text.

/** Nanoseconds since the run's TimeBase; may be negative. Exact within ±2^53 ns (104 days). */
export type TimeNs = number;

/** A duration in nanoseconds. */
export type DurationNs = number;

/** Nanoseconds since the Unix epoch that TimeNs 0 stands for. */
export type TimeBase = bigint;

export const second: DurationNs = 1e9;
export const timeNsMax: TimeNs = 2 ** 53;

export function toAbsolute(base: TimeBase, time: TimeNs): bigint {
  return base + BigInt(time);
}

/** RFC 3339 in UTC with nine digits, of nanoseconds since the epoch. */
export function printTime(absoluteNs: bigint): string {
  const seconds = absoluteNs / 1_000_000_000n - (absoluteNs % 1_000_000_000n < 0n ? 1n : 0n);
  const nanos = absoluteNs - seconds * 1_000_000_000n;
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return `${absoluteNs}ns`;
  return `${date.toISOString().slice(0, -5)}.${nanos.toString().padStart(9, "0")}Z`;
}
