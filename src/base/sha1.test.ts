import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { sha1 } from "./sha1.ts";

test("equals node:crypto for every length around the block borders", () => {
  for (let length = 0; length <= 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
    const expected = createHash("sha1").update(bytes).digest("hex");
    expect(Buffer.from(sha1(bytes)).toString("hex")).toBe(expected);
  }
});

test("hashes a prefix of a larger buffer", () => {
  const bytes = new TextEncoder().encode("/etc/passwd-and-more");
  const expected = createHash("sha1").update("/etc/passwd").digest("hex");
  expect(Buffer.from(sha1(bytes, 11)).toString("hex")).toBe(expected);
});
