"""Rules: how soon after its 201 a reading that breaks one is told of, and how many readings an instance evaluates."""

import contextlib
import http.client
import http.server
import json
import multiprocessing
import os
import re
import signal
import threading
import time

from . import processes, wrk
from .figures import row
from .fleet import Fleet
from .latency import single_readings
from .open_loop import OpenLoop
from .sign_in import percentile

RATE = 2_000
PROBES_A_SECOND = 10
# More for one recipient within 10 s would be held back, and told together.
PROBES_OF_A_CHANNEL = 4
# What the probes measure, which nothing else does.
PROBED = "bench_probe"

RULES, DEVICES = 1_000, 10_000
SENSORS = ("temperature", "humidity", "pressure", "co2", "tvoc", "noise", "illuminance", "vibration", "flow",
           "door_current")
# Of the rules: so many for each sensor of every device; and those that are met and then not, and never for long enough.
EVERYWHERE, CHANGING = 10, 2
DEVICES_OF_A_RULE = 100


def told_of(bench):
    """From a reading's 201 to the webhook, while 2,000 readings a second of others are stored."""
    bench.devices()
    installation, count = bench.installation, PROBES_A_SECOND * bench.seconds
    with Receiver() as receiver, Fleet(installation, "Probes", count) as fleet:
        for first in range(0, count, PROBES_OF_A_CHANNEL):
            watch(installation, fleet.owner.token, receiver, fleet.devices[first:first + PROBES_OF_A_CHANNEL])
        # Each has its series: what is measured is what goes on.
        for device in fleet.devices:
            probe(installation, device, value=0)
        requests = single_readings(bench, RATE * (bench.seconds + 2), bench.hour())
        load = multiprocessing.Process(target=OpenLoop, args=(installation.port, requests, RATE))
        installation.settle()
        usage = installation.usage()
        load.start()
        time.sleep(1)
        answered, began = {}, time.monotonic()
        for number, device in enumerate(fleet.devices):
            time.sleep(max(0.0, began + number / PROBES_A_SECOND - time.monotonic()))
            probe(installation, device, value=100)
            answered[device.id] = time.monotonic()
        receiver.wait_for(answered, seconds=20)
        load.join()
        cpu = usage.seconds()
    taken = sorted((receiver.arrivals[device] - at) * 1000 for device, at in answered.items()
                   if device in receiver.arrivals)
    check = {"alerts": count, "told": len(taken), "told again": receiver.repeated}
    check["holds"] = len(taken) == count and receiver.repeated == 0
    p50, p99 = (percentile(taken, part) if taken else 0.0 for part in (0.5, 0.99))
    return [
        row(f"201 to webhook at {RATE:,} readings/s, p50", p50, "ms", reference="goal", against=1000, cpu=cpu),
        row(f"201 to webhook at {RATE:,} readings/s, p99", p99, "ms", reference="goal", against=1000, check=check,
            p50_ms=p50, p99_ms=p99),
    ]


def watch(installation, token, receiver, devices):
    """Makes a rule for some devices, and a channel of its own that is told of its alerts."""
    ids = [device.id for device in devices]
    channel = {"name": "Bench", "type": "webhook", "url": f"http://127.0.0.1:{receiver.port}/{ids[0]}"}
    told = [installation.call("POST", "/api/v1/alerts/channels", channel, token)["id"]]
    installation.call("POST", "/api/v1/alerts/rules", rule(
        0, PROBED, threshold_value=50, channel_ids=told, scope={"device_ids": ids}), token)


