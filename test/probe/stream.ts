// The judge's own decoder of the probe's stream (layouts: src/model/probe.ts). It shares nothing with the product's, and where the
// product would go on after a wrong byte it stops: a test has no use for a guess.

import { probeFrame, probeHead, probeMessages } from "../../src/model/probe.ts";

export type MessageName = keyof typeof probeMessages;
type FieldOf<Name extends MessageName> =
  | (typeof probeHead)[number]["name"]
  | (typeof probeMessages)[Name]["fields"][number]["name"];

const { raw, rawEnter } = probeMessages;

const nameOfType: ReadonlyMap<number, MessageName> = new Map(
  (Object.keys(probeMessages) as MessageName[]).map((name) => [probeMessages[name].type, name]),
);

type Place = { readonly at: number; readonly type: string };
const places = new Map<MessageName, ReadonlyMap<string, Place>>(
  (Object.keys(probeMessages) as MessageName[]).map((name) => [
    name,
    new Map([...probeHead, ...probeMessages[name].fields].map((field) => [field.name, field])),
  ]),
);

/** One message of the stream; valid until the next one is taken. */
export class Message {
  view: DataView = new DataView(new ArrayBuffer(0));
  at = 0;
  length = 0;
  name: MessageName = "hello";
  code = 0;

  /** A number of the message; 64-bit ones are exact up to 2^53. Bytes: their offset. */
  get<Name extends MessageName>(_of: Name, field: FieldOf<Name>): number {
    const place = places.get(this.name)?.get(field);
    if (place === undefined) throw new Error(`${this.name} has no field ${field}`);
    const at = this.at + place.at;
    const { view } = this;
    switch (place.type) {
      case "u8":
        return view.getUint8(at);
      case "u16":
        return view.getUint16(at, true);
      case "u32":
        return view.getUint32(at, true);
      case "u64":
        return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
      case "i64":
        return view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
      default:
        return at;
    }
  }

  /** Bytes behind the fixed part, and the address fields. */
  bytes(from: number, length: number): Uint8Array {
    return new Uint8Array(this.view.buffer, this.view.byteOffset + from, length);
  }

  get fixed(): number {
    return probeMessages[this.name].size;
  }
}

/** Cuts the stream into messages, however it was cut into pieces. Throws on anything that the layout does not allow. */
export class StreamReader {
  readonly #message = new Message();
  readonly #onMessage: (message: Message) => void;
  /** What the pieces before left over; always less than a frame. */
  #rest = new Uint8Array(0);
  /** Every byte of the stream, frames included. */
  bytes = 0;

  readonly #passOver: boolean;

  /** `passOver`: raw messages are walked over; their number stands in STATS. */
  constructor(onMessage: (message: Message) => void, passOver = false) {
    this.#onMessage = onMessage;
    this.#passOver = passOver;
  }

  push(piece: Uint8Array): void {
    this.bytes += piece.length;
    let all = piece;
    if (this.#rest.length > 0) {
      all = new Uint8Array(this.#rest.length + piece.length);
      all.set(this.#rest);
      all.set(piece, this.#rest.length);
    }
    const view = new DataView(all.buffer, all.byteOffset, all.length);
    let at = 0;
    while (at + probeFrame.size <= all.length) {
      const word = view.getUint32(at, true);
      const length = (word & ~(probeFrame.busy | probeFrame.discard)) >>> 0;
      const end = at + probeFrame.size + Math.ceil(length / 8) * 8;
      if (length > 65536) throw new Error(`a frame of ${length} bytes`);
      if (end > all.length) break;
      if ((word & probeFrame.busy) !== 0) throw new Error("a busy frame was sent");
      if ((word & probeFrame.discard) === 0) this.#take(view, at + probeFrame.size, length);
      at = end;
    }
    this.#rest = all.slice(at);
  }

  /** The stream is over: nothing may be left. */
  end(): void {
    if (this.#rest.length > 0) throw new Error(`${this.#rest.length} bytes of an unfinished frame`);
  }

  #take(view: DataView, at: number, length: number): void {
    const type = view.getUint16(at, true);
    if (this.#passOver && (type === raw.type || type === rawEnter.type)) return;
    const message = this.#message;
    const name = nameOfType.get(type);
    if (name === undefined) throw new Error(`unknown message type ${type}`);
    const said = view.getUint32(at + 4, true);
    if (said !== length || said % 8 !== 0 || said < probeMessages[name].size) {
      throw new Error(`${name}: says ${said} bytes, framed as ${length}`);
    }
    message.view = view;
    message.at = at;
    message.length = length;
    message.name = name;
    message.code = view.getUint16(at + 2, true);
    this.#onMessage(message);
  }
}
