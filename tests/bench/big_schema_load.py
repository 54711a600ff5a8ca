"""Percentiles of a request's time: alone, and while the schema cache is reloaded over and over.

    big_schema_load.py URL PID
"""

import http.client
import os
import signal
import sys
import threading
import time
from urllib.parse import urlsplit

SECONDS = 6
ROUNDS = 5
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


def reload(pid, until):
    while time.monotonic() < until - 1:
        os.kill(pid, signal.SIGUSR1)
        time.sleep(2)


def main():
    url, pid = sys.argv[1], int(sys.argv[2])
    measure(url, time.monotonic() + 1)
    quiet, busy = [], []
    # In turn, because a shared machine is not equally fast all the time.
    for _ in range(ROUNDS):
        quiet += measure(url, time.monotonic() + SECONDS)
        until = time.monotonic() + SECONDS
        threading.Thread(target=reload, args=(pid, until)).start()
        busy += measure(url, until)
    at_rest = show("quiet    ", quiet)
    at_work = show("reloading", busy)
    print(f"p99 during reloads: {100 * at_work / at_rest - 100:+.0f} %")


main()
