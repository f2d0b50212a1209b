// Builds the kernel probe: `node scripts/probe.mjs [--quiet]`. Installs what it needs where it may (Debian and Ubuntu, root); says what is
// missing and goes on without it otherwise. The exit code is 0 also then: everything but live recording works without the probe.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), "probe");
const packages = [
  "clang",
  "llvm",
  "bpftool",
  "musl-tools",
  "libbpf-dev",
  "libelf-dev",
  "zlib1g-dev",
  "make",
  "gcc",
];

const runs = (command, args = ["--version"]) =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;
/** Debian keeps bpftool where only root's path leads. */
const bpftool = existsSync("/usr/sbin/bpftool") ? "/usr/sbin/bpftool" : "bpftool";

function missing() {
  const tools = [];
  if (!runs("clang")) tools.push("clang");
  if (!runs(bpftool, ["version"])) tools.push("bpftool");
  if (!runs("musl-gcc")) tools.push("musl-tools");
  if (!existsSync("/usr/include/bpf/skel_internal.h")) tools.push("libbpf-dev");
  if (!runs("make")) tools.push("make");
  return tools;
}

function say(text) {
  if (!process.argv.includes("--quiet")) process.stdout.write(`${text}\n`);
}

if (process.platform !== "linux") {
  say("probe: skipped, it is for Linux");
  process.exit(0);
}
if (missing().length > 0 && process.getuid?.() === 0 && runs("apt-get")) {
  say(`probe: installing ${missing().join(", ")}`);
  spawnSync("apt-get", ["update", "-q"], { stdio: "ignore" });
  const args = ["install", "-y", "-q", "--no-install-recommends", ...packages];
  spawnSync("apt-get", args, {
    stdio: "ignore",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}
const lacking = missing();
if (lacking.length > 0) {
  say(`probe: skipped, ${lacking.join(", ")} missing (sudo apt-get install ${packages.join(" ")})`);
  process.exit(0);
}
const built = spawnSync(
  "make",
  [
    "-C",
    folder,
    "--no-print-directory",
    "-s",
    "all",
    ...process.argv.slice(2).filter((word) => !word.startsWith("-")),
  ],
  {
    stdio: ["ignore", "inherit", "inherit"],
  },
);
if (built.status !== 0) {
  process.stderr.write("probe: the build failed\n");
  process.exit(1);
}
say("probe: built (probe/build/sysflow-probe)");
