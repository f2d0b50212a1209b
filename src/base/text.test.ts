import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeText, encodeText, printable, textLength } from "./text.ts";

function roundTrip(bytes: Uint8Array): Uint8Array {
  const text = decodeText(bytes, 0, bytes.length);
  const out = new Uint8Array(textLength(text));
  expect(encodeText(text, out, 0)).toBe(out.length);
  return out;
}

test("any bytes survive as text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect([...roundTrip(bytes)]).toEqual([...bytes]);
    }),
  );
});

test("valid UTF-8 decodes as the platform's decoder does", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
      const bytes = new TextEncoder().encode(text);
      expect(decodeText(bytes, 0, bytes.length)).toBe(new TextDecoder().decode(bytes));
      expect([...roundTrip(bytes)]).toEqual([...bytes]);
    }),
  );
});

test("overlong forms, surrogates and cut sequences stay bytes", () => {
  for (const bytes of [
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xe2, 0x82],
  ]) {
    const text = decodeText(new Uint8Array(bytes), 0, bytes.length);
    expect(text.length).toBe(bytes.length);
    expect([...roundTrip(new Uint8Array(bytes))]).toEqual(bytes);
  }
});

test("long ASCII takes the chunked way", () => {
  const bytes = new Uint8Array(10_000).fill(97);
  expect(decodeText(bytes, 0, bytes.length)).toBe("a".repeat(10_000));
});

test("nothing that steers a terminal gets through", () => {
  expect(printable("a\u001b[31mred\u0007\n\u202e")).toBe("a\\x1b[31mred\\x07\\n\\u202e");
  expect(printable("\udcff")).toBe("\\xff");
  // C0, DEL and C1: a terminal takes 9b alone for the beginning of a sequence.
  for (let unit = 0; unit < 0xa0; unit++) {
    const stays = unit >= 0x20 && unit < 0x7f;
    expect(printable(String.fromCharCode(unit)).length === 1, `unit ${unit}`).toBe(stays);
  }
  expect(printable("grün 漢 🙂")).toBe("grün 漢 🙂");
});
