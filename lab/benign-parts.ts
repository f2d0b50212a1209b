// The parts of an ordinary server: what each needs, prepares, starts and lets the scheduler run. benign.ts plays them.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { customerLines, madeUpKey, putShopPages } from "./material.ts";
import { type Stage, findTool, labFolder } from "./stage.ts";

/** The host that everything runs on, and the one from which people come. */
export const server = "office";
export const desk = "desk";

export type Part = {
  readonly name: string;
  /** Commands that must exist, and the package that holds each. */
  readonly needs: readonly (readonly [command: string, aptPackage: string])[];
  readonly root?: boolean;
  readonly prepare: (yard: Yard) => void;
  /** A line of the server's start script. */
  readonly service?: (yard: Yard) => string;
  /** A script that the scheduler runs, every so many minutes. */
  readonly job?: { readonly everyMinutes: number; readonly script: (yard: Yard) => string };
};

export type Yard = {
  readonly stage: Stage;
  readonly random: () => number;
  readonly seconds: number;
  readonly at: (path: string) => string;
  readonly write: (path: string, text: string, mode?: number) => void;
};

export const parts: readonly Part[] = [
  {
    name: "customer database and shop",
    needs: [],
    prepare: ({ write, random, stage }) => {
      write("/srv/customer-db/customers.jsonl", customerLines(random, 400));
      write("/srv/shop/config/credentials.json", '{"token":"made-up-token"}\n');
      putShopPages(stage.real(server, "/srv/shop"));
      for (const name of ["shop", "database"]) {
        copyFileSync(
          join(labFolder(), "actors", `${name}.mjs`),
          stage.real(server, `/srv/${name === "shop" ? "shop" : "customer-db"}/${name}.mjs`),
        );
      }
    },
    service: ({ at, seconds }) =>
      [
        `${process.execPath} ${at("/srv/customer-db/database.mjs")} ${at("/srv/customer-db/customers.jsonl")} ${at("/srv/customer-db/orders.jsonl")} ${at("/var/log/customer-db.log")} 127.0.0.1 3000 made-up-token ${seconds + 30}`,
        `${process.execPath} ${at("/srv/shop/shop.mjs")} ${at("/srv/shop")} ${at("/var/log/shop.log")} 0.0.0.0 8080 127.0.0.1:3000 ${seconds + 30}`,
      ].join(" &\n"),
  },
  {
    name: "web proxy (nginx)",
    needs: [["nginx", "nginx-light"]],
    root: true,
    prepare: ({ at, write }) => {
      write("/var/log/nginx/.keep", "");
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `${name}_temp_path ${at(`/tmp/nginx-${name}`)};`)
        .join(" ");
      write(
        "/srv/nginx/nginx.conf",
        `user www-data; worker_processes 1; pid ${at("/run/nginx.pid")}; error_log ${at("/var/log/nginx/error.log")};
events { worker_connections 64; }
http { access_log ${at("/var/log/nginx/access.log")}; ${temporary}
  server { listen 80; location /assets/ { root ${at("/srv/shop")}; } location / { proxy_pass http://127.0.0.1:8080; } } }\n`,
      );
    },
    service: ({ at }) => `nginx -c ${at("/srv/nginx/nginx.conf")} -g 'daemon off;'`,
  },
  {
    name: "remote logins (sshd)",
    needs: [
      ["sshd", "openssh-server"],
      ["ssh", "openssh-client"],
      ["ssh-keygen", "openssh-client"],
    ],
    root: true,
    prepare: ({ at, write, stage }) => {
      mkdirSync(stage.real(server, "/srv/ssh"), { recursive: true });
      mkdirSync(stage.real(server, "/run/sshd"), { recursive: true });
      mkdirSync(stage.real(desk, "/tmp"), { recursive: true });
      for (const key of [stage.real(server, "/srv/ssh/host_key"), stage.real(desk, "/tmp/key")]) {
        spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", key]);
      }
      const key = readFileSync(stage.real(desk, "/tmp/key.pub"), "utf8");
      write("/srv/ssh/authorized_keys", key, 0o600);
      write(
        "/srv/ssh/sshd_config",
        `Port 2222\nHostKey ${at("/srv/ssh/host_key")}\nAuthorizedKeysFile ${at("/srv/ssh/authorized_keys")}
PermitRootLogin prohibit-password\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n`,
      );
    },
    service: ({ at }) => `/usr/sbin/sshd -D -e -f ${at("/srv/ssh/sshd_config")}`,
  },
  {
    name: "key-value store (redis)",
    needs: [["redis-server", "redis-server"]],
    prepare: ({ at, write }) =>
      write(
        "/srv/redis/redis.conf",
        `bind 127.0.0.1\nport 6379\ndir ${at("/srv/redis")}\nsave 30 1\nlogfile ${at("/var/log/redis.log")}\n`,
      ),
    service: ({ at }) => `redis-server ${at("/srv/redis/redis.conf")}`,
    job: {
      everyMinutes: 1,
      script: () =>
        'for i in 1 2 3 4 5; do redis-cli -h 127.0.0.1 incr visits; redis-cli -h 127.0.0.1 lpush recent "$(date +%s)"; done\nredis-cli -h 127.0.0.1 ltrim recent 0 50',
    },
  },
  {
    name: "SQL database (PostgreSQL)",
    needs: [
      ["psql", "postgresql"],
      ["runuser", "util-linux"],
    ],
    root: true,
    prepare: ({ at, write, stage }) => {
      const folder = stage.real(server, "/srv/pg");
      mkdirSync(folder, { recursive: true });
      const user = spawnSync("id", ["-u", "postgres"], { encoding: "utf8" }).stdout.trim();
      spawnSync("chown", [user, folder]);
      write(
        "/srv/jobs/initdb.sh",
        `exec ${postgresFolder()}/initdb -D ${at("/srv/pg")} -A trust\n`,
        0o755,
      );
    },
    service: ({ at }) =>
      `runuser -u postgres -- ${postgresFolder()}/postgres -D ${at("/srv/pg")} -k ${at("/tmp")} -h 127.0.0.1 -p 5432`,
    job: {
      everyMinutes: 1,
      script: () =>
        `psql -q -h 127.0.0.1 -U postgres -c 'create table if not exists visits (at timestamptz default now(), page text)' -c "insert into visits (page) select '/products' from generate_series(1, 20)" -c 'select count(*) from visits'`,
    },
  },
  {
    name: "backup (tar, rsync)",
    needs: [
      ["tar", "tar"],
      ["gzip", "gzip"],
    ],
    prepare: ({ write, random }) => {
      for (let i = 0; i < 30; i += 1) {
        write(
          `/srv/data/year-${2000 + (i % 4)}/letter-${i}.txt`,
          madeUpKey(random).repeat(1 + (i % 5)),
        );
      }
    },
    job: {
      everyMinutes: 2,
      script: ({ at }) =>
        [
          `tar -C ${at("/srv")} -czf ${at("/var/backups")}/data-$(date +%M).tgz data customer-db`,
          `find ${at("/var/backups")} -name '*.tgz' -mmin +8 -delete`,
          findTool("rsync") === undefined
            ? `cp -r ${at("/srv/data")} ${at("/srv/mirror")}`
            : `rsync -a --delete ${at("/srv/data")}/ ${at("/srv/mirror")}/`,
        ].join("\n"),
    },
  },
  {
    name: "build (make, gcc)",
    needs: [
      ["make", "make"],
      ["gcc", "gcc"],
    ],
    prepare: ({ write }) => {
      write(
        "/home/dev/hello/hello.c",
        '#include <stdio.h>\nint answer(void);\nint main(void) { printf("%d\\n", answer()); return 0; }\n',
      );
      write("/home/dev/hello/answer.c", "int answer(void) { return 42; }\n");
      write(
        "/home/dev/hello/Makefile",
        "all: hello\nhello: hello.o answer.o\n\t$(CC) -o $@ $^\nclean:\n\trm -f *.o hello\n",
      );
    },
    job: {
      everyMinutes: 5,
      script: ({ at }) =>
        `make -C ${at("/home/dev/hello")} clean all && ${at("/home/dev/hello/hello")}`,
    },
  },
  {
    name: "package installation (dpkg)",
    needs: [
      ["dpkg", "dpkg"],
      ["dpkg-deb", "dpkg"],
    ],
    root: true,
    prepare: ({ write, stage }) => {
      const tree = "/srv/packages/greeter";
      write(
        `${tree}/DEBIAN/control`,
        "Package: greeter\nVersion: 1.0\nArchitecture: all\nMaintainer: Nobody <nobody@example.test>\nDescription: says hello\n",
      );
      write(`${tree}/DEBIAN/postinst`, "#!/bin/sh\nset -e\necho configured\n", 0o755);
      write(`${tree}/usr/bin/greeter`, "#!/bin/sh\necho hello\n", 0o755);
      write(`${tree}/usr/share/doc/greeter/README`, "It says hello.\n");
      const out = stage.real(server, "/srv/packages/greeter.deb");
      spawnSync("dpkg-deb", ["--root-owner-group", "-b", stage.real(server, tree), out]);
      for (const folder of ["updates", "info"])
        write(`/srv/target/var/lib/dpkg/${folder}/.keep`, "");
      write("/srv/target/var/lib/dpkg/status", "");
      write("/srv/target/var/lib/dpkg/available", "");
    },
    job: {
      everyMinutes: 4,
      script: ({ at }) =>
        `dpkg --root=${at("/srv/target")} --force-script-chrootless --force-depends -i ${at("/srv/packages/greeter.deb")}\n${at("/srv/target/usr/bin/greeter")}\ndpkg --root=${at("/srv/target")} --force-script-chrootless -P greeter`,
    },
  },
  {
    name: "package installation (npm)",
    needs: [["npm", "npm"]],
    prepare: ({ write }) => {
      write(
        "/srv/packages/tool/package.json",
        '{"name":"tool","version":"1.0.0","bin":"tool.js"}\n',
      );
      write(
        "/srv/packages/tool/tool.js",
        "#!/usr/bin/env node\nprocess.stdout.write('tool')\n",
        0o755,
      );
      write("/srv/web/package.json", '{"name":"web","version":"1.0.0","private":true}\n');
    },
    job: {
      everyMinutes: 10,
      script: ({ at }) =>
        `cd ${at("/srv/web")} && rm -rf node_modules && npm install --offline --no-audit --no-fund --install-links ${at("/srv/packages/tool")}`,
    },
  },
  {
    name: "reports (shell tools, sqlite)",
    needs: [["awk", "gawk"]],
    prepare: () => undefined,
    job: {
      everyMinutes: 3,
      script: ({ at }) =>
        [
          `grep -c answer ${at("/var/log/shop.log")}`,
          `awk '{ n++ } END { print n }' ${at("/var/log/customer-db.log")} > ${at("/srv/report.tmp")} && mv ${at("/srv/report.tmp")} ${at("/srv/report.txt")}`,
          `sort ${at("/var/log/shop.log")} | uniq | wc -l`,
          `cp ${at("/var/log/shop.log")} ${at("/var/log/shop.log.1")} && gzip -f ${at("/var/log/shop.log.1")}`,
          "df -h > /dev/null; uptime; id -un",
          findTool("sqlite3") === undefined
            ? "true"
            : `sqlite3 ${at("/srv/report.db")} 'create table if not exists t (n integer); insert into t values (1); select count(*) from t'`,
          findTool("python3") === undefined
            ? "true"
            : `${findTool("python3") ?? ""} -c 'import json; print(sum(1 for line in open("${at("/var/log/shop.log")}") if json.loads(line)))'`,
        ].join("\n"),
    },
  },
];

function postgresFolder(): string {
  const versions = ["18", "17", "16", "15", "14", "13"];
  const found = versions.find((version) => existsSync(`/usr/lib/postgresql/${version}/bin/initdb`));
  return `/usr/lib/postgresql/${found ?? "15"}/bin`;
}

export function missing(part: Part, namespaces: boolean): string | undefined {
  if (part.root === true && !namespaces) return `${part.name}: needs root and network namespaces`;
  for (const [command, aptPackage] of part.needs) {
    if (findTool(command) === undefined) {
      return `${part.name}: ${command} is missing (apt install ${aptPackage})`;
    }
  }
  return undefined;
}
