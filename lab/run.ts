// npm run lab -- intrusion|record|live|benign|convert [options]: plays and records what the lab holds.

import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { runIntrusion } from "./intrusion.ts";
import { convertLog, recordIntrusion, recordOrdinary } from "./record.ts";
import { labFolder } from "./stage.ts";

const usage = `usage: npm run lab -- intrusion [--seed N] [--two-hosts] [--loopback] [--out DIR]   play it, write truth.json
       npm run lab -- record    [--seed N] [--two-hosts] [--loopback] [--out DIR]   play it under strace, keep the recording
       npm run lab -- record    --by probe [--probe FILE] [--seed N] [--two-hosts] [--out DIR]   the same under the kernel's probe (root)
       npm run lab -- live      [--probe FILE] [--seed N] [--out DIR]               under the probe, and say what is found meanwhile
       npm run lab -- benign    [--seed N] [--minutes N] [--out DIR]                record ordinary work
       npm run lab -- convert LOG OUT                                              a kept strace log to a SysFlow file
`;

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      seed: { type: "string", default: "1" },
      minutes: { type: "string", default: "21" },
      "two-hosts": { type: "boolean", default: false },
      loopback: { type: "boolean", default: false },
      out: { type: "string" },
      by: { type: "string", default: "strace" },
      probe: { type: "string" },
    },
  });
  const seed = Number(values.seed);
  const minutes = Number(values.minutes);
  if (!Number.isInteger(seed) || seed < 1) throw new Error("--seed is a whole number from 1");
  if (!(minutes > 0 && minutes <= 24 * 60)) throw new Error("--minutes is between 0 and 1440");
  const work = join(dirname(labFolder()), ".cache", "lab");
  const recording = join(labFolder(), "recording");
  const twoHosts = values["two-hosts"];
  const common = { seed, twoHosts, say, ...(values.loopback ? { mode: "loopback" as const } : {}) };
  switch (positionals[0]) {
    case "intrusion": {
      const out = values.out ?? work;
      const result = await runIntrusion({ ...common, trace: false, out });
      for (const { n, kind, objects } of result.truth.steps) {
        say(`${n} ${kind}: ${objects.map((object) => object.value).join(", ")}`);
      }
      for (const step of result.incomplete) say(`did not happen: ${step}`);
      say(`truth: ${join(out, "truth.json")}`);
      return result.incomplete.length === 0;
    }
    case "record": {
      if (values.by !== "strace" && values.by !== "probe") throw new Error("--by strace or probe");
      const probe = { verb: "record", binary: values.probe } as const;
      return recordIntrusion({
        ...common,
        out: values.out ?? recording,
        ...(values.by === "probe" ? { probe } : {}),
      });
    }
    case "live": {
      const out = values.out ?? work;
      const kept = relative(process.cwd(), join(out, "intrusion-probe.sf"));
      // The recorded host has it elsewhere; whoever reads this finds it here.
      const show = (text: string, file: string): void =>
        void process.stdout.write(text.replaceAll(file, kept));
      const probe = { verb: "run", show, binary: values.probe } as const;
      return recordIntrusion({ ...common, out, probe });
    }
    case "benign":
      await recordOrdinary({ seed, minutes, work, out: values.out ?? recording, say });
      return true;
    case "convert":
      return convertLog(positionals[1] ?? "", positionals[2] ?? "", say);
    default:
      process.stderr.write(usage);
      return false;
  }
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  say(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 6;
}
