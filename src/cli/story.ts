// sysflow story: rules and graph over a recording, told as incidents; without one, the process tree. `tellStory` does the work for
// `sysflow try` too.

import { storyJson } from "../encode/story-json.ts";
import { renderStory } from "../encode/story.ts";
import type { Incident } from "../model/incident.ts";
import { Chapter } from "../pipeline/chapter.ts";
import type { Recording } from "../pipeline/recording.ts";
import type { Rule } from "../rule/rule.ts";
import { inputArguments, inputExit, openInputs } from "./inputs.ts";
import { progressOf } from "./progress.ts";
import { openRules, rulesOption } from "./rule-files.ts";
import {
  type ExitCode,
  Exit,
  type Options,
  type Terminal,
  type Verb,
  flagOption,
  listOption,
} from "./verb.ts";

const examples = `
Examples:
  sysflow story recording.sf         incidents step by step, or the process tree
  sysflow story monday/*.sf --rules my-rules/
  sysflow story recording.sf --json | jq '.incidents[].steps[].sentence'`;

export const verb: Verb = {
  name: "story",
  configure(command) {
    rulesOption(inputArguments(command))
      .option("--json", "one JSON document")
      .addHelpText("after", examples);
  },
  run,
};

async function run(
  terminal: Terminal,
  args: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const rules = openRules(terminal, listOption(options, "rules"));
  if (rules.unusable && rules.rules.length === 0) return Exit.usage;
  const recording = openInputs(terminal, args, options);
  await tellStory(terminal, recording, {
    rules: rules.rules,
    json: flagOption(options, "json"),
    inputs: inputsText(args),
  });
  return terminal.interrupted.aborted ? Exit.interrupted : inputExit(recording);
}

export type StoryRequest = {
  readonly rules: readonly Rule[];
  readonly json: boolean;
  /** As a user would type them again. */
  readonly inputs: string;
};

export type StoryOutcome = {
  readonly incidents: readonly Incident[];
  readonly records: number;
  readonly alerts: number;
};

/** Reads the recording to its end, writes the story, and says what it held. */
export async function tellStory(
  terminal: Terminal,
  recording: Recording,
  request: StoryRequest,
): Promise<StoryOutcome> {
  const chapters: Chapter[] = [];
  const progress = progressOf(terminal, recording);
  let chapter: Chapter | undefined;
  for await (const batch of recording.batches()) {
    // Inputs too far apart to share a base come one group after the other.
    if (chapter === undefined || chapter.base !== batch.base) {
      chapter?.end();
      chapter = new Chapter(batch.base, request.rules);
      chapters.push(chapter);
    }
    chapter.push(batch.records);
    progress(batch.records.length);
    if (terminal.interrupted.aborted) break;
  }
  chapter?.end();
  terminal.progress(undefined);
  const told = chapters.map((each) => each.tell());
  if (request.json) {
    const lost = Object.assign({}, ...chapters.map((each) => each.lost));
    await terminal.write(`${JSON.stringify(storyJson(told, lost))}\n`);
  } else {
    for (const [i, each] of chapters.entries()) {
      const document = told[i];
      if (document === undefined) continue;
      const view = each.view(document, request.inputs);
      const { columns, color } = terminal;
      await terminal.write(renderStory(view, { columns, color }));
    }
    if (chapters.length === 0) terminal.note("nothing to tell: no records were read");
  }
  return {
    incidents: told.flatMap(({ incidents }) => incidents),
    records: chapters.reduce((sum, { records }) => sum + records, 0),
    alerts: chapters.reduce((sum, { tracker }) => sum + tracker.alertCount, 0),
  };
}

/** The inputs as they can be typed again; what a shell spread out is folded together: `day/mon.{1,2,3}.sf`. */
function inputsText(args: readonly string[]): string {
  const plain = args.map(quoted).join(" ");
  const [first = "", ...others] = args;
  if (others.length === 0 || args.some((arg) => quoted(arg) !== arg || /[,*]/.test(arg)))
    return plain;
  const prefix = commonStart(args).replace(/[^/.]*$/, "");
  const rests = args.map((arg) => arg.slice(prefix.length));
  const turned = commonStart(rests.map((rest) => [...rest].reverse().join("")));
  const suffix = [...turned]
    .reverse()
    .join("")
    .replace(/^[^/.]*/, "");
  const middles = rests.map((rest) => rest.slice(0, rest.length - suffix.length));
  const short = `${prefix}{${middles.join(",")}}${suffix}`;
  return prefix === "" || middles.includes("") || first === prefix ? plain : short;
}

function commonStart(texts: readonly string[]): string {
  const [first = ""] = texts;
  let length = 0;
  while (length < first.length && texts.every((text) => text[length] === first[length]))
    length += 1;
  return first.slice(0, length);
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./*-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
