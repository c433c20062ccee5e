"""What a request asks for, read safely."""

from django.http import HttpRequest


def posted_text(request: HttpRequest, name: str, *, most: int) -> str:
    """A posted value without the character that PostgreSQL cannot hold, trimmed, at most ``most`` characters."""
    return str(request.POST.get(name, "")).replace("\x00", "").strip()[:most]


def wants_totals(request: HttpRequest) -> bool:
    """Whether the page's own script asks for the sums of a long list only."""
    return request.headers.get("HX-Request") == "true" and request.GET.get("totals") == "all"


def is_fragment(request: HttpRequest) -> bool:
    """Whether a page that is shown already asks for a part of itself."""
    return request.headers.get("HX-Request") == "true"
