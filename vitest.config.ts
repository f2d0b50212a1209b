import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/reporter.ts";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "lab/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: [process.env["CI"] === undefined ? "default" : "dot", new ClosingLine()],
  },
});
