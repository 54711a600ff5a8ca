#!/usr/bin/env bash
# The part of run.sh that has a cluster: PGHOST and PGPORT name it. Loads the fixtures, runs the cases,
# compares.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
unset PGUSER PGDATABASE

raise=()
if [ "${1:-}" = --raise ]; then
  raise=(--raise)
  shift
fi

ask() { psql -X -At -U postgres -d postgres -c "$1"; }

# The fixtures have geometries.
has_postgis() { [ "$(ask "select count(*) from pg_available_extensions where name = 'postgis'")" = 1 ]; }
if ! has_postgis; then
  package=postgresql-$(($(ask 'show server_version_num') / 10000))-postgis-3
  echo "installing $package"
  root=()
  [ "$(id -u)" = 0 ] || root=(sudo -n)
  "${root[@]}" apt-get -qq update &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$package" >/dev/null ||
    true
  if ! has_postgis; then
    echo "CONFORMANCE FAILED: PostGIS is missing and could not be installed ($package)" >&2
    exit 1
  fi
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
result=${CONFORMANCE_RESULT:-$scratch/result.json}
"$CONFORMANCE_SUITE/load_fixtures.sh" --host "$PGHOST" --port "$PGPORT"
python3 "$CONFORMANCE_SUITE/run.py" --server-cmd "$OPPBASE_BINARY serve" \
  --pg-host "$PGHOST" --pg-port "$PGPORT" --json "$result" --log-dir "$scratch/logs" "$@"
python3 "$here/floor.py" "${raise[@]}" "$result" "$here/../conformance-floor.json"
