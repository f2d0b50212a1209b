// Who a container is: name, image, pod of the id that a control group shows. Found in what engines keep on disk, or by asking Docker;
// remembered, and what was not found is looked for again, ever more rarely. What is not known is not guessed.

import { podUidOf } from "../context/path.ts";
import { limits } from "../model/limits.ts";
import type { ContainerSnapshot } from "../model/syscall.ts";
import {
  type ContainerFacts,
  containerRoots,
  type ContainerRoots,
  merge,
  placesOf,
  readPlace,
  typeNumber,
} from "./container-files.ts";
import { askDocker } from "./docker.ts";

export type MetadataOptions = {
  /** Where the engines keep their files. */
  readonly roots?: Partial<ContainerRoots> | undefined;
  /** Undefined: Docker is not asked. */
  readonly dockerSocket?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Milliseconds of a clock that does not run back. */
  readonly now?: (() => number) | undefined;
};

export const dockerSocket = "/var/run/docker.sock";

/** One look at the files may take so long; answers of Docker too. */
const timeoutMsDefault = 250;
/** Waiting times until an unknown container is looked for again; the last one is kept. */
const retryMs = [20, 50, 100, 200, 500, 1000, 5000, 30_000] as const;
/** Containers that are known before any of them does something. */
const preparedMax = 4096;
const shortId = 12;

type Unknown = {
  tries: number;
  dueMs: number;
  asked: boolean;
  /** Uid of its pod, where its control group tells it. */
  readonly pod: string | undefined;
};

export class ContainerMetadata {
  readonly #roots: ContainerRoots;
  readonly #socket: string | undefined;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  readonly #known = new Map<string, ContainerSnapshot>();
  readonly #unknown = new Map<string, Unknown>();
  #answers: ContainerSnapshot[] = [];
  /** For tests: how often files were looked at. */
  lookups = 0;

  constructor(options: MetadataOptions = {}) {
    this.#roots = { ...containerRoots, ...options.roots };
    this.#socket = options.dockerSocket;
    this.#timeoutMs = options.timeoutMs ?? timeoutMsDefault;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Looks at all containers that exist: later their files may be forbidden. Returns how many are known. */
  prepare(): number {
    const until = this.#now() + this.#timeoutMs * 4;
    for (const place of placesOf(this.#roots, "")) {
      if (this.#known.size >= preparedMax || this.#now() > until) break;
      const id = place.id.slice(0, shortId);
      if (this.#known.has(id) || !/^[0-9a-f]{12,}$/.test(place.id)) continue;
      const facts = this.#read(id);
      if (facts !== undefined) this.#remember(id, snapshotOf(id, facts, undefined));
    }
    return this.#known.size;
  }

  /**
   * What is known of the container with this id (12 hexadecimal digits, or more): undefined, nothing. `cgroups` are the paths that
   * showed the id. Does not wait for Docker, whose answer `answers` has later.
   */
  find(id: string, cgroups: readonly string[] = []): ContainerSnapshot | undefined {
    const key = id.slice(0, shortId);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    let unknown = this.#unknown.get(key);
    if (unknown === undefined) {
      if (this.#unknown.size >= limits.containers.max) this.#unknown.clear();
      unknown = { tries: 0, dueMs: this.#now(), asked: false, pod: podUidOf(cgroups) };
      this.#unknown.set(key, unknown);
    }
    return this.#look(key, unknown);
  }

  /** Containers that became known since they were asked for in vain. */
  answers(): readonly ContainerSnapshot[] {
    for (const [key, unknown] of this.#unknown) {
      const found = this.#look(key, unknown);
      if (found !== undefined) this.#answers.push(found);
    }
    const all = this.#answers;
    this.#answers = [];
    return all;
  }

  #look(key: string, unknown: Unknown): ContainerSnapshot | undefined {
    if (this.#now() < unknown.dueMs) return undefined;
    const facts = this.#read(key);
    if (facts !== undefined && isEnough(facts)) {
      this.#unknown.delete(key);
      return this.#remember(key, snapshotOf(key, facts, unknown.pod));
    }
    unknown.dueMs = this.#now() + (retryMs[unknown.tries] ?? 30_000);
    const first = unknown.tries === 0;
    unknown.tries = Math.min(unknown.tries + 1, retryMs.length - 1);
    this.#ask(key, unknown, facts);
    // Its control group has said one thing.
    return first && unknown.pod !== undefined ? podOnly(key, unknown.pod) : undefined;
  }

  /** The engines' folders, until one has said all that there is to say. */
  #read(key: string): ContainerFacts | undefined {
    this.lookups += 1;
    const until = this.#now() + this.#timeoutMs;
    let facts: ContainerFacts | undefined;
    for (const place of placesOf(this.#roots, key)) {
      // Two containers whose ids begin alike cannot be told apart.
      if (facts !== undefined && !place.id.startsWith(facts.id)) continue;
      facts = merge(facts, readPlace(place));
      if (this.#now() > until) break;
    }
    return facts;
  }

  #ask(key: string, unknown: Unknown, facts: ContainerFacts | undefined): void {
    if (this.#socket === undefined || unknown.asked) return;
    unknown.asked = true;
    void askDocker(this.#socket, key, this.#timeoutMs).then((answer) => {
      unknown.asked = false;
      const all = merge(answer, facts);
      if (answer === undefined || all === undefined || !this.#unknown.has(key)) return;
      this.#unknown.delete(key);
      this.#answers.push(this.#remember(key, snapshotOf(key, all, unknown.pod)));
    });
  }

  #remember(key: string, snapshot: ContainerSnapshot): ContainerSnapshot {
    if (this.#known.size >= limits.containers.max) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(key, snapshot);
    return snapshot;
  }
}

/** The engine wrote down more than that there is a container. */
function isEnough(facts: ContainerFacts): boolean {
  return facts.name !== undefined || facts.image !== undefined || facts.pod !== undefined;
}

function podOnly(id: string, pod: string): ContainerSnapshot {
  const nothing: ContainerFacts = {
    id,
    name: undefined,
    image: undefined,
    imageId: undefined,
    type: undefined,
    privileged: undefined,
    pod: undefined,
  };
  return { ...snapshotOf(id, nothing, pod), complete: false };
}

function snapshotOf(
  id: string,
  facts: ContainerFacts,
  podUid: string | undefined,
): ContainerSnapshot {
  const { name, image, imageId, privileged } = facts;
  const pod =
    podUid === undefined && facts.pod === undefined
      ? undefined
      : { id: facts.pod?.id ?? podUid, name: facts.pod?.name, namespace: facts.pod?.namespace };
  const type = typeNumber(facts.type);
  return {
    kind: "container",
    id,
    name,
    image,
    imageId,
    imageTag: undefined,
    type,
    privileged,
    complete: true,
    pod,
  };
}
