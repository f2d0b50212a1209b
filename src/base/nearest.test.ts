import fc from "fast-check";
import { expect, test } from "vitest";
import { editDistance, nearest } from "./nearest.ts";

test("a typo finds the name that was meant", () => {
  expect(nearest("proc.nmae", ["proc.name", "proc.exe", "parent.name"])).toBe("proc.name");
  expect(nearest("prnt", ["print", "story"])).toBe("print");
});

test("a name that resembles nothing finds nothing", () => {
  expect(nearest("xyzzy", ["print", "story", "convert"])).toBeUndefined();
});

test("the distance is symmetric, zero for equal strings only, and at most the longer length", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const distance = editDistance(a, b);
      expect(distance).toBe(editDistance(b, a));
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});
