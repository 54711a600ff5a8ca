#!/usr/bin/env python3
"""Old clients read and write /deals while the CRM is migrated: failed requests, longest stall, lost writes,
duration and memory of the tool.

    oppbase cluster -- python3 tests/bench/migrate_online.py --deals 1000000 --notes 300000 --rate 200

Open loop: every request has its time, and a stall delays those behind it, which counts: a request takes from
the moment it was due to its answer. No request is sent twice. Deals and notes are made, edited and deleted; each
write is recorded with its answer and looked for afterwards: a row made is there once, a row deleted is gone, and
a row edited says what an edit said that no later one replaced. Told beside it: what pg_dump, pg_restore and the dry
run need for the same database. --database names a CRM that is there already, --template one to copy; --keep-as NAME
leaves the CRM that was filled as such a template. Bounds: no failed request, no request above a second, no write
lost or done twice; 10 minutes and 100 MB for a million deals on two cores. OPPBASE_BINARY names the build,
OPPBASE_SERVER_BINARY another one for the server.
"""
import argparse, base64, hashlib, hmac, http.client, json, os, queue, random, re, subprocess, sys, tempfile, threading, time
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("OPPBASE_BINARY", str(ROOT / "target/release/oppbase"))
HOST, PORT, USER = os.environ["PGHOST"], os.environ["PGPORT"], os.environ["PGUSER"]
SECRET = "a-secret-of-the-bench-with-32-characters-or-more"
HTTP_PORT = random.randint(20000, 40000)


def psql(database, *sql, files=()):
    command = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", database]
    for file in files:
        command += ["-f", str(file)]
    for statement in sql:
        command += ["-c", statement]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{sql}: {done.stderr}")
    return done.stdout.strip()


def fill(database, deals, notes):
    psql("postgres", f"drop database if exists {database} with (force)", f"create database {database} template template0")
    psql(database, files=sorted(ROOT.glob("migrations/20261101*.sql")) + sorted(ROOT.glob("migrations/baseline/upstream/*.sql")))
    quiet = "set session_replication_role = replica; "
    psql(database, quiet + "insert into auth.users (id, email) select gen_random_uuid(), 'u' || i || '@example.com' from generate_series(1, 5) i; "
         "insert into sales (first_name, last_name, email, administrator, user_id) select 'F', 'L', email, email = 'u1@example.com', id from auth.users; "
         f"insert into companies (name, sector, sales_id, description) select 'Company ' || i, 'Energy', 1 + i % 5, 'Makes things, number ' || i from generate_series(1, {max(deals // 20, 10)}) i; "
         f"insert into contacts (first_name, last_name, company_id, sales_id, first_seen, email_jsonb) select 'First' || i, 'Last' || i, 1 + i % {max(deals // 20, 10)}, 1 + i % 5, now(), "
         f"jsonb_build_array(jsonb_build_object('email', 'p' || i || '@example.com', 'type', 'Work')) from generate_series(1, {max(deals // 5, 10)}) i; "
         "insert into deals (name, company_id, contact_ids, category, stage, description, amount, created_at, updated_at, sales_id, index, expected_closing_date) "
         f"select 'Deal ' || i, 1 + i % {max(deals // 20, 10)}, array[1 + i % {max(deals // 5, 10)}], 'new', (array['opportunity', 'proposal-sent', 'in-negociation', 'won', 'lost', 'delayed'])[1 + i % 6], "
         f"'What is sold in deal ' || i || ', in some words', i, now() - interval '100 days', now() - interval '10 days', 1 + i % 5, i % 100, now() from generate_series(1, {deals}) i; "
         f"insert into deal_notes (deal_id, text, date, sales_id, type) select 1 + (i * 3) % {deals}, 'Note ' || i, now(), 1 + i % 5, 'Call' from generate_series(1, {notes}) i",
         "grant all on all tables in schema public to anon, authenticated, service_role",
         "grant all on all sequences in schema public to anon, authenticated, service_role")
    psql(database, "vacuum analyze")


def token():
    part = lambda value: base64.urlsafe_b64encode(value).rstrip(b"=")
    body = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + b"." + part(json.dumps({"role": "service_role", "exp": int(time.time()) + 86400}).encode())
    return (body + b"." + part(hmac.new(SECRET.encode(), body, hashlib.sha256).digest())).decode()


