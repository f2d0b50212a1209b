// RAW messages → the flow cursor: one call's exit, one operation. This is the hottest path: words of typed arrays and one cursor.

import type { FlowInput } from "../../model/flow-input.ts";
import { limits } from "../../model/limits.ts";
import { Op } from "../../model/opflag.ts";
import { Family } from "../../model/syscall.ts";
import type { ProbeClock } from "./clock.ts";
import { creatFlags, openFlagsOf } from "./flags.ts";
import { type Witness, emptyFlow, timeMax } from "./flow-cursor.ts";
import { headAt, rawAt, signed64, u32 } from "./layout.ts";
import type { NumberedCall } from "./numbers.ts";

/** What a single operation does to its flow. */
const Act = {
  none: 0,
  read: 1,
  write: 2,
  /** The result counts messages, not bytes: those come with the totals. */
  readMany: 3,
  writeMany: 4,
  open: 5,
  close: 6,
  map: 7,
  accept: 8,
  connect: 9,
  shutdown: 10,
  transfer: 11,
  truncate: 12,
  setns: 13,
} as const;

const callsMax = 1024;
const inProgress = -115;

const word = 4_294_967_296;

export class OperationDecoder {
  readonly #clock: ProbeClock;
  readonly #witness: Witness;
  readonly #said = emptyFlow();
  readonly #acts = new Uint8Array(callsMax);
  /** Calls that must be told apart from others of their family. */
  readonly #names = new Map<number, string>();
  /** The flow on a descriptor, by process and number. */
  readonly #byDescriptor = new Map<number, number>();
  #machine = 0;
  /** Messages that were skipped, and why. */
  readonly skipped = { otherWitness: 0, noFlow: 0, noFlowCall: 0 };
  /** The last message cannot be: the reader says so. */
  damaged = false;

  constructor(clock: ProbeClock, witness: Witness) {
    this.#clock = clock;
    this.#witness = witness;
  }

  begin(run: number, machine: number, calls: ReadonlyMap<number, NumberedCall>): void {
    this.#said.run = run;
    this.#machine = machine;
    this.#acts.fill(Act.none);
    this.#names.clear();
    this.#byDescriptor.clear();
    this.#second = undefined;
    for (const [number, call] of calls) {
      if (number >= callsMax) continue;
      this.#acts[number] = actOf(call);
      if (call.family === Family.open || call.family === Family.transfer) {
        this.#names.set(number, call.name);
      }
    }
  }

  /** One call's exit, at byte `at`. */
  raw(words: Int32Array, at: number): FlowInput | undefined {
    if (this.#witness === "totals") {
      this.skipped.otherWitness += 1;
      return undefined;
    }
    const w = at >> 2;
    const said = this.#said;
    said.idLow = (words[w + (rawAt.flow >> 2)] as number) >>> 0;
    said.idHigh = (words[w + (rawAt.flow >> 2) + 1] as number) >>> 0;
    if (said.idLow === 0 && said.idHigh === 0) {
      this.skipped.noFlow += 1;
      return undefined;
    }
    const number = (words[w] as number) >>> 16;
    const act = number < callsMax ? (this.#acts[number] as number) : Act.none;
    said.ts = this.#clock.time(words, w + (headAt.time >> 2));
    if (!(said.ts <= timeMax && said.ts >= -timeMax)) {
      this.damaged = true;
      return undefined;
    }
    const ret = signed64(words, w + (rawAt.ret >> 2));
    said.pid = u32(words, w + (headAt.pid >> 2));
    said.tid = said.pid;
    said.rops = 0;
    said.wops = 0;
    said.rbytes = 0;
    said.wbytes = 0;
    if (act === Act.read) {
      said.ops = Op.READ;
      said.rops = 1;
      said.opens = 0;
      if (ret > 0) said.rbytes = ret;
      return said;
    }
    if (act === Act.write) {
      said.ops = Op.WRITE;
      said.wops = 1;
      said.opens = 0;
      if (ret > 0) said.wbytes = ret;
      return said;
    }
    return this.#rare(said, act, number, ret, words, w);
  }

  #rare(
    said: FlowInput,
    act: number,
    number: number,
    ret: number,
    words: Int32Array,
    w: number,
  ): FlowInput | undefined {
    said.opens = 0;
    said.ops = 0;
    switch (act) {
      case Act.readMany:
        said.ops = Op.READ;
        said.rops = 1;
        return said;
      case Act.writeMany:
        said.ops = Op.WRITE;
        said.wops = 1;
        return said;
      case Act.open:
        if (ret >= 0) this.#open(said, number, words, w);
        break;
      case Act.close:
        if (ret >= 0) said.ops = Op.CLOSE;
        break;
      case Act.map:
        said.ops = Op.MMAP;
        break;
      case Act.accept:
        if (ret >= 0) said.ops = Op.ACCEPT;
        break;
      case Act.connect:
        if (ret >= 0 || ret === inProgress) said.ops = Op.CONNECT;
        break;
      case Act.shutdown:
        said.ops = Op.SHUTDOWN;
        break;
      case Act.truncate:
        if (ret >= 0) said.ops = Op.FTRUNCATE;
        break;
      case Act.setns:
        said.ops = Op.SETNS;
        break;
      case Act.transfer:
        return this.#transfer(said, number, ret, words, w);
      default:
        break;
    }
    if (said.ops !== 0) return said;
    this.skipped.noFlowCall += 1;
    return undefined;
  }

