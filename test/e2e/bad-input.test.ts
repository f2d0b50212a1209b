// Bad input: each a clear, numbered error with the documented exit code, and nothing lost that could be kept.

import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { corpusPath, hasCorpus } from "../corpus.ts";
import { needsBuild, scratchFolder, sysflow } from "./sysflow.ts";

needsBuild();
const folder = scratchFolder();
const verbs = ["print", "stats", "story", "detect"];

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder.path, name);
  writeFileSync(path, bytes);
  return path;
}

/** An Avro object container with the schema, the codec and nothing else. */
function container(schema: string, codec: string): Uint8Array {
  const long = (value: number): number[] => {
    const out: number[] = [];
    let rest = value * 2;
    while (rest > 127) {
      out.push((rest & 127) | 128);
      rest = Math.floor(rest / 128);
    }
    return [...out, rest];
  };
  const text = (value: string): number[] => {
    const bytes = [...new TextEncoder().encode(value)];
    return [...long(bytes.length), ...bytes];
  };
  return new Uint8Array([
    ...[0x4f, 0x62, 0x6a, 1],
    ...long(2),
    ...[...text("avro.codec"), ...text(codec)],
    ...[...text("avro.schema"), ...text(schema)],
    0,
    ...new Uint8Array(16).fill(7),
  ]);
}

const bad: readonly { name: string; make: () => string; code: RegExp }[] = [
  { name: "missing", make: () => join(folder.path, "missing.sf"), code: /SF1002/ },
  { name: "empty", make: () => file("empty.sf", ""), code: /SF1001/ },
  {
    name: "wrong magic",
    make: () => file("magic.sf", "PK\u0003\u0004 not ours at all\n"),
    code: /SF1000/,
  },
  {
    name: "foreign schema",
    make: () =>
      file(
        "foreign.sf",
        container('{"type":"record","name":"Pet","fields":[{"name":"n","type":"int"}]}', "null"),
      ),
    code: /SF10\d\d/,
  },
  {
    name: "unknown codec",
    make: () => file("codec.sf", container('"string"', "lzma2000")),
    code: /SF10\d\d/,
  },
  {
    name: "schema that is no JSON",
    make: () => file("schema.sf", container("{nope", "null")),
    code: /SF10\d\d/,
  },
  {
    name: "folder without recordings",
    make: () => {
      const path = join(folder.path, "nothing");
      mkdirSync(path, { recursive: true });
      return path;
    },
    code: /SF1003/,
  },
];

for (const verb of verbs) {
  test.for(bad)(`${verb}: $name is exit 3 with its number`, ({ make, code }) => {
    const ran = sysflow([verb, make()]);
    expect(ran.err).toMatch(code);
    expect(ran.err).toMatch(/hint: /);
    expect(ran.err).not.toMatch(/\n\s+at /);
    expect(ran.status).toBe(3);
  });
}

test("an unreadable file is exit 3 and the others are used", () => {
  const secret = file("secret.sf", "x");
  chmodSync(secret, 0);
  // Root may read everything: then the file is of unknown format, exit 3 all the same.
  expect(sysflow(["stats", secret]).status).toBe(3);
});

