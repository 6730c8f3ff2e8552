"""How long single answers take: of the gateway, and of the database for the bare statement."""

import contextlib
import http.client
import re
import subprocess
import time


def http_latencies(installation, token, walks, port=None):
    """The milliseconds that the gateway's answers took to each of `walks`, from the shortest on.

    A walk is a list of paths that are asked for one after the other; `port` is that of another gateway.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port or installation.port, timeout=60)
    taken = []
    with contextlib.closing(connection):
        for paths in walks:
            began = time.monotonic()
            for path in paths:
                connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
                response = connection.getresponse()
                text = response.read()
                if response.status != 200:
                    raise SystemExit(f"GET {path} was answered {response.status}: {text.decode()[:500]}")
            taken.append((time.monotonic() - began) * 1000)
    return sorted(taken)


def sql_latencies(installation, role, organization, statement, repeats):
    """The milliseconds that psql waits for the rows each time, from the shortest on."""
    # As the service, so that row security is the same.
    script = [
        "BEGIN;", f"SET LOCAL ROLE {role};", f"SELECT set_config('lms.organization_id', '{organization}', true);",
        r"\timing on", *[f"{statement};"] * repeats, r"\timing off", "COMMIT;"]
    done = installation.psql("--output", "/dev/null", "--file", "-", input="\n".join(script), stdout=subprocess.PIPE)
    return sorted(float(match) for match in re.findall(r"^Time: ([0-9.]+) ms", done.stdout, re.MULTILINE))
