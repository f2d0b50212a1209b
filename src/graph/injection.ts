// Servers that put what clients send into a command line for a shell: which of the command lines go on with a command of the
// client's own. The others show what the server meant to run.

import { processName } from "../model/entity.ts";
import type { ProcessNode } from "./node.ts";

const shell = /^(ba|da|a|z|k|mk|c|tc|fi)?sh([-.\d].*)?$/;
const inline = /^(-\S+ )*-\w*c /;
/** Characters with which a shell begins another command. */
const another = /[;|&`\n]|\$\(/;
/** What two command lines must have in common at their beginning to be of one template. */
const templateMin = 6;
const childrenMax = 1024;

/** What a shell among the process' programs was told to run. */
export function commandText(node: ProcessNode): string | undefined {
  for (const { proc } of node.execs) {
    if (!shell.test(processName(proc) ?? "")) continue;
    const match = inline.exec(proc.args ?? "");
    if (match !== null) return proc.args?.slice(match[0].length);
  }
  return undefined;
}

/**
 * A server's children whose command line begins as others of it do, and then goes on with a further command, which the others
 * do not. Empty while no ordinary request shows the template.
 */
export function injectedCommands(server: ProcessNode): ProcessNode[] {
  const commands: { readonly node: ProcessNode; readonly text: string }[] = [];
  for (const node of server.children) {
    const text = commandText(node);
    if (text !== undefined) commands.push({ node, text });
    if (commands.length >= childrenMax) break;
  }
  // One of many equal command lines stands for all of them.
  const texts = [...new Set(commands.map(({ text }) => text))];
  return commands
    .filter(({ text }) => texts.some((other) => goesFurther(text, other)))
    .map(({ node }) => node);
}

function goesFurther(text: string, other: string): boolean {
  const same = commonLength(text, other);
  return same >= templateMin && another.test(text.slice(same)) && !another.test(other.slice(same));
}

function commonLength(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}
