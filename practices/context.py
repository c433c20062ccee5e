"""Template context processor: what every page of a practice may ask."""

from typing import Any

from django.http import HttpRequest


def practice(request: HttpRequest) -> dict[str, Any]:
    """``practice``, ``membership``, ``may_staff``, ``may_admin``, ``may_own``; empty outside one."""
    return {
        "practice": getattr(request, "practice", None),
        "membership": getattr(request, "membership", None),
        "may_staff": getattr(request, "may_staff", False),
        "may_admin": getattr(request, "may_admin", False),
        "may_own": getattr(request, "may_own", False),
    }
