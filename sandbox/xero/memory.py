"""The six-minute memory of Idempotency-Key: per application, for every organisation together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sandbox.web import Request, Response

REMEMBERED_SECONDS = 6 * 60
LONGEST_KEY = 128


@dataclass(frozen=True, slots=True)
class Remembered:
    fingerprint: str
    at: float
    status: int
    body: str
    content_type: str


class Memory:
    """Answers by (application, key). The first call counts: later repeats do not prolong it."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], Remembered] = {}

    def recall(self, client_id: str, key: str, request: Request, now: float) -> Response | None:
        """The stored answer for a repeat, a 400 for a key used with another request, None for a new key.

        The organisation is not part of the comparison: a key that two organisations share repeats the
        answer of the first one.
        """
        self._forget(now)
        known = self._answers.get((client_id, key))
        if known is None:
            return None
        if known.fingerprint != fingerprint(request):
            return _mismatch()
        return Response(known.status, known.body.encode("latin-1"), {"Content-Type": known.content_type})

    def remember(self, client_id: str, key: str, request: Request, response: Response, now: float) -> None:
        self._answers[client_id, key] = Remembered(
            fingerprint(request),
            now,
            response.status,
            response.body.decode("latin-1"),
            response.headers.get("Content-Type", ""),
        )

    def dump(self) -> list[list[Any]]:
        return [
            [client_id, key, entry.fingerprint, entry.at, entry.status, entry.body, entry.content_type]
            for (client_id, key), entry in self._answers.items()
        ]

    def load(self, data: list[list[Any]]) -> None:
        self._answers = {(entry[0], entry[1]): Remembered(*entry[2:]) for entry in data}

    def _forget(self, now: float) -> None:
        """Entries are in the order of their first call, so the old ones are in front."""
        old = []
        for pair, entry in self._answers.items():
            if now - entry.at <= REMEMBERED_SECONDS:
                break
            old.append(pair)
        for pair in old:
            del self._answers[pair]


def fingerprint(request: Request) -> str:
    """Method, address with query, and body."""
    query = sorted((key, value) for key, values in request.query.items() for value in values)
    text = f"{request.method} {request.path.lower()} {query!r}\n".encode()
    return hashlib.sha256(text + request.body).hexdigest()


def _mismatch() -> Response:
    return Response(
        400,
        b'{"ErrorNumber":12,"Type":"IdempotencyException",'
        b'"Message":"The Idempotency-Key has already been used with a different request."}',
        {"Content-Type": "application/json; charset=utf-8"},
    )
