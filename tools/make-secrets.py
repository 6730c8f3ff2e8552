#!/usr/bin/env python3
"""Prints the secrets of a new installation, a NAME=value a line: for `.env` of compose, or for a Secret of Kubernetes.

    tools/make-secrets.py > .env
    tools/make-secrets.py | kubectl create secret generic lms --namespace lms --from-env-file=/dev/stdin

The passwords of the services' database roles follow from LMS_SECRET_KEY, as `lms migrate --bootstrap` sets them. What
stands in the environment is taken over: LMS_SECRET_KEY, POSTGRES_PASSWORD and REDIS_PASSWORD.
"""

import argparse
import base64
import hashlib
import hmac
import os
import secrets
import sys
from urllib.parse import quote

SERVICES = ["auth", "devices", "readings", "alerts", "billing", "realtime"]


def role_password(role: str, key: bytes) -> str:
    return hmac.new(key, f"database role {role}".encode(), hashlib.sha256).hexdigest()


def key_in_use(text: str) -> bytes:
    """The first of the comma-separated keys; the others are only still accepted."""
    key = base64.b64decode(text.split(",")[0], validate=True)
    if len(key) != 32:
        raise ValueError("LMS_SECRET_KEY must be base64 of 32 bytes")
    return key


def settings(arguments: argparse.Namespace, environment: dict[str, str]) -> dict[str, str]:
    secret_key = environment.get("LMS_SECRET_KEY") or base64.b64encode(secrets.token_bytes(32)).decode()
    postgres_password = environment.get("POSTGRES_PASSWORD") or secrets.token_hex(24)
    redis_password = environment.get("REDIS_PASSWORD") or secrets.token_hex(24)
    key = key_in_use(secret_key)

    def database_url(role: str, password: str) -> str:
        return f"postgresql://{quote(role)}:{quote(password, safe='')}@{arguments.database}"

    result = {
        "LMS_SECRET_KEY": secret_key,
        "POSTGRES_PASSWORD": postgres_password,
        "REDIS_PASSWORD": redis_password,
        "LMS_REDIS_URL": f"redis://:{quote(redis_password, safe='')}@{arguments.redis}",
        "LMS_ADMIN_DATABASE_URL": database_url(arguments.administrator, postgres_password),
    }
    for service in SERVICES:
        role = f"{arguments.role_prefix}lms_{service}"
        result[f"LMS_{service.upper()}_DATABASE_URL"] = database_url(role, role_password(role, key))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="postgres:5432/lms", help="host:port/database (default: %(default)s)")
    parser.add_argument("--administrator", default="postgres", help="a role that may create roles")
    parser.add_argument("--redis", default="redis:6379/0", help="host:port/database (default: %(default)s)")
    parser.add_argument("--role-prefix", default="", help="LMS_DATABASE_ROLE_PREFIX of the installation")
    try:
        for name, value in settings(parser.parse_args(), dict(os.environ)).items():
            print(f"{name}={value}")
    except ValueError as error:
        sys.exit(f"make-secrets: {error}")


if __name__ == "__main__":
    main()
