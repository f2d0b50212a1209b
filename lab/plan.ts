// What a seed changes about the intrusion: names, ports, timings and the language of the script. The kinds of steps stay.

import { numbersOf, pick } from "./material.ts";
import { findTool } from "./stage.ts";

export type Language = "python" | "shell" | "perl" | "node";

export type IntrusionPlan = {
  readonly seed: number;
  readonly language: Language;
  readonly interpreter: string;
  /** Names below /srv, /home, /var/log and the folder where the script is dropped. */
  readonly shop: string;
  readonly database: string;
  readonly user: string;
  readonly script: string;
  readonly dropFolder: "/tmp" | "/var/tmp";
  readonly workFolder: string;
  readonly malwareLog: string;
  readonly token: string;
  readonly ports: {
    readonly shop: number;
    readonly database: number;
    readonly malware: number;
    readonly control: number;
    readonly collector: number;
  };
  readonly delaySeconds: number;
  readonly pieceBytes: number;
  readonly warmSeconds: number;
  readonly coolSeconds: number;
  readonly visitEveryMs: number;
  /** What could not be as the seed wanted it here, in words. */
  readonly notes: readonly string[];
};

const languages: { readonly [L in Language]: readonly [extension: string, tools: string[]] } = {
  python: ["py", ["python3"]],
  shell: ["sh", ["sh", "curl", "find", "split"]],
  perl: ["pl", ["perl"]],
  node: ["js", []],
};

const inOrder = ["python", "shell", "perl", "node"] as const;

const words = ["update", "report", "sync", "metrics", "cache", "thumbs", "index", "queue"] as const;
const shops = ["shop", "store", "market", "checkout", "catalog", "tickets"] as const;
const databases = ["customer-db", "crm", "accounts", "members", "clients"] as const;
const users = ["dev", "deploy", "ops", "mira", "jo"] as const;

export function planOf(seed: number): IntrusionPlan {
  const random = numbersOf(seed);
  // The first numbers of neighbouring seeds are alike.
  for (let i = 0; i < 8; i += 1) random();
  const reference = seed === 1;
  const notes: string[] = [];
  let language: Language = inOrder[(seed - 1) % 4] ?? "python";
  const lacking = languages[language][1].filter((tool) => findTool(tool) === undefined);
  if (lacking.length > 0) {
    notes.push(`${language} is replaced by node: ${lacking.join(", ")} missing (apt install)`);
    language = "node";
  }
  const [extension, [tool]] = languages[language];
  const interpreter = tool === undefined ? process.execPath : (findTool(tool) ?? process.execPath);
  const free = distinctPorts(random);
  const ports = reference
    ? { shop: 8080, database: 3000, malware: 2345, control: 4444, collector: 8443 }
    : { shop: free(), database: free(), malware: free(), control: free(), collector: free() };
  const word = pick(random, words);
  return {
    seed,
    language,
    interpreter,
    shop: reference ? "shop" : pick(random, shops),
    database: reference ? "customer-db" : pick(random, databases),
    user: reference ? "dev" : pick(random, users),
    script: reference ? `exfil.${extension}` : `${word}-${hex(random)}.${extension}`,
    dropFolder: reference || random() < 0.5 ? "/tmp" : "/var/tmp",
    workFolder: reference ? ".exfil" : `.${hex(random)}`,
    malwareLog: reference ? "malware.log" : `${pick(random, words)}-${hex(random)}.log`,
    token: `made-up-${hex(random)}${hex(random)}`,
    ports,
    delaySeconds: reference ? 0.6 : Number((0.3 + random() * 0.6).toFixed(2)),
    pieceBytes: reference ? 8192 : 4096 + 1024 * Math.floor(random() * 12),
    warmSeconds: reference ? 6 : Number((1.5 + random() * 3).toFixed(1)),
    coolSeconds: reference ? 6 : Number((1.5 + random() * 2).toFixed(1)),
    visitEveryMs: reference ? 350 : 600 + Math.floor(random() * 900),
    notes,
  };
}

function hex(random: () => number): string {
  return Math.floor(random() * 0x10000)
    .toString(16)
    .padStart(4, "0");
}

function distinctPorts(random: () => number): () => number {
  const taken = new Set<number>();
  return () => {
    let port = 0;
    do port = 1200 + Math.floor(random() * 20_000);
    while (taken.has(port));
    taken.add(port);
    return port;
  };
}
