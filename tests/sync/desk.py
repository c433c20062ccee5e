"""Builders and readers for the tests of incidents and of the error desk."""

import re
from typing import Any

from django.test import Client

from practices.models import Role, User
from sync import incidents
from sync.models import Change, Incident, Kind
from tests.sync import rows
from tests.sync.rows import Books


def login(books: Books, role: str = Role.STAFF) -> Client:
    return login_as(books.member(role))


def login_as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def refused(books: Books, kind: Kind = Kind.INVOICE, **extra: Any) -> Change:
    values = {"state": "parked", "parked_as": "rejected", "reason": "period_locked", **extra}
    return rows.make_change(books, kind, **values)


def refresh(books: Books) -> None:
    incidents.refresh(books.practice)


def incident(books: Books, cause: str = "rejected.period_locked", **extra: Any) -> Incident:
    found: Incident = Incident.objects.get(practice=books.practice, cause=cause, **extra)
    return found


def page(client: Client, books: Books, rest: str = "problems/") -> str:
    answer = client.get(books.url(rest))
    assert answer.status_code == 200, rest
    text = answer.content.decode()
    return text[text.index("<main") :]


def cards(text: str) -> list[str]:
    return re.findall(r'class="problem-title"[^>]*>([^<]+)<', text)


def card(books: Books, found: Incident, rest: str = "") -> str:
    return books.url(f"problems/{found.pk}/{rest}")
