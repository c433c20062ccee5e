"""Text from a form as it may go into a row."""

from django.http import HttpRequest


def posted_text(request: HttpRequest, name: str, *, most: int) -> str:
    """A posted value without the character that PostgreSQL cannot hold, trimmed, at most ``most`` characters."""
    return str(request.POST.get(name, "")).replace("\x00", "").strip()[:most]
