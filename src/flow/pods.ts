// Pods of Kubernetes as far as a container's description names them: each is written once, before its first container. What only the
// cluster's API knows (node, addresses, labels, services) stays absent.

import type { Host, Pod } from "../model/entity.ts";
import { limits } from "../model/limits.ts";
import type { Record } from "../model/record.ts";
import type { ContainerSnapshot } from "../model/syscall.ts";
import type { TimeNs } from "../model/time.ts";

export class Pods {
  readonly #host: Host;
  readonly #known = new Map<string, Pod>();
  readonly #written = new Set<string>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Undefined: the description does not say enough to name one. */
  of(facts: ContainerSnapshot["pod"], ts: TimeNs): Pod | undefined {
    const { id, name, namespace } = facts ?? {};
    if (id === undefined || name === undefined || namespace === undefined) return undefined;
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    if (this.#known.size >= limits.containers.max) {
      this.#known.clear();
      this.#written.clear();
    }
    const pod: Pod = {
      host: this.#host,
      ts,
      id,
      name,
      namespace,
      nodeName: undefined,
      hostIp: [],
      internalIp: [],
      restartCount: undefined,
      labels: new Map(),
      selectors: new Map(),
      services: [],
    };
    this.#known.set(id, pod);
    return pod;
  }

  introduce(pod: Pod | undefined, out: (record: Record) => void): void {
    if (pod === undefined || this.#written.has(pod.id)) return;
    this.#written.add(pod.id);
    out({ type: "PD", pod });
  }
}
