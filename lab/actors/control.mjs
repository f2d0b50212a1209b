// Command and control: answers each beacon with the next command. usage: control.mjs JSON
import { createServer } from "node:http";
import { config, note, peerOf } from "./note.mjs";

const commands = [...config.commands];
createServer((request, response) => {
  const command = commands.shift() ?? "leave";
  response.writeHead(200, { connection: "close" });
  response.end(`${command}\n`);
  note({ act: "command", command, path: request.url, peer: peerOf(request) });
}).listen(config.port, config.address, () =>
  note({ act: "listen", peer: `${config.address}:${config.port}` }),
);