def evaluated(bench):
    """What gathered while the one instance of alerts stood still is evaluated, and what that takes of a processor."""
    installation = bench.installation
    services = installation.services()
    pid = services["lms-alerts"]
    # At the service itself: the gateway counts by address the keys that it has not seen yet.
    port = processes.environment(services["lms-readings"])["LMS_HTTP_PORT"]
    with Fleet(installation, "Rules", DEVICES) as fleet:
        installation.lift_limits(fleet.owner.organization)
        for each in rules(fleet.devices):
            installation.call("POST", "/api/v1/alerts/rules", each, fleet.owner.token)
        file = bench.folder / "fleet"
        file.write_text("".join(f"{device.id} {device.key}\n" for device in fleet.devices))

        def load(seconds):
            return wrk.run("ingest.lua", f"http://127.0.0.1:{port}", seconds, file, len(SENSORS), bench.hour(), "keep-alive")

        # Until every device has its series and every rule its state.
        accepted, before = 0, count(pid)
        while accepted < 2 * DEVICES * len(SENSORS):
            accepted += load(5)["accepted"]
        wait_until(lambda: count(pid) - before >= accepted, "Readings are not evaluated")
        installation.wait_for_rollups()
        before = count(pid)
        os.kill(pid, signal.SIGSTOP)
        with contextlib.ExitStack() as stack:
            stack.callback(os.kill, pid, signal.SIGCONT)
            measured = load(bench.seconds)
            installation.wait_for_rollups()
        usage, began = installation.usage(), time.monotonic()
        wait_until(lambda: count(pid) - before >= measured["accepted"], "Readings are not evaluated")
        elapsed, cpu = time.monotonic() - began, usage.seconds()
        check = {"accepted": measured["accepted"], "evaluated": count(pid) - before}
        # One whose answer was under way when wrk hung up is stored all the same.
        most = measured["accepted"] + len(SENSORS) * wrk.CONNECTIONS
        check["holds"] = measured["accepted"] <= check["evaluated"] <= most
    name = f"{RULES:,} rules × {DEVICES:,} devices, evaluated"
    ingest = measured["accepted"] / measured["seconds"]
    return [
        row(f"{name} by one instance", measured["accepted"] / elapsed, "readings/s", reference="ingest",
            against=ingest, check=check, cpu=cpu),
        row(f"{name} with a core of lms-alerts", measured["accepted"] / cpu["lms-alerts"], "readings/s",
            reference="ingest", against=ingest),
    ]


def rules(devices):
    """No alert comes of them."""
    everywhere = [
        rule(number, sensor, threshold_value=85, for_s=604_800) if number < CHANGING
        else rule(number, sensor, threshold_value=95 + number)
        for sensor in SENSORS for number in range(EVERYWHERE)]
    scoped = []
    for number in range(RULES - len(everywhere)):
        first = number * DEVICES_OF_A_RULE % len(devices)
        ids = [device.id for device in devices[first:first + DEVICES_OF_A_RULE]]
        sensor = SENSORS[number * DEVICES_OF_A_RULE // len(devices) % len(SENSORS)]
        scoped.append(rule(number, sensor, threshold_value=95, clear_value=90, scope={"device_ids": ids}))
    return everywhere + scoped


def rule(number, sensor, **more):
    return {"name": f"{sensor} {number}", "scope": {"all": True}, "sensor_type": sensor, "kind": "threshold",
            "condition": "gt", "severity": "high", **more}


def probe(installation, device, value):
    installation.call("POST", f"/api/v1/devices/{device.id}/readings",
                      {"readings": [{"sensor_type": PROBED, "value": value}]}, device.key)


def count(pid):
    """How many readings the instance says that it has evaluated."""
    connection = http.client.HTTPConnection("127.0.0.1", processes.environment(pid)["LMS_HTTP_PORT"], timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    found = re.search(r"^lms_alerts_readings_evaluated(?:_total)? ([0-9.e+]+)$", text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def wait_until(condition, complaint, seconds=180):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{complaint} after {seconds} seconds.")
        time.sleep(0.1)


class Receiver:
    """Takes webhooks: when the first one about each device came, from entering to leaving a `with` statement."""

    def __init__(self):
        self.arrivals, self.repeated = {}, 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.take(body, time.monotonic())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever)

    def take(self, body, now):
        # Those that come at once are told of together.
        for alert in (item["data"] for item in body["data"].get("items", [body])):
            self.repeated += alert["device_id"] in self.arrivals
            self.arrivals.setdefault(alert["device_id"], now)

    def wait_for(self, devices, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not devices.keys() <= self.arrivals.keys():
            time.sleep(0.1)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


ALL = {"webhooks": told_of, "rules": evaluated}
