# Prints what the original's Python library reads from a SysFlow file: one sorted JSON line for each event and flow.
import json
import sys

from sysflow.reader import FlattenedSFReader

PROCESS = ("exe", "exeArgs", "tty", "containerId", "entry", "cwd", "env")


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "__dict__"):
        return {key: plain(item) for key, item in vars(value).items()}
    return value


def process(proc):
    if proc is None:
        return None
    known = {name: plain(getattr(proc, name, None)) for name in PROCESS}
    return {**known, "oid": plain(proc.oid), "poid": plain(proc.poid)}


def main(path):
    rows = []
    for kind, _, _, container, parent, proc, files, event, flow in FlattenedSFReader(path):
        rows.append(
            {
                "type": str(kind),
                "container": plain(container),
                "parent": process(parent),
                "process": process(proc),
                "files": [plain(file) for file in files] if files else None,
                "event": plain(event),
                "flow": plain(flow),
            }
        )
    for line in sorted(json.dumps(row, sort_keys=True) for row in rows):
        print(line)


main(sys.argv[1])
