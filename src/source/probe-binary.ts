// Where the probe's binary lies: installed, beside the program, or built in a checkout.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";

const probeName = "sysflow-probe";
export const installPrefix = "/usr/local";

export function installedProbe(prefix: string = installPrefix): string {
  return join(prefix, "lib", "sysflow", probeName);
}

/** What came with the program: dist/probe/ARCHITECTURE of a package, or probe/build of a checkout; undefined: neither is there. */
export function shippedProbe(from: string = fileURLToPath(import.meta.url)): string | undefined {
  const architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
  for (let folder = dirname(from); folder !== dirname(folder); folder = dirname(folder)) {
    if (!existsSync(join(folder, "package.json"))) continue;
    const places = [
      join("probe", "build", probeName),
      join("dist", "probe", architecture, probeName),
    ];
    return places.map((place) => join(folder, place)).find((path) => existsSync(path));
  }
  return undefined;
}

/** The one to run. A file that may not be executed counts: starting it says why it may not. */
export function findProbe(wanted: string | undefined): string | Diagnostic {
  if (wanted !== undefined) {
    if (existsSync(wanted)) return wanted;
    return diagnostic("SF5010", `there is no probe at ${wanted}`, { path: wanted });
  }
  const installed = installedProbe();
  const found = existsSync(installed) ? installed : shippedProbe();
  return (
    found ??
    diagnostic(
      "SF5010",
      `the probe is not installed (${installed}) and did not come with this program`,
    )
  );
}
