// Counts, bytes and durations for people.

import type { DurationNs } from "../model/time.ts";

/** "1 record", "1 234 records". */
export function countNoun(count: number, noun: string): string {
  return `${printCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Thousands apart by a thin gap: 1 234 567. */
export function printCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, " ");
}

/** Decimal units, three significant digits: "6.54 KB". */
export function printBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit] ?? ""}`;
}

/** "0.3 s", "12 ms", "4 min 10 s". */
export function printDuration(duration: DurationNs): string {
  const ms = duration / 1e6;
  if (ms < 1) return `${Math.round(duration / 1e3)} µs`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds - 60 * minutes)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes - 60 * hours} min` : `${Math.floor(hours / 24)} d`;
}
