"""What running processes use, from /proc."""

import os
import pathlib

TICKS = os.sysconf("SC_CLK_TCK")
PROC = pathlib.Path("/proc")


def descendants(root):
    """The ids of the processes below `root`."""
    children = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def stat(pid):
    """The fields of /proc/PID/stat from the state on (proc(5)); None once the process is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None


def name(pid):
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def processor_seconds(pid):
    """What the process and those children of it that have ended used of the processors."""
    fields = stat(pid)
    return sum(map(int, fields[11:15])) / TICKS if fields else 0.0


def memory(pid, kind="Pss"):
    """Bytes in memory: `Rss` with all that is shared, `Pss` with the process's share of that."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(kind + ":")), 0)


def environment(pid):
    text = (PROC / str(pid) / "environ").read_text()
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)


class Usage:
    """The processor seconds that `roots` and the processes below them use, by name, from its making on."""

    def __init__(self, *roots):
        self.roots = roots
        self.before = self.totals()

    def processes(self):
        return [pid for root in self.roots for pid in (root, *descendants(root))]

    def totals(self):
        totals = {}
        for pid in self.processes():
            totals[name(pid)] = totals.get(name(pid), 0.0) + processor_seconds(pid)
        return totals

    def seconds(self):
        used = {key: round(value - self.before.get(key, 0.0), 2) for key, value in self.totals().items()}
        return {key: value for key, value in sorted(used.items(), key=lambda item: -item[1]) if value > 0}

    def memory(self):
        """Bytes, by name."""
        totals = {}
        for pid in self.processes():
            totals[name(pid)] = totals.get(name(pid), 0) + memory(pid)
        return totals
