// System calls in, SysFlow records out, in file order: entities before the records that need them. Event time only. The rules of
// the two modes are in compat.ts and native.ts; what the kernel knew is in context/state.ts.

import type { Host } from "../model/entity.ts";
import type { FlowInput } from "../model/flow-input.ts";
import type { FileFlow, NetworkFlow, Record, TimePrecision } from "../model/record.ts";
import { Family, type Input, type Syscall } from "../model/syscall.ts";
import type { TimeBase, TimeNs } from "../model/time.ts";
import { CompatMode } from "./compat.ts";
import { type Mode, secondOf } from "./mode.ts";
import { NativeMode } from "./native.ts";
import { type EngineCounters, Output } from "./output.ts";

export type FlowEngineOptions = {
  readonly mode: "compat" | "native";
  /** Host id in the header; without it the host's name as the input says it. */
  readonly exporter?: string | undefined;
  readonly filename?: string | undefined;
  /** What the inputs' times are counted from. */
  readonly base: TimeBase;
  /** How exact they are. */
  readonly precision?: TimePrecision | undefined;
  /** Native mode: `takeBegins` tells of flows when they begin, for whoever cannot wait for their records. */
  readonly begins?: boolean | undefined;
};

export class FlowEngine {
  readonly #options: FlowEngineOptions;
  readonly #baseRest: number;
  #output: Output | undefined;
  #mode: Mode | undefined;
  #pending: Record[] = [];
  #hostname: string | undefined;
  #bootId: string | undefined;
  #empty: EngineCounters | undefined;
  #ended = false;
  /** A call was seen since the recording, or its present section, began. */
  #called = false;

  constructor(options: FlowEngineOptions) {
    this.#options = options;
    this.#baseRest = Number(options.base % 1_000_000_000n);
  }

  get counters(): EngineCounters {
    const output = this.#output;
    if (output === undefined) {
      this.#empty ??= new Output({ id: "" }, 0n, true, noHooks).counters;
      return this.#empty;
    }
    output.countEvictions();
    return output.counters;
  }

  /** How many records `take` would return. */
  get waiting(): number {
    return this.#pending.length + (this.#output?.waiting ?? 0);
  }

