#!/usr/bin/env bash
# The clients that people use, against a server of its own with the demo data: types for supabase-js and for
# the OpenAPI document compile, the document is valid, the guide's JavaScript and Python examples run, and
# whatever Schemathesis makes of the document is answered as the document says.
#
#   tests/clients/run.sh [FOLDER]     FOLDER keeps node_modules and the virtual environment between runs;
#                                     $OPPBASE names a program that is built already, $EXAMPLES says how many
#                                     requests Schemathesis makes up for an operation
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
work=${1:-target/clients}
mkdir -p "$work" && work=$(cd "$work" && pwd)

command -v node >/dev/null || { echo "node is needed" >&2; exit 1; }
# supabase-js wants WebSocket, which Node has from version 22 on.
node -e 'process.exit(typeof WebSocket === "undefined" ? 1 : 0)' || export NODE_OPTIONS=--experimental-websocket
if [ ! -d "$work/node_modules/openapi-fetch" ]; then
  cp tests/clients/package.json "$work/"
  (cd "$work" && npm install --silent --no-audit --no-fund)
fi
if [ ! -x "$work/venv/bin/python" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet -r tests/clients/requirements.txt
fi

echo "== the OpenAPI document is valid"
"$work/venv/bin/openapi-spec-validator" --schema 3.1 openapi/openapi.json
cp tests/clients/*.ts tests/clients/tsconfig.json "$work/"

echo "== types of the document compile"
(cd "$work" && npx openapi-typescript "$root/openapi/openapi.json" --output openapi.d.ts >/dev/null && npx tsc --project tsconfig.json)

echo "== signatures of webhooks"
cp tests/clients/delivery.json "$work/"
{ cat src/docs/examples/webhook.mjs; cat <<'END'
import { readFileSync } from "node:fs"
const { secret, body, headers } = JSON.parse(readFileSync("delivery.json", "utf8"))
for (const check of [isFromTheCrm, hasOldSignature]) {
  if (!check(headers, body, secret)) throw new Error(`${check.name} refuses what is right`)
  if (check(headers, body + " ", secret)) throw new Error(`${check.name} accepts what was changed`)
}
END
} >"$work/webhook.mjs"
(cd "$work" && node webhook.mjs)
{ cat src/docs/examples/webhook.py; cat <<'END'
import json
delivery = json.load(open("delivery.json"))
body = delivery["body"].encode()
for check in (is_from_the_crm, has_old_signature):
    assert check(delivery["headers"], body, delivery["secret"])
    assert not check(delivery["headers"], body + b" ", delivery["secret"])
END
} >"$work/webhook.py"
(cd "$work" && venv/bin/python webhook.py)

echo "== a server with the demo data"
if [ -z "${OPPBASE:-}" ]; then
  cargo build --quiet
  OPPBASE=${CARGO_TARGET_DIR:-$root/target}/debug/oppbase
fi
data=$(mktemp -d)
chmod 755 "$data" # PostgreSQL may run as another user
free=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$OPPBASE" dev --data-dir "$data" --port 0 --db-port 0 --admin-port "$free" >"$data/log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$data"' EXIT
for _ in $(seq 240); do
  [ -f "$data/status.json" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$data/log" >&2; exit 1; }
  sleep 0.5
done
eval "$("$OPPBASE" status -o env --data-dir "$data" | sed 's/^/export /')"

# What the examples leave to the reader: that the answers are as they should be.
check='
for (const [name, answer] of Object.entries({ before, after })) {
  if (answer === undefined || answer?.error) throw new Error(`${name}: ${JSON.stringify(answer)}`)
}'
for style in supabase fetch; do
  for example in src/docs/examples/*.$style.mjs; do
    name=$(basename "$example" ".$style.mjs")
    [ "$name" = setup ] && continue
    echo "== $name, $style"
    { cat "src/docs/examples/setup.$style.mjs" "$example"; echo "$check"; } >"$work/example.mjs"
    (cd "$work" && node example.mjs)
  done
done
for example in src/docs/examples/*.py; do
  name=$(basename "$example" .py)
  case $name in setup | webhook) continue ;; esac
  echo "== $name, Python"
  { cat src/docs/examples/setup.py "$example"; echo 'assert before and after'; } >"$work/example.py"
  "$work/venv/bin/python" "$work/example.py"
done

# Last, because it deletes what the examples show. Signed in and as nobody, migrated and not.
export SCHEMATHESIS=$work/venv/bin/schemathesis OPPBASE
for caller in "" nobody; do
  echo "== Schemathesis, ${caller:-the administrator}"
  ANONYMOUS=$caller tests/clients/schemathesis.sh "$API_URL" "$ANON_KEY" --max-examples "${EXAMPLES:-10}"
done
echo "== Schemathesis, a CRM that is not migrated"
"$OPPBASE" cluster -- tests/clients/unmigrated.sh --max-examples "${EXAMPLES:-10}"
echo "everything works"
