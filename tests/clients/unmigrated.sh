#!/usr/bin/env bash
# Schemathesis against a server on a CRM that is not migrated: the document's new relations are not there yet, and
# what is missing must be said in the documented shape, never with a 5xx.
#
#   oppbase cluster -- tests/clients/unmigrated.sh [ARGUMENTS of schemathesis…]      $OPPBASE: the program
set -euo pipefail
cd "$(dirname "$0")/../.."
sql() { psql -X -q -v ON_ERROR_STOP=1 -d crm "$@"; }
createdb crm
for file in migrations/20261101*_platform_*.sql migrations/baseline/fork/*.sql; do sql -1 -f "$file" >/dev/null; done
sql -1 -f tests/clients/unmigrated.sql

free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free) admin=$(free)
export OPPBASE_DB_URI="postgresql://authenticator:authenticator@$PGHOST:$PGPORT/crm"
export OPPBASE_DB_ADMIN_URI="postgresql://$PGUSER@$PGHOST:$PGPORT/crm"
export OPPBASE_JWT_SECRET=super-secret-jwt-token-with-at-least-32-characters-long
export OPPBASE_SERVER_PORT=$port OPPBASE_ADMIN_SERVER_PORT=$admin
folder=$(mktemp -d)
export OPPBASE_STORAGE_DIR=$folder/storage OPPBASE_MAIL_FOLDER=$folder/mail
"$OPPBASE" serve >"$folder/log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
until curl -sf "http://127.0.0.1:$admin/ready" >/dev/null; do
  kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
  sleep 0.2
done
# The well-known local key of the role anon.
key=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzdXBhYmFzZS1kZW1vIiwicm9sZSI6ImFub24iLCJleHAiOjE5ODM4MTI5OTZ9.CRXP1A7WOeoJeXxjNni43kdQwgnWNReilDMblYTn_I0
for caller in "" nobody; do
  ANONYMOUS=$caller tests/clients/schemathesis.sh "http://127.0.0.1:$port" "$key" "$@"
done
