// Facts that no single record holds: who wrote the program that a process runs, which service a process descends from. They are
// kept in stream order by `context/provenance.ts`; attributes read them through this interface.

import type { Container, Process } from "./entity.ts";
import type { Tuple } from "./record.ts";
import type { TimeBase, TimeNs } from "./time.ts";

/** The last time that a file was written, as far as the recording shows. */
export type Writing = {
  readonly path: string;
  readonly writer: Process;
  readonly at: TimeNs;
  /** Its mode was given an execute bit after it was written. */
  readonly madeExecutable: boolean;
};

/** A process that runs a file written during the recording. */
export type DroppedProgram = { readonly process: Process; readonly writing: Writing };

/** A connection that a process made. */
export type Connection = { readonly net: Tuple; readonly at: TimeNs };

export type Provenance = {
  /** Who last wrote the file before now. */
  writingOf(path: string, container: Container | undefined): Writing | undefined;
  /** Who wrote the program, or the script, that the process runs. */
  programOf(process: Process): Writing | undefined;
  /** The nearest of the process and its ancestors whose program was written during the recording. */
  droppedOf(process: Process): DroppedProgram | undefined;
  /** The nearest of the process and its ancestors that accepted a network connection or runs a well-known server program. */
  serviceOf(process: Process): Process | undefined;
  /** The last connection that the process itself made, whatever program it ran then. */
  connectionOf(process: Process): Connection | undefined;
};

export type Facts = {
  /** What TimeNs 0 stands for. */
  readonly base: TimeBase;
  readonly provenance: Provenance | undefined;
};
