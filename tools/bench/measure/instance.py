"""Another process of a service that runs already, with other settings if need be."""

import socket
import subprocess
import time

from . import processes
from .ports import free_port


class Instance:
    """Another process of a service of the installation, once it is ready."""

    def __init__(self, bench, name, upstream=None, settings=None):
        pid = bench.installation.services()[name]
        port, admin_port = free_port(), free_port()
        self.environment = processes.environment(pid)
        self.environment |= {"LMS_HTTP_PORT": str(port), "LMS_GATEWAY_ADMIN_PORT": str(admin_port)}
        if upstream:
            services = ("AUTH", "DEVICES", "READINGS", "ALERTS", "BILLING", "REALTIME")
            self.environment |= {f"LMS_{service}_URL": upstream for service in services}
        self.environment |= settings or {}
        self.command = str(bench.binaries / name)
        self.log = bench.folder / f"{name}-{port}.log"
        self.port = port
        self.probe_port = admin_port if name == "lms-gateway" else port
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self):
        began = time.monotonic()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.command], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                process_group=0)
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > began + 20:
                self.stop()
                raise SystemExit(f"{self.command} does not become ready:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.002)
        self.ready_ms = (time.monotonic() - began) * 1000
        return self

    def __exit__(self, *_):
        self.stop()

    def is_ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.probe_port), timeout=2) as connection:
                connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
