"""Memory, processor time and open files of the processes of one web server."""

import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PROC = Path("/proc")


class ProcessFamily(Collector):
    """This process, its parent and what else the parent runs: a web server's processes answer for one another.

    Says nothing where there is no ``/proc``.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = f"{prefix}_web_process"

    def collect(self) -> Iterator[Metric]:
        memory = GaugeMetricFamily(f"{self._prefix}_memory_bytes", "Resident memory.", labels=["process"])
        cpu = CounterMetricFamily(f"{self._prefix}_cpu_seconds", "Processor time.", labels=["process"])
        files = GaugeMetricFamily(f"{self._prefix}_open_files", "Open files.", labels=["process"])
        began = GaugeMetricFamily(
            f"{self._prefix}_start_time_seconds",
            "When it started, in seconds since 1970.",
            labels=["process"],
        )
        ticks, page, booted = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE"), _booted_at()
        for name, number in _family():
            facts = _facts(number)
            if facts is None:
                continue
            memory.add_metric([name], int(facts[21]) * page)
            cpu.add_metric([name], (int(facts[11]) + int(facts[12])) / ticks)
            began.add_metric([name], booted + int(facts[19]) / ticks)
            if (count := _open_files(number)) is not None:
                files.add_metric([name], count)
        yield from (memory, cpu, files, began)


def _family() -> list[tuple[str, int]]:
    """The web server's processes by names that stay the same, oldest first, when one is replaced."""
    if "WEB_PLACE" not in os.environ:  # a development server, alone
        return [("web-1", os.getpid())]
    main = os.getppid()
    try:
        children = (PROC / str(main) / "task" / str(main) / "children").read_text().split()
    except OSError:
        children = [str(os.getpid())]
    numbers = sorted(int(number) for number in children)
    return [("main", main), *((f"web-{place}", number) for place, number in enumerate(numbers, start=1))]


def _facts(number: int) -> list[str] | None:
    """The fields of ``/proc/N/stat`` behind the name."""
    try:
        return (PROC / str(number) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _open_files(number: int) -> int | None:
    try:
        return len(os.listdir(PROC / str(number) / "fd"))
    except OSError:
        return None


def _booted_at() -> float:
    try:
        lines = (PROC / "stat").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("btime ")), 0.0)
