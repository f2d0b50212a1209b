// What `import … from "sysflow/FOLDER"` offers: the files of a folder whose exports are for others. The rest of a folder is its own affair.

export const publicFiles = {
  model: [
    "activity",
    "alert",
    "attribute",
    "attribute/row",
    "diagnostic",
    "entity",
    "facts",
    "incident",
    "limits",
    "opflag",
    "record",
    "syscall",
    "time",
  ],
  wire: ["index", "reader", "avro/writer"],
  rule: ["condition", "detect", "file", "rule"],
  graph: ["process-tree", "tracker"],
  encode: ["index", "fields", "json", "story", "story-json", "tree"],
  testing: ["notation", "rules"],
};
