"""What the figures were measured on, and how busy it was with other things meanwhile."""

import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REFERENCE_ROUNDS = 2_000_000
"""Additions that tell how fast one core is right now, so that two runs can be compared."""


def facts(postgres_version: str) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": cores(),
        "processor": _processor(),
        "memory_gib": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "postgresql": postgres_version,
    }


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load() -> float:
    """Processes that ran or wanted to over the last minute."""
    return round(os.getloadavg()[0], 2)


def reference() -> dict[str, float]:
    """How long a fixed piece of work takes: by the clock, and of a core's own time. Far apart: others are busy."""
    began, spent = time.perf_counter(), time.process_time()
    total = 0
    for number in range(REFERENCE_ROUNDS):
        total += number
    return {
        "reference_ms": round((time.perf_counter() - began) * 1000),
        "reference_cpu_ms": round((time.process_time() - spent) * 1000),
    }


def cpu_seconds(*pids: int) -> float:
    """What these processes have had of the processor since they began; those that are gone count nothing."""
    ticks = 0
    for pid in pids:
        try:
            rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(rest[11]) + int(rest[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def server_seconds(postmaster: int) -> float:
    """The same for a whole PostgreSQL server, with those of its processes that have ended."""
    try:
        ended = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()[13:15]
    except OSError:
        return 0.0
    ticks = sum(int(number) for number in ended)
    return cpu_seconds(postmaster, *children(postmaster)) + ticks / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """The processes that this one has started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(stat.parent.name))
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
