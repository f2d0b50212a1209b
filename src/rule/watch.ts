// Which files are worth being told of at once: those that some rule names, so that an open of one of them can fire it. The answer
// follows from the file alone; everything else that a rule asks is taken to be possible.

import { unreachable } from "../base/assert.ts";
import type { Attribute } from "../model/attribute/row.ts";
import type { Activity } from "../model/activity.ts";
import type { File } from "../model/entity.ts";
import { Op } from "../model/opflag.ts";
import type { Checked } from "./check.ts";
import { Compiler, type Scene, canReach, knownAtBegin, reachOf } from "./compile.ts";
import type { Rule } from "./rule.ts";

/** Attributes that a rule names files by; that something is a regular file names none. */
const naming: ReadonlySet<string> = new Set([
  "file.path",
  "file.name",
  "file.directory",
  "file.paths",
]);

/** What a file says about a condition: it can hold, it holds whatever else is asked, it can hold because the file is named. */
type Verdict = { readonly can: boolean; readonly must: boolean; readonly named: boolean };
type Judge = (activity: Activity, scene: Scene) => Verdict;

const open: Verdict = { can: true, must: false, named: false };
const never: Verdict = { can: false, must: false, named: false };

/** Tells whether a rule that a flow's begin can decide names the file. Rules that are switched off do not count. */
export function watches(rules: readonly Rule[]): (file: File) => boolean {
  const compiler = new Compiler();
  const built = new Map<Checked, Judge>();
  const judges = rules
    .filter(({ enabled, checked }) => enabled && knownAtBegin(checked))
    .filter(({ checked }) => canReach(reachOf(checked), "FF", Op.OPEN))
    .map(({ checked }) => judgeOf(checked, compiler, built));
  return (file) => {
    const activity = aboutFile(file);
    const memory = new Uint8Array(compiler.fileSlots);
    const scene: Scene = { base: 0n, provenance: undefined, proc: undefined, file: memory };
    return judges.some((judge) => judge(activity, scene).named);
  };
}

/** Conditions share their macros: each is built once. */
function judgeOf(checked: Checked, compiler: Compiler, built: Map<Checked, Judge>): Judge {
  const before = built.get(checked);
  if (before !== undefined) return before;
  const judge = buildJudge(checked, compiler, built);
  built.set(checked, judge);
  return judge;
}

function buildJudge(checked: Checked, compiler: Compiler, built: Map<Checked, Judge>): Judge {
  switch (checked.kind) {
    case "and":
      return all(checked.terms.map((term) => judgeOf(term, compiler, built)));
    case "or":
      return any(checked.terms.map((term) => judgeOf(term, compiler, built)));
    case "not": {
      const term = judgeOf(checked.term, compiler, built);
      return (activity, scene) => {
        const { can, must } = term(activity, scene);
        // To leave a file out is not to name all others.
        return { can: !must, must: !can, named: false };
      };
    }
    case "exists":
    case "test": {
      if (!isOfFile(checked.attribute)) return () => open;
      const holds = compiler.compile(checked);
      const named = checked.kind === "test" && naming.has(checked.attribute.name);
      return (activity, scene) =>
        holds(activity, scene) ? { can: true, must: true, named } : never;
    }
    case "relation":
      return () => open;
    default:
      return unreachable(checked);
  }
}

/** A flow has one path, so both paths are that one. */
function isOfFile({ of, name }: Attribute): boolean {
  return of === "file" || name === "file.paths";
}

function all(judges: readonly Judge[]): Judge {
  return (activity, scene) => {
    let must = true;
    let named = false;
    for (const judge of judges) {
      const verdict = judge(activity, scene);
      if (!verdict.can) return never;
      must &&= verdict.must;
      named ||= verdict.named;
    }
    return { can: true, must, named };
  };
}

function any(judges: readonly Judge[]): Judge {
  return (activity, scene) => {
    let can = false;
    let must = false;
    let named = false;
    for (const judge of judges) {
      const verdict = judge(activity, scene);
      can ||= verdict.can;
      must ||= verdict.must;
      named ||= verdict.named;
    }
    return { can, must, named };
  };
}

/** Attributes of the file look at nothing else. */
function aboutFile(file: File): Activity {
  const { host, container } = file;
  return {
    phase: "begin",
    at: 0,
    record: { type: "KE", host, ts: 0, kind: "", action: "", message: "" },
    host,
    proc: undefined,
    container,
    file,
    newFile: undefined,
    net: undefined,
  };
}
