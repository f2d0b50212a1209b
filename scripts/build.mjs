// Builds dist/: the command as one bundle with a lazily loaded chunk for each verb, one module for each public subpath, and its types.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { publicFiles } from "./public.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** Built beside the old one and then put in its place: whoever runs the program meanwhile finds it whole. */
const outdir = join(root, ".cache", `build-${process.pid}`);
mkdirSync(join(outdir, "types"), { recursive: true });
process.on("exit", () => rmSync(outdir, { recursive: true, force: true }));

const shared = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "node20",
  minifySyntax: true,
  legalComments: "none",
  define: { SYSFLOW_VERSION: JSON.stringify(version) },
  logLevel: "warning",
};

await build({
  ...shared,
  entryPoints: { sysflow: "src/cli/index.ts" },
  outdir,
  splitting: true,
  platform: "node",
  outExtension: { ".js": ".mjs" },
  chunkNames: "chunks/[name]-[hash]",
  banner: {
    // commander is CommonJS and asks for node's own modules.
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});

for (const [folder, files] of Object.entries(publicFiles)) {
  await build({
    ...shared,
    stdin: {
      contents: files.map((file) => `export * from "./${file}.ts";`).join("\n"),
      resolveDir: join(root, "src", folder),
      sourcefile: `public-${folder}.ts`,
      loader: "ts",
    },
    outfile: join(outdir, `${folder}.mjs`),
    platform: "neutral",
    mainFields: ["module", "main"],
    packages: "external",
  });
}

// Declarations of the same subpaths. The program is built by now: a wrong type stops only who needs the types.
const compiler = join(root, "node_modules", ".bin", "tsc");
const types = join(outdir, "types");
const declared = spawnSync(compiler, ["-p", "tsconfig.types.json", "--outDir", types], {
  cwd: root,
  stdio: "inherit",
});
for (const [folder, files] of Object.entries(publicFiles)) {
  const lines = files.map((file) => `export * from "./${folder}/${file}.ts";\n`);
  writeFileSync(join(types, `${folder}.d.ts`), lines.join(""));
}
// The kernel probe, where it was built (scripts/probe.mjs): whoever installs the package needs no compiler.
const probe = join(root, "probe", "build", "sysflow-probe");
if (existsSync(probe)) {
  const folder = join(outdir, "probe", process.arch === "arm64" ? "aarch64" : "x86_64");
  mkdirSync(folder, { recursive: true });
  copyFileSync(probe, join(folder, "sysflow-probe"));
}

const dist = join(root, "dist");
const old = `${outdir}-old`;
if (existsSync(dist)) renameSync(dist, old);
renameSync(outdir, dist);
rmSync(old, { recursive: true, force: true });
if (declared.status !== 0) {
  process.stderr.write("the program is built; its TypeScript declarations have errors\n");
  process.exitCode = 1;
}
