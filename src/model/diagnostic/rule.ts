// Messages about conditions and rules (SF3xxx).

import type { DiagnosticRow } from "./row.ts";

export const ruleDiagnostics = [
  { code: "SF3001", severity: "error", title: "condition cannot be parsed" },
  {
    code: "SF3002",
    severity: "error",
    title: "condition is too large or nests too deep",
    hint: "split it into macros, or into several rules",
  },
  {
    code: "SF3003",
    severity: "error",
    title: "unknown attribute",
    hint: "docs/reference/attributes.md lists them all",
  },
  {
    code: "SF3004",
    severity: "error",
    title: "unknown macro",
    hint: "macros stand under macros: in any of the rule files that are loaded together",
  },
  {
    code: "SF3005",
    severity: "error",
    title: "operator does not fit the attribute",
    hint: "docs/guide/rules.md says which operators a type has",
  },
  { code: "SF3006", severity: "error", title: "value does not fit the attribute" },
  {
    code: "SF3007",
    severity: "warning",
    title: "word resembles the name of a list",
    hint: "put quotes around a word that is meant as text",
  },
  { code: "SF3008", severity: "error", title: "macro or list contains itself" },
  {
    code: "SF3009",
    severity: "error",
    title: "list in the wrong place",
    hint: "a list stands inside parentheses: in (a, b, list)",
  },
  { code: "SF3010", severity: "error", title: "rule file is no valid YAML" },
  {
    code: "SF3011",
    severity: "error",
    title: "not a SysFlow rule file",
    hint: "a rule file is a map that begins with sysflow: 1",
  },
  { code: "SF3012", severity: "error", title: "unknown key" },
  { code: "SF3013", severity: "error", title: "missing key" },
  { code: "SF3014", severity: "error", title: "wrong value" },
  {
    code: "SF3015",
    severity: "error",
    title: "name is used twice",
    hint: "rule ids, macros and lists are unique over all files that are loaded together",
  },
  {
    code: "SF3016",
    severity: "error",
    title: "rule file is too large or uses YAML aliases",
    hint: "split the file; write values out instead of *alias",
  },
  {
    code: "SF3017",
    severity: "warning",
    title: "rule cannot match",
    hint: "two parts of the condition exclude each other",
  },
  {
    code: "SF3020",
    severity: "error",
    title: "kind of rule is not supported yet",
    hint: "one condition per rule is; sequences, counts and absences follow",
  },
  {
    code: "SF3021",
    severity: "error",
    title: "rule dialect is not supported yet",
    hint: "rules of our own (sysflow: 1) are",
  },
  { code: "SF3022", severity: "error", title: "rule test cannot be read" },
  {
    code: "SF3023",
    severity: "warning",
    title: "rule has no test",
    hint: "add tests: with one input that alerts and one that does not",
  },
  {
    code: "SF3030",
    severity: "error",
    title: "rules cannot be found",
    hint: "--rules takes a file or a folder with .yaml files",
  },
] as const satisfies readonly DiagnosticRow[];
