// Schema 6: the table of its records and fields. The Avro schema in each file, schema/sysflow-6-draft.avsc and
// docs/reference/schema-6.md are made from it. The schema stands uncompressed in every file, so names are short and it has no
// docs; the encoder (encode6.ts) and the reader (rows6.ts) follow this table's names.

export type Field6 = {
  readonly name: string;
  readonly type:
    | "long"
    | "int"
    | "string"
    | "boolean"
    | "bytes"
    | "texts"
    | "text?"
    | "long?"
    | "net?";
  /** Empty where the value is a plain number or text. */
  readonly unit?: string;
  readonly doc: string;
  /** Sources that fill it: s scap, t strace, p probe. */
  readonly by: string;
};
export type Record6 = {
  readonly name: string;
  readonly doc: string;
  readonly fields: readonly Field6[];
};

const ns = "ns since 1970";

export const records6 = [
  {
    name: "Header",
    doc: "Start of a recording. All numbers of processes, files and containers begin anew.",
    fields: [
      { name: "version", type: "int", doc: "6", by: "stp" },
      {
        name: "base",
        type: "long",
        unit: "ns since 1970",
        doc: "a whole second at or before the first record: subtract it where small numbers are wanted",
        by: "stp",
      },
      { name: "host", type: "string", doc: "who recorded: SysFlow's exporter", by: "sp" },
      { name: "ip", type: "string", doc: "the host's address; empty where not known", by: "p" },
      {
        name: "file",
        type: "string",
        doc: "name of the recording as it was opened; empty where not known",
        by: "stp",
      },
      {
        name: "clock",
        type: "string",
        doc: "how exact times are: ns, us, ms, s, jiffy; empty where not known",
        by: "stp",
      },
      { name: "boot", type: "string", doc: "kernel boot id; empty where not known", by: "p" },
    ],
  },
  {
    name: "Container",
    doc: "A container. The same number again describes it anew.",
    fields: [
      { name: "n", type: "int", doc: "its number in this recording, from 1", by: "sp" },
      {
        name: "state",
        type: "int",
        doc: "0 created, 1 modified, 2 seen, 3 only the id is known, −1 not said",
        by: "sp",
      },
      {
        name: "seen",
        type: "long?",
        unit: ns,
        doc: "when it was seen; null where not known",
        by: "sp",
      },
      { name: "id", type: "string", doc: "12 hexadecimal digits for docker and CRI", by: "sp" },
      { name: "name", type: "text?", doc: "null where not known", by: "sp" },
      { name: "image", type: "text?", doc: "image and tag", by: "sp" },
      {
        name: "imageId",
        type: "string",
        doc: "digest of the image; empty where not known",
        by: "sp",
      },
      {
        name: "type",
        type: "string",
        doc: "docker, lxc, libvirt_lxc, mesos, rkt, custom, cri, containerd, crio, bpm, static, podman; empty where not known",
        by: "sp",
      },
      { name: "privileged", type: "int", doc: "1 yes, 0 no, −1 not known", by: "sp" },
      { name: "pod", type: "string", doc: "id of its pod; empty where it has none", by: "" },
    ],
  },
  {
    name: "Process",
    doc: "A process, or a new version of it after exec or a change of identity. The same number again is the same process.",
    fields: [
      { name: "n", type: "int", doc: "its number in this recording, from 1", by: "stp" },
      {
        name: "state",
        type: "int",
        doc: "0 created, 1 modified, 2 seen, 3 only the ids are known",
        by: "stp",
      },
      { name: "ts", type: "long", unit: ns, doc: "event that made this version", by: "stp" },
      {
        name: "pid",
        type: "int",
        doc: "thread-group leader in the initial pid namespace",
        by: "stp",
      },
      {
        name: "start",
        type: "long?",
        unit: ns,
        doc: "start of the process; null where it is older than the recording and its start is not known",
        by: "stp",
      },
      { name: "parent", type: "int", doc: "number of its parent, 0 none or not known", by: "stp" },
      { name: "exe", type: "text?", doc: "path of the program", by: "stp" },
      {
        name: "argv",
        type: "texts",
        doc: "arguments, argv[0] included; empty where not known",
        by: "stp",
      },
      {
        name: "args",
        type: "text?",
        doc: "where argv is not known one by one: argv[1] and following, joined by spaces; else null",
        by: "",
      },
      {
        name: "comm",
        type: "string",
        doc: "the kernel's name of the process; empty where not known",
        by: "stp",
      },
      { name: "uid", type: "long", doc: "effective user id, −1 not known", by: "stp" },
      { name: "user", type: "text?", doc: "its name", by: "stp" },
      { name: "gid", type: "long", doc: "effective group id, −1 not known", by: "stp" },
      { name: "group", type: "text?", doc: "its name", by: "stp" },
      { name: "tty", type: "boolean", doc: "has a controlling terminal", by: "sp" },
      { name: "entry", type: "boolean", doc: "pid 1 of its pid namespace", by: "sp" },
      { name: "container", type: "int", doc: "number of its container, 0 the host", by: "sp" },
      {
        name: "cwd",
        type: "string",
        doc: "working directory, ends with /; empty where not known",
        by: "stp",
      },
      { name: "env", type: "texts", doc: "environment", by: "sp" },
      { name: "session", type: "int", doc: "session id, −1 not known", by: "stp" },
      { name: "pgrp", type: "int", doc: "process group, −1 not known", by: "sp" },
      { name: "login", type: "long", doc: "login (audit) user id, −1 not known", by: "sp" },
      {
        name: "caps",
        type: "long",
        unit: "capability bits",
        doc: "effective capabilities, −1 not known",
        by: "stp",
      },
      { name: "inode", type: "long", doc: "inode of the program, −1 not known", by: "sp" },
      {
        name: "upper",
        type: "int",
        doc: "1 the program lies in the container's writable layer, 0 not, −1 not known",
        by: "sp",
      },
      { name: "netns", type: "long", doc: "network namespace, −1 not known", by: "p" },
    ],
  },
  {
    name: "File",
    doc: "A file, directory, device, pipe or unix socket. The same number again describes it anew.",
    fields: [
      { name: "n", type: "int", doc: "its number in this recording, from 1", by: "stp" },
      {
        name: "state",
        type: "int",
        doc: "0 created, 1 modified, 2 seen, 3 only the number is known",
        by: "stp",
      },
      { name: "ts", type: "long", unit: ns, doc: "first event that named it", by: "stp" },
      {
        name: "type",
        type: "string",
        doc: "f file, d directory, u unix socket, p pipe, c and b devices, l link, ? not known",
        by: "stp",
      },
      {
        name: "path",
        type: "string",
        doc: "absolute path; bytes that are not UTF-8 stand as they were",
        by: "stp",
      },
      { name: "container", type: "int", doc: "number of its container, 0 the host", by: "sp" },
      { name: "dev", type: "long", doc: "device, −1 not known", by: "sp" },
      {
        name: "inode",
        type: "long",
        doc: "inode; of pipes and sockets too; −1 not known",
        by: "stp",
      },
      { name: "gen", type: "long", doc: "generation of the inode, −1 not known", by: "p" },
      { name: "mntns", type: "long", doc: "mount namespace, −1 not known", by: "p" },
      {
        name: "peer",
        type: "long",
        doc: "inode of the other end of a pipe or socket, −1 not known",
        by: "p",
      },
    ],
  },
  {
    name: "Event",
    doc: "One act: of a process on itself or another one (no file, no net), on a file, or on a socket.",
    fields: [
      { name: "proc", type: "int", doc: "number of the process", by: "stp" },
      { name: "ts", type: "long", unit: ns, doc: "when", by: "stp" },
      { name: "tid", type: "int", doc: "thread, −1 not said", by: "stp" },
      { name: "ops", type: "long", unit: "bits", doc: "operations (docs/reference)", by: "stp" },
      {
        name: "ret",
        type: "long",
        doc: "result or −errno; of EXIT the wait status (exit code · 256 + signal)",
        by: "stp",
      },
      {
        name: "args",
        type: "texts",
        doc: "what the call was given beside files and addresses",
        by: "stp",
      },
      { name: "file", type: "int", doc: "number of the file, 0 none", by: "stp" },
      {
        name: "file2",
        type: "int",
        doc: "number of the new name or mount point, 0 none",
        by: "stp",
      },
      { name: "net", type: "net?", doc: "addresses and ports of the socket", by: "stp" },
      {
        name: "target",
        type: "int",
        doc: "number of the process it was done to, 0 none",
        by: "stp",
      },
      {
        name: "failed",
        type: "int",
        doc: "EXIT: opens that found nothing in the process' life, −1 not said",
        by: "stp",
      },
    ],
  },
  {
    name: "Flow",
    doc: "What a process did with a file or a connection over a time. Sums are exact. Without file and net it counts threads: rops created, wops ended, rbytes failed creations.",
    fields: [
      { name: "proc", type: "int", doc: "number of the process", by: "stp" },
      { name: "tid", type: "int", doc: "thread, −1 where the flow joins several", by: "stp" },
      { name: "ops", type: "long", unit: "bits", doc: "operations that occurred", by: "stp" },
      {
        name: "open",
        type: "int",
        unit: "bits",
        doc: "open flags, all opens of the slice together",
        by: "stp",
      },
      { name: "fd", type: "int", doc: "descriptor, −1 where the flow joins several", by: "stp" },
      { name: "opens", type: "int", doc: "opens that the slice joins, −1 not said", by: "stp" },
      {
        name: "id",
        type: "long",
        doc: "same in all slices of a flow; −1 where it has one slice only, or not said",
        by: "stp",
      },
      { name: "slice", type: "int", doc: "0 for the first, −1 not said", by: "stp" },
      { name: "final", type: "boolean", doc: "no slice follows", by: "stp" },
      { name: "net", type: "net?", doc: "addresses and ports of the connection", by: "stp" },
      { name: "rops", type: "long", doc: "reads and receives", by: "stp" },
      { name: "wops", type: "long", doc: "writes and sends", by: "stp" },
      { name: "rbytes", type: "long", unit: "bytes", doc: "read and received", by: "stp" },
      { name: "wbytes", type: "long", unit: "bytes", doc: "written and sent", by: "stp" },
      { name: "file", type: "int", doc: "number of the file, 0 none", by: "stp" },
      { name: "ts", type: "long", unit: ns, doc: "begin of the slice", by: "stp" },
      {
        name: "end",
        type: "long",
        unit: ns,
        doc: "end of the slice",
        by: "stp",
      },
    ],
  },
  {
    name: "Note",
    doc: "What is rare or needs no columns, as JSON: a Kubernetes pod, a Kubernetes event, a gap (something is missing here).",
    fields: [
      { name: "ts", type: "long", unit: ns, doc: "when, or the begin of a gap", by: "stp" },
      { name: "kind", type: "string", doc: "pod, cluster, gap", by: "stp" },
      {
        name: "json",
        type: "string",
        doc: "pod: id, name, nodeName, namespace, restartCount, labels, selectors, services, hostIp and internalIp (64-bit words as decimal text). cluster: kind, action, message. gap: endNs (from ts), reason, lost (−1 not known), unit, where",
        by: "stp",
      },
    ],
  },
] as const satisfies readonly Record6[];

