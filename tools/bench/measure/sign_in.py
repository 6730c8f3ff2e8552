"""A flood of logins, and how somebody who is signed in is answered meanwhile."""

import contextlib
import http.client
import json
import os
import threading
import time

from . import processes

AT_ONCE = 40
# A program that is told to come back later does so sooner than it should, but not at once.
PAUSE = 0.1


class Account:
    """Somebody new, who asks who they are on one connection and signs in on others."""

    def __init__(self, installation):
        self.password = os.urandom(16).hex()
        self.email = f"bench-{os.urandom(8).hex()}@example.com"
        account = {"email": self.email, "password": self.password, "name": "Bench"}
        self.token = installation.call("POST", "/api/v1/auth/register", account)["access_token"]
        self.gateway_port = installation.port
        # At the service itself: the gateway lets no address sign in often enough to be a flood.
        pid = installation.services()["lms-auth"]
        self.auth_port = int(processes.environment(pid)["LMS_HTTP_PORT"])

    def latencies(self, seconds):
        """The milliseconds that each answer to `GET /api/v1/auth/me` took, and how many answers were no 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway_port, timeout=60)
        taken, failures = [], 0
        with contextlib.closing(connection):
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                began = time.monotonic()
                connection.request("GET", "/api/v1/auth/me", headers={"Authorization": f"Bearer {self.token}"})
                response = connection.getresponse()
                response.read()
                taken.append((time.monotonic() - began) * 1000)
                failures += response.status != 200
        return sorted(taken), failures

    def log_in(self):
        """The status of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.auth_port, timeout=60)
        with contextlib.closing(connection):
            body = json.dumps({"email": self.email, "password": self.password})
            connection.request("POST", "/api/v1/auth/login", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            return response.status


@contextlib.contextmanager
def flood(account):
    """Signs in all the time within a `with` statement; yields how often each status was answered."""
    counts, lock, over = {}, threading.Lock(), threading.Event()

    def keep_logging_in():
        while not over.is_set():
            status = account.log_in()
            with lock:
                counts[status] = counts.get(status, 0) + 1
            if status != 200:
                over.wait(PAUSE)

    threads = [threading.Thread(target=keep_logging_in, daemon=True) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        over.set()
        for thread in threads:
            thread.join()


def percentile(ordered, part):
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
