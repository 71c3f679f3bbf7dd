"""What Linux says of this process."""

from __future__ import annotations

from pathlib import Path

SIZES = ("VmRSS", "RssAnon", "RssFile")


def status() -> dict[str, float]:
    """Its sizes in MB: resident, of which its own, of which files; and its threads."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    sizes = {name: int(found[name].split()[0]) / 1024 for name in SIZES}
    return sizes | {"threads": int(found["Threads"])}
