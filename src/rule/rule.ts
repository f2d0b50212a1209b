// What a loaded rule is: its description, its checked condition, its tests, and the sentence it says.

import type { RuleInfo } from "../model/alert.ts";
import type { Attribute } from "../model/attribute/row.ts";
import type { Place } from "../model/diagnostic.ts";
import type { Checked } from "./check.ts";

/** A sentence with attributes in it: texts, and attributes of which the first one that has a value is shown. */
export type Sentence = readonly (string | readonly Attribute[])[];

export type RuleTest = {
  readonly name: string;
  /** Text notation of system calls, or the path of a recording beside the rule file. */
  readonly source:
    | { readonly kind: "notation"; readonly text: string }
    | { readonly kind: "recording"; readonly path: string };
  /** Alerts of this rule that the input must make. */
  readonly alerts: number;
  readonly place: Place;
};

export type Rule = {
  readonly info: RuleInfo;
  /** The condition as written, exceptions apart. */
  readonly text: string;
  readonly checked: Checked;
  readonly sentence: Sentence | undefined;
  readonly enabled: boolean;
  readonly tests: readonly RuleTest[];
  readonly place: Place;
};
