"""Walking through the pages about alerts."""

from html import unescape
from typing import Any

from django.test import Client

from practices.models import User

COMMON = {"severity": "warning", "least_count": "1", "recoveries": "on", "digest": "at_once"}
"""What the forms of all kinds of channels need."""


def browser(user: User | None = None, **extra: Any) -> Client:
    client = Client(**extra)
    if user is not None:
        client.force_login(user)
    return client


def page(client: Client, rest: str = "", **query: Any) -> str:
    answer = client.get(f"/p/harbour/alerts/{rest}", query)
    assert answer.status_code == 200, answer.status_code
    return unescape(answer.content.decode())


def send(client: Client, rest: str, data: dict[str, Any] | None = None) -> str:
    """Post and follow; returns the page that is shown then."""
    answer = client.post(f"/p/harbour/alerts/{rest}", data or {}, follow=True)
    assert answer.status_code in {200, 422}
    return unescape(answer.content.decode())