class Clients:
    """Sends requests at their times from a pool of threads."""

    def __init__(self, rate, deals, notes, threads=24):
        self.rate, self.deals, self.notes, self.stop = rate, deals, notes, threading.Event()
        self.queue, self.lock = queue.Queue(), threading.Lock()
        # Rows made by name with their id, those deleted, and edits by row: (number, sent, answered).
        self.made = {"deals": {}, "deal_notes": {}}
        self.deleted = {"deals": {}, "deal_notes": {}}
        self.edited = {"deals": {}, "deal_notes": {}}
        self.failed, self.times, self.number = [], [], 0
        self.headers = {"Authorization": f"Bearer {token()}", "Content-Type": "application/json", "Prefer": "return=representation"}
        self.threads = [threading.Thread(target=self.work) for _ in range(threads)]
        self.pacer = threading.Thread(target=self.pace)

    def start(self):
        for thread in self.threads + [self.pacer]:
            thread.start()

    def end(self):
        self.stop.set()
        for thread in [self.pacer] + self.threads:
            thread.join()

    def pace(self):
        due, chance = time.monotonic(), random.Random(1)
        while not self.stop.is_set():
            self.number += 1
            self.queue.put((due, self.request(chance, self.number)))
            due += 1 / self.rate
            time.sleep(max(0, due - time.monotonic()))
        for _ in self.threads:
            self.queue.put(None)

    def request(self, chance, number):
        """Method, path, body, and what it leaves: (what, table, key, number)."""
        kind, deal, note = chance.random(), chance.randint(1, self.deals), chance.randint(1, max(self.notes, 1))
        if kind < 0.15:
            return "POST", "/rest/v1/deals", {"name": f"written {number}", "stage": "proposal-sent", "company_id": 1, "contact_ids": [1, 2], "index": 0}, ("made", "deals", f"written {number}", number)
        if kind < 0.35:
            return "PATCH", f"/rest/v1/deals?id=eq.{deal}", {"stage": chance.choice(["won", "lost", "opportunity"]), "description": f"edited {number}"}, ("edited", "deals", deal, number)
        if kind < 0.40:
            return self.deletion("deals", number)
        if self.notes and kind < 0.46:
            return "POST", "/rest/v1/deal_notes", {"deal_id": deal, "text": f"written {number}", "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "sales_id": 1}, ("made", "deal_notes", f"written {number}", number)
        if self.notes and kind < 0.52:
            return "PATCH", f"/rest/v1/deal_notes?id=eq.{note}", {"text": f"edited {number}"}, ("edited", "deal_notes", note, number)
        if self.notes and kind < 0.54:
            return self.deletion("deal_notes", number)
        if kind < 0.9:
            return "GET", f"/rest/v1/deals?id=eq.{deal}&select=id,name,stage,amount,company:companies(name)", None, None
        return "GET", "/rest/v1/deals?order=id.desc&limit=25", None, None

    def deletion(self, table, number):
        """Of a row that a client made and that nobody else touches."""
        with self.lock:
            for name, key in self.made[table].items():
                if name not in self.deleted[table]:
                    self.deleted[table][name] = None
                    return "DELETE", f"/rest/v1/{table}?id=eq.{key}", None, ("deleted", table, name, number)
        return "GET", "/rest/v1/deals?order=id.desc&limit=25", None, None

    def work(self):
        connection = http.client.HTTPConnection("127.0.0.1", HTTP_PORT, timeout=30)
        while (item := self.queue.get()) is not None:
            due, (method, path, body, trace) = item
            rows, sent = None, time.monotonic()
            try:
                connection.request(method, path, json.dumps(body) if body else None, self.headers)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status < 300:
                    rows = json.loads(text)
                else:
                    self.failed.append(f"{method} {path}: {answer.status} {text[:300]}")
            except OSError as error:
                self.failed.append(f"{method} {path}: {error!r}")
                connection.close()
            ended = time.monotonic()
            with self.lock:
                self.times.append((due, ended - due, f"{method} {path.split('?')[0]}"))
                if trace and rows is not None:
                    self.record(trace, rows, sent, ended)
        connection.close()

    def record(self, trace, rows, sent, ended):
        what, table, key, number = trace
        # A deal may have been edited after another client deleted it: never, since only own rows are deleted.
        if len(rows) != 1:
            self.failed.append(f"{what} {table} {key}: {len(rows)} rows")
        elif what == "made":
            self.made[table][key] = rows[0]["id"]
        elif what == "deleted":
            self.deleted[table][key] = time.time()
        else:
            self.edited[table].setdefault(key, []).append((number, sent, ended))

    def lost(self, table, found, texts):
        """Writes that are not there as they should be: made and gone, deleted and there, edits undone. And twice."""
        gone = [name for name, done in self.deleted[table].items() if done]
        asked = set(self.deleted[table])
        wrong = [f"{name} is not there" for name in self.made[table] if name not in asked and name not in found]
        wrong += [f"{name} was deleted and is there" for name in gone if name in found]
        for key, edits in self.edited[table].items():
            last = {f"edited {n}" for n, _, ended in edits if not any(sent > ended for _, sent, _ in edits)}
            if texts.get(str(key)) not in last:
                wrong.append(f"{table} {key} says {texts.get(str(key))!r} and not one of {sorted(last)}")
        return wrong, len(found) - len(set(found))


def peak_memory(pid, peak):
    while True:
        try:
            match = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        except OSError:
            return
        if match:
            peak[0] = max(peak[0], int(match[1]))
        time.sleep(0.2)


def step_at(folder, after):
    """What the run did then, by its log."""
    lines = [json.loads(line) for line in open(f"{folder}/logs/migration.log")]
    at = lambda line: datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00")).timestamp()
    told = [line for line in lines if at(line) - RUN["begun"] <= after + 1]
    return " ".join(str(told[-1].get(key) or "") for key in ("phase", "step", "message")) if told else ""


def timed(*command, **more):
    begun = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **more)
    return time.monotonic() - begun, done


