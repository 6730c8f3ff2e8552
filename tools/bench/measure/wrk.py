"""The load: wrk with a script that prints what it counted as JSON."""

import json
import pathlib
import subprocess
import sys

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "load"
CONNECTIONS = 64


def run(script, url, seconds, *arguments, connections=CONNECTIONS):
    """What the script counted, and `rate`: answers a second."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s",
               "--timeout", "10s", "--script", str(SCRIPTS / script), url, "--", *map(str, arguments)]
    done = subprocess.run(command, check=True, text=True, capture_output=True, timeout=seconds + 60)
    if done.stderr:
        print(done.stderr.strip(), file=sys.stderr)
    counted = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    counted["rate"] = counted["answered"] / counted["seconds"]
    return counted
