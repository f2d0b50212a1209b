"""fastavro as an oracle: prints each record of a file as one line, its type and its fields in the file's order."""

import sys

import fastavro


def value(inner):
    if inner is None:
        return "null"
    if isinstance(inner, bool):
        return "true" if inner else "false"
    if isinstance(inner, bytes):
        return inner.hex()
    if isinstance(inner, tuple):
        name, body = inner
        return "{" + line(name, body) + "}" if isinstance(body, dict) else value(body)
    if isinstance(inner, dict):
        return "{" + line("Net", inner) + "}"
    if isinstance(inner, list):
        return "[" + ", ".join(value(item) for item in inner) + "]"
    return str(inner)


def line(name, record):
    fields = " ".join(f"{key}={value(inner)}" for key, inner in record.items())
    return f"{name} {fields}"


# Paths and arguments are bytes, not text: what is not UTF-8 is kept as surrogates and shown as Java shows it.
sys.stdout.reconfigure(encoding="utf-8", errors="replace")
with open(sys.argv[1], "rb") as file:
    for datum in fastavro.reader(file, return_record_name=True, handle_unicode_errors="replace"):
        print(line(*datum["rec"]))
