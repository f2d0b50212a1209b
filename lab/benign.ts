// Ordinary work of an ordinary server, recorded: a web shop behind a proxy, databases, cron jobs (backup, build, package
// installation, reports), remote logins. The noise floor for everything that detects; nothing in it is an attack.

import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { numbersOf, patience, pick, put } from "./material.ts";
import { type Running, Stage, findTool, labFolder, namespacesWork } from "./stage.ts";
import { type Part, type Yard, parts, desk, missing, server } from "./benign-parts.ts";
import { traceObstacle } from "./trace.ts";

export type BenignOptions = {
  readonly minutes: number;
  readonly seed: number;
  /** Where the strace log is written, as text. */
  readonly log: string;
  readonly say: (line: string) => void;
};

export type BenignResult = {
  readonly parts: readonly string[];
  /** What could not be played here, and what would make it possible. */
  readonly skipped: readonly string[];
  readonly seconds: number;
  /** Requests of visitors that were answered or failed. */
  readonly visits: number;
};

const folders = ["/home", "/root", "/srv", "/tmp", "/var/log", "/run", "/var/backups"];
const cronFolders = ["hourly", "daily", "weekly", "monthly", "d"].map(
  (name) => `/etc/cron.${name}`,
);

/** cron itself where it can have folders of its own; else a loop that does what cron does. */
function scheduler(yard: Yard, chosen: readonly Part[], namespaces: boolean): string {
  const jobs = chosen.flatMap((part, i) => {
    if (part.job === undefined) return [];
    const path = `/srv/jobs/job-${i}.sh`;
    yard.write(path, `#!/bin/sh\n# ${part.name}\n${part.job.script(yard)}\n`, 0o755);
    return [{ path: yard.at(path), every: part.job.everyMinutes }];
  });
  const out = yard.at("/var/log/jobs.log");
  if (namespaces && findTool("cron") !== undefined) {
    const lines = jobs.map(({ path, every }) => {
      const when = every === 1 ? "*" : `*/${every}`;
      return `${when} * * * * root ${path} >> ${out} 2>&1`;
    });
    yard.write(
      "/etc/cron.d/work",
      `SHELL=/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n${lines.join("\n")}\n`,
    );
    return "cron -f";
  }
  const lines = jobs.map(
    ({ path, every }) => `[ $((minute % ${every})) = 0 ] && ${path} >> ${out} 2>&1`,
  );
  yard.write(
    "/srv/jobs/scheduler.sh",
    `#!/bin/sh\nminute=0\nwhile true; do\n${lines.join("\n")}\nminute=$((minute + 1))\nsleep 60\ndone\n`,
    0o755,
  );
  return yard.at("/srv/jobs/scheduler.sh");
}

/** What an administrator types in remote sessions. */
const sessions = [
  "uptime",
  "df -h / && free",
  "tail -n 5 /var/log/shop.log",
  "ls -l /srv /srv/data",
  "du -s /srv/data",
  "cat /srv/report.txt",
  "ps -e | head",
  "grep -c POST /var/log/shop.log",
] as const;

