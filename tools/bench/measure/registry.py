"""Lists of devices, as an organization grows: the HTTP answer through the gateway, beside the bare statement."""

import contextlib
import http.client
import re
import subprocess
import time

from .figures import row
from .sign_in import percentile

SIZES = (1_000, 10_000, 100_000)
REPEATS = 200
# As many as the API shows unless it is told otherwise.
PAGE = 50
COLUMNS = """id, organization_id, name, description, device_type, model, serial_number, mac_address, firmware_version,
    location, project_id, tags, sensors, reading_interval, properties, status, last_seen, battery_level,
    wifi_signal_strength, uptime_s, version, created_at, last_updated"""


def lists(bench):
    installation = bench.installation
    owner = installation.register_owner("Registry")
    rows, have = [], 0
    for size in SIZES:
        installation.put_devices(owner.organization, have, size - have)
        have = size
        installation.settle()
        for name, (query, condition) in forms(installation, owner).items():
            answers = http_latencies(installation, owner, query)
            statements = sql_latencies(installation, owner, condition)
            p50, p99 = (tuple(percentile(taken, part) for taken in (answers, statements)) for part in (0.5, 0.99))
            rows.append(row(
                f"{size:,} devices, {name}", p50[0], "ms", reference="its SQL", against=p50[1], p50_ms=p50[0],
                p99_ms=p99[0], reference_p99_ms=p99[1]))
    return rows


def forms(installation, owner):
    """The query of each list, and the condition of its statement, as `DeviceFilter` makes it."""
    part = installation.call("GET", "/api/v1/devices?limit=100", token=owner.token)
    cursor, behind = part["next_cursor"], part["items"][-1]["id"]
    project = next(item["project_id"] for item in part["items"] if item["project_id"])
    return {
        "first page": ("", ""),
        "next page": (f"cursor={cursor}", f"AND id < '{behind}'"),
        "status of few": ("status=error", "AND status = 'error'"),
        "status of most": ("status=online", "AND status = 'online'"),
        "type": ("device_type=sensor", "AND device_type = 'sensor'"),
        "project": (f"project_id={project}", f"AND project_id = '{project}'"),
        "tag of few": ("tag=batch-7", searched(tags="'{batch-7}'")),
        "tag of many": ("tag=site-1", searched(tags="'{site-1}'")),
        "text of one": ("q=bench-0000777", searched(pattern="'%bench-0000777%'")),
        "text of many": ("q=freezer", searched(pattern="'%freezer%'")),
        "text of none": ("q=spectrometer", searched(pattern="'%spectrometer%'")),
    }


def searched(tags="NULL", pattern="NULL"):
    others = "NULL, NULL, NULL, NULL, NULL, NULL, NULL"
    return f"AND id IN (SELECT devices.search({tags}, {pattern}, {others}, true, {PAGE + 1}))"


def http_latencies(installation, owner, query):
    """The milliseconds that each answer of the gateway took, from the shortest on."""
    connection = http.client.HTTPConnection("127.0.0.1", installation.port, timeout=60)
    taken = []
    with contextlib.closing(connection):
        for _ in range(REPEATS):
            began = time.monotonic()
            connection.request("GET", f"/api/v1/devices?{query}", headers={"Authorization": f"Bearer {owner.token}"})
            response = connection.getresponse()
            text = response.read()
            taken.append((time.monotonic() - began) * 1000)
            if response.status != 200:
                raise SystemExit(f"GET /api/v1/devices?{query} was answered {response.status}: {text.decode()[:500]}")
    return sorted(taken)


def sql_latencies(installation, owner, condition):
    """The milliseconds that psql waits for the rows each time, from the shortest on."""
    statement = (
        f"SELECT {COLUMNS} FROM devices.devices WHERE organization_id = '{owner.organization}' {condition} "
        f"ORDER BY id DESC LIMIT {PAGE + 1};")
    # As the service, so that row security is the same.
    script = [
        "BEGIN;", "SET LOCAL ROLE lms_devices;",
        f"SELECT set_config('lms.organization_id', '{owner.organization}', true);",
        r"\timing on", *[statement] * REPEATS, r"\timing off", "COMMIT;"]
    done = installation.psql("--output", "/dev/null", "--file", "-", input="\n".join(script), stdout=subprocess.PIPE)
    return sorted(float(match) for match in re.findall(r"^Time: ([0-9.]+) ms", done.stdout, re.MULTILINE))
