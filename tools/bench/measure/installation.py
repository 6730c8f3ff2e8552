"""A private installation, as a person would start it, and the devices that are used in it."""

import collections
import http.client
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse

from . import processes
from .ports import free_port

Device = collections.namedtuple("Device", "id key")
Owner = collections.namedtuple("Owner", "organization token")

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "load"

# Several organizations, so that batches are mixed as they are in use, and few devices of each, as the plans allow.
ORGANIZATIONS = 8
DEVICES_EACH = 8


class Installation:
    """`lms up` in a folder of its own, from entering to leaving a `with` statement."""

    def __init__(self, folder, binaries):
        self.data = folder / "installation"
        self.log_path = folder / "lms.log"
        self.port = free_port()
        self.command = [
            str(binaries / "lms"), "up", "--no-demo", "--data-dir", str(self.data), "--port", str(self.port)]
        self.process = None

    def __enter__(self):
        # Every account of the measurements is made from this machine, which receives webhooks as well.
        environment = dict(
            os.environ, LMS_GATEWAY_ADMIN_PORT=str(free_port()), LMS_REGISTRATIONS_PER_HOUR="1000",
            LMS_WEBHOOK_ALLOW_PRIVATE="true")
        # A private one is wanted, whatever else this machine has.
        for key in ("LMS_DATABASE_URL", "LMS_REDIS_URL"):
            environment.pop(key, None)
        with open(self.log_path, "wb") as log:
            # A group of its own, so that Ctrl-C reaches it through us alone, once.
            self.process = subprocess.Popen(
                self.command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0)
        try:
            self.wait_until_up()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for sent in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            self.process.send_signal(sent)
            try:
                self.process.wait(timeout=40)
                return
            except subprocess.TimeoutExpired:
                continue

    def wait_until_up(self, needed=("auth", "devices", "readings"), seconds=90):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                services = self.call("GET", "/api/v1/system/health", expected=(200, 503))["services"]
                if all(services.get(name, {}).get("status") == "up" for name in needed):
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        raise SystemExit(f"The installation did not come up:\n{self.log_path.read_text()[-3000:]}")

    def settle(self, seconds=20):
        """Waits until what goes on after a start is over: its processes take a tenth of a processor at most."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            usage = self.usage()
            time.sleep(1)
            if sum(usage.seconds().values()) < 0.1:
                return

    def wait_for_rollups(self, seconds=120):
        """Waits until all that is stored has been told to others and is in the rollups."""
        done = """
            SELECT NOT EXISTS (SELECT FROM readings.batches) AND NOT EXISTS (
                SELECT FROM readings.stale_hours
                WHERE hour < date_bin('1 hour', now() - interval '1 minute', timestamptz 'epoch'))"""
        self.wait_until(done, "Readings are not in the rollups", seconds)

    def wait_until(self, condition, complaint, seconds=60):
        """Waits until the statement selects true."""
        deadline = time.monotonic() + seconds
        while self.select(condition) != "t":
            if time.monotonic() > deadline:
                raise SystemExit(f"{complaint} after {seconds} seconds.")
            time.sleep(0.5)

    # The API

    def call(self, method, path, body=None, token=None, expected=(200, 201)):
        """The answer of the gateway, as JSON."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = "Bearer " + token
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status not in expected:
            raise SystemExit(f"{method} {path} was answered {response.status}: {text.decode()[:500]}")
        return json.loads(text)

    def register_owner(self, name):
        """Somebody new, who owns an organization of that name: its id and a token."""
        account = {
            "email": f"bench-{os.urandom(8).hex()}@example.com", "password": os.urandom(16).hex(), "name": "Bench",
            "organization_name": name}
        answer = self.call("POST", "/api/v1/auth/register", account)
        return Owner(answer["organization"]["id"], answer["access_token"])

    def register_devices(self):
        """New devices of new organizations."""
        devices = []
        for organization in range(ORGANIZATIONS):
            owner = self.register_owner(f"Bench {organization}")
            for number in range(DEVICES_EACH):
                device = {"name": f"Bench {number}", "device_type": "sensor", "serial_number": f"BENCH-{number}"}
                answer = self.call("POST", "/api/v1/devices", device, owner.token)
                devices.append(Device(answer["id"], answer["api_key"]))
        return devices

    def put_devices(self, organization, first, count):
        """Puts devices into the database, more than a plan allows: those from number `first` on."""
        lines = self.run_script("devices.sql", organization=organization, first=first, count=count)
        return [Device(*line.split()) for line in lines]

    def put_readings(self, organization, first, count, sensors, begin, end, interval, rollups=True):
        """Puts readings of devices that were put there (`readings.sql`); returns how many.

        Times are in seconds, `begin` and `end` since 1970.
        """
        lines = self.run_script(
            "readings.sql", organization=organization, first=first, count=count, sensors=sensors,
            begin=timestamp(begin), end=timestamp(end), interval=f"{interval} seconds", rollups=rollups)
        return int(lines[0])

    def lift_limits(self, organization):
        """Gives it a plan that does not limit what it may send in a minute, once readings has heard of that."""
        of_it = f"WHERE organization_id = '{organization}'"
        self.wait_until(f"SELECT EXISTS (SELECT FROM billing.subscriptions {of_it})", "There is no subscription")
        self.psql(
            "--command", f"UPDATE billing.subscriptions SET plan_id = 'enterprise', version = version + 1 {of_it}")
        self.wait_until(
            f"SELECT EXISTS (SELECT FROM readings.limits {of_it} AND plan = 'enterprise')", "The limits are not lifted")

    # The database

    def database_url(self):
        return json.loads((self.data / "run.json").read_text())["databaseURL"]

    def psql(self, *arguments, **options):
        """Runs psql as the administrator. The password goes by the environment, which others cannot read."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.database_url()).query))
        names = {"host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER",
                 "password": "PGPASSWORD", "dbname": "PGDATABASE"}
        environment = dict(os.environ, **{names[key]: value for key, value in query.items() if key in names})
        command = ["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", *arguments]
        return subprocess.run(command, env=environment, check=True, text=True, **options)

    def run_script(self, name, **variables):
        """The lines that a script of `load/` prints."""
        options = [f"--set={name}={value}" for name, value in variables.items()]
        done = self.psql("--tuples-only", "--no-align", *options, "--file", str(SCRIPTS / name), stdout=subprocess.PIPE)
        return [line for line in done.stdout.splitlines() if line]

    def select(self, sql):
        """The one value that `sql` selects, as text."""
        options = ("--tuples-only", "--no-align", "--command", sql)
        return self.psql(*options, stdout=subprocess.PIPE).stdout.strip()

    # The processes

    def usage(self):
        return processes.Usage(self.process.pid)

    def services(self):
        """The process id of each service that runs, by its executable's name."""
        names = {pid: processes.name(pid) for pid in processes.descendants(self.process.pid)}
        return {name: pid for pid, name in names.items() if name.startswith("lms-")}


def timestamp(seconds):
    """As the API and PostgreSQL read it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
