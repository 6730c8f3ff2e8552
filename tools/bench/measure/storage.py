"""What a stored reading takes on disk, with its indexes and rollups."""

import time

from .figures import HOUR, row
from .fleet import Fleet
from .installation import timestamp

# A day of ten stations that measure four things every ten seconds.
DEVICES, SENSORS, INTERVAL = 10, 4, 10
DAY = 24 * HOUR
WEEK = 7 * DAY
ROLLUPS = ("rollup_1m", "rollup_1h", "rollup_1d")


def bytes_per_reading(bench):
    installation = bench.installation
    # In a partition, or chunk, that nothing else is in.
    week = (int(time.time()) // WEEK - 7) * WEEK
    begin = week + 3 * DAY
    with Fleet(installation, "Storage", DEVICES) as fleet:
        put = installation.put_readings(
            fleet.owner.organization, 0, DEVICES, SENSORS, begin, begin + DAY, INTERVAL)
        installation.wait_for_rollups()
        during = f"time >= '{timestamp(week)}' AND time < '{timestamp(week + WEEK)}'"
        stored = int(installation.select(f"SELECT count(*) FROM readings.readings WHERE {during}"))
        sizes = {
            "its row": size(installation, "pg_table_size", during),
            "index": size(installation, "pg_indexes_size", during),
            "rollups": sum(rollup_size(installation, fleet.owner.organization, table) for table in ROLLUPS)}
        sizes["all"] = sum(sizes.values())
        rows = [row(f"a stored reading, {name}", value / put, "bytes", reference="none", against=0)
                for name, value in sizes.items()]
        expected = DEVICES * SENSORS * DAY // INTERVAL
        rows[-1]["check"] = {"readings": put, "in the partition": stored, "holds": put == stored == expected}
        if installation.select("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'") == "1":
            compressed = compressed_size(installation, begin) + sizes["rollups"]
            rows.append(row("a stored reading, all, compressed", compressed / put, "bytes", reference="uncompressed",
                            against=sizes["all"] / put))
        return rows


def size(installation, function, during):
    """Bytes of the partitions or chunks that have such readings."""
    parts = f"SELECT DISTINCT tableoid FROM readings.readings WHERE {during}"
    return int(installation.select(f"SELECT sum({function}(tableoid)) FROM ({parts}) AS parts"))


def rollup_size(installation, organization, table):
    """Bytes of the organization's rows by themselves, in the order in which they would have come."""
    copy = "public.bench_rollup"
    series = f"SELECT id FROM readings.series WHERE organization_id = '{organization}'"
    installation.psql(
        "--command", f"CREATE TABLE {copy} (LIKE readings.{table} INCLUDING ALL)",
        "--command", f"INSERT INTO {copy} SELECT * FROM readings.{table} WHERE series_id IN ({series}) "
                     "ORDER BY time, series_id",
        "--command", f"VACUUM {copy}")
    taken = int(installation.select(f"SELECT pg_total_relation_size('{copy}')"))
    installation.psql("--command", f"DROP TABLE {copy}")
    return taken


def compressed_size(installation, begin):
    """Bytes of the chunk of the day from `begin` on, once TimescaleDB has compressed it."""
    chunks = (f"show_chunks('readings.readings', newer_than => timestamptz '{timestamp(begin)}', "
              f"older_than => timestamptz '{timestamp(begin + DAY)}') AS chunk")
    installation.select(f"SELECT count(compress_chunk(chunk, if_not_compressed => true)) FROM {chunks}")
    return int(installation.select(
        "SELECT sum(after_compression_total_bytes) FROM chunk_compression_stats('readings.readings') "
        f"JOIN {chunks} ON chunk = format('%I.%I', chunk_schema, chunk_name)::regclass"))
