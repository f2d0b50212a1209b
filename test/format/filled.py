# Prints, as JSON, which fields of schema 6 the given files fill with more than "not known": {record: [field, …]}.
import collections
import json
import sys

import fastavro

NUMBERS_OF_NOTHING = {"file", "file2", "target", "container", "parent"}


def fill(name, record, found):
    for field, value in record.items():
        if isinstance(value, tuple):
            value = value[1]
        if isinstance(value, dict):
            found[name].add(field)
            fill("Net", value, found)
        elif value is None or value is False or value == -1 or value == "" or value == []:
            continue
        elif not (field in NUMBERS_OF_NOTHING and value == 0):
            found[name].add(field)


found = collections.defaultdict(set)
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        reader = fastavro.reader(
            file, return_record_name=True, handle_unicode_errors="replace"
        )
        for datum in reader:
            name, record = datum["rec"]
            fill(name, record, found)
print(json.dumps({name: sorted(fields) for name, fields in found.items()}))
