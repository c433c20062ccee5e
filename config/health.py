"""``/healthz`` (this process is alive), ``/readyz`` (the installation works), ``/metrics``: answered before all else.

Before host names are checked and requests sent on to https, because whoever watches asks by address and in plain
HTTP from within. Neither reads a session or sets a cookie, and ``/healthz`` does not touch the database.
"""

import hmac
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from config import metrics, readiness

GetResponse = Callable[[HttpRequest], HttpResponse]

LOOPBACK = {"127.0.0.1", "::1"}


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 from any process that can answer at all: for load balancers and restarts."""
    return _kept_nowhere(HttpResponse("ok\n", content_type="text/plain; charset=utf-8"))


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 while everything works, else 503. The reasons are for those who watch, not for the public."""
    found = readiness.recent()
    is_ready = readiness.is_ready(found)
    body: dict[str, object] = {"ready": is_ready}
    if is_trusted(request):
        body["checks"] = {
            one.name: {
                "ok": one.ok,
                "text": one.text,
                **({"seconds": round(one.seconds, 1)} if one.seconds is not None else {}),
            }
            for one in found
        }
    response = JsonResponse(body, status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)
    # Django would call each 503 an error of ours; whoever watches asks every few seconds.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return _kept_nowhere(response)


@require_safe
def measures(request: HttpRequest) -> HttpResponse:
    """``/metrics`` for Prometheus; for everybody else there is no such page."""
    if not is_trusted(request):
        raise Http404
    return _kept_nowhere(HttpResponse(metrics.scrape(), content_type=metrics.CONTENT_TYPE))


def is_trusted(request: HttpRequest) -> bool:
    """Whether somebody on this very machine asks, or somebody who has the token.

    A proxy on this machine makes everybody look local, but says for whom it asks.
    """
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    token: str = settings.METRICS_TOKEN
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"))
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not forwarded


#: Also in ``config/urls.py``, where whatever is refused here gets the ordinary page.
FIRST = {"/healthz": alive, "/readyz": ready, "/metrics": measures}


def answer_first(get_response: GetResponse) -> GetResponse:
    """Middleware, the outermost: these addresses need no host name, no https, no session."""

    def handle(request: HttpRequest) -> HttpResponse:
        view = FIRST.get(request.path_info)
        if view is None or (view is measures and not is_trusted(request)):
            return get_response(request)
        return view(request)

    return handle


def _kept_nowhere(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
