#!/usr/bin/env python3
"""Records this machine from /proc as a CSV, the way a rack monitor would: one row a second.

    tools/record-demo.py SECONDS > tools/lms/Demo/lab.csv

A column is named `sensor_type [unit]`; the first one is the seconds since the recording began.
"""

import sys
import time


def fields(path, first):
    """The numbers after the word `first` in the line of `path` that begins with it."""
    with open(path) as lines:
        for line in lines:
            words = line.replace(":", " ").split()
            if words and words[0] == first:
                return [int(word) for word in words[1:] if word.isdigit()]
    raise SystemExit(f"{path} has no line that begins with {first}")


def counters():
    """Everything that only ever grows: a rate is the difference of two samples."""
    cpu = fields("/proc/stat", "cpu")
    disks = {"reads": 0, "writes": 0, "milliseconds": 0, "sectors": 0}
    with open("/proc/diskstats") as lines:
        for words in map(str.split, lines):
            if words[2].startswith(("loop", "zram", "ram")) or words[2][-1].isdigit() and "nvme" not in words[2]:
                continue
            disks["reads"] += int(words[3])
            disks["writes"] += int(words[7])
            disks["milliseconds"] += int(words[6]) + int(words[10])
            disks["sectors"] += int(words[9])
    return {
        "time": time.monotonic(),
        "busy": sum(cpu) - cpu[3] - cpu[4],
        "total": sum(cpu),
        "interrupts": fields("/proc/stat", "intr")[0],
        "switches": fields("/proc/stat", "ctxt")[0],
        "faults": fields("/proc/vmstat", "pgfault")[0],
        **disks,
    }


def row(before, now, start):
    span = now["time"] - before["time"]
    rate = lambda name: (now[name] - before[name]) / span
    operations = rate("reads") + rate("writes")
    total = fields("/proc/meminfo", "MemTotal")[0]
    with open("/proc/loadavg") as file:
        load = float(file.read().split()[0])
    return [
        f"{now['time'] - start:.2f}",
        f"{load:.2f}",
        f"{100 * rate('busy') / max(rate('total'), 1):.1f}",
        f"{100 * (1 - fields('/proc/meminfo', 'MemAvailable')[0] / total):.2f}",
        f"{rate('interrupts'):.0f}",
        f"{rate('switches'):.0f}",
        f"{rate('faults'):.0f}",
        f"{rate('sectors') * 512 / 1024:.0f}",
        f"{rate('milliseconds') / operations if operations else 0:.3f}",
    ]


HEADER = (
    "elapsed [s],load_average [1],cpu_busy [%],memory_used [%],interrupts [1/s],context_switches [1/s],"
    "page_faults [1/s],disk_written [KiB/s],disk_latency [ms]"
)


def main():
    seconds = int(sys.argv[1])
    print(HEADER)
    start = time.monotonic()
    before = counters()
    for second in range(1, seconds + 1):
        time.sleep(max(0, start + second - time.monotonic()))
        now = counters()
        print(",".join(row(before, now, start)), flush=True)
        before = now


if __name__ == "__main__":
    main()
