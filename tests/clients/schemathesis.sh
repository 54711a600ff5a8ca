#!/usr/bin/env bash
# Schemathesis against a running server: no 5xx, no answer outside the schema.
#
#   tests/clients/schemathesis.sh API_URL ANON_KEY [ARGUMENTS…]     needs schemathesis in PATH or $SCHEMATHESIS
#
# A server of its own: requests delete rows. They are made as admin@example.com, as in the demo data; with
# $ANONYMOUS set as nobody, with the key alone. The admin server has an address of its own, and signing out would
# end the session that the requests are made with.
set -euo pipefail
document=$(cd "$(dirname "$0")/../.." && pwd)/openapi/openapi.json
# Verbs that the document does not have are answered as PostgREST answers them, also with 500 for a DELETE on a
# view that nothing can be deleted from.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '[phases.coverage]\nunexpected-methods = []\n' >schemathesis.toml
api=$1 key=$2
shift 2
caller=()
if [ -z "${ANONYMOUS:-}" ]; then
  token=$(curl -sS -X POST "$api/auth/v1/token?grant_type=password" -H "apikey: $key" -H "Content-Type: application/json" \
    -d '{"email": "admin@example.com", "password": "Passw0rd!"}' | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
  [ -n "$token" ] || { echo "cannot sign in as admin@example.com" >&2; exit 1; }
  caller=(--header "Authorization: Bearer $token")
fi
"${SCHEMATHESIS:-schemathesis}" run "$document" --url "$api" \
  --header "apikey: $key" "${caller[@]}" \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
  --exclude-path-regex '^/(live|ready|metrics|auth/v1/logout|auth/v1/user)$' \
  --phases examples,coverage,fuzzing,stateful --continue-on-failure --no-color "$@"
