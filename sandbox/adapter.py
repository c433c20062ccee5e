"""The sandbox inside the caller's process, as a transport for `requests`.

    session.mount("http://sandbox.test", SandboxAdapter(world))

Faults without an answer become the exceptions that a network would raise; nothing waits.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from sandbox.faults import NoAnswer
from sandbox.web import REASONS, request_of
from sandbox.world import World


class SandboxAdapter(BaseAdapter):
    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Raises ReadTimeout or ConnectionError when a fault swallows the answer."""
        body = request.body or b""
        inner = request_of(
            request.method or "GET",
            request.path_url,
            {str(name): str(value) for name, value in request.headers.items()},
            body.encode() if isinstance(body, str) else bytes(body),
        )
        inner.headers.setdefault("host", urlsplit(request.url or "").netloc)
        try:
            answer = self.world.handle(inner)
        except NoAnswer as outcome:
            if outcome.timed_out:
                raise requests.exceptions.ReadTimeout("no answer in time", request=request) from outcome
            raise requests.exceptions.ConnectionError("connection closed", request=request) from outcome
        response = requests.Response()
        response.status_code = answer.status
        response.reason = REASONS.get(answer.status, "")
        response.headers = CaseInsensitiveDict(answer.headers)
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        response.raw = BytesIO(answer.body)
        response.url = request.url or ""
        response.request = request
        return response

    def close(self) -> None:
        """Nothing is held open."""
