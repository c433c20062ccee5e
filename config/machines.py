"""Addresses that machines call. They have no session, so a cookie in such a request is not looked at.

Some senders refuse an answer that sets a cookie, and a session that was merely looked at already marks the answer as
depending on one.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PATHS = ("/hooks/",)

GetResponse = Callable[[HttpRequest], HttpResponse]


def without_cookies(get_response: GetResponse) -> GetResponse:
    """Middleware; stands before whatever reads cookies."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(PATHS):
            request.META.pop("HTTP_COOKIE", None)
        return get_response(request)

    return handle
