"""Stands between a sender of webhooks and the app, and loses, doubles and delays what it passes on.

The sandbox does so by itself for Xero's webhooks; Ignition's go through here.
"""

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import requests

SECONDS = 5
DROP, DOUBLE, DELAY = 0.2, 0.2, 0.3
LONGEST_DELAY_SECONDS = 3.0
PASSED_ON = ("Content-Type", "X-Sync-Event-Id", "X-Sync-Timestamp", "X-Sync-Signature")


class Relay(ThreadingHTTPServer):
    """Forwards every POST to the same path of ``target``. Start it with :meth:`start`, end it with :meth:`stop`."""

    daemon_threads = True

    def __init__(self, target: str, dice: Random) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.seen: Counter[str] = Counter()
        self.is_honest = False
        self._dice = dice
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.1,), name="relay", daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up early is no error of ours."""

    def draw(self) -> tuple[str, float]:
        """What becomes of the next one, and how long it is held back."""
        with self._lock:
            self.seen["sent"] += 1
            luck, wait = self._dice.random(), self._dice.random() * LONGEST_DELAY_SECONDS
            fate = "passed"
            if not self.is_honest:
                fate = _fate(luck)
            self.seen[fate] += 1
        return fate, wait

    def forward(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """The app's answer, 502 when there is none."""
        try:
            answer = requests.post(
                f"{self.target}{path}", data=body, headers=headers, timeout=SECONDS, allow_redirects=False
            )
        except requests.RequestException:
            return 502
        return answer.status_code


class _Handler(BaseHTTPRequestHandler):
    server: Relay

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: self.headers[name] for name in PASSED_ON if self.headers.get(name)}
        fate, wait = self.server.draw()
        status = 200
        if fate == "delayed":
            threading.Timer(wait, self.server.forward, (self.path, headers, body)).start()
        elif fate != "lost":
            status = self.server.forward(self.path, headers, body)
        if fate == "doubled":
            self.server.forward(self.path, headers, body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """What came through is counted, not printed."""


def _fate(luck: float) -> str:
    for name, share in (("lost", DROP), ("doubled", DOUBLE), ("delayed", DELAY)):
        if luck < share:
            return name
        luck -= share
    return "passed"
