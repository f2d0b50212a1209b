// What the latency tests watch: opens files and connects at moments that it writes down, and keeps all of it open for a while.
// Arguments: a file for the notes, and steps as JSON: [{ wait, open: PATH } | { wait, listen: PORT } | { wait, connect: PORT }].
import { appendFileSync, openSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const [notes, text] = process.argv.slice(2);
const held = [];
for (const { wait, open, listen, port } of JSON.parse(text)) {
  await sleep(wait);
  const at = performance.timeOrigin + performance.now();
  if (open !== undefined) {
    held.push(openSync(open, "r"));
    appendFileSync(notes, `${JSON.stringify({ at, what: open })}\n`);
  } else if (listen !== undefined) {
    const server = createServer((socket) => held.push(socket));
    await new Promise((resolve) => server.listen(listen, "127.0.0.1", resolve));
  } else if (port !== undefined) {
    await new Promise((resolve, reject) => {
      held.push(connect(port, "127.0.0.1", resolve).on("error", reject));
    });
    appendFileSync(notes, `${JSON.stringify({ at, what: `127.0.0.1:${port}` })}\n`);
  }
}
process.exit(0);
