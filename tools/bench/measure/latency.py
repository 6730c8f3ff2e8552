"""How long a device waits for its 201 at a rate that leaves room, beside nginx at the same rate."""

import json
import time

from .figures import row
from .ingest import condition, settled, stored_readings
from .open_loop import OpenLoop
from .sign_in import percentile

RATES = (1_000, 2_000)
PARTS = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1}


def fixed_rates(bench):
    bench.devices()
    return [figure for rate in RATES for figure in at_rate(bench, rate)]


def at_rate(bench, rate):
    installation, first = bench.installation, bench.hour()
    requests = single_readings(bench, rate * bench.seconds, first)
    installation.settle()
    usage = installation.usage()
    measured = OpenLoop(installation.port, requests, rate)
    cpu = usage.seconds()
    reference = OpenLoop(bench.references.proxy_port, requests, rate)
    if not measured.latencies or not reference.latencies:
        raise SystemExit(f"Nothing was answered at {rate:,} requests a second.")
    accepted = sum(json.loads(body)["accepted"] for status, body in measured.answers if status == 201)
    stored = settled(lambda: stored_readings(installation, condition(first)))
    check = {"planned": len(requests), "answered": len(measured.answers), "accepted": accepted, "stored": stored}
    check["holds"] = len(set(check.values())) == 1
    check |= {f"sent late by ms, {name}": f"{percentile(measured.lateness, PARTS[name]):.2f}"
              for name in ("p50", "p99")}
    rows = [
        row(f"1 reading a request at {rate:,}/s, {name}", percentile(measured.latencies, part), "ms",
            reference="nginx, static", against=percentile(reference.latencies, part))
        for name, part in PARTS.items()]
    rows[-1] |= {"cpu": cpu, "check": check}
    return rows


def single_readings(bench, count, first):
    """Requests of one reading each, from all devices in turn; the readings are a millisecond apart."""
    devices = [line.split() for line in bench.devices().read_text().splitlines()]
    requests = []
    for number in range(count):
        device, key = devices[number % len(devices)]
        second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(first + number // 1000))
        reading = {"sensor_type": "temperature", "value": 15 + number % 1000 / 100, "unit": "°C",
                   "timestamp": f"{second}.{number % 1000:03}Z"}
        body = json.dumps({"readings": [reading]})
        requests.append(
            f"POST /api/v1/devices/{device}/readings HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    return requests
