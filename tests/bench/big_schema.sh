#!/usr/bin/env bash
# How long a big schema takes to load, what memory it needs, and what a reload does to the requests that
# run beside it. Not part of the tests: figures depend on the machine.
#
#   oppbase cluster -- tests/bench/big_schema.sh        # OPPBASE_BINARY names another build
#
# Bounds: ready in 3 s, 300 MB, the 99th percentile no more than 20 % higher during reloads.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=${OPPBASE_BINARY:-$here/../../target/release/oppbase}
port=$((20000 + RANDOM % 10000))
database=bench_big_schema

psql() { command psql -qX -v ON_ERROR_STOP=1 "$@"; }
psql -d postgres -c "drop database if exists $database with (force)" -c "create database $database" >/dev/null
psql -d "$database" -f "$here/big_schema.sql" -o /dev/null

export PGRST_DB_URI="postgresql://$PGUSER@$PGHOST:$PGPORT/$database" PGRST_DB_SCHEMAS=big
export PGRST_DB_ANON_ROLE=$PGUSER PGRST_SERVER_HOST=127.0.0.1 PGRST_SERVER_PORT=$port
export PGRST_ADMIN_SERVER_PORT=$((port + 1))
log=$(mktemp)
start=$(date +%s%N)
"$binary" postgrest >"$log" 2>&1 &
server=$!
trap 'kill $server; psql -d postgres -c "drop database $database with (force)"; rm -f "$log"' EXIT
until curl -sf "http://127.0.0.1:$((port + 1))/ready" >/dev/null; do sleep 0.01; done
echo "ready after $((($(date +%s%N) - start) / 1000000)) ms"
grep -o "Schema cache .*" "$log"

memory() { awk '/VmRSS|VmHWM/ { printf "%s %.0f MB  ", $1, $2 / 1024 } END { print "" }' "/proc/$server/status"; }
echo "after the first load: $(memory)"
python3 "$here/big_schema_load.py" "http://127.0.0.1:$port/table_7?select=id,name&limit=1" "$server" "$database"
echo "after the reloads:    $(memory)"
echo "the reloads themselves: $(grep -o "queried in .*" "$log" | sort | uniq | awk '{ n++; t += $3; if ($3 > m) m = $3 }
  END { printf "%d, %.0f ms on average, %.0f ms at most", n, t / n, m }')"
