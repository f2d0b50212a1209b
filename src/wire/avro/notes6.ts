// Notes of schema 6: what is rare is JSON. A note is data from a file: whatever it holds, a record or nothing comes of it.

import type { Pod, Service } from "../../model/entity.ts";
import type { GapReason, GapRecord, Record } from "../../model/record.ts";
import type { Row } from "./plan.ts";
import type { BuildContext } from "./rows5.ts";

const gapReasons: readonly GapReason[] = [
  "damaged",
  "truncated",
  "dropped",
  "evicted",
  "unknown",
  "unsupported",
  "lost-process",
];
const gapUnits: readonly GapRecord["unit"][] = ["events", "bytes", "records", "processes", "flows"];

type Json = { readonly [key: string]: unknown };

function jsonOf(text: string | undefined): Json {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Json)
      : {};
  } catch {
    return {};
  }
}

function stringOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function wordsOf(value: unknown): bigint[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((word): word is string => typeof word === "string" && /^-?\d{1,20}$/.test(word))
    .map(BigInt);
}

function pairsOf(value: unknown): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  if (!Array.isArray(value)) return map;
  for (const pair of value as unknown[]) {
    if (Array.isArray(pair)) map.set(stringOf(pair[0]), stringOf(pair[1]));
  }
  return map;
}

function objectsOf(value: unknown): Json[] {
  return Array.isArray(value)
    ? value.filter((item): item is Json => typeof item === "object" && item !== null)
    : [];
}

function serviceOf(json: Json): Service {
  return {
    name: stringOf(json["name"]),
    id: stringOf(json["id"]),
    namespace: stringOf(json["namespace"]),
    ports: objectsOf(json["ports"]).map((port) => ({
      port: numberOf(port["port"]),
      targetPort: numberOf(port["targetPort"]),
      nodePort: numberOf(port["nodePort"]),
      proto: stringOf(port["proto"]),
    })),
    clusterIp: wordsOf(json["clusterIp"]),
  };
}

export function buildNote({ times, texts }: Row, { entities }: BuildContext): Record | undefined {
  const ts = times[0] ?? 0;
  const host = entities.host;
  const json = jsonOf(texts[1]);
  switch (texts[0]) {
    case "pod": {
      const pod: Pod = {
        host,
        ts,
        id: stringOf(json["id"]),
        name: stringOf(json["name"]),
        nodeName: typeof json["nodeName"] === "string" ? json["nodeName"] : undefined,
        hostIp: wordsOf(json["hostIp"]),
        internalIp: wordsOf(json["internalIp"]),
        namespace: stringOf(json["namespace"]),
        restartCount:
          json["restartCount"] === undefined ? undefined : numberOf(json["restartCount"]),
        labels: pairsOf(json["labels"]),
        selectors: pairsOf(json["selectors"]),
        services: objectsOf(json["services"]).map(serviceOf),
      };
      entities.describePod(pod);
      return { type: "PD", pod };
    }
    case "cluster": {
      const kind = stringOf(json["kind"]);
      const action = stringOf(json["action"]);
      return { type: "KE", host, ts, kind, action, message: stringOf(json["message"]) };
    }
    case "gap":
      return {
        type: "G",
        host,
        ts,
        endTs: ts + numberOf(json["endNs"]),
        reason: gapReasons.find((reason) => reason === json["reason"]) ?? "unknown",
        lost: numberOf(json["lost"]),
        unit: gapUnits.find((unit) => unit === json["unit"]) ?? "records",
        where: typeof json["where"] === "string" ? json["where"] : undefined,
      };
    default:
      return undefined;
  }
}
