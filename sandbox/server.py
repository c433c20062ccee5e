"""The sandbox over HTTP/1.1 on one port, one thread for each connection."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.faults import NoAnswer
from sandbox.web import REASONS, Response, request_of
from sandbox.world import World

# Xero refuses bodies above 3.5 MB; anything far above that is not read at all.
LARGEST_BODY = 32 * 1024 * 1024


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], world: World) -> None:
        self.world = world
        super().__init__(address, Connection)

    def server_bind(self) -> None:
        # The inherited version looks up the host's full name, which can take seconds without DNS.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up early is no error of ours."""


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Buffered, so that status line, headers and body leave in one packet.
    wbufsize = 64 * 1024
    server: Server

    def answer(self) -> None:
        body = self._read_body()
        if body is None:
            return
        request = request_of(self.command, self.path, dict(self.headers.items()), body)
        try:
            response = self.server.world.handle(request)
        except NoAnswer as outcome:
            time.sleep(outcome.seconds)
            self._hang_up()
            return
        self._send(response)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Calls are kept in the world's call log, not on standard error."""

    def _read_body(self) -> bytes | None:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            self._refuse(411)
            return None
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            self._refuse(400)
            return None
        if not 0 <= length <= LARGEST_BODY:
            self._refuse(413)
            return None
        return self.rfile.read(length) if length else b""

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._send(Response(status))

    def _send(self, response: Response) -> None:
        reason = REASONS.get(response.status, "")
        lines = [
            f"HTTP/1.1 {response.status} {reason}",
            f"Date: {formatdate(self.server.world.clock.now().timestamp(), usegmt=True)}",
            *(f"{name}: {value}" for name, value in response.headers.items()),
        ]
        if response.status != 204:
            lines.append(f"Content-Length: {len(response.body)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(head if self.command == "HEAD" else head + response.body)
        self.wfile.flush()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()


@dataclass(frozen=True, slots=True)
class Running:
    """A server in a thread of this process. `url` has no trailing slash."""

    url: str
    world: World
    server: Server


def start(world: World | None = None, *, host: str = "127.0.0.1", port: int = 0) -> Running:
    """Serve in a daemon thread; port 0 takes a free one. End it with `stop`."""
    server = Server((host, port), world or World())
    threading.Thread(target=server.serve_forever, args=(0.05,), name="sandbox", daemon=True).start()
    return Running(f"http://{host}:{server.server_port}", server.world, server)


def stop(running: Running) -> None:
    running.server.shutdown()
    running.server.server_close()
    running.world.stop()


@contextmanager
def running(world: World | None = None, port: int = 0, host: str = "127.0.0.1") -> Iterator[Running]:
    """A sandbox over HTTP for the length of a `with` block."""
    served = start(world, host=host, port=port)
    try:
        yield served
    finally:
        stop(served)
