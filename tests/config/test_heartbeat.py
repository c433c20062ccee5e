"""The outside hears from us exactly while everything works; the alarm is somebody else's."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from config import readiness
from config.pulses import WORKER
from config.tasks import heartbeat
from sync.models import Pulse


class Monitor(BaseHTTPRequestHandler):
    """Stands for the service that raises the alarm; ``seen`` is emptied by the fixture."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_response(500 if "broken" in self.path else 200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def monitor(settings: Any) -> Iterator[list[str]]:
    Monitor.seen = []
    server = HTTPServer(("127.0.0.1", 0), Monitor)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.HEARTBEAT_URL = f"http://127.0.0.1:{server.server_port}/ping/secret-id"
    yield Monitor.seen
    server.shutdown()
    server.server_close()


@pytest.fixture
def well(db: None) -> None:
    Pulse.beat(f"{WORKER}here/1", queues=["live", "sync"], processes=2, busy=0)
    Pulse.beat(readiness.BEAT)


def test_it_is_sent_while_everything_works(monitor: list[str], well: None) -> None:
    heartbeat()
    assert monitor == ["/ping/secret-id"]


def test_it_is_withheld_while_something_is_wrong(
    monitor: list[str], well: None, capsys: pytest.CaptureFixture[str]
) -> None:
    Pulse.objects.filter(name=readiness.BEAT).delete()
    heartbeat()
    assert monitor == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/ping/secret-id", "not an address", "BROKEN"])
def test_a_monitor_that_is_away_disturbs_nothing(
    monitor: list[str], well: None, settings: Any, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.HEARTBEAT_URL = (
        settings.HEARTBEAT_URL.replace("ping", "broken") if address == "BROKEN" else address
    )
    heartbeat()
    assert "heartbeat_failed" in caplog.text
    assert "secret-id" not in caplog.text


def test_nobody_is_told_where_nobody_is_named(
    monitor: list[str], settings: Any, django_assert_num_queries: Any, db: None
) -> None:
    settings.HEARTBEAT_URL = ""
    with django_assert_num_queries(0):
        heartbeat()
    assert monitor == []
