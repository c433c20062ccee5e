"""Each request: its number, what its log lines are about, and how long it took."""

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from config import metrics

log = structlog.get_logger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

#: A number that a proxy gave the request is kept, so that its log and ours can be laid side by side.
_NUMBER = re.compile(r"[A-Za-z0-9_.-]{8,64}")


def follow(get_response: GetResponse) -> GetResponse:
    """Middleware. ``X-Request-ID`` of the request, or a new one, is in every line and in the answer.

    The page's name is logged, never its address: addresses of invitations and of mails hold what lets people in.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        number = _number(request.headers.get("X-Request-ID", ""))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=number)
        response = get_response(request)
        response["X-Request-ID"] = number
        _note(request, response.status_code, time.perf_counter() - began)
        return response

    return handle


@receiver(request_finished, dispatch_uid="traffic.forget")
def _forget(**kwargs: Any) -> None:
    """Not earlier: Django's own line about a refused request comes after all middleware."""
    structlog.contextvars.clear_contextvars()


def _number(given: str) -> str:
    return given if _NUMBER.fullmatch(given) else uuid.uuid4().hex


def _note(request: HttpRequest, status: int, seconds: float) -> None:
    view = _view(request)
    metrics.count_request(view=view, method=request.method or "", status=status, seconds=seconds)
    if view == "static":
        return
    practice = getattr(request, "practice", None)
    about = {"practice": practice.slug} if practice is not None else {}
    milliseconds = round(seconds * 1000)
    log.info("request", method=request.method, view=view, status=status, ms=milliseconds, **about)


def _view(request: HttpRequest) -> str:
    """The name of what answered: few enough to count each by itself, whatever addresses people make up."""
    if request.resolver_match is not None:
        return request.resolver_match.view_name or request.resolver_match.route
    return "static" if request.path_info.startswith(settings.STATIC_URL) else "none"
