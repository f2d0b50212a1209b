// The customer database: a small HTTP service over one file of JSON lines. Its customers are made up.
// usage: database.mjs FILE ORDERS LOG ADDRESS PORT TOKEN SECONDS
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

const [, , file, ordersFile, log, address, port, token, seconds] = process.argv;
const customers = readFileSync(file, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

const origin = BigInt(Date.now()) * 1000000n - process.hrtime.bigint();
const now = () => String(origin + process.hrtime.bigint());
const note = (entry) =>
  appendFileSync(
    log,
    `${JSON.stringify({ ts: now(), actor: "database", pid: process.pid, ...entry })}\n`,
  );

const server = createServer((request, response) => {
  const started = now();
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    const url = new URL(request.url, "http://database");
    const [status, answer] = reply(request, url, body);
    const text = JSON.stringify(answer);
    response.writeHead(status, { "content-type": "application/json", connection: "close" });
    response.end(text);
    const { remoteAddress, remotePort } = request.socket;
    note({
      ts: started,
      act: "answer",
      method: request.method,
      path: request.url,
      status,
      peer: `${remoteAddress}:${remotePort}`,
      bytes: text.length,
    });
  });
});

function reply(request, url, body) {
  if (request.headers.authorization !== `Bearer ${token}`) return [401, { error: "token" }];
  const id = /^\/customers\/(\d+)$/.exec(url.pathname)?.[1];
  if (request.method === "GET" && id !== undefined) {
    const found = customers[Number(id)];
    return found === undefined ? [404, { error: "unknown" }] : [200, found];
  }
  if (request.method === "GET" && url.pathname === "/customers") {
    const offset = Number(url.searchParams.get("offset") ?? 0);
    const limit = Math.min(200, Number(url.searchParams.get("limit") ?? 20));
    return [200, { total: customers.length, customers: customers.slice(offset, offset + limit) }];
  }
  if (request.method === "POST" && url.pathname === "/orders") {
    appendFileSync(ordersFile, `${body.toString()}\n`);
    return [201, { stored: true }];
  }
  return [404, { error: "unknown" }];
}

server.listen(Number(port), address, () => note({ act: "listen", peer: `${address}:${port}` }));
process.on("SIGTERM", () => process.exit(0));
setTimeout(() => process.exit(0), Number(seconds) * 1000);
