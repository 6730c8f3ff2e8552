"""Long polls that wait at one instance, and how soon they are answered when another one is given a command."""

import contextlib
import http.client
import json
import resource
import select
import socket
import sys
import time

from . import processes
from .figures import row
from .fleet import Fleet
from .instance import Instance
from .sign_in import percentile

POLLS = 10_000
# What a process has open besides.
SPARE_FILES = 500
# The longest wait that there is, in seconds: until then all that is measured must be over.
PATIENCE = 60
# So many connect at a time: more than a server's backlog would be turned away, and try again a second later.
AT_ONCE = 500


def waiting(bench):
    count = min(POLLS, raised_file_limit(POLLS + SPARE_FILES) - SPARE_FILES)
    if count < POLLS:
        print(f"Only {count} polls: there may be no more open files. Raise the limit with ulimit -Hn.",
              file=sys.stderr)
    installation = bench.installation
    with Fleet(installation, "Polls", count) as fleet, Instance(bench, "lms-devices") as instance:
        before = processes.memory(instance.process.pid, "Rss")
        with contextlib.closing(Polls(instance.port, fleet.devices)) as polls:
            installation.settle()
            memory = processes.memory(instance.process.pid, "Rss")
            usage = processes.Usage(instance.process.pid)
            # At the other instance itself, since the answer is waited for and the gateway is not what is measured.
            other = int(processes.environment(installation.services()["lms-devices"])["LMS_HTTP_PORT"])
            taken = sorted(polls.wake_ups(Orders(other, fleet.owner.token), min(bench.seconds, PATIENCE // 3)))
            cpu = usage.seconds()
    check = {"waiting": count, "answered before": polls.early, "commands": polls.queued, "delivered": len(taken)}
    check["holds"] = polls.early == 0 and 0 < polls.queued == len(taken)
    p50, p99 = (percentile(taken, part) if taken else 0.0 for part in (0.5, 0.99))
    return [
        row(f"{count:,} long polls waiting, memory of lms-devices", memory / 2**20, "MiB", reference="goal",
            against=200, check=check),
        row("a waiting poll, more memory", (memory - before) / count / 2**10, "KiB", reference="none", against=0),
        row("command queued to poll answered, p50", p50, "ms", reference="goal", against=100, cpu=cpu),
        row("command queued to poll answered, p99", p99, "ms", reference="goal", against=100, p50_ms=p50, p99_ms=p99),
    ]


def raised_file_limit(wanted):
    """How many files this process, and what it starts from now on, may have open: `wanted` if that can be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return wanted
    for limits in ((wanted, max(wanted, hard)), (min(wanted, hard), hard)):
        # Only root may have more than the hard limit.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            break
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Polls:
    """A connection for each device, on which it polls."""

    def __init__(self, port, devices):
        self.port = port
        self.devices = devices
        self.sockets = []
        self.numbers = {}
        self.epoll = select.epoll()
        self.queued = 0
        for number, _ in enumerate(devices):
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            self.sockets.append(connection)
            self.numbers[connection.fileno()] = number
            self.ask(number)
            self.epoll.register(connection, select.EPOLLIN)
            if number % AT_ONCE == AT_ONCE - 1:
                time.sleep(0.2)
        # What was answered although there was nothing to say.
        self.early = 0

    def close(self):
        self.epoll.close()
        for connection in self.sockets:
            connection.close()

    def ask(self, number):
        device = self.devices[number]
        self.sockets[number].sendall(
            f"GET /api/v1/devices/{device.id}/commands?wait={PATIENCE} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {device.key}\r\n\r\n".encode())

    def wake_ups(self, orders, seconds):
        """The milliseconds from sending an order to having it from the device's poll, one order after another."""
        self.early = len(self.epoll.poll(0, len(self.sockets)))
        taken = []
        # Devices from all over the fleet.
        step = 7919
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.early:
            number = self.queued * step % len(self.devices)
            device = self.devices[number]
            began = time.monotonic()
            command = orders.give(device)
            self.queued += 1
            answer = self.answer(number)
            latency = (time.monotonic() - began) * 1000
            if [item["id"] for item in answer["items"]] == [command]:
                taken.append(latency)
            orders.report(device, command)
            self.ask(number)
        return taken

    def answer(self, number):
        """The device's answer; one of another device, to whom nothing was sent, counts as early."""
        events = self.epoll.poll(10, 1)
        if [self.numbers[file] for file, _ in events] != [number]:
            self.early += len(events)
            return {"items": []}
        response = http.client.HTTPResponse(self.sockets[number])
        response.begin()
        return json.loads(response.read())


class Orders:
    """One connection, on which commands are given and reported on."""

    def __init__(self, port, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.token = token

    def give(self, device):
        """The id of the new command."""
        path = f"/api/v1/devices/{device.id}/commands"
        return self.send("POST", path, self.token, {"command_type": "ping"}, 201)["id"]

    def report(self, device, command):
        """Lest it is handed out again."""
        self.send("PUT", f"/api/v1/devices/{device.id}/commands/{command}", device.key, {"status": "succeeded"}, 200)

    def send(self, method, path, token, body, expected):
        headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
        self.connection.request(method, path, json.dumps(body), headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status != expected:
            raise SystemExit(f"{method} {path} was answered {response.status}: {text.decode()[:500]}")
        return json.loads(text)
