#!/bin/bash
# Runs Tests/Browser in headless Chromium against an installation of its own, started from the debug build and gone
# afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.lms/venv
if [ ! -x "$venv/bin/pytest" ] || ! cmp -s Tests/Browser/requirements.txt "$venv/browser.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r Tests/Browser/requirements.txt
    cp Tests/Browser/requirements.txt "$venv/browser.txt"
fi

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
folder=$(mktemp -d)
chmod 755 "$folder"
# All people of the tests come from one address.
export LMS_REGISTRATIONS_PER_HOUR=1000
binaries=$(swift build --show-bin-path)
"$binaries/lms" up --data-dir "$folder" --port "$port" --interval 1 >"$folder.log" 2>&1 &
installation=$!
cleanup() {
    kill -TERM "$installation" 2>/dev/null || true
    wait "$installation" 2>/dev/null || true
    rm -rf "$folder" "$folder.log"
}
trap cleanup EXIT

for _ in $(seq 120); do
    grep -qs 'Password' "$folder.log" && break
    kill -0 "$installation" 2>/dev/null || break
    sleep 1
done
if ! grep -q 'Password' "$folder.log"; then
    cat "$folder.log"
    exit 1
fi

field() { # NAME: what the frame says of it.
    local value
    value=$(sed -n "s/.*│ *$1 *\([^ ]*\) *│.*/\1/p" "$folder.log")
    if [ -z "$value" ]; then
        echo "lms up does not say '$1':" >&2
        cat "$folder.log" >&2
        return 1
    fi
    echo "$value"
}
LMS_BROWSER_URL=$(field Open)
LMS_BROWSER_EMAIL=$(field Email)
LMS_BROWSER_PASSWORD=$(field Password)
# Where letters lie that an installation without a mail server writes.
LMS_BROWSER_MAIL=$folder/mail
export LMS_BROWSER_URL LMS_BROWSER_EMAIL LMS_BROWSER_PASSWORD LMS_BROWSER_MAIL
"$venv/bin/pytest" -q -rfEs Tests/Browser
