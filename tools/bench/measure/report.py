"""The table for people and the file for machines."""

import json


def table(results):
    machine = results["machine"]
    load = " → ".join(f"{loads[0]:.1f}" for loads in (machine["load_before"], machine["load_after"]))
    head = ("figure", "value", "unit", "reference", "its value", "ratio", "by CPU", "p50 ms", "p99 ms", "its p99")
    lines = [head]
    for row in results["figures"]:
        lines.append((
            row["figure"], number(row["value"]), row["unit"], row["reference"], number(row["reference_value"]),
            number(row["ratio"]), number(row.get("per_cpu")), number(row.get("p50_ms")), number(row.get("p99_ms")),
            number(row.get("reference_p99_ms"))))
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    texts = [formatted(line, widths) for line in lines]
    texts.insert(1, "  ".join("─" * width for width in widths))
    details = [detail for row in results["figures"] for detail in row_details(row)]
    title = f"{machine['processors']} processors, load average {load}, {results['seconds']} s each\n"
    return "\n".join([title, *texts, *([""] if details else []), *details])


def formatted(line, widths):
    texts = ("figure", "unit", "reference")
    cells = zip(line, widths, ("figure", "value", "unit", "reference", *[""] * 6))
    return "  ".join(text.ljust(width) if kind in texts else text.rjust(width) for text, width, kind in cells).rstrip()


def row_details(row):
    """The processor seconds and the memory of each process, and how the count compares."""
    lines = []
    if "cpu" in row:
        lines.append(("CPU seconds", {name: f"{value:.1f}" for name, value in row["cpu"].items() if value >= 0.05}))
    if "request_cpu_us" in row:
        lines.append(("µs a request", {name: f"{value:.1f}" for name, value in row["request_cpu_us"].items()}))
    if "memory" in row:
        lines.append(("MiB", {name: f"{value / 2**20:.0f}" for name, value in row["memory"].items()}))
    if "check" in row:
        counts = {name: value for name, value in row["check"].items() if name != "holds"}
        lines.append(("holds" if row["check"]["holds"] else "DOES NOT HOLD", counts))
    if lines:
        yield row["figure"]
    for title, values in lines:
        yield f"  {title:13} " + ", ".join(f"{name} {value}" for name, value in values.items())


def number(value):
    """Three digits that matter."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def save(results, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n")
