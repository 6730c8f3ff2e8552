"""Requests at a fixed rate, sent whether or not earlier ones have been answered.

Each request has its time before the load begins, evenly spaced, and its latency counts from then: not only while it is
on its way, but also while all connections are busy because earlier answers are late. So a server that stops for a
moment is held to account for every request of that moment, and not for one a connection (co-ordinated omission).
"""

import collections
import contextlib
import gc
import re
import select
import socket
import time

CONNECTIONS = 64
# For how many seconds answers are waited for after the last request's time.
PATIENCE = 10

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


class OpenLoop:
    """What became of `requests` (bytes, each a whole one) that were sent to 127.0.0.1, so many a second.

    latencies: milliseconds from a request's time to the end of its answer, from the shortest on
    lateness: milliseconds by which a request was sent later than its time although a connection was free, likewise
    answers: the status and the body of each answer
    """

    def __init__(self, port, requests, rate):
        self.requests = requests
        self.rate = rate
        self.latencies, self.lateness, self.answers = [], [], []
        self.sent = 0
        self.epoll = select.epoll()
        with contextlib.ExitStack() as stack:
            stack.callback(self.epoll.close)
            connections = [stack.enter_context(Connection(port)) for _ in range(CONNECTIONS)]
            self.by_file = {connection.socket.fileno(): connection for connection in connections}
            for file in self.by_file:
                self.epoll.register(file, select.EPOLLIN)
            # In turns, as if each request were another device's.
            self.idle = collections.deque(connections)
            # A collection would be a pause of ours.
            gc.disable()
            try:
                self.run()
            finally:
                gc.enable()
        self.latencies.sort()
        self.lateness.sort()

    def run(self):
        self.start = time.monotonic()
        end = self.planned(len(self.requests)) + PATIENCE
        while len(self.answers) < len(self.requests) and self.by_file and (now := time.monotonic()) < end:
            while self.idle and self.sent < len(self.requests) and self.planned(self.sent) <= now:
                self.send()
            wake_up = self.planned(self.sent) if self.idle and self.sent < len(self.requests) else end
            # Unlike epoll, select waits for fractions of a millisecond.
            select.select([self.epoll], [], [], max(0, wake_up - time.monotonic()))
            for file, _ in self.epoll.poll(0):
                self.receive(file)

    def planned(self, number):
        return self.start + number / self.rate

    def send(self):
        connection, planned = self.idle.popleft(), self.planned(self.sent)
        connection.socket.sendall(self.requests[self.sent])
        self.lateness.append((time.monotonic() - max(planned, connection.free_since)) * 1000)
        connection.planned = planned
        self.sent += 1

    def receive(self, file):
        connection = self.by_file[file]
        if not connection.receive():
            # Closed: nothing more comes, and what was to come is missing in the end.
            self.epoll.unregister(file)
            del self.by_file[file]
            with contextlib.suppress(ValueError):
                self.idle.remove(connection)
        elif (answer := connection.answer()) is not None:
            connection.free_since = time.monotonic()
            self.latencies.append((connection.free_since - connection.planned) * 1000)
            self.answers.append(answer)
            self.idle.append(connection)


class Connection:
    """One that stays open, with one request at a time."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.planned = 0.0
        self.free_since = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def receive(self):
        """False once the other side has closed."""
        with contextlib.suppress(OSError):
            piece = self.socket.recv(65536)
            self.received += piece
            return bool(piece)
        return False

    def answer(self):
        """The status and the body of the answer; None until it is whole."""
        head = self.received.find(b"\r\n\r\n")
        if head < 0:
            return None
        length = LENGTH.search(self.received, 0, head + 2)
        if length is None:
            raise SystemExit(f"An answer does not say its length: {self.received[:500]!r}")
        end = head + 4 + int(length[1])
        if len(self.received) < end:
            return None
        status, body = int(self.received[9:12]), self.received[head + 4:end]
        self.received = self.received[end:]
        return status, body
