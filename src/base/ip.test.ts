import { isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cidrContains, ipFromBytes, ipToBytes, parseCidr, parseIp, printIp } from "./ip.ts";

test("text → address → text is stable for both families", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const ip = parseIp(text);
      expect(ip).toBeDefined();
      if (ip === undefined) return;
      const printed = printIp(ip);
      expect(isIPv4(printed) || isIPv6(printed)).toBe(true);
      expect(parseIp(printed)).toBe(ip);
      expect(ipFromBytes(ipToBytes(ip), 0)).toBe(ip);
    }),
  );
});

test("IPv6 is printed in its canonical form (RFC 5952 §4)", () => {
  const pairs: readonly [string, string][] = [
    ["2001:0db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["::1", "::1"],
    ["fe80:0:0:0:1:0:0:1", "fe80::1:0:0:1"],
    ["2001:DB8::A", "2001:db8::a"],
  ];
  for (const [text, canonical] of pairs) expect(parseIp(text)).toBe(canonical);
});

test("a mapped IPv4 address is the IPv4 address", () => {
  expect(parseIp("::ffff:10.1.2.3")).toBe(parseIp("10.1.2.3"));
});

test("what is no address is undefined", () => {
  for (const text of ["", "1.2.3", "1.2.3.256", "1.2.3.4.5", ":::", "1::2::3", "12345::", "g::"]) {
    expect(parseIp(text), text).toBeUndefined();
  }
});

test("CIDR contains what shares its prefix", () => {
  const contains = (net: string, ip: string): boolean => {
    const cidr = parseCidr(net);
    const address = parseIp(ip);
    return cidr !== undefined && address !== undefined && cidrContains(cidr, address);
  };
  expect(contains("10.0.0.0/8", "10.255.0.1")).toBe(true);
  expect(contains("10.0.0.0/8", "11.0.0.1")).toBe(false);
  expect(contains("10.0.0.0/9", "10.128.0.1")).toBe(false);
  expect(contains("0.0.0.0/0", "8.8.8.8")).toBe(true);
  expect(contains("0.0.0.0/0", "2001:db8::1")).toBe(false);
  expect(contains("2001:db8::/33", "2001:db8:7fff::1")).toBe(true);
  expect(contains("2001:db8::/33", "2001:db8:8000::1")).toBe(false);
  expect(contains("192.0.2.7", "192.0.2.7")).toBe(true);
  expect(parseCidr("10.0.0.0/33")).toBeUndefined();
});
