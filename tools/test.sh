#!/bin/bash
# Runs the tests, a process for each target: what one target does to its machine (servers killed, ports taken, a load)
# does not reach into another's time limits. `tools/test.sh [TARGET …]` runs only those.
#
# Closes with the sum over all targets: 'N passed, N failed, N skipped'. What is skipped is listed with the reason, since
# what this machine cannot show (without TimescaleDB, say) is not shown to work.
set -uo pipefail
cd "$(dirname "$0")/.."

logs=.lms/tests
mkdir -p "$logs"
# Where tests keep what they do not need afterwards: each installation leaves a database. PostgreSQL may run as another
# user, who has to get in.
scratch=$(mktemp -d)
chmod 755 "$scratch"
export TMPDIR=$scratch
trap 'rm -rf "$scratch"' EXIT
passed=0
failed=0
skipped=0

pytest_count() { # WORD LOG: how many, of the one line at the end: `1 failed, 2 passed in 3.21s`.
    sed -nE "s/(^|.* )([0-9]+) $1.* in [0-9.]+s.*/\2/p" "$2" | tail -n 1 | grep . || echo 0
}

run() { # NAME COMMAND…: runs a target, shows what failed, and adds up.
    local name=$1 log=$logs/$1.log start=$SECONDS good bad left_out
    shift
    "$@" >"$log" 2>&1
    local status=$?
    good=$(grep -E '^✔ Test .* passed after' "$log" | grep -cvE '^✔ Test run with')
    bad=$(grep -E '^✘ Test .* failed after' "$log" | grep -cvE '^✘ Test run with')
    left_out=$(grep -cE '^➜ Test .* skipped' "$log")
    good=$((good + $(pytest_count passed "$log")))
    bad=$((bad + $(pytest_count failed "$log") + $(pytest_count errors? "$log")))
    left_out=$((left_out + $(pytest_count skipped "$log")))
    # A process that ended badly without naming a test has crashed or was ended; one that ran nothing has shown nothing.
    if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ $((good + left_out)) -eq 0 ]; }; then bad=1; fi
    printf '%-24s %4d passed %3d failed %3d skipped %4d s\n' \
        "$name" "$good" "$bad" "$left_out" $((SECONDS - start))
    grep -E '^➜ Test .* skipped|^SKIPPED' "$log" | sed 's/^/  /'
    if [ "$bad" -gt 0 ]; then
        grep -E '^✘|^FAILED|^ERROR|Fatal error|crashed' "$log" | head -40 | cut -c 1-400
        echo "  all of it: $log"
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + left_out))
}

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    # What starts every process comes last.
    for folder in Tests/*Tests; do
        [ "$folder" = Tests/SystemTests ] || targets+=("$(basename "$folder")")
    done
    targets+=(SystemTests Browser)
fi

for target in "${targets[@]}"; do
    if [ "$target" = Browser ]; then
        run Browser timeout --kill-after=10 600 tools/test-browser.sh
        continue
    fi
    # More at once than a machine of two cores serves in time would be refused by the services, as it should be; and
    # system tests have seven services each.
    width=16
    if [ "$target" = SystemTests ]; then width=4; fi
    run "$target" timeout --kill-after=10 900 swift test --skip-build --disable-xctest \
        --experimental-maximum-parallelization-width "$width" --filter "^$target\\."
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
