#!/usr/bin/env bash
# Runs PostgREST's cases against the build that the tests use, on a private cluster with autovacuum off (planned
# counts and costs assume fresh statistics), and compares the result with the recorded floor.
#
#   tests/conformance/run.sh [--raise] [further arguments of the suite's run.py]
#
# The suite is not part of this repository: CONFORMANCE_SUITE names its folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

suite=${CONFORMANCE_SUITE:-../shared/conformance}
if [ ! -f "$suite/run.py" ]; then
  printf '\n%s\n%s\n\n' \
    "CONFORMANCE SKIPPED: no suite in $suite" \
    "(set CONFORMANCE_SUITE to its folder to run it)"
  exit 0
fi
suite=$(cd "$suite" && pwd)

if ! command -v python3 >/dev/null; then
  echo "CONFORMANCE FAILED: python3 is missing" >&2
  exit 1
fi

cargo build
target=$(cargo metadata --format-version 1 --no-deps |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

export CONFORMANCE_SUITE=$suite OPPBASE_BINARY=$target/debug/oppbase
export CONFORMANCE_RESULT=$target/conformance.json
exec "$OPPBASE_BINARY" cluster --set autovacuum=off -- "$here/on_cluster.sh" "$@"