describe.skipIf(!hasCorpus)("with a recording", () => {
  const whole = (): Uint8Array => readFileSync(corpusPath("traces", "tcp.sf"));
  const capture = (): Uint8Array => readFileSync(corpusPath("pairs", "files-files.scap"));

  test("a truncated file keeps what is before the cut: exit 4 with the offset", () => {
    const bytes = readFileSync(corpusPath("attacks", "express", "mon.1531776712.sf"));
    const path = file("cut.sf", bytes.subarray(0, bytes.length - 20_000));
    const ran = sysflow(["print", path, "--json"]);
    expect(ran.status).toBe(4);
    expect(ran.err).toMatch(/SF10\d\d/);
    expect(ran.err).toMatch(/offset|byte/);
    expect(ran.out.split("\n").length).toBeGreaterThan(1000);
  });

  test("a capture cut inside a block keeps what is before the cut: exit 4", () => {
    const path = file("cut.scap", capture().subarray(0, 500_001));
    const ran = sysflow(["stats", path, "--json"]);
    expect(ran.status).toBe(4);
    expect(ran.err).toMatch(/SF11\d\d/);
    expect(JSON.parse(ran.out).events).toBeGreaterThan(1000);
  });

  test("a block length of 2^32 - 1 is named with its offset", () => {
    const bytes = capture().slice();
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (let i = 0; i < 300; i++) at += view.getUint32(at + 4, true);
    view.setUint32(at + 4, 0xffffffff, true);
    const ran = sysflow(["stats", file("length.scap", bytes), "--json"]);
    expect(ran.status).toBe(4);
    expect(ran.err).toContain(String(at));
  });

  test("what is damaged in a hundred places is said five times and then counted", () => {
    const bytes = capture().slice();
    const view = new DataView(bytes.buffer);
    let events = 0;
    for (let at = 0; at + 12 <= bytes.length; at += view.getUint32(at + 4, true)) {
      // The upper half of a time: centuries ahead.
      if (view.getUint32(at, true) !== 0x216) continue;
      events += 1;
      if (events > 500 && events <= 600) view.setUint32(at + 14, 0x7f000000, true);
    }
    const ran = sysflow(["stats", file("many.scap", bytes), "--json"]);
    expect(ran.err.match(/SF11\d\d/g)?.length ?? 0).toBeGreaterThan(1);
    expect(ran.err.split("\n").length).toBeLessThan(40);
    expect(ran.err).toMatch(/… and \d+ more of SF11\d\d in /);
  });

  test("the good input among bad ones is used", () => {
    const good = file("good.sf", whole());
    const ran = sysflow(["print", join(folder.path, "none.sf"), good, "--json"]);
    expect(ran.status).toBe(3);
    expect(ran.out).toContain('"type":"NF"');
  });

  test("standard input and gzip are inputs like any other", () => {
    const plain = sysflow(["print", "-", "--json"], { input: whole() });
    const packed = sysflow(["print", "-", "--json"], { input: gzipSync(whole()) });
    expect(plain.status).toBe(0);
    expect(packed.out).toBe(plain.out);
  });

  test("a truncated gzip keeps what could be unpacked: exit 4", () => {
    const packed = gzipSync(capture());
    const path = file("cut.scap.gz", packed.subarray(0, packed.length - 5000));
    const ran = sysflow(["stats", path, "--json"]);
    expect(ran.status).toBe(4);
    expect(JSON.parse(ran.out).events).toBeGreaterThan(100);
  });

  test("a full disk is exit 5 and the old output stays", () => {
    const ran = sysflow(["convert", corpusPath("traces", "apache.sf"), "-o", "/dev/full"]);
    expect(ran.status).toBe(5);
    expect(ran.err).toMatch(/SF4001/);
    const out = file("old.sf", "old");
    const bad = sysflow(["convert", join(folder.path, "none.sf"), "-o", out]);
    expect(bad.status).toBe(3);
    expect(readFileSync(out, "utf8")).toBe("old");
    expect(readdirSync(folder.path).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("an output folder that does not exist is exit 5", () => {
    const out = join(folder.path, "no", "such", "out.sf");
    const ran = sysflow(["convert", corpusPath("traces", "tcp.sf"), "-o", out]);
    expect(ran.status).toBe(5);
    expect(ran.err).toMatch(/SF4001/);
  });

  test("the output may be the input", () => {
    const path = file("same.sf", whole());
    expect(sysflow(["convert", path, "-o", path, "--quiet"]).status).toBe(0);
    expect(sysflow(["print", path, "--json"]).out).toContain('"type":"NF"');
  });
});

test("a wrong command line is exit 2 with a suggestion", () => {
  const verb = sysflow(["prnt", "x"]);
  expect(verb.status).toBe(2);
  expect(verb.err).toContain('did you mean "print"?');
  const option = sysflow(["print", "--jsn", "x"]);
  expect(option.status).toBe(2);
  expect(option.err).toContain("SF2001");
  expect(sysflow(["convert", "x"]).status).toBe(2);
  expect(sysflow(["print"]).status).toBe(2);
  expect(sysflow(["convert", "x", "-o", "y", "--schema", "7"]).status).toBe(2);
});

test("help is data: exit 0 on stdout, with examples", () => {
  const all = sysflow(["--help"]);
  expect(all.status).toBe(0);
  expect(all.out).toContain("convert");
  for (const verb of ["convert", "print", "stats", "story", "detect", "rules", "doctor", "try"]) {
    const help = sysflow([verb, "--help"]);
    expect(help.status, verb).toBe(0);
    expect(help.out, verb).toMatch(/Examples?:/);
  }
});
