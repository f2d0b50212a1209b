#!/usr/bin/env bash
# Runs the tests on every supported Node: the oldest (20.19), 22 and 24. The binaries come from npm's node-linux-* packages.
set -euo pipefail
cd "$(dirname "$0")/.."
case "$(uname -m)" in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) echo "no Node package for $(uname -m)" >&2; exit 6 ;;
esac
failed=0
for version in ${*:-20.19.0 22 24}; do
  folder=".cache/node/$version"
  mkdir -p "$folder"
  [ -x "$folder/node_modules/node-linux-$arch/bin/node" ] ||
    npm install --silent --no-save --no-package-lock --prefix "$folder" "node-linux-$arch@$version" >/dev/null
  bin="$PWD/$folder/node_modules/node-linux-$arch/bin"
  printf '%s: ' "$("$bin/node" --version)"
  if PATH="$bin:$PATH" "$bin/node" node_modules/vitest/vitest.mjs run >"$folder/log" 2>&1; then
    grep -E '^[0-9]+ passed' "$folder/log"
  else
    grep -E '^[0-9]+ passed' "$folder/log" || tail -n 5 "$folder/log"
    failed=1
  fi
done
exit $failed
