"""The references: an nginx that answers by itself, and one in front of it that limits and proxies."""

import os
import pwd
import socket
import subprocess
import time

from .ports import free_port
from .processes import Usage

COMMON = """
daemon off;
pid {folder}/{name}.pid;
error_log {folder}/{name}-error.log;
worker_processes auto;
{user}
events {{ worker_connections 4096; }}
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

# As the gateway: the same limits by credential, connections kept, an access line for every request.
PROXY = """
    access_log {folder}/access.log;
    limit_req_zone $http_authorization zone=credential:10m rate=1000r/s;
    limit_req_status 429;
    upstream service {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            limit_req zone=credential burst=2000 nodelay;
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Request-ID $request_id;
        }}
    }}
"""

ITEM = '{"id":"0198a6e2-7c1f-7000-8000-000000000001","name":"Freezer","device_type":"sensor","status":"online"}'


class References:
    """Both servers, from entering to leaving a `with` statement."""

    def __init__(self, folder):
        self.folder = folder
        self.upstream_port = free_port()
        self.proxy_port = free_port()
        self.processes = []

    def __enter__(self):
        try:
            items = ",".join([ITEM] * 4)
            self.start("upstream", UPSTREAM.format(port=self.upstream_port, items=items), self.upstream_port)
            proxy = PROXY.format(folder=self.folder, port=self.proxy_port, upstream=self.upstream_port)
            self.start("proxy", proxy, self.proxy_port)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, name, http, port):
        # Only root may, and must, say who the workers are.
        user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
        path = self.folder / f"{name}.conf"
        path.write_text(COMMON.format(folder=self.folder, name=name, user=user, http=http))
        command = ["nginx", "-c", str(path), "-p", str(self.folder), "-e", f"{self.folder}/{name}-error.log"]
        self.processes.append(subprocess.Popen(command, process_group=0))
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit(f"nginx does not listen: see\n{(self.folder / f'{name}-error.log').read_text()[-2000:]}")

    def usage(self):
        return Usage(*(process.pid for process in self.processes))

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(timeout=10)
