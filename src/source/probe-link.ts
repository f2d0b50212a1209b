// One connection to the probe: bytes out of one buffer that is filled again and again, commands in. While a chunk is looked at the
// socket is not read: the kernel's rings fill, flows wait there, and nothing is lost.

import { type Socket, connect } from "node:net";

const chunkBytes = 1 << 20;

export type LinkEvents = {
  /** A view that is valid until `resume` is called; nothing more is read until then. */
  readonly onChunk: (bytes: Uint8Array) => void;
  /** Called once, with the reason. */
  readonly onEnd: (reason: string) => void;
};

export class ProbeLink {
  readonly #socket: Socket;
  #open = true;

  constructor(path: string, events: LinkEvents) {
    const buffer = new Uint8Array(chunkBytes);
    let reason = "the probe closed the connection";
    this.#socket = connect({
      path,
      onread: {
        buffer,
        callback: (length: number): boolean => {
          events.onChunk(buffer.subarray(0, length));
          return false;
        },
      },
    });
    this.#socket.on("error", (error) => {
      reason = error.message;
    });
    this.#socket.on("close", () => {
      this.#open = false;
      events.onEnd(reason);
    });
  }

  resume(): void {
    if (this.#open) this.#socket.resume();
  }

  send(bytes: Uint8Array): void {
    if (this.#open) this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }
}
