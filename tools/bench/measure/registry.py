"""Lists of devices, as an organization grows: the HTTP answer through the gateway, beside the bare statement."""

from .figures import row
from .sign_in import percentile
from .timing import http_latencies, sql_latencies

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
            answers = http_latencies(installation, owner.token, [[f"/api/v1/devices?{query}"]] * REPEATS)
            statements = sql_latencies(
                installation, "lms_devices", owner.organization, statement(owner, condition), REPEATS)
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


def statement(owner, condition):
    return (f"SELECT {COLUMNS} FROM devices.devices WHERE organization_id = '{owner.organization}' {condition} "
            f"ORDER BY id DESC LIMIT {PAGE + 1}")
