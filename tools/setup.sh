#!/bin/sh
# Installs the system packages that LMS Core needs and that are missing; with `test` or `bench`, those of its tests or
# measurements too. Debian and Ubuntu.
set -eu

packages="libpq-dev libhiredis-dev libssl-dev libcurl4-openssl-dev libcrypt-dev zlib1g-dev libqrencode-dev pkg-config
    postgresql redis-server libjs-dygraphs"
case "${1-}" in
    test) packages="$packages chromium python3-venv openssl" ;;
    bench) packages="$packages nginx wrk" ;;
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
