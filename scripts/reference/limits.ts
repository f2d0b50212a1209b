// docs/reference/limits.md, made from the table of bounds.

import { type Limit, limits } from "../../src/model/limits.ts";

const intro = `<!-- Do not edit: written by \`npm run references\` from src/model/limits.ts. -->

# Bounds

Nothing grows with the input alone: every table, queue and recursion has a bound. Where a bound is reached the oldest goes or the rest is
left out, and that is counted and shown; it is never an error of the program.

*Together* is the bound times what one entry costs, about: all that the table can ever take. No verb has all tables, and ordinary
recordings fill a few percent of one.

| bound | most | bytes each | together | what |
|---|---:|---:|---:|---|
`;

export function limitReference(): string {
  const rows: readonly (readonly [string, Limit])[] = Object.entries(limits);
  const sum = rows.reduce((total, [, limit]) => total + limit.max * limit.bytesEach, 0);
  return [
    intro,
    ...rows.map(line),
    `\nAll of them full at the same time: ${mebibytes(sum)}.\n`,
  ].join("");
}

function line([name, { max, bytesEach, doc }]: readonly [string, Limit]): string {
  return `| ${name} | ${grouped(max)} | ${grouped(bytesEach)} | ${mebibytes(max * bytesEach)} | ${doc} |\n`;
}

function mebibytes(bytes: number): string {
  const amount = bytes / 2 ** 20;
  return amount < 0.1
    ? "< 0.1 MiB"
    : `${amount < 10 ? amount.toFixed(1) : grouped(Math.round(amount))} MiB`;
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, " ");
}
