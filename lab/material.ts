// The made-up things of the lab: customers, keys, the shop's pages. Nothing here is anybody's.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A small generator of repeatable numbers in [0, 1); the lab must be the same for the same seed. */
export function numbersOf(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

export function pick<T>(random: () => number, values: readonly [T, ...T[]]): T {
  return values[Math.floor(random() * values.length)] ?? values[0];
}

export function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
}

const givenNames = ["Ada", "Ben", "Cleo", "Dora", "Emil", "Finn", "Greta", "Hugo"] as const;
const familyNames = ["Ames", "Birch", "Cole", "Dunn", "Elm", "Frost", "Gale", "Hart"] as const;

export function customerLines(random: () => number, count: number): string {
  const lines: string[] = [];
  for (let id = 0; id < count; id += 1) {
    const name = `${pick(random, givenNames)} ${pick(random, familyNames)}`;
    const card = Array.from({ length: 12 }, () => Math.floor(random() * 10)).join("");
    const mail = `${name.toLowerCase().replace(" ", ".")}.${id}@example.test`;
    lines.push(JSON.stringify({ id, name, mail, card: `0000${card}`, city: "Nowhere" }));
  }
  return `${lines.join("\n")}\n`;
}

/** Looks like a private key from afar; its body is noise. */
export function madeUpKey(random: () => number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const line = (): string =>
    Array.from({ length: 64 }, () => letters[Math.floor(random() * 64)] ?? "A").join("");
  const body = Array.from({ length: 20 }, line).join("\n");
  return `-----BEGIN MADE-UP PRIVATE KEY-----\n${body}\n-----END MADE-UP PRIVATE KEY-----\n`;
}

export function putShopPages(folder: string): void {
  const items = Array.from({ length: 40 }, (_, i) => `<li>Thing ${i}, ${(i * 7) % 50} coins</li>`);
  const frame = (body: string): string =>
    `<!doctype html><link rel=stylesheet href=/assets/style.css><h1>Shop</h1>${body}\n`;
  put(`${folder}/views/index.html`, frame("<a href=/products>Things</a>"));
  put(`${folder}/views/products.html`, frame(`<ul>${items.join("")}</ul>`));
  put(`${folder}/assets/style.css`, `body { font: 16px serif }\n${"/* space */\n".repeat(200)}`);
}

/** The end of a start script: asked to end, it waits for its children, who were asked too, so that nobody is left an orphan. */
export const patience = "trap : TERM\nwait\nwait\n";
