"""What readings are asked for, beside the bare statements: a range, the latest values, an aggregation, an export."""

import http.client
import tempfile
import time
import urllib.parse

from .figures import HOUR, row
from .fleet import Fleet
from .installation import timestamp
from .sign_in import percentile
from .timing import http_latencies, sql_latencies

DEVICES = 1_000
# Of so many devices there is a month, of the others its last day alone.
MONTHLY = 10
DAY = 24 * HOUR
MINUTES = DAY // 60
REPEATS, FEWER_REPEATS = 200, 30
ROLE = "lms_readings"
COLUMNS = "s.device_id, s.sensor_type, s.unit, s.kind, r.time, r.value, r.text_value, r.quality, r.attributes"
SERIES = "readings.series AS s JOIN readings.readings AS r ON r.series_id = s.id"


class Measured:
    """An organization whose devices have measured something every minute."""

    def __init__(self, installation, fleet):
        self.installation = installation
        self.fleet = fleet
        self.organization, self.token = fleet.owner
        # Before the hours that loads send readings of.
        self.end = int(time.time()) // DAY * DAY - 5 * DAY
        day, self.begin = self.end - DAY, self.end - 30 * DAY
        installation.put_readings(self.organization, 0, MONTHLY, 1, self.begin, day, 60)
        self.in_day = installation.put_readings(self.organization, 0, DEVICES, 1, day, self.end, 60)
        installation.wait_for_rollups()
        installation.settle()
        self.day = f"from={timestamp(day)}&to={timestamp(self.end)}"
        self.during_day = f"r.time >= '{timestamp(day)}' AND r.time < '{timestamp(self.end)}'"
        self.during_month = f"r.time >= '{timestamp(self.begin)}' AND r.time < '{timestamp(self.end)}'"

    def ask(self, path):
        return self.installation.call("GET", path, token=self.token)

    def of(self, devices):
        """The condition of their series."""
        identifiers = ", ".join(f"'{device.id}'" for device in devices)
        return f"s.organization_id = '{self.organization}' AND s.device_id IN ({identifiers})"

    def beside(self, figure, walks, statement, check):
        """Each walk once (`http_latencies`), beside the statement as many times."""
        answers = http_latencies(self.installation, self.token, walks)
        statements = sql_latencies(self.installation, ROLE, self.organization, statement, len(walks))
        p50, p99 = (tuple(percentile(taken, part) for taken in (answers, statements)) for part in (0.5, 0.99))
        return row(figure, p50[0], "ms", reference="its SQL", against=p50[1], p50_ms=p50[0], p99_ms=p99[0],
                   reference_p99_ms=p99[1], check=check)


def beside_sql(bench):
    with Fleet(bench.installation, "Queries", DEVICES) as fleet:
        measured = Measured(bench.installation, fleet)
        return [day_of_a_device(measured), latest(measured), month_by_hours(measured),
                *(figure for form in ("csv", "ndjson") for figure in export(measured, form))]


