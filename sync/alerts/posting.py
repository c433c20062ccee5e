"""One POST to an address that somebody entered: checked, short, and never followed anywhere else."""

import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from sync.alerts.addresses import AddressRefused, NotResolved, blotted, parse, reachable, refuse_plain

CONNECT_SECONDS = 5
READ_SECONDS = 5
WHOLE_SECONDS = 10
"""However slowly a receiver trickles its answer, the line is cut after this."""

MOST_BYTES = 64 * 1024
EXCERPT = 200
USER_AGENT = "PracticeSync-Alerts/1"

_lines: ContextVar[list[socket.socket] | None] = ContextVar("lines", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one try. ``text`` is for people and holds no secret.

    ``unclear``: it may have arrived all the same. ``final``: another try makes no sense. ``asked`` is how long the
    receiver wants us to wait.
    """

    ok: bool
    text: str
    status: int | None = None
    unclear: bool = False
    final: bool = False
    asked: timedelta | None = None
    ms: int = 0


def loopback_allowed() -> bool:
    """Receivers on this machine are for trying things out: where the site itself is on this machine."""
    return bool(settings.DEBUG or settings.ON_LOOPBACK)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
    """Send ``body``. Never raises for what happens on the way: the outcome says it. Never inside a transaction."""
    started = time.monotonic()
    try:
        refuse_plain(parse(url, allow_loopback=loopback_allowed()))
        with _cut_off(WHOLE_SECONDS), _session() as session:
            answer = session.post(
                url,
                data=body,
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
            said = _excerpt(answer, url)
    except AddressRefused as error:
        return Outcome(ok=False, text=str(error), ms=_ms(started))
    except NotResolved:
        return Outcome(ok=False, text="No machine is known under this name right now.", ms=_ms(started))
    except requests.exceptions.SSLError:
        return Outcome(ok=False, text="Its certificate can't be trusted.", ms=_ms(started))
    except requests.exceptions.RequestException as error:
        return _lost(error, _ms(started))
    return _answered(answer, said, _ms(started))


def _answered(answer: requests.Response, said: str, ms: int) -> Outcome:
    status = answer.status_code
    if 200 <= status < 300:
        return Outcome(ok=True, text=said, status=status, ms=ms)
    if 300 <= status < 400:
        said = "It sends us on to another address, which is not followed."
    return Outcome(
        ok=False,
        text=said or "No reason was given.",
        status=status,
        unclear=status >= 500,
        final=status == 410,
        asked=_asked(answer.headers.get("Retry-After", "")),
        ms=ms,
    )


def _lost(error: requests.exceptions.RequestException, ms: int) -> Outcome:
    """Nothing was sent if no connection came about; else nobody knows."""
    text = repr(error)
    if isinstance(error, requests.exceptions.ConnectTimeout) or "NewConnectionError" in text:
        return Outcome(ok=False, text="It could not be reached.", ms=ms)
    if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.Timeout):
        return Outcome(ok=False, text="It did not answer in time.", unclear=True, ms=ms)
    return Outcome(ok=False, text="The address can't be used.", ms=ms)


def _asked(value: str) -> timedelta | None:
    return timedelta(seconds=int(value)) if value.isascii() and value.isdigit() and len(value) < 8 else None


def _excerpt(answer: requests.Response, url: str) -> str:
    """The beginning of what was answered, on one line; nothing when it breaks off: the status is what counts."""
    try:
        raw = answer.raw.read(MOST_BYTES, decode_content=False)
    except (HTTPError, OSError):
        return ""
    text = bytes(raw).decode("utf-8", "replace")
    clean = "".join(character if character.isprintable() else " " for character in text)
    return blotted(" ".join(clean.split()), url)[:EXCERPT]


def _ms(started: float) -> int:
    return int((time.monotonic() - started) * 1000)


@contextmanager
def _cut_off(seconds: float) -> Iterator[None]:
    """Shut every line opened inside after ``seconds``: time-outs of a socket start anew with each byte."""
    opened: list[socket.socket] = []
    mark = _lines.set(opened)

    def cut() -> None:
        for line in opened:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        _lines.reset(mark)
        for line in opened:
            line.close()


def _open(connection: HTTPConnection) -> socket.socket:
    """Connect to an address that was checked: there is no second look-up which could answer differently."""
    host, port = connection._dns_host, connection.port or connection.default_port
    found = reachable(host.strip("[]"), port, allow_loopback=loopback_allowed())
    last: OSError | None = None
    for address in found:
        try:
            sock = socket.create_connection((str(address), port), timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, f"Connection to {host} timed out.") from error
        except OSError as error:
            last = error
            continue
        lines = _lines.get()
        if lines is not None:
            lines.append(sock.dup())
        return sock
    raise NewConnectionError(connection, f"Failed to establish a new connection: {last}")


def _is_not_ours(record: logging.LogRecord) -> bool:
    """The library writes addresses into its debug lines; these addresses are secrets."""
    return _lines.get() is None


logging.getLogger("urllib3.connectionpool").addFilter(_is_not_ours)


class _CheckedHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)


class _CheckedHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _open(self)


class _CheckedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _CheckedHTTPConnection


class _CheckedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedHTTPSConnection


class _CheckedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _CheckedHTTPPool, "https": _CheckedHTTPSPool}


def _session() -> requests.Session:
    session = requests.Session()
    # A proxy of the environment would resolve the name by itself, past the check.
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, _CheckedAdapter(max_retries=0))
    return session
