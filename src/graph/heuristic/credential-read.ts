// Files that hold secrets, by the names that everybody gives them, read by a process of the attack.

import { printBytes } from "../../encode/units.ts";
import { printable } from "../../base/text.ts";
import {
  type Heuristic,
  actKey,
  actors,
  addTerm,
  belongs,
  isLogin,
  isPackageTool,
} from "../draft.ts";
import { whoRuns } from "../sentence.ts";

type Kind = {
  readonly pattern: RegExp;
  readonly technique: string;
  /** Also the suffix of public certificates and of test data: the folder decides. */
  readonly keys?: true;
};

const kinds: readonly Kind[] = [
  { pattern: /^\/etc\/(g?shadow|security\/opasswd)-?$/, technique: "T1003.008" },
  {
    pattern: /\/(id_(rsa|dsa|ecdsa|ed25519)|[^/]+\.(pem|key|p12|pfx|jks|keytab|kdbx))$/,
    technique: "T1552.004",
    keys: true,
  },
  { pattern: /\/\.(aws|azure|config\/gcloud|kube|docker)\/[^/]+$/, technique: "T1552.001" },
  {
    pattern: /\/\.(netrc|pgpass|my\.cnf|npmrc|pypirc|git-credentials|htpasswd|env)$/,
    technique: "T1552.001",
  },
  {
    pattern:
      /\/[^/]*(credential|secret|password|passwd\.db|apikey|api_key|token)[^/]*\.(json|ya?ml|ini|cfg|conf|txt|env|xml|properties|toml)$/i,
    technique: "T1552.001",
  },
  { pattern: /\/(credentials|secrets)$/i, technique: "T1552.001" },
  { pattern: /\/(run|var\/run)\/secrets\/kubernetes\.io\//, technique: "T1528" },
];

/** Certificates that everybody reads, and what programs unpack for themselves. */
const publicPlaces =
  /^\/(etc\/(ssl|pki|ca-certificates)|usr\/(share|lib|lib64|local\/(lib|share))|tmp|var\/(tmp|cache)|dev\/shm)\//;

const packages = /\/(site|dist)-packages\/|\/node_modules\//;

export function credentialTechnique(path: string): string | undefined {
  const kind = kinds.find(({ pattern }) => pattern.test(path));
  if (kind === undefined) return undefined;
  const isPublic = kind.keys === true && (publicPlaces.test(path) || packages.test(path));
  return isPublic ? undefined : kind.technique;
}

export const credentialRead: Heuristic = {
  name: "credentials read",
  doc: "a file whose name says that it holds secrets, read by a process of the attack",
  apply(draft) {
    for (const node of actors(draft)) {
      // It looks passwords up for a living.
      if (isLogin(node)) continue;
      for (const [file, edge] of node.files) {
        if (edge.firstRead === undefined || !belongs(draft, node, edge.firstRead)) continue;
        const path = file.names.at(-1) ?? file.file.path;
        const technique = credentialTechnique(path);
        if (technique === undefined || isPackageTool(edge.proc)) continue;
        const size = edge.rbytes === 0 ? "" : ` (${printBytes(edge.rbytes)})`;
        draft.steps.push({
          key: actKey(node, "read", path),
          covers: new Set(),
          ts: edge.firstRead,
          endTs: edge.lastRead,
          node,
          proc: edge.proc,
          op: "READ",
          object: { kind: "file", value: path },
          because: "same-process",
          tactic: "credential-access",
          technique,
          sentence: `${whoRuns(edge.proc)} read ${printable(path)}${size}`,
          records: edge.records,
          alerts: [],
        });
        addTerm(draft, "credentials read", 8, 8);
      }
    }
  },
};
