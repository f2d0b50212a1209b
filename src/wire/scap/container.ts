// Containers as the recorder describes them: JSON that libsinsp writes into an event, and the older event with four parameters.

import { limits } from "../../model/limits.ts";
import type { ContainerSnapshot } from "../../model/syscall.ts";

/** Undefined where the text is no JSON or describes no container. */
export function parseContainer(json: string): ContainerSnapshot | undefined {
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
