// The shop. It holds a planted code-execution bug: what a visitor sends as preferences is brought to life by `unserialize`,
// functions included. That is the bug of CVE-2017-5941; never do this.
// usage: shop.mjs FOLDER LOG ADDRESS PORT DATABASE SECONDS
import { appendFileSync, createReadStream, existsSync, readFileSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

globalThis.require = createRequire(import.meta.url);
const [, , folder, log, address, port, database, seconds] = process.argv;
const { token } = JSON.parse(readFileSync(join(folder, "config", "credentials.json"), "utf8"));

const origin = BigInt(Date.now()) * 1000000n - process.hrtime.bigint();
const now = () => String(origin + process.hrtime.bigint());
const note = (entry) =>
  appendFileSync(
    log,
    `${JSON.stringify({ ts: now(), actor: "shop", pid: process.pid, ...entry })}\n`,
  );

const mark = "_$$FN$$_";
function unserialize(text) {
  return JSON.parse(text, (_, value) =>
    typeof value === "string" && value.startsWith(mark)
      ? (0, eval)(`(${value.slice(mark.length)})`)
      : value,
  );
}

function fromDatabase(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = ask(
      `http://${database}${path}`,
      { method, headers: { authorization: `Bearer ${token}` } },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => resolve(Buffer.concat(chunks).toString()));
      },
    );
    request.setTimeout(5000, () => request.destroy());
    request.on("error", reject);
    request.end(body);
  });
}

const page = (name) => readFileSync(join(folder, "views", name), "utf8");

async function answer(request, url, body) {
  if (request.method === "POST" && url.pathname === "/preferences") {
    const preferences = unserialize(body);
    return [200, JSON.stringify({ saved: true, theme: await preferences.theme })];
  }
  if (request.method === "POST" && url.pathname === "/orders") {
    return [201, await fromDatabase("POST", "/orders", body)];
  }
  if (url.pathname.startsWith("/account/")) {
    return [200, await fromDatabase("GET", `/customers/${Number(url.pathname.slice(9)) % 400}`)];
  }
  if (url.pathname === "/") return [200, page("index.html")];
  if (url.pathname === "/products") return [200, page("products.html")];
  return [404, "not here"];
}

const server = createServer((request, response) => {
  const started = now();
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    const url = new URL(request.url, "http://shop");
    const body = Buffer.concat(chunks).toString();
    const { remoteAddress, remotePort } = request.socket;
    const peer = `${remoteAddress}:${remotePort}`;
    const asset = join(
      folder,
      "assets",
      url.pathname.replaceAll("..", "").replace(/^\/assets\//, ""),
    );
    if (url.pathname.startsWith("/assets/") && existsSync(asset)) {
      response.writeHead(200);
      createReadStream(asset).pipe(response);
      note({
        ts: started,
        act: "answer",
        method: request.method,
        path: request.url,
        status: 200,
        peer,
        bytesIn: body.length,
      });
      return;
    }
    let status = 500;
    let text = "error";
    try {
      [status, text] = await answer(request, url, body);
    } catch (error) {
      text = String(error);
    }
    response.writeHead(status, { "content-type": "text/html" });
    response.end(text);
    note({
      ts: started,
      act: "answer",
      method: request.method,
      path: request.url,
      status,
      peer,
      bytesIn: body.length,
      bytes: text.length,
    });
  });
});

server.listen(Number(port), address, () => note({ act: "listen", peer: `${address}:${port}` }));
process.on("SIGTERM", () => process.exit(0));
setTimeout(() => process.exit(0), Number(seconds) * 1000);
