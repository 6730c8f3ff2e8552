"""WebSockets through the gateway and through nginx: frames a second, and the memory of one that is idle."""

import contextlib
import json
import socket
import subprocess
import sys
import time

from .figures import per_cpu, row
from .polls import SPARE_FILES, raised_file_limit
from .proxies import Proxies

TUNNELS = 10_000
# From each address of 127.0.0.0/8, so that its ports suffice.
PER_ADDRESS = 2_500
HANDSHAKE = (b"GET /ws/bench HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
PAYLOADS = (128, 8192)


def tunnels(bench):
    # A tunnel is two files of a proxy; what is started from here on may have as many.
    limit = raised_file_limit(2 * TUNNELS + SPARE_FILES)
    count = min(TUNNELS, (limit - SPARE_FILES) // 2)
    if count < TUNNELS:
        print(f"Only {count} tunnels: there may be no more open files. Raise the limit with ulimit -Hn.",
              file=sys.stderr)
    with Proxies(bench) as proxies:
        idle = idle_memory(proxies, count)
    with Proxies(bench) as proxies:
        return [idle, *(echoed(bench, proxies, payload) for payload in PAYLOADS)]


def idle_memory(proxies, count):
    """What a tunnel through which nothing passes takes of a proxy that had none before."""
    taken, opened = [], {}
    for side in proxies:
        before = side.resident()
        with contextlib.ExitStack() as stack:
            opened[f"open through {side.name}"] = sum(
                open_tunnel(stack, side.port, f"127.0.0.{2 + number // PER_ADDRESS}") for number in range(count))
            # Buffers of the handshakes are given back.
            time.sleep(1)
            taken.append((side.resident() - before) / count / 2**10)
    check = opened | {"holds": set(opened.values()) == {count}}
    return row(f"gateway, an idle WebSocket of {count:,}, more memory", taken[0], "KiB", reference="nginx",
               against=taken[1], check=check)


def open_tunnel(stack, port, address):
    """Whether one more is open until the end of `stack`."""
    client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0)))
    client.sendall(HANDSHAKE)
    answer = b""
    while b"\r\n\r\n" not in answer and (piece := client.recv(4096)):
        answer += piece
    return answer.startswith(b"HTTP/1.1 101 ")


def echoed(bench, proxies, payload):
    """Frames that come back over 64 WebSockets, each of which has one under way."""
    runs = []
    for side in proxies:
        usage = side.usage()
        command = [str(bench.binaries / "lms-bench"), "echo-load", "--port", str(side.port), "--bytes", str(payload),
                   "--seconds", str(bench.seconds)]
        run = json.loads(subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=bench.seconds + 60).stdout)
        runs.append(run | {"cpu": usage.seconds(), "rate": run["frames"] / run["seconds"]})
    measured, reference = runs
    check = {f"lost by {side.name}": run["lost"] for side, run in zip(proxies, runs)}
    check["holds"] = not any(check.values())
    return row(
        f"gateway, WebSocket frames of {payload:,} bytes echoed", measured["rate"], "frames/s", reference="nginx",
        against=reference["rate"], cpu=measured["cpu"], check=check,
        per_cpu=per_cpu(measured["frames"], measured["cpu"], reference["frames"], reference["cpu"]))


ALL = {"tunnels": tunnels}
