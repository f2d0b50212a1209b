// The program's version; the build puts package.json's in.

declare const SYSFLOW_VERSION: string | undefined;

export const version: string =
  typeof SYSFLOW_VERSION === "string" ? SYSFLOW_VERSION : "0.0.0-development";