async function remoteWork(stage: Stage, random: () => number, until: number): Promise<void> {
  const to = [
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "IdentitiesOnly=yes",
  ];
  const key = ["-F", "none", "-i", stage.seen(desk, "/tmp/key")];
  while (Date.now() < until) {
    const command = pick(random, sessions);
    const login = stage.start(desk, [
      "ssh",
      ...key,
      ...to,
      "-p",
      "2222",
      `root@${stage.address(server)}`,
      command,
    ]);
    await Promise.race([login.ended, pause(10_000)]);
    await pause(Math.min(Math.max(0, until - Date.now()), 15_000 + random() * 30_000));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

export async function recordBenign(options: BenignOptions): Promise<BenignResult> {
  const obstacle = traceObstacle();
  if (obstacle !== undefined) throw new Error(obstacle);
  const namespaces = namespacesWork();
  const random = numbersOf(options.seed);
  const seconds = options.minutes * 60;
  const octet = 1 + Math.floor(random() * 250);
  const stage = new Stage(namespaces ? "namespaces" : "loopback", [
    {
      name: server,
      addresses: [namespaces ? "10.20.0.10" : `127.${octet}.0.10`],
      folders: [...folders, ...cronFolders],
    },
    {
      name: desk,
      addresses: namespaces
        ? ["10.20.0.50", "198.51.100.20", "198.51.100.21", "198.51.100.22"]
        : [`127.${octet}.0.50`, `127.${octet}.0.51`],
      folders: ["/tmp", "/root"],
    },
  ]);
  chmodSync(stage.folder, 0o755);
  try {
    const yard: Yard = {
      stage,
      random,
      seconds,
      at: (path) => stage.seen(server, path),
      write: (path, text, mode) => put(stage.real(server, path), text, mode),
    };
    chmodSync(stage.real(server, "/tmp"), 0o1777);
    const skipped = parts.flatMap((part) => missing(part, namespaces) ?? []);
    const chosen = parts.filter((part) => missing(part, namespaces) === undefined);
    for (const part of chosen) part.prepare(yard);
    if (chosen.some((part) => part.name.includes("PostgreSQL"))) {
      await stage.start(server, [
        "runuser",
        "-u",
        "postgres",
        "--",
        "sh",
        yard.at("/srv/jobs/initdb.sh"),
      ]).ended;
    }
    const services = chosen.flatMap((part) => part.service?.(yard) ?? []);
    services.push(scheduler(yard, chosen, namespaces));
    yard.write("/srv/start.sh", `#!/bin/sh\n${services.join(" &\n")} &\n${patience}`, 0o755);
    const office = stage.start(server, ["/bin/sh", yard.at("/srv/start.sh")], { trace: "log" });
    options.say(`recording ${options.minutes} min of ordinary work, pid ${office.pid}`);
    await pause(3000);
    await play(stage, random, seconds, chosen);
    await stage.stop(office);
    copyFileSync(stage.real(server, "/trace/log"), options.log);
    const visits = linesOf(existing(stage.real(desk, "/tmp/customers.jsonl")));
    writeFileSync(
      `${options.log}.jobs`,
      existing(stage.real(server, "/var/log/jobs.log")) +
        existing(join(stage.folder, `${server}.log`)),
    );
    return { parts: chosen.map((part) => part.name), skipped, seconds, visits };
  } finally {
    await stage.close();
  }
}

function linesOf(text: string): number {
  return text.split("\n").length - 1;
}

function existing(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

async function play(
  stage: Stage,
  random: () => number,
  seconds: number,
  chosen: readonly Part[],
): Promise<void> {
  const has = (word: string): boolean => chosen.some((part) => part.name.includes(word));
  const until = Date.now() + seconds * 1000;
  const addresses = stage.mode === "namespaces" ? [20, 21, 22].map((n) => `198.51.100.${n}`) : [];
  const visitors: Running[] = [];
  const script = stage.real(desk, "/tmp/customers.mjs");
  copyFileSync(join(labFolder(), "actors", "customers.mjs"), script);
  for (const port of has("nginx") ? [80, 8080] : [8080]) {
    const plan = {
      address: stage.address(server),
      port,
      from: addresses.length === 0 ? [stage.address(desk)] : addresses,
      everyMs: port === 80 ? 2500 : 9000,
      seconds,
      seed: port,
      truth: stage.seen(desk, "/tmp/customers.jsonl"),
    };
    const seen = stage.seen(desk, "/tmp/customers.mjs");
    visitors.push(stage.start(desk, [process.execPath, seen, JSON.stringify(plan)]));
  }
  if (has("sshd")) await remoteWork(stage, random, until);
  await Promise.all(visitors.map(async (visitor) => visitor.ended));
}
