"""What the gateway does with a request, beside nginx with the same: proxied requests, TLS, new connections, latency."""

import re
import subprocess

from . import wrk
from .figures import KEPT, NEW, per_cpu, row, shared
from .open_loop import OpenLoop
from .proxies import Proxies
from .sign_in import percentile

REFERENCE = "nginx, limit_req"
# So many that none of them comes near its limit.
CREDENTIALS = 1_000
SMALL, LARGE = "/api/v1/devices", "/api/v1/alerts"
KINDS = {
    "100-byte answer": ("GET", SMALL, 0),
    "10-KiB answer": ("GET", LARGE, 0),
    "5-KiB POST": ("POST", SMALL, 5 * 1024),
}
# Connections of clients.
FEW, MANY = 64, 1_000
# Requests a second at which nothing is saturated.
RATE = 2_000


def proxied(bench):
    """Each kind of request, over few and over many connections that are kept."""
    with Proxies(bench) as proxies:
        return [
            beside(bench, proxies, f"gateway, {kind}, {connections:,} connections", request, connections=connections)
            for kind, request in KINDS.items() for connections in (FEW, MANY)]


def new_connections(bench):
    with Proxies(bench) as proxies:
        return [beside(bench, proxies, "gateway, 100-byte answer, each on a new connection",
                       KINDS["100-byte answer"], connection=NEW)]


def tls(bench):
    with Proxies(bench) as proxies:
        return [
            beside(bench, proxies, f"gateway, TLS, 100-byte answer, {name}", KINDS["100-byte answer"], tls=True,
                   connection=connection)
            for name, connection in (("64 connections", KEPT), ("each on a new connection", NEW))
        ] + [handshakes(bench, proxies)]


def handshakes(bench, proxies):
    """Whole ones, of which wrk does few: it resumes its sessions. One at a time."""
    runs = []
    for side in proxies:
        usage = side.usage()
        command = ["openssl", "s_time", "-connect", side.tls_url.removeprefix("https://"), "-new", "-time",
                   str(bench.seconds)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=bench.seconds + 60)
        count, seconds = re.search(r"([0-9]+) connections in ([0-9]+) real seconds", done.stdout).groups()
        runs.append({"answered": int(count), "rate": int(count) / int(seconds), "cpu": usage.seconds()})
    measured, reference = runs
    return row(
        "gateway, TLS, whole handshakes", measured["rate"], "1/s", reference="nginx", against=reference["rate"],
        per_cpu=per_cpu(measured["answered"], measured["cpu"], reference["answered"], reference["cpu"]),
        request_cpu_us={side.name: request_cpu(run) for side, run in zip(proxies, runs)}, **shared(measured))


def beside(bench, proxies, figure, request, connections=FEW, connection=KEPT, tls=False):
    """The row of requests that both get, the gateway first."""
    runs = []
    for side in proxies:
        usage = side.usage()
        url = side.tls_url if tls else side.url
        run = wrk.run("proxied.lua", url, bench.seconds, CREDENTIALS, *request, connection, connections=connections)
        run["cpu"] = usage.seconds()
        runs.append(run)
    measured, reference = runs
    check = {}
    for side, run in zip(proxies, runs):
        check |= {f"refused by {side.name}": run["refused"], f"errors of {side.name}": run["errors"]}
    check["holds"] = not any(check.values()) and measured["answered"] > 0 < reference["answered"]
    return row(
        figure, measured["rate"], "requests/s", reference=REFERENCE, against=reference["rate"], check=check,
        reference_p99_ms=reference["p99_ms"],
        per_cpu=per_cpu(measured["answered"], measured["cpu"], reference["answered"], reference["cpu"]),
        request_cpu_us={side.name: request_cpu(run) for side, run in zip(proxies, runs)}, **shared(measured))


def request_cpu(run):
    """The microseconds of a processor that a request took."""
    return sum(run["cpu"].values()) / max(run["answered"], 1) * 1e6


def added_latency(bench):
    """What either adds to the latency of its service at a rate that leaves room; an open loop, as `latency` is."""
    requests = [
        f"GET {SMALL} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer lms_dev_bench{number % CREDENTIALS:037}0\r\n"
        "\r\n".encode() for number in range(RATE * bench.seconds)]
    with Proxies(bench) as proxies:
        direct, *behind = (
            OpenLoop(port, requests, RATE)
            for port in (proxies.upstream_port, proxies.gateway.port, proxies.nginx.port))
    loads = {"service": direct, "gateway": behind[0], "nginx": behind[1]}
    check = {f"answers of {name}": sum(status == 200 for status, _ in load.answers) for name, load in loads.items()}
    check["holds"] = set(check.values()) == {len(requests)}
    if not check["holds"]:
        return [row(f"gateway, added at {RATE:,}/s", 0.0, "ms", reference=REFERENCE, against=0, check=check)]
    rows = []
    for name, part in (("p50", 0.5), ("p99", 0.99)):
        service, gateway, nginx = (percentile(load.latencies, part) for load in loads.values())
        rows.append(row(
            f"gateway, added {name} at {RATE:,}/s", gateway - service, "ms", reference=REFERENCE,
            against=nginx - service))
    rows[-1] |= {"check": check, "p99_ms": gateway, "reference_p99_ms": nginx}
    return rows


ALL = {"proxied": proxied, "proxied-new": new_connections, "proxied-tls": tls, "proxied-latency": added_latency}