  /** Records since the last time, in file order. */
  take(): Record[] {
    const records = this.#output?.take() ?? [];
    if (this.#pending.length === 0) return records;
    const all = [...this.#pending, ...records];
    this.#pending = [];
    return all;
  }

  /**
   * Flows that began since the last time, each once, as records of their first slice with what happened so far; a flow that has
   * ended already is among the records of `take` instead. `flowId` is the one of the records that come later. Only with the option
   * `begins`; take them after each batch of inputs.
   */
  takeBegins(): (FileFlow | NetworkFlow)[] {
    return this.#mode instanceof NativeMode ? this.#mode.takeBegins() : [];
  }

  apply(input: Input): void {
    if (input.kind === "call") {
      this.#call(input);
      return;
    }
    if (input.kind === "flow") {
      this.#flow(input);
      return;
    }
    if (input.kind === "host") {
      // A stream of the probe knows the boot, not the name.
      if (input.hostname !== "") this.#hostname = input.hostname;
      this.#bootId = input.bootId ?? this.#bootId;
      this.#output?.state.learn(input);
      return;
    }
    if (input.kind === "section") {
      this.#section();
      return;
    }
    const output = this.#begin();
    switch (input.kind) {
      case "time":
        this.#advance(output, input.ts);
        return;
      case "gap":
        this.#advance(output, input.ts);
        if (this.#options.mode === "native") {
          output.gap(input.reason, input.lost, input.unit, input.where);
        }
        return;
      case "kubernetes":
        this.#advance(output, input.ts);
        if (this.#options.mode === "native") pushKubernetes(output, input.json, input.ts);
        return;
      case "thread":
        output.state.learn(input);
        if (this.#mode instanceof NativeMode) this.#mode.learned(input);
        return;
      default:
        output.state.learn(input);
    }
  }

  #flow(said: FlowInput): void {
    const output = this.#output ?? this.#begin();
    this.#called = true;
    // Flows come by another way than calls, a little later.
    if (said.ts > output.now) this.#advance(output, said.ts);
    if (this.#mode instanceof NativeMode) this.#mode.flow(said);
    else output.drop("flow of the probe");
  }

  /** No more inputs will come; `now` is the time of the last event, when it is later than the last input's. */
  end(now?: TimeNs): void {
    if (this.#ended) return;
    this.#ended = true;
    const output = this.#begin();
    if (now !== undefined && now > output.now) output.now = now;
    this.#mode?.end();
    if (this.#options.mode === "native") this.#tellEvictions(output);
  }

  /** What was forgotten may have been needed later. Flows and files were written before they went: nothing is lost with them. */
  #tellEvictions(output: Output): void {
    output.countEvictions();
    const { threads = 0, descriptors = 0 } = output.counters.evictions;
    if (threads > 0) output.gap("evicted", threads, "processes", "table of threads");
    if (descriptors > 0) output.gap("evicted", descriptors, "records", "table of descriptors");
  }

  #call(call: Syscall): void {
    const output = this.#output ?? this.#begin();
    this.#called = true;
    this.#advance(output, call.ts);
    output.state.update(call);
    this.#mode?.handle(call);
    switch (call.family) {
      case Family.read:
      case Family.write:
        return;
      default:
        output.state.settle(call);
    }
  }

  #advance(output: Output, ts: TimeNs): void {
    output.now = ts;
    const second = secondOf(this.#baseRest, ts);
    if (second <= output.second) return;
    output.second = second;
    this.#mode?.tick();
  }

  /** A new recording in the same input: what was open is written, everything is forgotten. */
  #section(): void {
    const output = this.#output;
    if (output === undefined || !this.#called) return;
    this.#called = false;
    this.#mode?.end();
    output.state.clear();
    output.entities.restart();
  }

  #begin(): Output {
    if (this.#output !== undefined) return this.#output;
    const { exporter, filename, base, mode, precision } = this.#options;
    const compat = mode === "compat";
    const id = exporter ?? this.#hostname ?? "";
    const host: Host = compat ? { id, ip: "" } : { id, bootId: this.#bootId };
    let made: Mode | undefined;
    const output = new Output(host, base, compat, {
      onRelease: (slot, why) => {
        if (made instanceof NativeMode) made.release(slot, why);
      },
      onDuplicate: (slot, copy) => {
        if (made instanceof NativeMode) made.share(slot, copy);
      },
      onForget: (thread) => {
        if (made instanceof NativeMode) made.forget(thread);
      },
    });
    made = compat ? new CompatMode(output) : new NativeMode(output);
    if (this.#options.begins === true && made instanceof NativeMode) made.tellBegins();
    this.#output = output;
    this.#mode = made;
    const version = compat ? 5 : 6;
    output.push({ type: "H", host, version, filename, base, precision });
    return output;
  }
}

const nothing = (): void => undefined;
const noHooks = { onRelease: nothing, onDuplicate: nothing, onForget: nothing };

function pushKubernetes(output: Output, json: string, ts: TimeNs): void {
  const kind = /"kind"\s*:\s*"(\w+)"/.exec(json)?.[1] ?? "";
  const letter = /"type"\s*:\s*"(\w)/.exec(json)?.[1] ?? "";
  output.push({
    type: "KE",
    host: output.entities.host,
    ts,
    kind: kubernetesKinds.get(kind) ?? "K8S_UNKNOWN",
    action: kubernetesActions.get(letter) ?? "K8S_COMPONENT_UNKNOWN",
    message: json,
  });
}

const kubernetesKinds = new Map([
  ["Node", "K8S_NODES"],
  ["Namespace", "K8S_NAMESPACES"],
  ["Pod", "K8S_PODS"],
  ["ReplicationController", "K8S_REPLICATIONCONTROLLERS"],
  ["Service", "K8S_SERVICES"],
  ["ReplicaSet", "K8S_REPLICASETS"],
  ["DaemonSet", "K8S_DAEMONSETS"],
  ["Deployment", "K8S_DEPLOYMENTS"],
  ["EventList", "K8S_EVENTS"],
]);
const kubernetesActions = new Map([
  ["A", "K8S_COMPONENT_ADDED"],
  ["M", "K8S_COMPONENT_MODIFIED"],
  ["D", "K8S_COMPONENT_DELETED"],
  ["N", "K8S_COMPONENT_NONEXISTENT"],
  ["E", "K8S_COMPONENT_ERROR"],
]);