def dump_and_restore(database, folder):
    """Seconds that pg_dump and pg_restore need for the same database, for comparison."""
    psql("postgres", "drop database if exists bench_restored with (force)", "create database bench_restored template template0")
    dump, done = timed("pg_dump", "--format=custom", f"--file={folder}/reference.dump", database)
    if done.returncode:
        raise SystemExit(done.stderr)
    restore, done = timed("pg_restore", "--dbname=bench_restored", f"{folder}/reference.dump")
    if done.returncode:
        raise SystemExit(done.stderr)
    psql("postgres", "drop database bench_restored with (force)")
    os.remove(f"{folder}/reference.dump")
    return dump, restore


RUN = {}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--notes", type=int, default=30_000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--database")
    parser.add_argument("--template")
    parser.add_argument("--keep-as")
    parser.add_argument("--arguments", default="--no-dump bench --accept-findings bench")
    options = parser.parse_args()
    database = options.database or "bench_migrate_online"
    if options.template:
        psql("postgres", f"drop database if exists {database} with (force)", f"create database {database} template {options.template}")
    elif not options.database:
        fill(database, options.deals, options.notes)
        if options.keep_as:
            psql("postgres", f"create database {options.keep_as} template {database}")
    folder = tempfile.mkdtemp()
    dump, restore = dump_and_restore(database, folder)
    rehearsed, done = timed(BINARY, "migrate", "dry-run", "--database-url", f"postgresql://{USER}@{HOST}:{PORT}/{database}", cwd=folder)
    print(f"pg_dump {dump:.1f} s, pg_restore {restore:.1f} s; dry run {rehearsed:.1f} s, exit code {done.returncode}", flush=True)
    environment = {**os.environ, "OPPBASE_DB_URI": f"postgresql://authenticator@{HOST}:{PORT}/{database}",
                   "OPPBASE_DB_ADMIN_URI": f"postgresql://{USER}@{HOST}:{PORT}/{database}", "OPPBASE_DB_POOL": "16",
                   "OPPBASE_JWT_SECRET": SECRET, "OPPBASE_SERVER_PORT": str(HTTP_PORT), "OPPBASE_SERVER_HOST": "127.0.0.1"}
    server = subprocess.Popen([os.environ.get("OPPBASE_SERVER_BINARY", BINARY), "serve"], env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=open(f"{folder}/server.log", "w"))
    clients = Clients(options.rate, options.deals, options.notes)
    try:
        for _ in range(600):
            try:
                probe = http.client.HTTPConnection("127.0.0.1", HTTP_PORT, timeout=5)
                probe.request("GET", "/rest/v1/deals?limit=1", headers=clients.headers)
                if probe.getresponse().status == 200:
                    break
            except OSError:
                pass
            time.sleep(0.05)
        else:
            raise SystemExit(Path(f"{folder}/server.log").read_text())
        clients.start()
        time.sleep(5)
        begun, peak = time.monotonic(), [0]
        RUN["begun"] = time.time()
        run = subprocess.Popen([BINARY, "migrate", "run", "--yes", "--database-url", f"postgresql://{USER}@{HOST}:{PORT}/{database}",
                                *options.arguments.split()], cwd=folder, stderr=open(f"{folder}/run.log", "w"))
        watcher = threading.Thread(target=peak_memory, args=(run.pid, peak))
        watcher.start()
        code = run.wait()
        took = time.monotonic() - begun
        watcher.join()
        time.sleep(5)
        clients.end()
    finally:
        clients.stop.set()
        server.terminate()
    calm = sorted(time for due, time, _ in clients.times if due < begun)
    during = sorted((time, due - begun, what) for due, time, what in clients.times if due >= begun)
    at = lambda values, share: values[int(len(values) * share)] * 1000 if values else 0
    spent = [time for time, _, _ in during]
    print(f"run: exit code {code}, {took:.1f} s ({took / (dump + restore):.1f} times pg_dump and pg_restore), {peak[0] / 1024:.0f} MB; log {folder}/run.log")
    print(f"requests: {len(clients.times)}, failed {len(clients.failed)}")
    print(f"before: p50 {at(calm, .5):.1f} ms, p99 {at(calm, .99):.1f} ms")
    print(f"during: p50 {at(spent, .5):.1f} ms, p99 {at(spent, .99):.1f} ms, p99.9 {at(spent, .999):.1f} ms, longest {spent[-1] * 1000:.0f} ms")
    seconds = {}
    for time_, after, what in during:
        seconds[int(after)] = (time_, what)
    for after, (time_, what) in sorted(seconds.items(), key=lambda item: -item[1][0])[:8]:
        print(f"   {time_ * 1000:.0f} ms, {after} s after the start: {what}; {step_at(folder, after)}")
    for failure in clients.failed[:5]:
        print("  ", failure)
    if code:
        print(Path(f"{folder}/run.log").read_text()[-2000:])
        sys.exit(1)
    wrong, twice = [], 0
    for table, column in ("deals", "name"), ("deal_notes", "text"):
        found = psql(database, f"select {column} from {table} where {column} like 'written %'").split("\n")
        edited = "description" if table == "deals" else "text"
        texts = dict(line.split("|", 1) for line in psql(database, f"select id, {edited} from {table} where {edited} like 'edited %'").split("\n") if line)
        lost, double = clients.lost(table, list(filter(None, found)), texts)
        wrong, twice = wrong + lost, twice + double
        print(f"{table}: {len(clients.made[table])} made, {len(clients.edited[table])} edited, {sum(map(bool, clients.deleted[table].values()))} deleted; lost {len(lost)}, twice {double}")
    for line in wrong[:5]:
        print("  ", line)
    # An activity stays when its note is deleted after the cut-over.
    cut_over = float(psql(database, "select extract(epoch from max(completed_at)) from migration.migration_history where phase_number = 'cutover'"))
    late = [clients.made["deal_notes"][name] for name, moment in clients.deleted["deal_notes"].items() if moment and moment > cut_over - 1]
    stays = set(psql(database, f"select id from activities where source = 'deal_note' and source_id = any (array{late}::bigint[])").split("\n"))
    half = [row for row in psql(database, files=[ROOT / "tests/migrate/wrong.sql"]).split("\n") if row and not (row.startswith("deal note|") and row.split("|")[1] in stays)]
    print(f"rows that are not complete: {len(half)} {half[:3]}")
    bad = clients.failed or wrong or twice or half or spent[-1] > 1
    sys.exit(1 if bad else 0)


main()
