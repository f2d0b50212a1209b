// Ordinary visitors of the shop: look, read, order, save their preferences. usage: customers.mjs JSON
import { appendFileSync } from "node:fs";
import { Agent, request } from "node:http";

const { address, port, from, everyMs, seconds, seed, truth } = JSON.parse(process.argv[2]);
let state = seed >>> 0 || 1;
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}
const origin = BigInt(Date.now()) * 1000000n - process.hrtime.bigint();
const now = () => String(origin + process.hrtime.bigint());
const note = (entry) =>
  appendFileSync(
    truth,
    `${JSON.stringify({ ts: now(), actor: "customers", pid: process.pid, ...entry })}\n`,
  );

function send(agent, method, path, body) {
  return new Promise((resolve) => {
    const started = now();
    const call = request(
      {
        host: address,
        port,
        method,
        path,
        agent,
        localAddress: agent.options.localAddress,
        timeout: 5000,
      },
      (response) => {
        let bytes = 0;
        response.on("data", (chunk) => (bytes += chunk.length));
        response.on("end", () => {
          note({
            ts: started,
            act: "visit",
            method,
            path,
            status: response.statusCode,
            peer: `${address}:${port}`,
            bytes,
          });
          resolve();
        });
      },
    );
    call.on("timeout", () => call.destroy());
    call.on("error", (error) => {
      note({
        ts: started,
        act: "visit",
        method,
        path,
        status: 0,
        peer: `${address}:${port}`,
        error: error.message,
      });
      resolve();
    });
    call.end(body);
  });
}

const end = Date.now() + seconds * 1000;
while (Date.now() < end) {
  const agent = new Agent({
    keepAlive: random() < 0.6,
    localAddress: from[Math.floor(random() * from.length)],
  });
  const visits = [
    ["GET", "/"],
    ["GET", "/assets/style.css"],
    ["GET", "/products"],
  ];
  const customer = Math.floor(random() * 400);
  if (random() < 0.5) visits.push(["GET", `/account/${customer}`]);
  if (random() < 0.4)
    visits.push(["POST", "/orders", JSON.stringify({ customer, items: Math.ceil(random() * 5) })]);
  if (random() < 0.3)
    visits.push([
      "POST",
      "/preferences",
      JSON.stringify({
        theme: random() < 0.5 ? "dark" : "light",
        note: "x".repeat(Math.floor(random() * 80)),
      }),
    ]);
  for (const [method, path, body] of visits) await send(agent, method, path, body);
  agent.destroy();
  await new Promise((resolve) => setTimeout(resolve, everyMs * (0.5 + random())));
}
