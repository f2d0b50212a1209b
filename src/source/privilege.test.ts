// Who is to be become. That becoming works, and leaves no capability, is seen from outside in test/e2e/record.test.ts.

import { expect, test } from "vitest";
import { sudoCaller } from "./privilege.ts";

const lent = { SUDO_UID: "1000", SUDO_GID: "100", SUDO_USER: "ann" };

test("root lent by sudo goes back to who called", () => {
  expect(sudoCaller({ uid: 0, environment: lent })).toEqual({ uid: 1000, gid: 100, name: "ann" });
});

test.for([
  ["not root", { uid: 1000, environment: lent }],
  ["root of his own", { uid: 0, environment: {} }],
  ["root called sudo", { uid: 0, environment: { ...lent, SUDO_UID: "0" } }],
  ["an id that is none", { uid: 0, environment: { ...lent, SUDO_UID: "-1" } }],
  ["no group", { uid: 0, environment: { ...lent, SUDO_GID: undefined } }],
] as const)("there is nobody to become: %s", ([, identity]) => {
  expect(sudoCaller(identity)).toBeUndefined();
});
