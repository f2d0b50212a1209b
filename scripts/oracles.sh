#!/bin/sh
# Sets up the other readers of the format that tests compare with: Python's fastavro and sysflow-tools in .cache/python, Apache's
# Avro for Java in .cache/java. Does nothing where it is done already; leaves out what the machine lacks the tool for.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .cache

if command -v python3 >/dev/null 2>&1; then
  if ! .cache/python/bin/python -c "import fastavro, sysflow" >/dev/null 2>&1; then
    python3 -m venv .cache/python
    .cache/python/bin/pip install --quiet --disable-pip-version-check fastavro sysflow-tools
  fi
  echo "python: fastavro, sysflow-tools"
else
  echo "python: left out, there is no python3"
fi

if command -v mvn >/dev/null 2>&1 && command -v javac >/dev/null 2>&1; then
  if ! [ -f .cache/java/Dump.class ]; then
    mvn --quiet --batch-mode -f test/format/java/pom.xml dependency:copy-dependencies \
      -DoutputDirectory="$PWD/.cache/java"
    javac -cp ".cache/java/*" -d .cache/java test/format/java/Dump.java
  fi
  echo "java: avro"
else
  echo "java: left out, there is no mvn or no javac"
fi