  /** Two flows, and the message names only one: the descriptors are looked up. */
  #transfer(said: FlowInput, number: number, ret: number, words: Int32Array, w: number): FlowInput {
    const named = said.idHigh * word + said.idLow;
    const first = u32(words, w + (rawAt.arg0 >> 2));
    const second = u32(words, w + (rawAt.arg1 >> 2));
    const third = u32(words, w + (rawAt.arg2 >> 2));
    // sendfile(out, in), tee(in, out), splice and copy_file_range(in, offset, out).
    const name = this.#names.get(number);
    const input = name === "sendfile" ? second : first;
    const output = name === "sendfile" ? first : name === "tee" ? second : third;
    const bytes = Math.max(0, ret);
    const from = this.#byDescriptor.get(said.pid * word + input);
    const to = this.#byDescriptor.get(said.pid * word + output) ?? named;
    this.#second = from === undefined ? undefined : { id: to, bytes };
    if (from === undefined) return moved(said, named, "write", bytes);
    return moved(said, from, "read", bytes);
  }

  #second: { readonly id: number; readonly bytes: number } | undefined = undefined;

  /** The other half of the message before, where it had two. */
  second(): FlowInput | undefined {
    const second = this.#second;
    if (second === undefined) return undefined;
    this.#second = undefined;
    return moved(this.#said, second.id, "write", second.bytes);
  }

  #open(said: FlowInput, number: number, words: Int32Array, w: number): void {
    said.ops = Op.OPEN;
    said.opens = 1;
    switch (this.#names.get(number)) {
      case "open":
        said.openFlags = openFlagsOf(u32(words, w + (rawAt.arg1 >> 2)), this.#machine);
        return;
      case "openat":
      case "open_by_handle_at":
        said.openFlags = openFlagsOf(u32(words, w + (rawAt.arg2 >> 2)), this.#machine);
        return;
      case "creat":
        said.openFlags = creatFlags;
        return;
      default:
        // openat2 has its flags in memory.
        said.openFlags = 0;
    }
  }

  /** Which flow is on a descriptor now. */
  place(said: FlowInput): void {
    if (said.fd < 0) return;
    const key = said.pid * word + said.fd;
    const id = said.idHigh * word + said.idLow;
    if (said.standing === "open") {
      if (this.#byDescriptor.size < limits.kernelFlows.max) this.#byDescriptor.set(key, id);
    } else if (this.#byDescriptor.get(key) === id) this.#byDescriptor.delete(key);
  }
}

function moved(said: FlowInput, id: number, direction: "read" | "write", bytes: number): FlowInput {
  const reads = direction === "read";
  said.idHigh = Math.floor(id / word);
  said.idLow = id % word;
  said.opens = 0;
  said.ops = reads ? Op.READ : Op.WRITE;
  said.rops = reads ? 1 : 0;
  said.wops = reads ? 0 : 1;
  said.rbytes = reads ? bytes : 0;
  said.wbytes = reads ? 0 : bytes;
  return said;
}

function actOf({ name, family }: NumberedCall): number {
  switch (family) {
    case Family.read:
      return name === "recvmmsg" ? Act.readMany : Act.read;
    case Family.write:
      return name === "sendmmsg" ? Act.writeMany : Act.write;
    case Family.open:
      return Act.open;
    case Family.close:
      return Act.close;
    case Family.mmap:
      return Act.map;
    case Family.accept:
      return Act.accept;
    case Family.connect:
      return Act.connect;
    case Family.shutdown:
      return Act.shutdown;
    case Family.transfer:
      return Act.transfer;
    case Family.truncate:
      return name === "ftruncate" ? Act.truncate : Act.none;
    case Family.setns:
      return Act.setns;
    default:
      return Act.none;
  }
}
