// npm run lab -- intrusion|record|benign [options]: plays and records what the lab holds.

import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { recordBenign } from "./benign.ts";
import { labFolder } from "./stage.ts";

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      seed: { type: "string", default: "1" },
      minutes: { type: "string", default: "21" },
      log: { type: "string" },
    },
  });
  if (positionals[0] === "benign") {
    const log = values.log ?? join(dirname(labFolder()), ".cache", "lab", "benign.strace");
    mkdirSync(dirname(log), { recursive: true });
    const result = await recordBenign({
      minutes: Number(values.minutes),
      seed: Number(values.seed),
      log,
      say,
    });
    for (const part of result.parts) say(`played: ${part}`);
    for (const part of result.skipped) say(`not played: ${part}`);
    say(`strace log: ${log}`);
  }
}

await main();
