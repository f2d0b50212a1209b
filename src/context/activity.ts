// One record seen at one moment as an activity: who (the process version in force then), where, on what. No state; the moments
// are chosen by flow/order.ts.

import type { Activity, Phase } from "../model/activity.ts";
import { type Process, versionAt } from "../model/entity.ts";
import type { BehaviourRecord } from "../model/record.ts";
import type { TimeNs } from "../model/time.ts";

export function activityOf(record: BehaviourRecord, phase: Phase, at: TimeNs): Activity {
  if (record.type === "KE") {
    return {
      phase,
      at,
      record,
      host: record.host,
      proc: undefined,
      container: undefined,
      file: undefined,
      newFile: undefined,
      net: undefined,
    };
  }
  const proc = versionOf(record.proc, at);
  const file = record.type === "FF" || record.type === "FE" ? record.file : undefined;
  return {
    phase,
    at,
    record,
    host: proc.host,
    proc,
    container: proc.container,
    file,
    newFile: record.type === "FE" ? record.newFile : undefined,
    net: record.type === "NF" || record.type === "NE" ? record.net : undefined,
  };
}

/** A flow may be written after an exec that it began before; a stub stands for whatever is known of the process by now. */
function versionOf(process: Process, at: TimeNs): Process {
  return versionAt(process.known ? process : process.identity.current, at);
}