/** Addresses and ports, client to server; used by Event and Flow. */
export const net6 = {
  name: "Net",
  doc: "Client to server, for accepted and made connections alike.",
  fields: [
    { name: "sip", type: "bytes", doc: "4 or 16 bytes in network order", by: "stp" },
    { name: "sport", type: "int", doc: "port, 0 not known", by: "stp" },
    { name: "dip", type: "bytes", doc: "4 or 16 bytes in network order", by: "stp" },
    { name: "dport", type: "int", doc: "port, 0 not known", by: "stp" },
    {
      name: "proto",
      type: "int",
      doc: "IANA number: 6 TCP, 17 UDP, 1 ICMP; −1 not known",
      by: "stp",
    },
  ],
} as const satisfies Record6;

export type RecordName6 = (typeof records6)[number]["name"];

/** Index of a record type in the union. */
export const branch6 = Object.fromEntries(records6.map((record, i) => [record.name, i])) as {
  readonly [Name in RecordName6]: number;
};

function recordSchema(record: Record6, defined: Set<string>): unknown {
  return {
    type: "record",
    name: record.name,
    fields: record.fields.map((field) => ({ name: field.name, type: typeSchema(field, defined) })),
  };
}

function typeSchema(field: Field6, defined: Set<string>): unknown {
  switch (field.type) {
    case "texts":
      return { type: "array", items: "string" };
    case "text?":
      return ["null", "string"];
    case "long?":
      return ["null", "long"];
    case "net?": {
      const known = defined.has("Net");
      defined.add("Net");
      return ["null", known ? "Net" : recordSchema(net6, defined)];
    }
    default:
      return field.type;
  }
}

function buildSchema6(): string {
  const defined = new Set<string>();
  const union = records6.map((record) => recordSchema(record, defined));
  return JSON.stringify({
    type: "record",
    name: "SysFlow",
    fields: [{ name: "rec", type: union }],
  });
}

/** As it stands in a file's header. */
export const schema6: string = buildSchema6();
