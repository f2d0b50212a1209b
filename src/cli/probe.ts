// sysflow probe: installs the kernel probe for ordinary users, removes it, says how it stands.

import { diagnostic } from "../model/diagnostic.ts";
import { installPrefix, shippedProbe } from "../source/probe-binary.ts";
import { type InstallPlace, type InstallStatus, install, remove, status } from "./probe/install.ts";
import { type ExitCode, Exit, type Options, type Terminal, UsageError, type Verb } from "./verb.ts";
import { flagOption, textOption } from "./verb.ts";

const examples = `
Examples:
  sudo sysflow probe install       once; you are added to the group sysflow
  sysflow probe status             what is installed, and who may use it
  sudo sysflow probe remove        undoes what install did

The binary belongs to root and the group sysflow, has mode 0750 and the two
capabilities CAP_BPF and CAP_PERFMON. Who is in the group may record processes
of their own; everything else needs root.

Exit code: 0; 1 where status finds something wrong; 6 where a step failed.`;

export const verb: Verb = {
  name: "probe",
  configure(command) {
    command
      .argument("<action>", "install, remove or status")
      .option("--prefix <folder>", "the binary goes to lib/sysflow below it", installPrefix)
      .option("--group <name>", "who is in it may record", "sysflow")
      .option("--user <name>", "who to add to the group (default: who called sudo)")
      .option("--from <file>", "the binary (default: what came with this program)")
      .option("--json", "status as one JSON document")
      .addHelpText("after", examples);
  },
  run,
};

async function run(
  terminal: Terminal,
  args: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const [action, ...more] = args;
  const place: InstallPlace = {
    prefix: textOption(options, "prefix") ?? installPrefix,
    group: groupOf(textOption(options, "group") ?? "sysflow"),
    user: textOption(options, "user") ?? process.env["SUDO_USER"],
  };
  const shipped = textOption(options, "from") ?? shippedProbe();
  if (more.length > 0) throw new UsageError(`one action at a time, not also "${more[0]}"`);
  if (action === "status") return tellStatus(terminal, status(shipped, place), options);
  if (action !== "install" && action !== "remove") {
    throw new UsageError(`the action is install, remove or status, not "${action ?? ""}"`);
  }
  if (action === "install" && shipped === undefined) {
    const hint =
      "build it in a checkout: node scripts/probe.mjs (needs clang, bpftool, musl-tools)";
    terminal.report(diagnostic("SF5010", "no probe came with this program", {}, hint));
    return Exit.notPossible;
  }
  if (process.geteuid?.() !== 0) {
    terminal.report(
      diagnostic("SF5016", `only root may ${action} the probe`, {}, `sudo sysflow probe ${action}`),
    );
    return Exit.notPossible;
  }
  try {
    const say = (line: string): void => terminal.note(line);
    if (action === "install") install(shipped ?? "", place, say);
    else remove(place, say);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    terminal.report(diagnostic("SF5016", `the probe is not fully ${past[action]}: ${reason}`));
    return Exit.notPossible;
  }
  return Exit.done;
}

const past = { install: "installed", remove: "removed" } as const;

/** groupadd(8): the name goes to programs of the system as an argument. */
function groupOf(name: string): string {
  if (/^[a-z_][a-z0-9_-]{0,30}$/.test(name)) return name;
  throw new UsageError(`"${name}" cannot be the name of a group`);
}

async function tellStatus(
  terminal: Terminal,
  found: InstallStatus,
  options: Options,
): Promise<ExitCode> {
  if (flagOption(options, "json")) await terminal.write(`${JSON.stringify(found)}\n`);
  else await terminal.write(`${linesOf(found).join("\n")}\n`);
  return found.problems.length > 0 ? Exit.failed : Exit.done;
}

function linesOf(found: InstallStatus): string[] {
  const { path, members, group, capabilities, mode, owner, current } = found;
  const who = members.length === 0 ? "nobody" : members.join(", ");
  if (!found.installed) return [`not installed (${path}): sudo sysflow probe install`];
  const age =
    current === undefined
      ? "cannot be compared with what came with this program"
      : current
        ? "the one that came with this program"
        : "another one than came with this program: sudo sysflow probe install";
  return [
    path,
    `  owner ${owner ?? "?"}, mode ${mode ?? "?"}, capabilities ${capabilities ?? "not readable or none"}`,
    `  ${age}`,
    `  in the group ${group}: ${who}`,
    ...found.problems.map((problem) => `  wrong: ${problem}`),
  ];
}
