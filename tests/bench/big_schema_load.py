"""Percentiles of a request's time: alone, and while the schema cache is reloaded over and over; first with a
schema that stays as it is, then with one that changes before each reload (and as often beside the requests
that run alone, because a change by itself costs them something).

    big_schema_load.py URL PID DATABASE
"""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

SECONDS = int(os.environ.get("WINDOW", 6))
ROUNDS = int(os.environ.get("ROUNDS", 5))
CLIENTS = 2
PAUSE = 0.002  # a steady load below saturation: the machine's cores are not what is measured


def measure(url, until):
    parts = urlsplit(url)
    times = []

    def client():
        connection = http.client.HTTPConnection(parts.netloc)
        while time.monotonic() < until:
            start = time.perf_counter()
            connection.request("GET", f"{parts.path}?{parts.query}")
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - start)
            assert answer.status == 200, answer.status
            time.sleep(PAUSE)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def show(title, times):
    times.sort()
    at = lambda share: times[int(len(times) * share)] * 1000
    print(f"{title}: {len(times)} requests, p50 {at(.5):.2f} ms, p99 {at(.99):.2f} ms, most {times[-1] * 1000:.2f} ms")
    return at(0.99)


class Database:
    """One psql that stays, so that no process starts while the clock runs."""

    def __init__(self, name):
        self.psql = subprocess.Popen(["psql", "-qX", "-d", name], stdin=subprocess.PIPE, text=True)
        self.changes = 0

    def change(self):
        self.changes += 1
        table = f"big.table_{100 + self.changes}"
        self.psql.stdin.write(f"alter table {table} add column later_{os.getpid()} text default 'x';\n")
        self.psql.stdin.write(f"comment on table {table} is 'number {self.changes}';\n")
        self.psql.stdin.flush()


def disturb(until, *actions):
    while time.monotonic() < until - 1:
        for action in actions:
            action()
            time.sleep(0.05)
        time.sleep(2 - 0.05 * len(actions))


def window(url, *actions):
    until = time.monotonic() + SECONDS
    thread = threading.Thread(target=disturb, args=(until, *actions))
    if actions:
        thread.start()
    times = measure(url, until)
    if actions:
        thread.join()
    return times


def compare(title, url, reload, *changes):
    quiet, busy = [], []
    # In turn, because a shared machine is not equally fast all the time.
    for _ in range(ROUNDS):
        quiet += window(url, *changes)
        busy += window(url, *changes, reload)
        time.sleep(2)  # the last reload ends
    print(title)
    at_rest = show("  quiet    ", quiet)
    at_work = show("  reloading", busy)
    print(f"  p99 during reloads: {100 * at_work / at_rest - 100:+.0f} %", flush=True)


def main():
    url, pid, database = sys.argv[1], int(sys.argv[2]), Database(sys.argv[3])
    reload = lambda: os.kill(pid, signal.SIGUSR1)
    measure(url, time.monotonic() + 1)
    compare("nothing has changed", url, reload)
    compare("a table has changed", url, reload, database.change)


main()
