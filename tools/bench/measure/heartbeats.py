"""Heartbeats at a fixed rate, and what they cost: each device's row is to be written once in ten seconds at most."""

import time

from . import processes, wrk
from .figures import row, shared
from .fleet import Fleet

DEVICES = 10_000
RATE = 5_000
INTERVAL = 10


def paced(bench):
    installation = bench.installation
    # At the service itself: the gateway counts by address the keys that it has not seen yet.
    port = processes.environment(installation.services()["lms-devices"])["LMS_HTTP_PORT"]
    url = f"http://127.0.0.1:{port}"
    with Fleet(installation, "Heartbeats", DEVICES) as fleet:
        file = bench.folder / "fleet"
        file.write_text("".join(f"{device.id} {device.key}\n" for device in fleet.devices))
        # What is measured is what goes on: every device has been heard from before.
        wrk.run("heartbeats.lua", url, 2 * DEVICES // RATE, file, RATE)
        usage, before, began = installation.usage(), rows_written(installation), time.monotonic()
        measured = wrk.run("heartbeats.lua", url, max(bench.seconds, INTERVAL), file, RATE)
        elapsed = time.monotonic() - began
        measured["cpu"], measured["memory"] = usage.seconds(), usage.memory()
        written = rows_written(installation) - before
    # Those of the first moment and one for each whole interval behind it.
    allowed = DEVICES * (1 + int(elapsed / INTERVAL))
    check = {"refused": measured["refused"], "errors": measured["errors"], "rows written": written,
             "at most": allowed}
    check["holds"] = measured["refused"] == measured["errors"] == 0 and 0 < written <= allowed
    return [
        row(f"heartbeats of {DEVICES:,} devices", measured["rate"], "1/s", reference="goal", against=RATE,
            check=check, **shared(measured)),
        row("rows written per device and 10 s", written / DEVICES / (elapsed / INTERVAL), "rows", reference="goal",
            against=1),
    ]


def rows_written(installation):
    """How often a device's row has been rewritten, as its writers have said; they do so once a second under load."""
    return int(installation.select(
        "SELECT n_tup_upd FROM pg_stat_user_tables WHERE schemaname = 'devices' AND relname = 'devices'"))
