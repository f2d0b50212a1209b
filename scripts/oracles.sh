#!/bin/sh
# Sets up what tests compare with: strace and sysdig, ausearch in .cache/audit, Python's fastavro and sysflow-tools in .cache/python, Apache's Avro for Java
# in .cache/java (with the JDK and Maven of the machine). Does nothing where it is done already; leaves out what the machine lacks the tool for.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .cache

# What tests compare with and is a Debian package: installed where we may.
missing=""
command -v strace >/dev/null 2>&1 || missing="$missing strace"
command -v sysdig >/dev/null 2>&1 || missing="$missing sysdig"
command -v python3 >/dev/null 2>&1 || missing="$missing python3"
python3 -c "import ensurepip" >/dev/null 2>&1 || missing="$missing python3-venv"
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing$missing"
    apt-get update -q >/dev/null 2>&1 || true
    # shellcheck disable=SC2086
    apt-get install -y -q --no-install-recommends $missing >/dev/null 2>&1 || true
  else
    echo "left out, for only root may install them:$missing"
  fi
fi

# Unpacked, not installed: the package would start its daemon.
if ! command -v ausearch >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1; then
  if ! [ -f .cache/audit/sbin/ausearch ]; then
    mkdir -p .cache/audit
    (cd .cache/audit && apt-get download -q auditd libauparse0 >/dev/null 2>&1 && for package in *.deb; do dpkg -x "$package" .; done && rm ./*.deb) || true
  fi
  [ -f .cache/audit/sbin/ausearch ] && echo "audit: ausearch" || echo "audit: left out, there is no package auditd"
fi

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
