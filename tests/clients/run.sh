#!/usr/bin/env bash
# The clients that people use, against a server of its own with the demo data: types for supabase-js and for
# the OpenAPI document compile, the document is valid, the guide's JavaScript and Python examples run.
#
#   tests/clients/run.sh [FOLDER]     FOLDER keeps node_modules and the virtual environment between runs
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
work=${1:-target/clients}
mkdir -p "$work" && work=$(cd "$work" && pwd)

command -v node >/dev/null || { echo "node is needed" >&2; exit 1; }
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

echo "== a server with the demo data"
cargo build --quiet
data=$(mktemp -d)
"${CARGO_TARGET_DIR:-target}/debug/oppbase" dev --data-dir "$data" --port 0 --db-port 0 --admin-port 0 >"$data/log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$data"' EXIT
for _ in $(seq 240); do [ -f "$data/status.json" ] && break; sleep 0.5; done
eval "$("${CARGO_TARGET_DIR:-target}/debug/oppbase" status -o env --data-dir "$data" | sed 's/^/export /')"

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
  [ "$name" = setup ] && continue
  echo "== $name, Python"
  { cat src/docs/examples/setup.py "$example"; echo 'assert before and after'; } >"$work/example.py"
  "$work/venv/bin/python" "$work/example.py"
done
echo "everything works"
