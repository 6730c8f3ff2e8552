"""What ingest and queries cost as an organization grows: the cost of one should not depend on how much there is."""

import sys
import time

from . import processes, wrk
from .figures import KEPT, row
from .fleet import Fleet
from .ingest import compared, condition, settled, stored_readings
from .installation import timestamp
from .sign_in import percentile
from .timing import http_latencies

SCALES = (1, 10, 100)
# At 1×; each has as many sensors and stored readings at any scale, a minute apart.
DEVICES, SENSORS, MINUTES = 100, 10, 100
REPEATS = 200
# A load lasts so long at most, in seconds: a plan does not allow an organization as much for a whole minute.
READINGS, LONGEST = 50, 10
# Between the times of two loads, in seconds: so long none of them lasts by the times of its readings.
APART = 60


def scales(bench):
    # In the partition of the present, as is what the loads send.
    begin = int(time.time()) - MINUTES * 60
    rows, at_first, put = [], {}, 0
    with Fleet(bench.installation, "Growth", 0) as fleet:
        for number, scale in enumerate(SCALES):
            put += grow(bench.installation, fleet, DEVICES * scale, begin)
            size = f"{scale}×, {len(fleet.devices):,} devices, {put:,} readings"
            for name, cost in costs(bench, fleet, begin, 2 * number * APART).items():
                rows.append(row(f"{size}: {name}", reference=f"at {SCALES[0]}×", **cost,
                                against=at_first.setdefault(name, cost["value"])))
    return rows


def grow(installation, fleet, devices, begin):
    """Until there are so many devices; returns how many readings were put there."""
    organization, have = fleet.owner.organization, len(fleet.devices)
    more = devices - have
    fleet.devices += installation.put_devices(organization, have, more)
    put = installation.put_readings(
        organization, have, more, SENSORS, begin, begin + MINUTES * 60, 60, rollups=False)
    installation.settle()
    return put


def costs(bench, fleet, begin, ahead):
    """Those of one operation of each kind, by its name."""
    span = f"from={timestamp(begin)}&to={timestamp(begin + MINUTES * 60)}"
    queries = {
        "a page of 1,000 readings": lambda device: f"/api/v1/devices/{device.id}/readings?{span}&limit=1000",
        "a device's latest values": lambda device: f"/api/v1/devices/{device.id}/readings/latest",
        "1,000 latest values": lambda _: "/api/v1/readings/latest?limit=1000",
    }
    return {name: asked(bench.installation, fleet, path) for name, path in queries.items()} | {
        f"a reading, {READINGS} a request": sent(bench, fleet, ahead)}


def asked(installation, fleet, path):
    """Of devices from all over the fleet, one after the other."""
    count = len(fleet.devices)
    paths = [[path(fleet.devices[number * max(1, count // REPEATS) % count])] for number in range(REPEATS)]
    usage = installation.usage()
    taken = http_latencies(installation, fleet.owner.token, paths)
    cpu = usage.seconds()
    return {"value": sum(cpu.values()) / REPEATS * 1e3, "unit": "ms of CPU", "p50_ms": percentile(taken, 0.5),
            "p99_ms": percentile(taken, 0.99), "cpu": cpu}


def sent(bench, fleet, ahead):
    """By all devices in turn, each of which has been heard from before."""
    installation = bench.installation
    # At the service itself: the gateway counts by address the keys that it has not seen yet.
    url = f"http://127.0.0.1:{processes.environment(installation.services()['lms-readings'])['LMS_HTTP_PORT']}"
    file = bench.folder / "growing"
    file.write_text("".join(f"{device.id} {device.key}\n" for device in fleet.devices))
    # From now on, so that no hour of theirs ends and is rolled up while they are sent, as none does where each device
    # sends a little at a time.
    first = int(time.time()) + ahead
    heard = wrk.run("ingest.lua", url, 2 + len(fleet.devices) // 1000, file, SENSORS, first, KEPT)
    if heard["answered"] < len(fleet.devices):
        print(f"Only {heard['answered']} devices were heard from before.", file=sys.stderr)
    installation.settle()
    usage = installation.usage()
    measured = wrk.run("ingest.lua", url, min(bench.seconds, LONGEST), file, READINGS, first + APART, KEPT)
    cpu = usage.seconds()
    during = condition(first + APART, APART)
    stored = settled(lambda: stored_readings(installation, during))
    check = compared(measured, stored, READINGS * wrk.CONNECTIONS)
    return {"value": sum(cpu.values()) / max(stored, 1) * 1e6, "unit": "µs of CPU", "check": check, "cpu": cpu,
            "p50_ms": measured["p50_ms"], "p99_ms": measured["p99_ms"]}
