// One condition by itself: what `--filter` uses. Rules go through file.ts and detect.ts.

import type { Activity } from "../model/activity.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Facts } from "../model/facts.ts";
import { type Definitions, Checker, noDefinitions } from "./check.ts";
import { Compiler, knownAtBegin } from "./compile.ts";
import { toDiagnostic } from "./parser.ts";

export type Condition = {
  /** False at a flow's begin if the condition asks for what only its end knows. */
  readonly matches: (activity: Activity, facts: Facts) => boolean;
};

export type CompiledCondition = {
  /** Undefined if a diagnostic is an error. */
  readonly condition: Condition | undefined;
  /** Places are offsets into the text. */
  readonly diagnostics: readonly Diagnostic[];
};

export type ConditionOptions = {
  /** The only one so far; the others come with their readers. */
  readonly dialect: "sysflow";
  readonly definitions?: Definitions | undefined;
};

/** Compiles a filter: our attribute names, and the original's `sf.*`. */
export function compileCondition(text: string, options: ConditionOptions): CompiledCondition {
  const checker = new Checker(options.definitions ?? noDefinitions, "filter");
  const { checked, mistakes } = checker.check(text);
  const diagnostics = mistakes.map(toDiagnostic);
  if (checked === undefined) return { condition: undefined, diagnostics };
  const predicate = new Compiler().compile(checked);
  const early = knownAtBegin(checked);
  return {
    condition: {
      matches(activity, facts) {
        if (activity.phase === "begin" && !early) return false;
        return predicate(activity, {
          base: facts.base,
          provenance: facts.provenance,
          proc: undefined,
          file: undefined,
        });
      },
    },
    diagnostics,
  };
}
