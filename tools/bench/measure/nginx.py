"""The references: an nginx that answers by itself, and others in front of it that limit and proxy."""

import contextlib
import os
import pwd
import socket
import subprocess
import time

from . import processes
from .ports import free_port

COMMON = """
daemon off;
pid {folder}/{name}.pid;
error_log {folder}/{name}-error.log;
worker_processes {workers};
{user}
events {{ worker_connections {connections}; }}
http {{
    client_body_buffer_size 1m;
    client_body_temp_path {folder}/{name}-body;
    proxy_temp_path {folder}/{name}-proxy;
    fastcgi_temp_path {folder}/{name}-fastcgi;
    uwsgi_temp_path {folder}/{name}-uwsgi;
    scgi_temp_path {folder}/{name}-scgi;
    keepalive_requests 100000000;
    tcp_nodelay on;
    {http}
}}
"""

# What a service would answer, by method.
UPSTREAM = """
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        default_type application/json;
        location / {{
            if ($request_method = POST) {{ return 201 '{{"accepted":1,"duplicates":0,"rejected":[]}}'; }}
            return 200 '{{"items":[{items}],"next_cursor":null}}';
        }}
    }}
"""

# Answers of two sizes, from memory.
SIZES = """
    access_log off;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        default_type application/json;
        set $kibibyte '{kibibyte}';
        location = /api/v1/alerts {{ return 200 '{ten_kibibytes}'; }}
        location / {{ return 200 '{hundred_bytes}'; }}
    }}
"""

# The same limits by credential as the gateway's, and connections kept.
LOCATION = """
        location / {{
            limit_req zone=credential burst=2000 nodelay;
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Request-ID $request_id;
        }}
"""
LIMITS = """
    limit_req_zone $http_authorization zone=credential:10m rate=1000r/s;
    limit_req_status 429;
    upstream service {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 100000000; }}
"""

# As the gateway in all, an access line for every request included.
PROXY = LIMITS + """
    access_log {folder}/access.log;
    server {{
        listen 127.0.0.1:{port};
""" + LOCATION + """
    }}
"""

# As a gateway that ends TLS, passes WebSockets on and writes no access lines.
BESIDE_GATEWAY = LIMITS + """
    access_log off;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:10m;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        listen 127.0.0.1:{tls} ssl backlog=4096;
""" + LOCATION + """
        location /ws/ {{
            proxy_pass http://127.0.0.1:{echo};
            proxy_http_version 1.1;
            proxy_set_header Connection Upgrade;
            proxy_set_header Upgrade $http_upgrade;
            proxy_read_timeout 300s;
        }}
    }}
"""

ITEM = '{"id":"0198a6e2-7c1f-7000-8000-000000000001","name":"Freezer","device_type":"sensor","status":"online"}'


class Server:
    """One nginx, from entering to leaving a `with` statement."""

    def __init__(self, folder, name, http, port, workers="auto", connections=4096):
        self.log = folder / f"{name}-error.log"
        self.port = port
        # Only root may, and must, say who the workers are.
        user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
        path = folder / f"{name}.conf"
        path.write_text(COMMON.format(
            folder=folder, name=name, user=user, http=http, workers=workers, connections=connections))
        self.command = ["nginx", "-c", str(path), "-p", str(folder), "-e", str(self.log)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, process_group=0)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        self.stop()
        raise SystemExit(f"nginx does not listen: see\n{self.log.read_text()[-2000:]}")

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)


class References:
    """The nginx that answers and the one in front of it, from entering to leaving a `with` statement."""

    def __init__(self, folder):
        self.folder = folder
        self.upstream_port = free_port()
        self.proxy_port = free_port()

    def __enter__(self):
        upstream = UPSTREAM.format(port=self.upstream_port, items=",".join([ITEM] * 4))
        proxy = PROXY.format(folder=self.folder, port=self.proxy_port, upstream=self.upstream_port)
        with contextlib.ExitStack() as stack:
            self.servers = [
                stack.enter_context(Server(self.folder, "upstream", upstream, self.upstream_port)),
                stack.enter_context(Server(self.folder, "proxy", proxy, self.proxy_port))]
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def usage(self):
        return processes.Usage(*(server.process.pid for server in self.servers))
