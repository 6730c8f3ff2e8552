#!/bin/bash
# Runs the tests, a process for each target: what one target does to its machine (servers killed, ports taken, a load)
# does not reach into another's time limits. `tools/test.sh [TARGET …]` runs only those.
#
# Closes with the sum over all targets: 'N passed, N failed'.
set -uo pipefail
cd "$(dirname "$0")/.."

logs=.lms/tests
mkdir -p "$logs"
passed=0
failed=0

run() { # NAME COMMAND…: runs a target, shows what failed, and adds up.
    local name=$1 log=$logs/$1.log start=$SECONDS good bad
    shift
    "$@" >"$log" 2>&1
    local status=$?
    good=$(grep -E '^✔ Test .* passed after' "$log" | grep -cvE '^✔ Test run with')
    bad=$(grep -E '^✘ Test .* failed after' "$log" | grep -cvE '^✘ Test run with')
    # pytest says it in one line: `1 failed, 2 passed in 3.21s`.
    good=$((good + $(sed -nE 's/(^|.* )([0-9]+) passed.* in [0-9.]+s.*/\2/p' "$log" | tail -n 1 || true) + 0))
    bad=$((bad + $(sed -nE 's/(^|.* )([0-9]+) failed.* in [0-9.]+s.*/\2/p' "$log" | tail -n 1 || true) + 0))
    # A process that ended badly without naming a test has crashed or was ended.
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    printf '%-24s %4d passed %3d failed %4d s\n' "$name" "$good" "$bad" $((SECONDS - start))
    if [ "$bad" -gt 0 ]; then
        grep -E '^✘|^FAILED|^ERROR|Fatal error|crashed' "$log" | head -40
        echo "  all of it: $log"
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
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
    # More tests at once than a machine of two cores serves in time would be refused by the services, as they should be.
    run "$target" timeout --kill-after=10 900 swift test --skip-build --disable-xctest \
        --experimental-maximum-parallelization-width 24 --filter "^$target\\."
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
