"""What a request may not be, refused before anything reads it: too large, or holding a character no text has."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

LARGEST_BODY = 5_000_000
"""Bytes. The largest file people send here is a table of 1 MB; without a limit anybody could fill the disk, as
a form is read to its end to find its CSRF token."""

GetResponse = Callable[[HttpRequest], HttpResponse]


def refuse_unreadable(get_response: GetResponse) -> GetResponse:
    """Middleware. PostgreSQL can't hold the character NUL, and no browser's form sends it in an address."""

    def handle(request: HttpRequest) -> HttpResponse:
        if _length(request) > LARGEST_BODY:
            return _refusal(
                "This is larger than anything this site takes.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return _refusal("This address can't be read.", HTTPStatus.BAD_REQUEST)
        return get_response(request)

    return handle


def _length(request: HttpRequest) -> int:
    """The announced size, which is also as far as the body is read; a body without one is not read at all."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _refusal(text: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
