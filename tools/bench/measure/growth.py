"""What ingest and queries cost as an organization grows, and as instances are added: neither should matter to one."""

import collections
import contextlib
import sys
import time

from . import processes, wrk
from .figures import HOUR, KEPT, row
from .fleet import Fleet
from .ingest import compared, condition, settled, stored_readings
from .instance import Instance
from .installation import timestamp
from .sign_in import percentile
from .timing import http_latencies

SCALES = (1, 10, 100)
# At this scale, so many instances of readings.
SCALE_OF_INSTANCES, INSTANCES = 10, (1, 2, 4)
# At 1×; each has as many sensors and stored readings at any scale, a minute apart.
DEVICES, SENSORS, MINUTES = 100, 10, 100
# Enough for processor times, which are counted in hundredths of a second.
REPEATS = 500
# A page, and as many latest values.
LIMIT = 1_000
# A load lasts so long at most, in seconds: as long as the times of its readings are within its own stretch.
READINGS, LONGEST, STRETCH = 50, 10, 30

# A gateway before so many instances of readings, and what makes a `Usage` of them and the whole installation.
Entrance = collections.namedtuple("Entrance", "port url instances usage")


def scales(bench):
    began = int(time.time())
    # In the partition of the present, as is what the loads send.
    begin = began - MINUTES * 60
    rows, at_first, put, stretches = [], {}, 0, Stretches()
    with Fleet(bench.installation, "Growth", 0) as fleet:
        bench.installation.lift_limits(fleet.owner.organization)
        for scale in SCALES:
            put += grow(bench.installation, fleet, DEVICES * scale, begin)
            size = f"{scale}×, {len(fleet.devices):,} devices, {put:,} readings"
            found = costs(bench, fleet, begin, stretches, 1)
            rows += figures(size, found, f"at {SCALES[0]}×", at_first)
            if scale == SCALE_OF_INSTANCES:
                rows += with_instances(bench, fleet, begin, stretches, f"{scale}×", found)
    if began // HOUR != int(time.time()) // HOUR:
        print("An hour ended meanwhile: in a figure of growth are the rollups of what had been sent. Measure again.",
              file=sys.stderr)
    return rows


def with_instances(bench, fleet, begin, stretches, size, with_one):
    """As what is stored stays the same; `with_one` is what one instance took."""
    rows, at_first = [], {}
    for count in INSTANCES:
        found = with_one if count == 1 else costs(bench, fleet, begin, stretches, count)
        name = f"{size}, {count} instance" + ("s" if count > 1 else "")
        rows += figures(name, found, f"with {INSTANCES[0]}", at_first)
    return rows


def figures(size, found, reference, at_first):
    """Rows of the costs that were found, beside the first that were found of each kind."""
    return [row(f"{size}: {name}", reference=reference, **cost, against=at_first.setdefault(name, cost["value"]))
            for name, cost in found.items()]


def grow(installation, fleet, devices, begin):
    """Until there are so many devices; returns how many readings were put there."""
    organization, have = fleet.owner.organization, len(fleet.devices)
    more = devices - have
    fleet.devices += installation.put_devices(organization, have, more)
    put = installation.put_readings(
        organization, have, more, SENSORS, begin, begin + MINUTES * 60, 60, rollups=False)
    installation.settle()
    return put


class Stretches:
    """Of time, for the readings of one load each.

    They begin now, or later where that is another's: so no hour of theirs ends and is rolled up while they are sent, as
    none does where each device sends a little at a time.
    """

    def __init__(self):
        self.end = 0

    def next(self):
        """The first second of one."""
        first = max(int(time.time()), self.end)
        self.end = first + STRETCH
        return first


@contextlib.contextmanager
def entrance(bench, instances):
    """The installation's own instance of readings is one of them."""
    with contextlib.ExitStack() as stack:
        own = processes.environment(bench.installation.services()["lms-readings"])["LMS_HTTP_PORT"]
        more = [stack.enter_context(Instance(bench, "lms-readings")) for _ in range(instances - 1)]
        urls = [f"http://127.0.0.1:{own}", *(instance.url for instance in more)]
        # Keys that a gateway has not seen yet are counted by address, and here all come from the same.
        gateway = stack.enter_context(Instance(bench, "lms-gateway", settings={
            "LMS_READINGS_URL": ",".join(urls),
            "LMS_GATEWAY_ADDRESS_RATE": "1000000", "LMS_GATEWAY_ADDRESS_BURST": "1000000"}))
        roots = [bench.installation.process.pid, *(instance.process.pid for instance in (gateway, *more))]
        bench.installation.settle()
        yield Entrance(gateway.port, gateway.url, instances, lambda: processes.Usage(*roots))


def costs(bench, fleet, begin, stretches, instances):
    """Those of one operation of each kind, by its name."""
    span = f"from={timestamp(begin)}&to={timestamp(begin + MINUTES * 60)}"
    # How many items an answer has, and its path.
    queries = {
        f"a page of {LIMIT:,} readings": (
            min(LIMIT, SENSORS * MINUTES), lambda device: f"/api/v1/devices/{device.id}/readings?{span}&limit={LIMIT}"),
        "a device's latest values": (SENSORS, lambda device: f"/api/v1/devices/{device.id}/readings/latest"),
        f"{LIMIT:,} latest values": (
            min(LIMIT, SENSORS * DEVICES), lambda _: f"/api/v1/readings/latest?limit={LIMIT}"),
    }
    with entrance(bench, instances) as door:
        found = {name: asked(bench.installation, fleet, door, *query) for name, query in queries.items()}
        found[f"a reading, {READINGS} a request"] = sent(bench, fleet, door, stretches)
    return found


def asked(installation, fleet, door, expected, path):
    """Of devices from all over the fleet, one after the other."""
    count = len(fleet.devices)
    paths = [[path(fleet.devices[number * max(1, count // REPEATS) % count])] for number in range(REPEATS)]
    items = len(installation.call("GET", paths[-1][0], token=fleet.owner.token)["items"])
    usage = door.usage()
    taken = http_latencies(installation, fleet.owner.token, paths, port=door.port)
    cpu = usage.seconds()
    return {"value": sum(cpu.values()) / REPEATS * 1e3, "unit": "ms of CPU", "p50_ms": percentile(taken, 0.5),
            "p99_ms": percentile(taken, 0.99), "cpu": cpu,
            "check": {"items": items, "of": expected, "holds": items == expected}}


def sent(bench, fleet, door, stretches):
    """By all devices in turn, each of which every instance has heard from before."""
    installation = bench.installation
    file = bench.folder / "growing"
    file.write_text("".join(f"{device.id} {device.key}\n" for device in fleet.devices))
    requests = len(fleet.devices) * door.instances
    heard = wrk.run("ingest.lua", door.url, 2 + requests // 1000, file, SENSORS, stretches.next(), KEPT)
    if heard["answered"] < requests:
        print(f"Only {heard['answered']} of {requests} devices and instances know each other.", file=sys.stderr)
    installation.settle()
    first = stretches.next()
    usage = door.usage()
    measured = wrk.run("ingest.lua", door.url, min(bench.seconds, LONGEST), file, READINGS, first, KEPT)
    cpu = usage.seconds()
    during = condition(first, STRETCH)
    stored = settled(lambda: stored_readings(installation, during))
    check = compared(measured, stored, READINGS * wrk.CONNECTIONS)
    return {"value": sum(cpu.values()) / max(stored, 1) * 1e6, "unit": "µs of CPU", "check": check, "cpu": cpu,
            "p50_ms": measured["p50_ms"], "p99_ms": measured["p99_ms"]}
