// What container engines keep on disk about their containers, read as far as it says name, image and pod. No engine is asked and none
// is needed. Sources: OCI runtime-spec config.md; containerd's pkg/cri/annotations; cri-o's and kubelet's annotation names; moby's
// container/container.go; containers/storage's containers.json; runc's libcontainer state.json. Nothing here throws.

import { closeSync, constants, fstatSync, openSync, readSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { itemsOf, memberAt } from "../base/json.ts";
import { containerTypes, type ContainerType } from "../model/entity.ts";

export type PodFacts = {
  /** The uid that Kubernetes gives. */
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly namespace: string | undefined;
};

/** Absent is not known. */
export type ContainerFacts = {
  /** As the engine has it, whole. */
  readonly id: string;
  readonly name: string | undefined;
  readonly image: string | undefined;
  readonly imageId: string | undefined;
  readonly type: ContainerType | undefined;
  readonly privileged: boolean | undefined;
  readonly pod: PodFacts | undefined;
};

/** Folders that engines use by default; tests and other set-ups have others. */
export const containerRoots = {
  /** NAMESPACE/ID/config.json */
  containerd: ["/run/containerd/io.containerd.runtime.v2.task"],
  /** ID/config.v2.json */
  docker: ["/var/lib/docker/containers"],
  /** overlay-containers/ID/userdata/config.json, overlay-containers/containers.json: cri-o and podman */
  storage: ["/var/lib/containers/storage"],
  /** ID/userdata/config.json while it runs */
  running: ["/run/containers/storage/overlay-containers"],
  /** ID/state.json */
  runc: ["/run/runc", "/run/crun", "/run/youki"],
} as const;
export type ContainerRoots = { readonly [kind in keyof typeof containerRoots]: readonly string[] };

const fileMax = 4 * 1024 * 1024;
const textMax = 1024;
const entriesMax = 65_536;

/** Folders of containers whose id begins so, by engine. */
type Place = { readonly kind: keyof ContainerRoots; readonly id: string; readonly folder: string };

/** Every container that the engines' folders show; `prefix` limits them to ids that begin so. */
export function* placesOf(roots: ContainerRoots, prefix: string): Generator<Place> {
  for (const root of roots.docker) yield* placesIn("docker", root, prefix);
  for (const root of roots.containerd) {
    for (const namespace of namesIn(root)) {
      yield* placesIn("containerd", join(root, namespace), prefix);
    }
  }
  for (const root of roots.running) yield* placesIn("running", root, prefix);
  for (const root of roots.storage) {
    yield* placesIn("storage", join(root, "overlay-containers"), prefix);
  }
  for (const root of roots.runc) yield* placesIn("runc", root, prefix);
}

function* placesIn(kind: Place["kind"], root: string, prefix: string): Generator<Place> {
  for (const id of namesIn(root)) {
    if (id.startsWith(prefix)) yield { kind, id, folder: join(root, id) };
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).slice(0, entriesMax);
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** What the place says; undefined where it is no container's, cannot be read, or is gone. */
export function readPlace(place: Place): ContainerFacts | undefined {
  const { id, folder } = place;
  switch (place.kind) {
    case "docker":
      return readDocker(id, folder);
    case "containerd": {
      const facts = fromConfig(id, readJson(join(folder, "config.json")), "containerd");
      // Docker runs its containers by containerd, and knows more of them.
      const isDocker = basename(dirname(folder)) === "moby";
      return facts === undefined || !isDocker ? facts : { ...facts, type: "docker" };
    }
    case "running":
      return fromConfig(id, readJson(join(folder, "userdata", "config.json")), "podman");
    case "storage": {
      const facts = fromConfig(id, readJson(join(folder, "userdata", "config.json")), "podman");
      const listed = fromList(id, readJson(join(dirname(folder), "containers.json")));
      return merge(facts, listed);
    }
    case "runc": {
      const state = readJson(join(folder, "state.json"));
      const bundle = bundleOf(state);
      const config = bundle === undefined ? undefined : readJson(join(bundle, "config.json"));
      return fromConfig(text(memberAt(state, "id")) ?? id, config ?? {}, undefined);
    }
  }
}

/** What the first of two does not know is taken from the second. */
export function merge(
  first: ContainerFacts | undefined,
  second: ContainerFacts | undefined,
): ContainerFacts | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    id: first.id,
    name: first.name ?? second.name,
    image: first.image ?? second.image,
    imageId: first.imageId ?? second.imageId,
    type: first.type ?? second.type,
    privileged: first.privileged ?? second.privileged,
    pod: first.pod ?? second.pod,
  };
}

