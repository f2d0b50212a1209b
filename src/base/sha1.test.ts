import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { sha1 } from "./sha1.ts";

test("equals the platform's SHA-1 for every length around the block borders", () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
    const expected = createHash("sha1").update(bytes).digest();
    expect([...sha1(bytes)]).toEqual([...expected]);
  }
});
