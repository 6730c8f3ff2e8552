"""Durable ingest through the gateway, beside COPY of the same rows and nginx with the same requests."""

import os
import statistics
import time

from . import wrk
from .figures import HOUR, KEPT, NEW, per_cpu, row, shared

# Requests of 1,000 readings are of gateways in the field, of which there are fewer.
LARGE, FEW = 1_000, 16
# Devices that send single readings keep a connection each.
MANY = 256


def batches(bench):
    return durable(bench, 50)


def single(bench):
    return durable(bench, 1)


def many(bench):
    return durable(bench, 1, connections=MANY)


def large(bench):
    return durable(bench, LARGE, connections=FEW)


def new_connections(bench):
    """1 reading a request and connection, as devices send that know no other way, beside nginx likewise."""
    bench.devices()
    measured, _, check = measured_ingest(bench, 1, connection=NEW)
    return [beside_nginx(bench, "durable ingest, 1 reading a connection", measured, 1, check=check, connection=NEW)]


def durable(bench, readings, connections=wrk.CONNECTIONS):
    """So many readings a request: the rate beside both references, and where the processors' time went."""
    bench.devices()
    size = "1 reading a request" if readings == 1 else f"{readings:,} readings a request"
    if connections == MANY:
        size += f" of {MANY} connections"
    figure = f"durable ingest, {size}"
    measured, during, check = measured_ingest(bench, readings, connections=connections)
    copied, rows, copy_cpu = copy_rate(bench, during)
    return [
        row(figure, measured["accepted"] / measured["seconds"], "readings/s", reference="COPY", against=copied,
            check=check, per_cpu=per_cpu(check["stored"], measured["cpu"], rows, copy_cpu), **shared(measured)),
        beside_nginx(bench, figure, measured, readings, connections=connections),
        *cost(size, measured["cpu_settled"], check["stored"], copy_cpu, rows),
    ]


def beside_nginx(bench, figure, measured, readings, check=None, **load):
    usage = bench.references.usage()
    reference, _ = bench.ingest(bench.proxy_url(), readings, **load)
    more = {"check": check, **shared(measured)} if check else {}
    return row(figure, measured["rate"], "requests/s", reference="nginx, static", against=reference["rate"],
               reference_p99_ms=reference["p99_ms"],
               per_cpu=per_cpu(measured["answered"], measured["cpu"], reference["answered"], usage.seconds()), **more)


def cost(size, cpu, stored, copy_cpu, copied):
    """The processor seconds of a million readings, by process; those of COPY beside PostgreSQL's and the sum."""
    parts = {name: cpu.get(process, 0.0) for name, process in (
        ("gateway", "lms-gateway"), ("readings", "lms-readings"), ("PostgreSQL", "postgres"))}
    parts["others"] = sum(cpu.values()) - sum(parts.values())
    parts["all"] = sum(cpu.values())
    copy = {"PostgreSQL": copy_cpu["postgres"], "all": sum(copy_cpu.values())}
    million, copied_million = max(stored, 1) / 1e6, max(copied, 1) / 1e6
    return [
        row(f"CPU of a million, {size}: {name}", seconds / million, "s", reference="COPY" if name in copy else "none",
            against=copy.get(name, 0.0) / copied_million)
        for name, seconds in parts.items()]


def measured_ingest(bench, readings, **load):
    """What wrk counted, the condition of its readings, and whether the table agrees.

    `cpu` is what was used until the last answer, `cpu_settled` until events and rollups were done as well.
    """
    usage = bench.installation.usage()
    measured, first = bench.ingest(bench.gateway_url(), readings, **load)
    measured["cpu"], measured["memory"] = usage.seconds(), usage.memory()
    bench.installation.wait_for_rollups()
    bench.installation.settle()
    measured["cpu_settled"] = usage.seconds()
    during = condition(first)
    stored = settled(lambda: stored_readings(bench.installation, during))
    return measured, during, compared(measured, stored, readings * load.get("connections", wrk.CONNECTIONS))


def compared(measured, stored, most):
    """Whether what was acknowledged is what is stored.

    wrk hangs up on what is under way at the end, a request a connection; there are at most so many readings in those.
    """
    holds = (0 <= stored - measured["accepted"] <= most and measured["accepted"] > 0
             and measured["duplicates"] == measured["refused"] == measured["errors"] == 0)
    return {"acknowledged": measured["accepted"], "stored": stored, "duplicates": measured["duplicates"],
            "refused": measured["refused"], "errors": measured["errors"], "holds": holds}


def condition(first, seconds=HOUR):
    """Of the readings from the second `first` on."""
    return f"time >= to_timestamp({first}) AND time < to_timestamp({first + seconds})"


def stored_readings(installation, condition):
    return int(installation.select(f"SELECT count(*) FROM readings.readings WHERE {condition}"))


def settled(count):
    """The value of `count` once it has stopped to change."""
    last = count()
    while True:
        time.sleep(0.5)
        now = count()
        if now == last:
            return now
        last = now


def copy_rate(bench, during):
    """Copies the rows with psql into an empty copy of the table, three times.

    Returns the rows a second in the median, all rows copied, and the processor seconds that took, by process.
    """
    installation, file = bench.installation, bench.folder / "rows"
    columns = "series_id, time, value, text_value, quality, batch_id, attributes"
    with open(file, "w") as rows:
        installation.psql("--command", f"COPY (SELECT {columns} FROM readings.readings WHERE {during}) TO STDOUT",
                          stdout=rows)
    with open(file, "rb") as rows:
        count = sum(1 for _ in rows)
    installation.psql("--command", "CREATE TABLE public.bench_copy (LIKE readings.readings INCLUDING ALL)")
    times, cpu = [], {"postgres": 0.0, "psql": 0.0}
    for _ in range(3):
        installation.psql("--command", "TRUNCATE public.bench_copy", "--command", "CHECKPOINT")
        usage, client = installation.usage(), os.times()
        began = time.monotonic()
        installation.psql("--command", rf"\copy public.bench_copy ({columns}) FROM '{file}'")
        times.append(time.monotonic() - began)
        cpu["postgres"] += usage.seconds().get("postgres", 0.0)
        cpu["psql"] += sum(os.times()[2:4]) - sum(client[2:4])
    installation.psql("--command", "DROP TABLE public.bench_copy")
    return count / statistics.median(times), 3 * count, cpu


ALL = {"batches": batches, "single": single, "many": many, "large": large, "connections": new_connections}
