"""Receivers on this machine: a web server that answers as told, and a mail server that refuses as told."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass
class Got:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """``answers`` are used up one by one: (status, body, headers); then everything is taken with 200.

    ``came_in`` is set with a request; if there is a ``go_on``, the answer waits for it.
    """

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    delay: float = 0
    drip: bool = False
    hang_up: bool = False
    came_in: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event | None = None


class _WebServer(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver


class _WebHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver = cast("_WebServer", self.server).receiver
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        receiver.got.append(Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        receiver.came_in.set()
        if receiver.go_on is not None:
            receiver.go_on.wait(20)
        time.sleep(receiver.delay)
        if receiver.hang_up:
            self.close_connection = True
            return
        with suppress(OSError):
            if receiver.drip:
                self._drip()
            else:
                self._answer(*(receiver.answers.pop(0) if receiver.answers else (200, b"ok", {})))

    def _answer(self, status: int, said: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def _drip(self) -> None:
        """A byte now and then, for ever: no time-out of a single read ever strikes."""
        for byte in b"HTTP/1.0 200 OK\r\nX-Slow: " + b"x" * 1000:
            self.wfile.write(bytes([byte]))
            time.sleep(0.2)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def web_receiver() -> Iterator[Receiver]:
    server = _WebServer(("127.0.0.1", 0), _WebHandler)
    server.receiver = Receiver(url=f"http://127.0.0.1:{server.server_address[1]}")
    with _running(server):
        yield server.receiver
        if server.receiver.go_on is not None:
            server.receiver.go_on.set()


@dataclass
class MailHost:
    """``refuses`` holds addresses that do not exist; it hangs up once, on the mail after ``hangs_up_after`` others."""

    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    hangs_up_after: int | None = None

    def to(self, email: str) -> list[EmailMessage]:
        return [mail for address, mail in self.mails if address == email]


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    host: MailHost

    def handle_error(self, *args: Any) -> None:
        pass


class _MailHandler(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs that sends mails."""

    def handle(self) -> None:
        self._say("220 ready")
        to: list[str] = []
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                self._take(to)
                to = []
            elif verb == "QUIT":
                self._say("221 bye")
                return
            elif verb == "RCPT":
                self._recipient(line.split("<")[1].split(">")[0], to)
            else:
                self._say("250 fine")

    def _recipient(self, email: str, to: list[str]) -> None:
        if email in cast("_MailServer", self.server).host.refuses:
            self._say("550 nobody of that name")
            return
        to.append(email)
        self._say("250 fine")

    def _take(self, to: list[str]) -> None:
        host = cast("_MailServer", self.server).host
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if host.hangs_up_after is not None and len(host.mails) >= host.hangs_up_after:
            host.hangs_up_after = None
            raise ConnectionAbortedError
        mail = BytesParser(policy=default).parsebytes(b"".join(lines))
        host.mails += [(email, mail) for email in to]
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


@contextmanager
def mail_host() -> Iterator[MailHost]:
    server = _MailServer(("127.0.0.1", 0), _MailHandler)
    server.host = MailHost(port=server.server_address[1])
    with _running(server):
        yield server.host


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
