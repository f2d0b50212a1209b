// The peer, where the user names a built checkout of Falco libs: its example program scap-open with the modern probe. Its options
// are those of its README; it watches the whole host, as it always does, and nothing of what it says is kept. Never run by tests.

import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../../test/probe/client.ts";

const places = ["", "libscap/examples/01-open", "build/libscap/examples/01-open"];

/** Starts it; returns how to stop it. Throws with what was looked for. */
export async function startPeer(path: string): Promise<() => Promise<void>> {
  const found = places
    .flatMap((place) => [join(path, place, "scap-open"), join(path, place)])
    .find((file) => existsSync(file) && statSync(file).isFile());
  if (found === undefined) {
    throw new Error(`no scap-open in ${path} (looked in ${places.join(", ")}); build it first`);
  }
  const child = spawn(found, ["--modern_bpf"], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => {
    child.on("error", () => resolve());
    child.on("close", () => resolve());
  });
  const early = await Promise.race([ended.then(() => true), sleep(3000).then(() => false)]);
  if (early) throw new Error(`${found} --modern_bpf ended at once (status ${child.exitCode})`);
  return async () => {
    child.kill("SIGINT");
    await ended;
  };
}
