"""The command: starts what is measured, runs the figures, reports."""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from . import (
    alerts, figures, gateway, growth, heartbeats, ingest, latency, polls, queries, registry, report, storage, tunnels)
from .installation import Installation
from .nginx import References

NEEDED = {"wrk": "wrk", "nginx": "nginx", "psql": "postgresql-client", "openssl": "openssl"}
ROOT = pathlib.Path(__file__).resolve().parents[3]
FIGURES = ingest.ALL | {
    "latency": latency.fixed_rates, "queries": queries.beside_sql, "storage": storage.bytes_per_reading,
} | alerts.ALL | gateway.ALL | tunnels.ALL | figures.ALL | {
    "polls": polls.waiting, "heartbeats": heartbeats.paced, "registry": registry.lists, "growth": growth.scales,
}


def main():
    options = parse_arguments()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [package for command, package in NEEDED.items() if not shutil.which(command)]
    if missing:
        print("Missing: apt-get install " + " ".join(missing), file=sys.stderr)
        return 1
    # So that everything that was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="lms-bench-") as folder:
        # PostgreSQL and nginx drop root and must still reach their files.
        os.chmod(folder, 0o755)
        results = measure(pathlib.Path(folder), options)
    print(report.table(results))
    report.save(results, options.output)
    print(f"\nAlso in {options.output}.")
    return 0 if results["correct"] else 1


def parse_arguments():
    parser = argparse.ArgumentParser(prog="make bench", description="Measures beside references on this machine.")
    parser.add_argument("--seconds", type=int, default=8, choices=range(1, 61), metavar="1…60",
                        help="how long each load lasts")
    parser.add_argument("--only", nargs="+", choices=list(FIGURES), default=list(FIGURES), metavar="FIGURE",
                        help="some of: " + ", ".join(FIGURES))
    parser.add_argument("--binaries", type=pathlib.Path, help="the folder of the executables")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / ".lms" / "bench.json", help="the JSON file")
    return parser.parse_args()


def measure(folder, options):
    binaries = options.binaries or build_folder()
    before = os.getloadavg()
    with Installation(folder, binaries) as installation, References(folder) as references:
        installation.settle()
        bench = figures.Bench(folder, binaries, installation, references, options.seconds)
        rows = []
        for name in options.only:
            print(f"Measuring {name} …", file=sys.stderr)
            rows += FIGURES[name](bench)
    return {
        "machine": {"processors": os.cpu_count(), "load_before": before, "load_after": os.getloadavg()},
        "seconds": options.seconds,
        "figures": rows,
        "correct": all(row.get("check", {}).get("holds", True) for row in rows),
    }


def build_folder():
    command = ["swift", "build", "-c", "release", "--show-bin-path"]
    return pathlib.Path(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip())
