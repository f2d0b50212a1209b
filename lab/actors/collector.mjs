// The exfiltration target: counts what it is sent and forgets it. usage: collector.mjs JSON
import { createServer } from "node:http";
import { config, note, peerOf } from "./note.mjs";

createServer((request, response) => {
  let bytes = 0;
  request.on("data", (chunk) => (bytes += chunk.length));
  request.on("end", () => {
    response.writeHead(200, { connection: "close" });
    response.end("ok\n");
    note({ act: "receive", path: request.url, peer: peerOf(request), bytes });
  });
}).listen(config.port, config.address, () =>
  note({ act: "listen", peer: `${config.address}:${config.port}` }),
);
