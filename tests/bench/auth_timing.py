#!/usr/bin/env python3
"""Whether the time of an answer tells a known address from an unknown one: sign-in and recovery.

    tests/bench/auth_timing.py PROGRAM [--pairs N]

Starts `PROGRAM dev` with a database of its own and limits out of the way, makes users, then asks in pairs:
a known and an unknown address, in random order, never the same address twice. For each kind of request it
prints the medians, the difference of medians with a bootstrap confidence interval of 99 %, and the p-value
of the Mann-Whitney test. The exit status is 1 when an interval excludes zero by more than --tolerance, so
that a difference has to be both certain and large enough to be measured over a network.

An idle machine is needed; two runs of one program on a busy one differ by more than what is looked for.
"""
import argparse
import http.client
import json
import math
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

OUT_OF_THE_WAY = "1000000"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """`PROGRAM dev` in a folder that goes away."""

    def __init__(self, program):
        self.dir = tempfile.TemporaryDirectory(prefix="oppbase-timing-")
        os.chmod(self.dir.name, 0o755)
        environment = {
            **os.environ,
            **{f"OPPBASE_AUTH_RATE_LIMIT_{name}": OUT_OF_THE_WAY for name in ("FAILURES", "MAILS", "SIGN_UP", "TOKEN", "VERIFY")},
            "OPPBASE_LOG_LEVEL": "error",
        }
        data = os.path.join(self.dir.name, "data")
        arguments = ["dev", "--no-demo", "--data-dir", data, "--port", "0", "--db-port", "0", "--admin-port", str(free_port())]
        self.process = subprocess.Popen([program, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if "swagger:" in line:
                break
        else:
            sys.exit(f"{program} ended with {self.process.wait()}")
        status = subprocess.run([program, "status", "-o", "json", "--data-dir", data], check=True, capture_output=True, text=True)
        self.status = json.loads(status.stdout)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.dir.cleanup()


class Client:
    """One connection, kept open, so that no handshake is measured."""

    def __init__(self, status):
        address = urllib.parse.urlsplit(status["API_URL"])
        self.connection = http.client.HTTPConnection(address.hostname, address.port)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = {"apikey": status["ANON_KEY"], "content-type": "application/json"}
        self.service = {**self.headers, "authorization": f"Bearer {status['SERVICE_ROLE_KEY']}"}

    def post(self, path, body, expected, headers=None):
        """Milliseconds until the whole answer was there."""
        body = json.dumps(body)
        started = time.perf_counter()
        self.connection.request("POST", f"/auth/v1{path}", body, headers or self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        took = (time.perf_counter() - started) * 1000
        if answer.status != expected:
            sys.exit(f"{path}: {answer.status} {text[:300]}")
        return took


def mann_whitney(a, b):
    """Two-sided p-value, by the normal approximation with a correction for ties."""
    ranked = sorted([(value, 0) for value in a] + [(value, 1) for value in b])
    rank_sum, ties, at = 0.0, 0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        rank = (at + 1 + end) / 2
        rank_sum += rank * sum(1 for value in ranked[at:end] if value[1] == 0)
        ties += (end - at) ** 3 - (end - at)
        at = end
    n, m = len(a), len(b)
    u = rank_sum - n * (n + 1) / 2
    spread = math.sqrt(n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1))))
    return math.erfc(abs(u - n * m / 2) / spread / math.sqrt(2))


def interval(known, unknown, rounds=2000):
    """The difference of medians and its bootstrap interval of 99 %; pairs are drawn together."""
    pairs = list(zip(known, unknown))
    draws = []
    for _ in range(rounds):
        drawn = random.choices(pairs, k=len(pairs))
        draws.append(statistics.median(k for k, _ in drawn) - statistics.median(u for _, u in drawn))
    draws.sort()
    return statistics.median(known) - statistics.median(unknown), draws[int(rounds * 0.005)], draws[int(rounds * 0.995)]


def measure(pairs, ask):
    """`ask(known?, number)` in milliseconds; the first tenth warms up."""
    known, unknown = [], []
    warm = pairs // 10
    for number in range(pairs + warm):
        order = [True, False]
        random.shuffle(order)
        took = {is_known: ask(is_known, number) for is_known in order}
        if number >= warm:
            known.append(took[True])
            unknown.append(took[False])
    return known, unknown


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--pairs", type=int, default=400)
    arguments.add_argument("--tolerance", type=float, default=0.5, help="milliseconds")
    arguments = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # so that the server ends too
    server = Server(arguments.program)
    try:
        client = Client(server.status)
        total = arguments.pairs + arguments.pairs // 10
        for number in range(2 * total):
            # The hash is given, so that making users takes no time: bcrypt of cost 10, as the server writes.
            password = "$2a$10$jmmzAKl/XgdfvE6zs.DXV.hNu4GK9.7DBi/z3oajpjl2.HJWulu46"
            body = {"email": f"user{number}@example.com", "password_hash": password, "email_confirm": True,
                    "user_metadata": {"first_name": "A", "last_name": "B"}}
            client.post("/admin/users", body, 200, client.service)
        address = lambda known, number: f"{'user' if known else 'none'}{number}@example.com"
        kinds = {
            "sign-in": lambda known, number: client.post(
                "/token?grant_type=password", {"email": address(known, number), "password": "wrong"}, 400),
            "recovery": lambda known, number: client.post("/recover", {"email": address(known, number)}, 200),
            # Its mails count with those of recovery, so it has addresses of its own.
            "magic link": lambda known, number: client.post(
                "/otp", {"email": address(known, total + number), "create_user": False}, 200),
        }
        tells = False
        for kind, ask in kinds.items():
            known, unknown = measure(arguments.pairs, ask)
            difference, low, high = interval(known, unknown)
            print(f"{kind:<10} known {statistics.median(known):8.3f} ms  unknown {statistics.median(unknown):8.3f} ms  "
                  f"difference {difference:+.3f} ms [{low:+.3f}, {high:+.3f}]  p {mann_whitney(known, unknown):.3f}", flush=True)
            tells |= low > arguments.tolerance or high < -arguments.tolerance
        sys.exit("the time tells known addresses from unknown ones" if tells else 0)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
