"""The one HTTP session: time-outs on every call, JSON with ``Decimal``, and failures turned into our error tree.

A read that fails may simply be read again. A write that got no answer is :class:`Unclear`: the phase in which
it failed decides. A connection that could not be opened sent nothing; a broken or silent one may have.
"""

import json
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from connectors.answers import Answer
from connectors.base import TokenSource
from connectors.errors import ConnectorError, NeedsReconnect, Unavailable, Unclear, Unreadable

USER_AGENT = "PracticeLedgerSync/0.1"
CONNECT_SECONDS = 5


Classify = Callable[[Answer, bool], ConnectorError]
"""Turns an answer that isn't a success into an error; the flag says whether the call was a write."""


class ApiSession:
    """Calls one provider with one credential. Not thread-safe: build one per step."""

    def __init__(
        self,
        *,
        provider: str,
        base_url: str,
        tokens: TokenSource,
        classify: Classify,
        headers: Mapping[str, str] | None = None,
        read_seconds: float = 60,
        on_answer: Callable[[Answer], None] | None = None,
        before_call: Callable[[], None] | None = None,
    ) -> None:
        self.provider = provider
        self.base_url = base_url.rstrip("/")
        self.calls = 0
        self.bytes = 0
        self._tokens = tokens
        self._classify = classify
        self._read_seconds = read_seconds
        self._on_answer = on_answer
        self._before_call = before_call
        self._session = requests.Session()
        adapter = HTTPAdapter(max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._session.headers.update(
            {"User-Agent": USER_AGENT, "Accept": "application/json", **(headers or {})}
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call; a 401 is answered once with a renewed credential. Raises the error tree.

        "Not modified" is an answer to a read, with an empty body.
        """
        token = self._tokens.token()
        answer = self._send(method, path, token, params=params, body=body, headers=headers)
        if answer.status == 401:
            error = self._classify(answer, method != "GET")
            if isinstance(error, NeedsReconnect):
                raise error
            token = self._tokens.renew(token)
            answer = self._send(method, path, token, params=params, body=body, headers=headers)
            if answer.status == 401:
                raise NeedsReconnect(
                    "The credentials were refused, also after renewing them. Please reconnect.",
                    provider=self.provider,
                    status=401,
                )
        if answer.status >= 300 and not (answer.status == 304 and method == "GET"):
            raise self._classify(answer, method != "GET")
        return answer

    def get_json(self, path: str, params: Mapping[str, str] | None = None, **headers: str) -> Any:
        """GET and parse; a body that isn't JSON raises :class:`Unreadable`."""
        return self.read(self.call("GET", path, params=params, headers=headers))

    def read(self, answer: Answer) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise Unreadable(
                "The answer could not be read.",
                provider=self.provider,
                status=answer.status,
                detail=repr(error),
            ) from error

    def _send(
        self,
        method: str,
        path: str,
        token: str,
        *,
        params: Mapping[str, str] | None,
        body: Any,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        is_write = method != "GET"
        if self._before_call is not None:
            self._before_call()
        started = time.monotonic()
        self.calls += 1
        try:
            response = self._session.request(
                method,
                path if path.startswith("http") else self.base_url + path,
                params=params,
                data=None if body is None else json.dumps(body, default=_number).encode(),
                headers={
                    "Authorization": f"Bearer {token}",
                    **({"Content-Type": "application/json"} if body is not None else {}),
                    **(headers or {}),
                },
                timeout=(CONNECT_SECONDS, self._read_seconds),
                allow_redirects=False,
            )
        except requests.exceptions.ConnectTimeout as error:
            raise self._unreachable(error) from error
        except requests.exceptions.ConnectionError as error:
            if is_write and not _refused(error):
                raise self._unclear(error) from error
            raise self._unreachable(error) from error
        except requests.exceptions.RequestException as error:
            if is_write:
                raise self._unclear(error) from error
            raise self._unreachable(error) from error
        answer = Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.content,
            ms=int((time.monotonic() - started) * 1000),
        )
        self.bytes += len(answer.body)
        if self._on_answer is not None:
            self._on_answer(answer)
        return answer

    def _unreachable(self, error: Exception) -> Unavailable:
        return Unavailable(
            f"{self.provider.title()} could not be reached. It will be tried again.",
            provider=self.provider,
            detail=type(error).__name__,
        )

    def _unclear(self, error: Exception) -> Unclear:
        return Unclear(
            f"{self.provider.title()} did not answer, so it is not known whether this was done. "
            "It will be looked up before anything is sent again.",
            provider=self.provider,
            detail=type(error).__name__,
        )


def _refused(error: requests.exceptions.ConnectionError) -> bool:
    """Whether nothing can have been sent: no connection was made at all."""
    text = repr(error)
    return "NewConnectionError" in text or "NameResolutionError" in text or "ConnectTimeoutError" in text


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        return int(value) if whole else float(value)
    raise TypeError(f"{type(value).__name__} can't be sent as JSON")
