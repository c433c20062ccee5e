"""Requests, responses and routing for the simulators: plain values, no sockets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Handler = Callable[..., "Response"]

REASONS = {
    200: "OK", 201: "Created", 204: "No Content", 302: "Found", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
    409: "Conflict", 413: "Payload Too Large", 422: "Unprocessable Entity", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout",
}  # fmt: skip


class BadBody(ValueError):
    """The request body is not what its content type says."""


@dataclass(slots=True)
class Request:
    """One HTTP request. `path` is still percent-encoded and has no query; header names are lower case."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    # How many calls of the same application and organisation are open now, this one included.
    in_flight: int = 1

    def arg(self, name: str, default: str | None = None) -> str | None:
        """First value of a query parameter, name compared without case."""
        values = self.query.get(name)
        if values is None:
            wanted = name.lower()
            values = next((found for key, found in self.query.items() if key.lower() == wanted), None)
        return values[0] if values else default

    def switch(self, name: str, *, default: bool = False) -> bool:
        """A query parameter that is true or false, in any case."""
        value = self.arg(name)
        return default if value is None else value.lower() == "true"

    def fields(self) -> dict[str, list[str]]:
        """The form-encoded body with every value of each field. Raises BadBody."""
        try:
            return parse_qs(self.body.decode("utf-8"), keep_blank_values=True)
        except ValueError as error:
            raise BadBody("The form cannot be read.") from error

    def form(self) -> dict[str, str]:
        """The form-encoded body, first value of each field. Raises BadBody."""
        return {key: values[0] for key, values in self.fields().items()}

    def json(self) -> Any:
        """The JSON body with Decimal for every number that has a fraction. Raises BadBody."""
        try:
            return json.loads(self.body, parse_float=Decimal, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise BadBody(str(error)) from error

    def url(self) -> str:
        """Where the caller reached us, without a path: the scheme and the Host header."""
        return f"http://{self.headers.get('host', 'sandbox.invalid')}"


@dataclass(slots=True)
class Response:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler


class Router:
    """Maps a method and a path template to a handler. Paths compare without case."""

    def __init__(self) -> None:
        self._routes: dict[int, list[Route]] = {}

    def route(self, method: str, template: str) -> Callable[[Handler], Handler]:
        """Register `handler(world, request, **path_params)`; params are percent-decoded."""
        return self.routes(template, method)

    def routes(self, template: str, *methods: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            for method in methods:
                self.add(method, template, handler)
            return handler

        return register

    def add(self, method: str, template: str, handler: Handler) -> None:
        parts = re.split(r"\{(\w+)\}", template.rstrip("/"))
        regex = "".join(
            f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)
        )
        route = Route(method.upper(), re.compile(regex, re.IGNORECASE), handler)
        self._routes.setdefault(template.rstrip("/").count("/"), []).append(route)

    def match(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
        path = path.rstrip("/")
        for route in self._routes.get(path.count("/"), ()):
            if route.method == method and (found := route.pattern.fullmatch(path)):
                return route.handler, {name: unquote(value) for name, value in found.groupdict().items()}
        return None

    def methods(self, path: str) -> list[str]:
        """The methods some route answers on this path; empty when the path is unknown."""
        path = path.rstrip("/")
        routes = self._routes.get(path.count("/"), ())
        return sorted({route.method for route in routes if route.pattern.fullmatch(path)})


def request_of(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """Build a Request from a request target (path and query) and headers in any case."""
    parts = urlsplit(target)
    query = parse_qs(parts.query, keep_blank_values=True) if parts.query else {}
    lowered = {name.lower(): value for name, value in headers.items()}
    return Request(method.upper(), parts.path or "/", query, lowered, body)


def encode_json(data: Any) -> bytes:
    """JSON text; Decimal becomes a JSON number. Amounts of up to 15 digits keep every digit."""
    return json.dumps(data, default=_plain, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status, encode_json(data), {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    )


def html_response(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status, text.encode("utf-8"), {"Content-Type": "text/html; charset=utf-8", **(headers or {})}
    )


def text_response(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        status, text.encode("utf-8"), {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}
    )


def redirect(location: str) -> Response:
    return Response(302, b"", {"Location": location})


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
