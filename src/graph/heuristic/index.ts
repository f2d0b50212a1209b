// The table of incident heuristics, in the order in which they look at an incident: each may use what earlier ones found.

import type { Heuristic } from "../draft.ts";
import { ancestry } from "./ancestry.ts";
import { credentialRead } from "./credential-read.ts";
import { download } from "./download.ts";
import { droppedProgram } from "./dropped-program.ts";
import { exploitedRequest } from "./exploited-request.ts";
import { foothold } from "./foothold.ts";
import { outbound } from "./outbound.ts";
import { replacedFiles } from "./replaced-files.ts";
import { serviceCommand } from "./service-command.ts";
import { writtenFile } from "./written-file.ts";

export const heuristics: readonly Heuristic[] = [
  exploitedRequest,
  droppedProgram,
  download,
  foothold,
  replacedFiles,
  writtenFile,
  ancestry,
  serviceCommand,
  credentialRead,
  outbound,
];
