"""What is measured. Each figure is a function of a `Bench` that returns rows of the table."""

import json
import os
import statistics
import subprocess
import time
import urllib.parse

from . import processes, sign_in, wrk
from .instance import Instance

HOUR = 3600
# What a request says of its connection.
KEPT, NEW = "keep-alive", "close"


class Bench:
    """What the figures share: the installation, the references, registered devices."""

    def __init__(self, folder, binaries, installation, references, seconds):
        self.folder = folder
        self.binaries = binaries
        self.installation = installation
        self.references = references
        self.seconds = seconds
        self.device_file = None
        # Each run has an hour of the past for its readings, by which they are told apart.
        self.next_hour = int(time.time()) // HOUR * HOUR - 44 * HOUR

    def devices(self):
        """The file of the devices, each with its series: what is measured is what goes on, not what begins."""
        if self.device_file is None:
            devices = self.installation.register_devices()
            self.device_file = self.folder / "devices"
            self.device_file.write_text("".join(f"{device.id} {device.key}\n" for device in devices))
            for readings in (50, 1):
                self.ingest(self.gateway_url(), readings, seconds=2)
        return self.device_file

    def hour(self):
        """The first second of an hour whose readings nobody else sends."""
        first = self.next_hour
        self.next_hour += HOUR
        return first

    def ingest(self, url, readings, seconds=None, connection=KEPT, connections=wrk.CONNECTIONS):
        """Sends readings; returns what wrk counted, and the second from which on they are."""
        first = self.hour()
        arguments = (self.device_file, readings, first, connection)
        return wrk.run(
            "ingest.lua", url, seconds or self.seconds, *arguments, connections=connections), first

    def gateway_url(self):
        return f"http://127.0.0.1:{self.installation.port}"

    def proxy_url(self):
        return f"http://127.0.0.1:{self.references.proxy_port}"


def select_rate(bench):
    """Statements over one pipelined connection, as services on other machines and beside the server have it."""
    url = bench.installation.database_url()
    socket = bench.installation.select("SELECT current_setting('unix_socket_directories')")
    rows = []
    for name, address in (("TCP", url), ("its Unix socket", f"{url}&{urllib.parse.urlencode({'host': socket})}")):
        usage = bench.installation.usage()
        environment = dict(os.environ, LMS_BENCH_DATABASE_URL=address)
        command = [
            str(bench.binaries / "lms-bench"), "select-rate", "--tasks", "64", "--seconds", str(bench.seconds)]
        answer = json.loads(subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True, timeout=120).stdout)
        rows.append(row(
            f"SELECT 1, 64 tasks, one connection by {name}", answer["statements"] / answer["seconds"], "1/s",
            reference="goal", against=60_000, cpu=usage.seconds()))
    return rows


def idle(bench):
    """Memory and start of each process: another instance of it, started three times."""
    rows = []
    for name in sorted(bench.installation.services()):
        started = []
        for _ in range(3):
            with Instance(bench, name) as instance:
                time.sleep(1)
                started.append((instance.ready_ms, processes.memory(instance.process.pid, "Rss")))
        milliseconds, resident = (statistics.median(values) for values in zip(*started))
        rows.append(row(f"{name}, start to ready", milliseconds, "ms", reference="budget", against=500))
        rows.append(row(f"{name}, idle", resident / 2**20, "MiB", reference="budget", against=60))
    return rows


def flooded_answers(bench):
    """How long somebody who is signed in waits for an answer while 40 others sign in, beside the same without."""
    account = sign_in.Account(bench.installation)
    account.latencies(1)
    calm, calm_failures = account.latencies(bench.seconds)
    with sign_in.flood(account) as logins:
        flooded, failures = account.latencies(bench.seconds)
    check = {"not answered": failures + calm_failures, "logins": logins.get(200, 0),
             "refused": logins.get(429, 0) + logins.get(503, 0)}
    check["holds"] = check["not answered"] == 0 and sum(logins.values()) == check["logins"] + check["refused"]
    p50, p99 = (tuple(sign_in.percentile(taken, part) for taken in (flooded, calm)) for part in (0.5, 0.99))
    return [row("GET /auth/me, p50 during 40 logins at once", p50[0], "ms", reference="none", against=p50[1]),
            row("GET /auth/me, p99 during 40 logins at once", p99[0], "ms", reference="none", against=p99[1],
                check=check, p50_ms=p50[0], p99_ms=p99[0], reference_p99_ms=p99[1])]


def row(figure, value, unit, reference, against, **more):
    """`ratio` is the value in units of what it is held against."""
    return {"figure": figure, "value": value, "unit": unit, "reference": reference, "reference_value": against,
            "ratio": value / against if against > 0 else None, **more}


def per_cpu(done, seconds, reference_done, reference_seconds):
    """The ratio of what a processor second does; it hardly depends on what else the machine is doing."""
    spent, reference_spent = sum(seconds.values()), sum(reference_seconds.values())
    return (done / spent) / (reference_done / reference_spent) if spent and reference_spent else None


def shared(measured):
    return {key: measured[key] for key in ("p50_ms", "p99_ms", "cpu", "memory") if key in measured}


ALL = {"select": select_rate, "sign-in": flooded_answers, "idle": idle}
