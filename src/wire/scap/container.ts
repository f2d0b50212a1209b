// Events of the recorder itself: containers as JSON or in the older four parameters, users, groups, Kubernetes.

import { limits } from "../../model/limits.ts";
import type { ContainerSnapshot, Input } from "../../model/syscall.ts";
import type { TimeNs } from "../../model/time.ts";
import { type Parameters, lengthOf, readText } from "./extract.ts";

/** What the event says; undefined: nothing of interest; a word: what is wrong with it. */
export function describe(
  type: number,
  from: Parameters,
  now: TimeNs,
): Input | "parameters" | "json" | undefined {
  const texts = textsOf(from);
  if (texts === undefined) return "parameters";
  const first = texts[0] ?? "";
  switch (type) {
    case 272:
    case 324:
      return parseContainer(first) ?? "json";
    case 228:
      return {
        kind: "container",
        id: first,
        name: texts[2],
        image: texts[3],
        imageId: undefined,
        imageTag: undefined,
        type: numberAt(from, 1),
        privileged: undefined,
        complete: texts[2] !== undefined && texts[2] !== "",
      };
    case 260:
      return { kind: "kubernetes", ts: now, json: first };
    case 354: {
      const uid = numberAt(from, 0);
      // Users of a container are not the machine's.
      if (uid === undefined || (texts[5] ?? "") !== "") return undefined;
      return { kind: "user", uid, name: texts[2] ?? "" };
    }
    default: {
      const gid = numberAt(from, 0);
      if (gid === undefined || (texts[2] ?? "") !== "") return undefined;
      return { kind: "group", gid, name: texts[1] ?? "" };
    }
  }
}

/** Every parameter as text; undefined where a length points behind the event. */
function textsOf(from: Parameters): string[] | undefined {
  const texts: string[] = [];
  let at = from.dataAt;
  for (let i = 0; i < Math.min(from.count, 8); i++) {
    const length = lengthOf(from, i);
    if (at + length > from.end) return undefined;
    texts.push(readText(from, at, length));
    at += length;
  }
  return texts;
}

/** Parameter `index` as a 32-bit number; the lengths have been checked. */
function numberAt(from: Parameters, index: number): number | undefined {
  if (index >= from.count || lengthOf(from, index) < 4) return undefined;
  let at = from.dataAt;
  for (let i = 0; i < index; i++) at += lengthOf(from, i);
  return from.view.getUint32(at, true);
}

/** Undefined where the text is no JSON or describes no container. */
function parseContainer(json: string): ContainerSnapshot | undefined {
  if (json.length > limits.textBytes.max) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return undefined;
  }
  const container = isRecord(parsed) ? parsed["container"] : undefined;
  if (!isRecord(container)) return undefined;
  const id = textOf(container["id"]);
  if (id === undefined) return undefined;
  const name = textOf(container["name"]);
  const state = container["lookup_state"];
  return {
    kind: "container",
    id,
    name,
    image: textOf(container["image"]),
    imageId: textOf(container["imageid"]),
    imageTag: textOf(container["imagetag"]),
    type: numberOf(container["type"]),
    privileged: booleanOf(container["privileged"]),
    // 1: the recorder asked the runtime and got an answer. Older ones do not say: a name means that it did.
    complete: state === undefined ? name !== undefined : state === 1,
  };
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function booleanOf(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}
