// How the actors outside the victim write down what they did.
import { appendFileSync } from "node:fs";

export const config = JSON.parse(process.argv[2]);
const origin = BigInt(Date.now()) * 1000000n - process.hrtime.bigint();
export const now = () => String(origin + process.hrtime.bigint());

export function note(entry) {
  const line = { ts: now(), actor: config.actor, pid: process.pid, ...entry };
  appendFileSync(config.truth, `${JSON.stringify(line)}\n`);
}

export function peerOf(request) {
  return `${request.socket.remoteAddress}:${request.socket.remotePort}`;
}

process.on("SIGTERM", () => process.exit(0));
setTimeout(() => process.exit(0), config.seconds * 1000);
