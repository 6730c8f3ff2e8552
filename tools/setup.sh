#!/bin/sh
# Checks that Swift is there, and installs the system packages that LMS Core needs and that are missing; with `test` or
# `bench`, those of its tests or measurements too. Debian and Ubuntu.
set -eu

# The manifest's tools version (Package.swift).
needed=6.2
swift=${SWIFT:-swift}
found=$("$swift" --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
if [ -z "$found" ]; then
    echo "Swift is not installed, or not on the PATH. Get $needed or newer from https://www.swift.org/install/linux/" >&2
    exit 1
fi
if [ "$(printf '%s\n%s\n' "$needed" "$found" | sort -V | head -n 1)" != "$needed" ]; then
    echo "This is Swift $found, and $needed or newer is needed: https://www.swift.org/install/linux/" >&2
    exit 1
fi

packages="libpq-dev libhiredis-dev libssl-dev libcurl4-openssl-dev libcrypt-dev zlib1g-dev libqrencode-dev pkg-config
    postgresql redis-server libjs-dygraphs"
case "${1-}" in
    test) packages="$packages chromium python3-venv openssl g++" ;;
    bench) packages="$packages nginx openssl wrk" ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "This is neither Debian nor Ubuntu. Install what corresponds to:" $packages >&2
    exit 0
fi

missing=""
for package in $packages; do
    status=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Installing:$missing"
sudo=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Only root can install packages. As root, type: apt-get install$missing" >&2
        exit 1
    fi
    sudo=sudo
fi
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
