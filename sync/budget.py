"""Counting calls per connection and day, corrected by what the provider's headers say is left."""

from collections.abc import Callable

from django.db.models import F
from django.utils import timezone

from connectors.answers import Answer
from practices.models import Connection
from sync.models import Budget


def counter(connection: Connection) -> Callable[[Answer], None]:
    """A function that books each answer of this connection."""

    def book(answer: Answer) -> None:
        now = timezone.now()
        left = {
            "minute_left": _left(answer, "x-minlimit-remaining"),
            "day_left": _left(answer, "x-daylimit-remaining"),
        }
        known = {name: value for name, value in left.items() if value is not None}
        today = Budget.objects.filter(connection=connection, day=now.date())
        if not today.update(calls=F("calls") + 1, updated_at=now, **known):
            budget, _ = Budget.objects.get_or_create(
                connection=connection, day=now.date(), defaults={"practice_id": connection.practice_id}
            )
            Budget.objects.filter(pk=budget.pk).update(calls=F("calls") + 1, updated_at=now, **known)

    return book


def _left(answer: Answer, name: str) -> int | None:
    value = answer.headers.get(name, "")
    return int(value) if value.lstrip("-").isdigit() else None
