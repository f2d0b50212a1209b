// Builds dist/: the command as one bundle with a lazily loaded chunk for each verb, and one module for each public subpath.
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const outdir = join(root, "dist");
rmSync(outdir, { recursive: true, force: true });

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

/** The subpaths of package.json's exports: everything that a folder's files export. */
const folders = Object.keys(
  JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports ?? {},
)
  .filter((path) => path !== "." && path !== "./package.json")
  .map((path) => path.slice(2));
for (const folder of folders) {
  const files = readdirSync(join(root, "src", folder), { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(".ts") && !/[.-]test\.ts$/.test(file))
    .sort();
  await build({
    ...shared,
    stdin: {
      contents: files.map((file) => `export * from "./${file}";`).join("\n"),
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
