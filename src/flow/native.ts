// Our mode.
import type { Slot } from "../context/descriptor.ts";
import type { Syscall } from "../model/syscall.ts";
import type { Flow } from "./flow.ts";
import type { Mode } from "./mode.ts";
import type { Output } from "./output.ts";
import type { ProcessThread } from "./owner.ts";

export class NativeMode implements Mode {
  readonly #output: Output;
  constructor(output: Output) {
    this.#output = output;
  }
  handle(_call: Syscall): void {
    this.#output.drop("x");
  }
  tick(): void {}
  end(): void {}
  release(_slot: Slot<Flow>, _leader: ProcessThread): void {}
  evict(_thread: ProcessThread): void {}
}
