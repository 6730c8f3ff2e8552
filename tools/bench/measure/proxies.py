"""The gateway and nginx side by side: the same service behind both, the processor time of each alone."""

import contextlib
import socket
import subprocess
import time

from . import processes
from .instance import Instance
from .nginx import BESIDE_GATEWAY, SIZES, Server
from .ports import free_port

# Addresses are not what is limited here, and all requests come from one; credentials have the limits of both sides.
# Without Redis, as nginx shares its limits with nobody either.
SETTINGS = {
    "LMS_LOG_LEVEL": "warning",
    "LMS_REDIS_URL": "",
    "LMS_GATEWAY_CONNECTIONS": "30000",
    "LMS_GATEWAY_CONNECTIONS_PER_ADDRESS": "30000",
    "LMS_GATEWAY_ADDRESS_RATE": "1000000",
    "LMS_GATEWAY_ADDRESS_BURST": "1000000",
}
WORKERS = 2
# Of a worker of nginx, on both sides together.
WORKER_CONNECTIONS = 32768


class Side:
    """One of the two."""

    def __init__(self, name, pid, port, tls_port):
        self.name = name
        self.pid = pid
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.tls_url = f"https://127.0.0.1:{tls_port}"

    def usage(self):
        return processes.Usage(self.pid)

    def resident(self):
        """Bytes in memory of all its processes, each with what it shares."""
        return sum(processes.memory(pid, "Rss") for pid in (self.pid, *processes.descendants(self.pid)))


class Proxies:
    """Both, from entering to leaving a `with` statement; `upstream_port` is that of the nginx behind them."""

    def __init__(self, bench):
        self.bench = bench
        self.upstream_port = free_port()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.start(stack)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def __iter__(self):
        return iter((self.gateway, self.nginx))

    def start(self, stack):
        folder, upstream = self.bench.folder, self.upstream_port
        certificate, key = self_signed(folder)
        port, tls_port, gateway_tls_port = free_port(), free_port(), free_port()
        echo = stack.enter_context(Echo(self.bench))
        sizes = SIZES.format(
            port=upstream, kibibyte="x" * 1024, ten_kibibytes="$kibibyte" * 10, hundred_bytes="x" * 100)
        stack.enter_context(Server(folder, f"sizes-{upstream}", sizes, upstream, WORKERS, WORKER_CONNECTIONS))
        beside = BESIDE_GATEWAY.format(
            upstream=upstream, port=port, tls=tls_port, certificate=certificate, key=key, echo=echo.port)
        nginx = stack.enter_context(Server(folder, f"beside-{port}", beside, port, WORKERS, WORKER_CONNECTIONS))
        settings = SETTINGS | {
            "LMS_REALTIME_URL": f"http://127.0.0.1:{echo.port}", "LMS_GATEWAY_TLS_CERTIFICATE": str(certificate),
            "LMS_GATEWAY_TLS_KEY": str(key), "LMS_GATEWAY_TLS_PORT": str(gateway_tls_port)}
        gateway = stack.enter_context(
            Instance(self.bench, "lms-gateway", upstream=f"http://127.0.0.1:{upstream}", settings=settings))
        wait_for_port(gateway_tls_port, "The gateway, for TLS,")
        self.gateway = Side("gateway", gateway.process.pid, gateway.port, gateway_tls_port)
        self.nginx = Side("nginx", nginx.process.pid, port, tls_port)


class Echo:
    """A service of WebSockets that sends back what it gets, from entering to leaving a `with` statement."""

    def __init__(self, bench):
        self.port = free_port()
        self.command = [str(bench.binaries / "lms-bench"), "echo", "--port", str(self.port)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, process_group=0)
        try:
            wait_for_port(self.port, "lms-bench echo")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)


def self_signed(folder):
    """The files of a certificate for this machine, and of its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not certificate.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key),
             "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


def wait_for_port(port, who):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"{who} does not listen on port {port}.")
