// The table of events, compiled: by event number, what to do with it. Rows are in events/, by family.

import { Family, type SyscallName, syscalls } from "../../model/syscall.ts";
import { descriptorEvents } from "./events/descriptor.ts";
import { fileEvents } from "./events/file.ts";
import { networkEvents } from "./events/network.ts";
import { processEvents } from "./events/process.ts";
import { systemEvents } from "./events/system.ts";
import { type EventRow, type Layout, compileLayout, isSelfContained } from "./layout.ts";
import { type ThreadLayout, compileThreadLayout } from "./thread.ts";

export const eventRows: readonly EventRow[] = [
  ...fileEvents,
  ...descriptorEvents,
  ...networkEvents,
  ...processEvents,
  ...systemEvents,
];

/** Event numbers above are unknown; they are counted by number. */
export const eventTypesMax = 1024;

/** What an event is to the reader. */
export const Action = {
  skip: 0,
  /** An entry event that says nothing but that it happened. */
  entry: 1,
  /** An entry event whose first parameter, a descriptor, is all there is. */
  entryFd: 2,
  entryFull: 3,
  /** An entry event that is delivered itself. */
  entryDeliver: 4,
  /** An exit that needs its own result and the entry's descriptor only. */
  exitFd: 5,
  exitFull: 6,
  exitThread: 7,
  /** Events of the recorder itself: containers, Kubernetes, users, groups. */
  meta: 8,
} as const;

export type CompiledEvent = {
  readonly row: EventRow;
  readonly call: SyscallName;
  readonly family: number;
  readonly entry: Layout;
  readonly exit: Layout;
  readonly thread: ThreadLayout | undefined;
  /** The exit needs no entry event. */
  readonly selfContained: boolean;
};

/** Entry events that libsinsp does not remember as a thread's last one: they come from the recorder or the scheduler. */
const notRemembered = [146, 148, 152, 196, 228, 234, 244, 260, 270, 280, 286, 290];

export const metaEvents = [228, 260, 272, 324, 354, 358];

const familyByCall = new Map<string, number>(syscalls.map((row) => [row.name, Family[row.family]]));

export const actions = new Uint8Array(eventTypesMax);
/** By event number, for entries and exits alike. */
export const events: (CompiledEvent | undefined)[] = Array.from(
  { length: eventTypesMax },
  () => undefined,
);
/** Parameters that the newest producer writes; what version 1 counts against. */
export const parameterCounts = new Uint8Array(eventTypesMax).fill(32);

compile();

function compile(): void {
  for (let type = 0; type < eventTypesMax; type += 2) actions[type] = Action.entry;
  for (const type of notRemembered) actions[type] = Action.skip;
  for (const row of eventRows) compileRow(row);
  for (const type of metaEvents) actions[type] = Action.meta;
}

function compileRow(row: EventRow): void {
  const thread = row.thread === undefined ? undefined : compileThreadLayout(row.exit);
  const entryLayout = compileLayout(row.entry ?? "");
  const exitLayout = compileLayout(thread === undefined ? row.exit : "");
  const event: CompiledEvent = {
    row,
    call: row.call,
    family: familyByCall.get(row.call) ?? Family.ignored,
    entry: entryLayout,
    exit: exitLayout,
    thread,
    selfContained: thread !== undefined || isSelfContained(entryLayout, exitLayout),
  };
  const isExit = row.id % 2 === 1;
  events[row.id] = event;
  parameterCounts[row.id] = thread?.size ?? event.exit.size;
  if (!isExit) {
    actions[row.id] = Action.entryDeliver;
    return;
  }
  const entry = row.id - 1;
  events[entry] = event;
  parameterCounts[entry] = event.entry.size;
  if (row.at === "entry") actions[entry] = Action.entryDeliver;
  else if (event.entry.codes.length === 0) actions[entry] = Action.entry;
  else if (isFdOnly(event)) actions[entry] = Action.entryFd;
  else actions[entry] = Action.entryFull;
  if (thread !== undefined) actions[row.id] = Action.exitThread;
  else actions[row.id] = isFdOnly(event) ? Action.exitFd : Action.exitFull;
}

/** Reads, writes, closes: a result here, a descriptor there (or behind it, from newer producers), nothing else. */
function isFdOnly(event: CompiledEvent): boolean {
  const { entry, exit } = event;
  const codes = [...exit.codes];
  return (
    entry.codes.length === 1 &&
    entry.codes[0] === 2 &&
    codes[0] === 1 &&
    codes.every((code, i) => i === 0 || code === (i === exit.appended ? 2 : 0))
  );
}
