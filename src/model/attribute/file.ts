// Attributes of the file that an activity is about.

import type { Activity } from "../activity.ts";
import { Op, OpenFlag, hasOp, openFlagNames } from "../opflag.ts";
import { type Attribute, baseName, directoryName, listed, text } from "./row.ts";

const onFiles = ["FF", "FE"] as const;

function openFlags(activity: Activity): number | undefined {
  const record = activity.record;
  return record.type === "FF" && record.openFlags !== 0 ? record.openFlags : undefined;
}

function openBit(bit: number): Attribute["get"] {
  return (activity) => {
    const flags = openFlags(activity);
    return flags === undefined ? undefined : (flags & bit) !== 0;
  };
}

/** Mode bits that CHMOD set, from the record's first argument (octal). */
function changedMode(activity: Activity): number | undefined {
  const record = activity.record;
  if (record.type !== "FE" || !hasOp(record.ops, Op.CHMOD)) return undefined;
  const mode = record.args?.[0];
  return mode !== undefined && /^[0-7]{1,7}$/.test(mode) ? Number.parseInt(mode, 8) : undefined;
}

export const fileAttributes: readonly Attribute[] = [
  {
    name: "file.path",
    type: "path",
    doc: "Path of the file; of two-path operations the old one.",
    on: onFiles,
    of: "file",
    get: ({ file }) => text(file?.path),
  },
  {
    name: "file.name",
    type: "string",
    doc: "Last part of the path.",
    on: onFiles,
    of: "file",
    get: ({ file }) => baseName(file?.path),
  },
  {
    name: "file.directory",
    type: "path",
    doc: "Path without its last part.",
    on: onFiles,
    of: "file",
    get: ({ file }) => directoryName(file?.path),
  },
  {
    name: "file.type",
    type: "string",
    doc: "f file, d directory, p pipe, u unix socket, c and b devices, l symbolic link, ? unknown.",
    on: onFiles,
    of: "file",
    get: ({ file }) => text(file?.type),
  },
  {
    name: "file.newpath",
    type: "path",
    doc: "Second path of RENAME, LINK and SYMLINK; the mount point of MOUNT.",
    on: ["FE"],
    get: ({ newFile }) => text(newFile?.path),
  },
  {
    name: "file.newname",
    type: "string",
    doc: "Last part of the second path.",
    on: ["FE"],
    get: ({ newFile }) => baseName(newFile?.path),
  },
  {
    name: "file.newdirectory",
    type: "path",
    doc: "The second path without its last part.",
    on: ["FE"],
    get: ({ newFile }) => directoryName(newFile?.path),
  },
  {
    name: "file.paths",
    type: "paths",
    doc: "Both paths.",
    on: onFiles,
    get: ({ file, newFile }) =>
      listed(
        [file?.path, newFile?.path].filter(
          (path): path is string => path !== undefined && path !== "",
        ),
      ),
  },
  {
    name: "file.fd",
    type: "int",
    doc: "Descriptor of the file; absent where the flow joins several.",
    on: ["FF"],
    get: ({ record }) => (record.type === "FF" ? record.fd : undefined),
  },
  {
    name: "file.openflags",
    type: "strings",
    doc: "Flags that the file was opened with: RDONLY, WRONLY, RDWR, CREAT, APPEND, TRUNC, EXCL and others.",
    on: ["FF"],
    values: [...Object.keys(OpenFlag)],
    get: (activity) => {
      const flags = openFlags(activity);
      return flags === undefined ? undefined : listed(openFlagNames(flags));
    },
  },
  {
    name: "file.is_open_read",
    type: "bool",
    doc: "The file was opened so that it can be read.",
    on: ["FF"],
    get: openBit(OpenFlag.RDONLY),
  },
  {
    name: "file.is_open_write",
    type: "bool",
    doc: "The file was opened so that it can be written.",
    on: ["FF"],
    get: openBit(OpenFlag.WRONLY),
  },
  {
    name: "file.is_open_create",
    type: "bool",
    doc: "The open may have created the file (CREAT or TMPFILE).",
    on: ["FF"],
    get: openBit(OpenFlag.CREAT | OpenFlag.TMPFILE),
  },
  {
    name: "file.mode",
    type: "int",
    doc: "Mode bits that CHMOD set, as a number.",
    on: ["FE"],
    get: changedMode,
  },
  {
    name: "file.made_executable",
    type: "bool",
    doc: "CHMOD set an execute bit.",
    on: ["FE"],
    get: (activity) => {
      const mode = changedMode(activity);
      return mode === undefined ? undefined : (mode & 0o111) !== 0;
    },
  },
  {
    name: "file.inode",
    type: "int",
    doc: "Inode number of the file (schema 6).",
    on: onFiles,
    of: "file",
    get: ({ file }) => file?.inode,
  },
];
