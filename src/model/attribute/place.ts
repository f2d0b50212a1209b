// Attributes of where it happened: host, container, pod, and Kubernetes events.

import { containerTypes } from "../entity.ts";
import { toAbsolute } from "../time.ts";
import { type Attribute, text } from "./row.ts";

export const placeAttributes: readonly Attribute[] = [
  {
    name: "host",
    type: "string",
    doc: "Id of the host that the record comes from (SysFlow's exporter).",
    get: ({ host }) => text(host.id),
  },
  {
    name: "host.ip",
    type: "string",
    doc: "Address of the host as its header states it.",
    get: ({ host }) => text(host.ip),
  },
  {
    name: "container.id",
    type: "string",
    doc: "Id of the container; absent on the host.",
    get: ({ container }) => text(container?.id),
  },
  {
    name: "container.name",
    type: "string",
    doc: "Name of the container.",
    get: ({ container }) => text(container?.name),
  },
  {
    name: "container.image",
    type: "string",
    doc: "Name of the container's image.",
    get: ({ container }) => text(container?.image),
  },
  {
    name: "container.imageid",
    type: "string",
    doc: "Id of the container's image.",
    get: ({ container }) => text(container?.imageId),
  },
  {
    name: "container.type",
    type: "string",
    doc: "Container engine; absent on the host.",
    values: containerTypes,
    get: ({ container }) => container?.type,
  },
  {
    name: "container.privileged",
    type: "bool",
    doc: "Whether the container runs privileged.",
    get: ({ container }) => container?.privileged,
  },
  {
    name: "pod.id",
    type: "string",
    doc: "Id of the pod.",
    get: ({ container }) => text(container?.pod?.id ?? container?.podId),
  },
  {
    name: "pod.name",
    type: "string",
    doc: "Name of the pod.",
    get: ({ container }) => text(container?.pod?.name),
  },
  {
    name: "pod.namespace",
    type: "string",
    doc: "Kubernetes namespace of the pod.",
    get: ({ container }) => text(container?.pod?.namespace),
  },
  {
    name: "pod.node",
    type: "string",
    doc: "Name of the node that the pod runs on.",
    get: ({ container }) => text(container?.pod?.nodeName),
  },
  {
    name: "pod.restarts",
    type: "int",
    doc: "How often the pod was restarted.",
    get: ({ container }) => container?.pod?.restartCount,
  },
  {
    name: "pod.ts",
    type: "time",
    doc: "When the pod was seen in this state.",
    get: ({ container }, facts) => {
      const pod = container?.pod;
      return pod === undefined ? undefined : toAbsolute(facts.base, pod.ts);
    },
  },
  {
    name: "kubernetes.kind",
    type: "string",
    doc: "Kind of object that a Kubernetes event is about.",
    on: ["KE"],
    get: ({ record }) => (record.type === "KE" ? text(record.kind) : undefined),
  },
  {
    name: "kubernetes.action",
    type: "string",
    doc: "What happened to the object.",
    on: ["KE"],
    get: ({ record }) => (record.type === "KE" ? text(record.action) : undefined),
  },
  {
    name: "kubernetes.message",
    type: "string",
    doc: "The event's JSON as Kubernetes sent it.",
    on: ["KE"],
    get: ({ record }) => (record.type === "KE" ? text(record.message) : undefined),
  },
];
