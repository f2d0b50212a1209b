// A server that was made to run a command line: a shell with the command as its argument, started below the server, and not by a
// person's shell. A handler that starts the same command for every request does not count.

import { isServerProgram } from "../../context/provenance.ts";
import { processName } from "../../model/entity.ts";
import {
  type Draft,
  type Heuristic,
  addTerm,
  ancestors,
  bornAt,
  isLogin,
  isService,
  isUsualChild,
} from "../draft.ts";
import { commandText, injectedCommands } from "../injection.ts";
import type { ProcessNode } from "../node.ts";

export const serviceCommand: Heuristic = {
  name: "command through a server",
  doc: "a shell with an inline command below a server, which does not start it for every request",
  apply(draft) {
    for (const node of draft.attack.keys()) {
      if (commandText(node) === undefined) continue;
      const server = serverAbove(draft, node);
      if (server === undefined) continue;
      draft.commanded = server;
      if (injectedCommands(server).includes(node)) addTerm(draft, "command injection", 15, 15);
      if (draft.entry === undefined) {
        draft.chain.unshift(server);
        draft.start = Math.min(draft.start, ...draft.chain.slice(1).map(bornAt));
      }
      addTerm(
        draft,
        "command through a server",
        isServerProgram(processName(server.proc)) ? 20 : 8,
        20,
      );
      return;
    }
  },
};

function serverAbove(draft: Draft, node: ProcessNode): ProcessNode | undefined {
  let child = node;
  for (const ancestor of ancestors(node)) {
    if (!draft.attack.has(ancestor)) {
      if (isLogin(ancestor)) return undefined;
      const serves = isService(ancestor) || isServerProgram(processName(ancestor.proc));
      return serves && !isUsualChild(child, ancestor, bornAt(child)) ? ancestor : undefined;
    }
    child = ancestor;
  }
  return undefined;
}
