"""``/metrics`` in Prometheus's format: what the rows say now, and what the web processes have counted.

The rows are asked at each scrape, so every web process gives the same answer and nothing drifts. Requests are counted
in files that the processes of one web server share (``PROMETHEUS_MULTIPROC_DIR``, set by ``config/gunicorn.py``);
each process has a place of its own, which its successor takes over, so the files stay few.
"""

import os
import time
from collections.abc import Callable, Iterator

import structlog
from django.db import Error, connection
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Histogram, exposition, multiprocess, values
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from config import measures, readiness
from config.processes import ProcessFamily

log = structlog.get_logger(__name__)

PREFIX = "practice_sync"
CONTENT_TYPE = exposition.CONTENT_TYPE_PLAIN_0_0_4


def _place() -> str:
    """What tells this process from those that run beside it."""
    return os.environ.get("WEB_PLACE") or f"process-{os.getpid()}"


SHARED = "PROMETHEUS_MULTIPROC_DIR" in os.environ
if SHARED:  # before the first measure below is made
    values.ValueClass = values.MultiProcessValue(_place)  # type: ignore[no-untyped-call]

#: Requests are counted here; a registry of its own, without what the library adds by itself.
COUNTED = CollectorRegistry()

REQUESTS = Counter(
    f"{PREFIX}_http_requests",
    "Requests answered, by page.",
    ["view", "method", "status"],
    registry=COUNTED,
)
SECONDS = Histogram(
    f"{PREFIX}_http_request_seconds",
    "How long a page took.",
    ["view"],
    buckets=(0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15),
    registry=COUNTED,
)


def count_request(*, view: str, method: str, status: int, seconds: float) -> None:
    known = method if method in {"GET", "HEAD", "POST"} else "other"
    REQUESTS.labels(view, known, str(status)).inc()
    SECONDS.labels(view).observe(seconds)


def scrape() -> bytes:
    registry = CollectorRegistry()
    if SHARED:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(COUNTED)
    registry.register(ProcessFamily(PREFIX))
    registry.register(Rows())
    return exposition.generate_latest(registry)


class Rows(Collector):
    """What the database says now. Without it the rest is still told, and ``database_up`` is 0."""

    def collect(self) -> Iterator[Metric]:
        began, found, up = time.perf_counter(), [], 1
        try:
            with readiness.short_queries():
                found = [_family(name, help_text, ask) for name, (help_text, ask) in measures.ALL.items()]
        except Error as error:
            log.warning("metrics_incomplete", error=str(error))
            connection.close()
            found, up = [], 0
        yield from found
        yield _gauge("database_up", "Whether the rows could be read for this answer.", up)
        yield _gauge("collect_seconds", "How long reading the rows took.", time.perf_counter() - began)
        checks = GaugeMetricFamily(f"{PREFIX}_ready", "Each check of /readyz: 1 is well.", labels=["check"])
        for one in readiness.recent():
            checks.add_metric([one.name], float(one.ok))
        yield checks


def _family(name: str, help_text: str, ask: Callable[..., measures.Measured]) -> GaugeMetricFamily:
    measured = ask(timezone.now())
    family = GaugeMetricFamily(f"{PREFIX}_{name}", help_text, labels=measured.labels)
    for labels, value in measured.values.items():
        family.add_metric(labels, value)
    return family


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", help_text, value=value)
