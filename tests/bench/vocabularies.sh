#!/usr/bin/env bash
# Requests per second under the old name beside the new one: lists, a filter by stage, one row, each as clients
# send it and, for comparison, with the same columns on both sides.
#
#   tests/bench/vocabularies.sh OPPBASE [ROUNDS] [SECONDS]      OPPBASE: a release build; needs wrk, psql, python3
#
# A server of its own with 12,000 opportunities. Both names take turns in short windows, so that what else the
# machine does meets both; the ratio of a pair of windows is old to new, and the median of the ratios counts. Exit
# status 1 when one of them is below 0.95.
#
# With the same columns a list and one row need the same of PostgreSQL under both names: their statements are planned
# once. So is a filter by an old word for a stage (src/rest/query/snippet.rs); one by another value, or by the enum, is
# planned for each request, and for the old name that unfolds two views: some 240,000 of 1,700,000 instructions
# (callgrind, PostgreSQL 15).
# The access paths are the same: tests/legacy/plans.rs.
set -euo pipefail
oppbase=$(realpath "$1") rounds=${2:-15} seconds=${3:-2}
folder=$(mktemp -d)
chmod 755 "$folder" # PostgreSQL may run as another user
free=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$oppbase" dev --data-dir "$folder" --port 0 --db-port 0 --admin-port "$free" >"$folder/log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 240); do
  [ -f "$folder/status.json" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
  sleep 0.5
done
eval "$("$oppbase" status -o env --data-dir "$folder")"
psql -X -q -v ON_ERROR_STOP=1 -d "$DB_URL" <<'SQL'
insert into public.deals (name, company_id, contact_ids, category, stage, description, amount, sales_id, index)
select 'Deal ' || i, (array(select id from public.companies order by id))[1 + i % 5], '{}', 'Other',
       (array['opportunity', 'proposal-sent', 'in-negociation', 'won', 'lost', 'delayed'])[1 + i % 6],
       'Sales pitch number ' || i, i * 100, 1, (i / 6) % 30000
  from generate_series(1, 12000) i;
vacuum analyze public.opportunities;
SQL
export OPPBASE_API=$API_URL OPPBASE_KEY=$ANON_KEY OPPBASE_ROUNDS=$rounds OPPBASE_SECONDS=$seconds
python3 - <<'PYTHON'
import json, os, re, statistics, subprocess, sys, urllib.request
api, key = os.environ["OPPBASE_API"], os.environ["OPPBASE_KEY"]
rounds, seconds = int(os.environ["OPPBASE_ROUNDS"]), os.environ["OPPBASE_SECONDS"]
body = json.dumps({"email": "admin@example.com", "password": "Passw0rd!"}).encode()
sign_in = urllib.request.Request(f"{api}/auth/v1/token?grant_type=password", body,
                                 {"apikey": key, "Content-Type": "application/json"})
headers = {"apikey": key, "Authorization": "Bearer " + json.load(urllib.request.urlopen(sign_in))["access_token"]}

# What a pair of equal requests has in common: the columns that both faces have, under their own names.
COLUMNS = "id,name,company_id,contact_ids,category,description,amount,created_at,updated_at,archived_at,sales_id,index"
OLD, NEW = f"{COLUMNS},stage", f"{COLUMNS},stage:legacy_stage"
PAIRS = [
    ("list of 25", "/deals?order=id.desc&limit=25", "/opportunities?order=id.desc&limit=25"),
    ("list of 25, same columns", f"/deals?select={OLD}&order=id.desc&limit=25", f"/opportunities?select={NEW}&order=id.desc&limit=25"),
    ("board of 100, same columns", f"/deals?select={OLD}&archived_at=is.null&order=index.desc&limit=100",
     f"/opportunities?select={NEW}&archived_at=is.null&order=index.desc&limit=100"),
    ("25 of a stage", "/deals?stage=eq.won&order=id.desc&limit=25", "/opportunities?stage=eq.closed_won&order=id.desc&limit=25"),
    ("25 of a stage, same columns", f"/deals?select={OLD}&stage=eq.won&order=id.desc&limit=25",
     f"/opportunities?select={NEW}&stage=eq.closed_won&order=id.desc&limit=25"),
    ("25 of a stage, counted", "/deals?stage=eq.won&order=id.desc&limit=25", "/opportunities?stage=eq.closed_won&order=id.desc&limit=25"),
    ("one row", "/deals/5000", "/opportunities/5000"),
    ("one row, same columns", f"/deals/5000?select={OLD}", f"/opportunities/5000?select={NEW}"),
]

def get(path):
    return urllib.request.urlopen(urllib.request.Request(api + path, headers=headers)).read()

def rps(path, title):
    args = ["wrk", "-t1", "-c8", f"-d{seconds}s"]
    sent = headers | ({"Prefer": "count=exact"} if "counted" in title else {})
    for name, value in sent.items():
        args += ["-H", f"{name}: {value}"]
    out = subprocess.run(args + [api + path], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out:
        sys.exit(f"{path}: {out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])

slow = []
print(f"{'':<30}{'old':>8}{'new':>8}{'ratio':>8}{'from':>8}{'to':>8}")
for title, old, new in PAIRS:
    if "same" in title and json.loads(get(old)) != json.loads(get(new)):
        sys.exit(f"{title}: the answers differ")
    rps(old, title), rps(new, title)
    found = []
    for turn in range(rounds):
        if turn % 2:
            after, before = rps(new, title), rps(old, title)
        else:
            before, after = rps(old, title), rps(new, title)
        found.append((before, after))
    ratios = sorted(before / after for before, after in found)
    median = statistics.median(ratios)
    quarter = len(ratios) // 4
    print(f"{title:<30}{statistics.median(b for b, _ in found):>8.0f}{statistics.median(a for _, a in found):>8.0f}"
          f"{median:>8.3f}{ratios[quarter]:>8.3f}{ratios[-1 - quarter]:>8.3f}", flush=True)
    if median < 0.95:
        slow.append(title)
sys.exit(f"slower by more than 5 %: {', '.join(slow)}" if slow else 0)
PYTHON