/** The runtime's configuration: engines leave what they know in annotations. */
function fromConfig(
  id: string,
  config: unknown,
  type: ContainerType | undefined,
): ContainerFacts | undefined {
  if (typeof config !== "object" || config === null) return undefined;
  const note = (...names: string[]): string | undefined => {
    for (const name of names) {
      const value = text(memberAt(config, "annotations", name));
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const isCrio = note("io.kubernetes.cri-o.ContainerType", "io.kubernetes.cri-o.ContainerID");
  const isPodman = note("io.container.manager", "io.podman.annotations.init");
  const kind = note("io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType");
  const privileged = note("io.kubernetes.cri-o.PrivilegedRuntime");
  return {
    id,
    name:
      note("io.kubernetes.cri.container-name", "io.kubernetes.container.name") ??
      (kind === "sandbox" ? "POD" : undefined),
    image: note(
      "io.kubernetes.cri.image-name",
      "io.kubernetes.cri-o.ImageName",
      "io.kubernetes.cri-o.UserRequestedImage",
      "org.opencontainers.image.ref.name",
    ),
    imageId: imageIdOf(note("io.kubernetes.cri-o.Image", "io.kubernetes.cri-o.ImageRef")),
    type: isCrio !== undefined ? "crio" : isPodman === "libpod" ? "podman" : type,
    privileged: privileged === undefined ? undefined : privileged === "true",
    pod: podOf({
      id: note("io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"),
      name: note("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"),
      namespace: note("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"),
    }),
  };
}

function podOf(pod: PodFacts): PodFacts | undefined {
  const known = pod.id !== undefined || pod.name !== undefined || pod.namespace !== undefined;
  return known ? pod : undefined;
}

function readDocker(id: string, folder: string): ContainerFacts | undefined {
  const config = readJson(join(folder, "config.v2.json"));
  if (typeof config !== "object" || config === null) return undefined;
  return fromDocker(id, config, memberAt(readJson(join(folder, "hostconfig.json")), "Privileged"));
}

/** Docker's own description, as its files and its API have it. */
export function fromDocker(id: string, config: unknown, privileged: unknown): ContainerFacts {
  const label = (name: string): string | undefined =>
    text(memberAt(config, "Config", "Labels", `io.kubernetes.${name}`));
  return {
    id: text(memberAt(config, "ID")) ?? text(memberAt(config, "Id")) ?? id,
    name: text(memberAt(config, "Name"))?.replace(/^\//, ""),
    image: text(memberAt(config, "Config", "Image")),
    imageId: imageIdOf(text(memberAt(config, "Image"))),
    type: "docker",
    privileged: typeof privileged === "boolean" ? privileged : undefined,
    pod: podOf({
      id: label("pod.uid"),
      name: label("pod.name"),
      namespace: label("pod.namespace"),
    }),
  };
}

/** containers/storage's list of containers: cri-o and podman keep a description in it as JSON inside JSON. */
function fromList(id: string, list: unknown): ContainerFacts | undefined {
  const entry = itemsOf(list).find((item) => memberAt(item, "id") === id);
  if (entry === undefined) return undefined;
  const more = parse(text(memberAt(entry, "metadata"), fileMax) ?? "");
  const pod = text(memberAt(more, "pod-id"));
  return {
    id,
    name: text(memberAt(more, "name")) ?? text(memberAt(entry, "names", 0)),
    image: text(memberAt(more, "image-name")),
    imageId: imageIdOf(text(memberAt(entry, "image")) ?? text(memberAt(more, "image-id"))),
    type: undefined,
    privileged: undefined,
    // cri-o's pod-id is its sandbox, not the uid of Kubernetes.
    pod: podOf({
      id: undefined,
      name: pod === undefined ? undefined : text(memberAt(more, "pod-name")),
      namespace: undefined,
    }),
  };
}

/** runc keeps its bundle as a label, `bundle=/path`. */
function bundleOf(state: unknown): string | undefined {
  for (const label of itemsOf(memberAt(state, "config", "labels"))) {
    if (typeof label === "string" && label.startsWith("bundle=/")) return label.slice(7);
  }
  return text(memberAt(state, "bundle"));
}

/** An image's digest without the name of its hash; a reference by name is no id. */
function imageIdOf(value: string | undefined): string | undefined {
  return /^(?:sha256:)?([0-9a-f]{12,64})$/.exec(value ?? "")?.[1];
}

function text(value: unknown, max = textMax): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= max ? value : undefined;
}

function readJson(path: string): unknown {
  return parse(readSmall(path));
}

function parse(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A regular file of bounded size; opened so that a pipe in its place cannot make us wait. */
function readSmall(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size > fileMax) return undefined;
    const bytes = Buffer.allocUnsafe(stat.size);
    let length = 0;
    for (let read = 1; read > 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, length);
    }
    return bytes.toString("utf8", 0, length);
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** libsinsp's number of a type. */
export function typeNumber(type: ContainerType | undefined): number | undefined {
  const number = type === undefined ? -1 : containerTypes.indexOf(type);
  return number < 0 ? undefined : number;
}