def day_of_a_device(measured):
    """In as many pages as it takes, beside one statement for all of it."""
    device = measured.fleet.devices[DEVICES // 2]
    paths, count, cursor = [], 0, ""
    while cursor is not None:
        behind = f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""
        paths.append(f"/api/v1/devices/{device.id}/readings?{measured.day}&limit=1000{behind}")
        page = measured.ask(paths[-1])
        count, cursor = count + len(page["items"]), page["next_cursor"]
    statement = (f"SELECT {COLUMNS} FROM {SERIES} WHERE {measured.of([device])} AND {measured.during_day} "
                 "ORDER BY r.time DESC, r.series_id DESC")
    return measured.beside(f"a day of a device at 1 min, {len(paths)} pages", [paths] * REPEATS, statement,
                           {"readings": count, "of": MINUTES, "holds": count == MINUTES})


def latest(measured):
    path = f"/api/v1/readings/latest?limit={DEVICES}"
    items = measured.ask(path)["items"]
    last_minute = timestamp(measured.end - 60).rstrip("Z")
    newest = {item["device_id"] for item in items if item["timestamp"].startswith(last_minute)}
    statement = f"""
        SELECT {COLUMNS} FROM readings.series AS s CROSS JOIN LATERAL (
            SELECT * FROM readings.readings AS newest WHERE newest.series_id = s.id ORDER BY newest.time DESC LIMIT 1
        ) AS r WHERE s.organization_id = '{measured.organization}' ORDER BY s.device_id, s.sensor_type LIMIT {DEVICES}"""
    check = {"devices": len(newest), "of": DEVICES, "holds": len(newest) == len(items) == DEVICES}
    return measured.beside(f"latest values of {DEVICES:,} devices", [[path]] * REPEATS, statement, check)


def month_by_hours(measured):
    """From the rollups, beside the same from the readings."""
    devices = measured.fleet.devices[:MONTHLY]
    identifiers = ",".join(device.id for device in devices)

    def path(hours):
        """With so many hours more before the month, in which nothing was measured."""
        span = f"from={timestamp(measured.begin - hours * HOUR)}&to={timestamp(measured.end)}"
        return f"/api/v1/readings/aggregation?{span}&interval=1h&device_id={identifiers}"

    answer = measured.ask(path(0))
    buckets = sum(len(series["points"]) for series in answer["series"])
    statement = ("SELECT s.device_id, s.sensor_type, date_bin('1 hour', r.time, timestamptz 'epoch'), avg(r.value) "
                 f"FROM {SERIES} WHERE {measured.of(devices)} AND {measured.during_month} "
                 "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
    check = {"buckets": buckets, "of": MONTHLY * 30 * 24, "from": answer["resolution"]}
    check["holds"] = buckets == check["of"] and check["from"] == "rollup_1h"
    # Another question each time: an answer is kept for some seconds, and finding it is not what is measured.
    walks = [[path(hours)] for hours in range(1, FEWER_REPEATS + 1)]
    return measured.beside(f"a month by hours, {MONTHLY} devices at 1 min", walks, statement, check)


def export(measured, form):
    """All devices' day as a file, beside COPY of the same rows: by bytes, each counting its own, and by rows."""
    seconds, size, lines = downloaded(measured, f"/api/v1/readings/export?{measured.day}&format={form}")
    bare_seconds, bare_size, bare_lines = copied(measured)
    readings = lines - (form == "csv")
    check = {"exported": readings, "copied": bare_lines, "of": measured.in_day}
    check["holds"] = readings == bare_lines == measured.in_day
    figure = f"export as {form}"
    return [row(figure, size / seconds / 1e6, "MB/s", reference="COPY", against=bare_size / bare_seconds / 1e6),
            row(figure, readings / seconds, "readings/s", reference="COPY", against=bare_lines / bare_seconds,
                check=check)]


def downloaded(measured, path):
    """The seconds until all was there, the bytes and the lines."""
    connection = http.client.HTTPConnection("127.0.0.1", measured.installation.port, timeout=60)
    began = time.monotonic()
    connection.request("GET", path, headers={"Authorization": f"Bearer {measured.token}"})
    with connection.getresponse() as response:
        if response.status != 200:
            raise SystemExit(f"GET {path} was answered {response.status}: {response.read().decode()[:500]}")
        size, lines = counted(response)
    return time.monotonic() - began, size, lines


def copied(measured):
    """Likewise of psql, whose rows come in the same order."""
    query = f"""
        SELECT s.device_id, s.sensor_type, r.value, s.unit, r.time, r.quality, r.attributes
        FROM readings.series AS s CROSS JOIN LATERAL (
            SELECT * FROM readings.readings AS r WHERE r.series_id = s.id AND {measured.during_day} ORDER BY r.time
        ) AS r
        WHERE s.organization_id = '{measured.organization}' ORDER BY s.device_id, s.sensor_type"""
    with tempfile.TemporaryFile() as file:
        began = time.monotonic()
        measured.installation.psql("--command", f"COPY ({query}) TO STDOUT (FORMAT csv)", stdout=file)
        seconds = time.monotonic() - began
        file.seek(0)
        return seconds, *counted(file)


def counted(source):
    size = lines = 0
    while piece := source.read(2**18):
        size += len(piece)
        lines += piece.count(b"\n")
    return size, lines
