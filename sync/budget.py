"""Counting calls per connection, day and purpose, and holding back those that would use up what others need.

One UPDATE before each call takes it from the budget, one after it takes over what the provider's headers say.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.utils import timezone

from connectors.answers import Answer
from connectors.errors import OverBudget
from practices.models import Connection, Provider
from sync import throttle
from sync.models import Budget, Purpose

TOO_MANY = 429


def limits_of(provider: str) -> throttle.Limits:
    """What a provider allows, as set up; its headers correct it."""
    if provider == Provider.XERO:
        return throttle.Limits(
            window=timedelta(minutes=1),
            window_calls=settings.XERO_CALLS_PER_MINUTE,
            day_calls=settings.XERO_CALLS_PER_DAY,
        )
    return throttle.Limits(window=timedelta(hours=1), window_calls=settings.IGNITION_CALLS_PER_HOUR)


def spent_of(budget: Budget | None) -> throttle.Spent:
    if budget is None:
        return throttle.Spent()
    return throttle.Spent(
        window_began_at=budget.window_began_at,
        window_calls=budget.window_calls,
        window_left=budget.window_left,
        day_calls=budget.calls,
        day_left=budget.day_left,
        heard_at=budget.updated_at,
    )


def today(connection: Connection, now: datetime | None = None) -> Budget | None:
    day = (now or timezone.now()).astimezone(UTC).date()
    found: Budget | None = Budget.objects.filter(connection=connection, day=day).first()
    return found


class Meter:
    """Stands before and after every call of one connection that is made for one purpose."""

    def __init__(self, connection: Connection, purpose: str) -> None:
        self._connection = connection
        self._purpose = Purpose(purpose)
        self._limits = limits_of(connection.provider)

    def before(self) -> None:
        """Take one call from the budget; raises :class:`OverBudget` when this purpose has to wait."""
        now = timezone.now()
        budget = self._row(now)
        spent = spent_of(budget)
        until = throttle.wait_until(self._purpose, self._limits, spent, now)
        if until is not None and until > now:
            raise self._over(until, now)
        counted = {"calls": F("calls") + 1, self._purpose.value: F(self._purpose.value) + 1}
        if throttle.turns_over(spent, self._limits, now):
            window = {"window_began_at": now, "window_calls": 1, "window_left": None}
        else:
            window = {"window_calls": F("window_calls") + 1}
        Budget.objects.filter(pk=budget.pk).update(**counted, **window)

    def after(self, answer: Answer) -> None:
        """Take over what the answer's headers say is left, and remember a refusal.

        Where the provider's window has begun anew, ours does too: out of step, what is left of one would be spread over
        the other.
        """
        now = timezone.now()
        said = {
            "window_left": _number(answer, "x-minlimit-remaining"),
            "day_left": _number(answer, "x-daylimit-remaining"),
        }
        known: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
        left, most = said["window_left"], self._limits.window_calls
        if (
            left is not None and left <= most
        ):  # else we are to use less than the provider allows, and count ourselves
            anew = Q(window_left__lt=throttle.anew_below(self._limits, left))
            known["window_began_at"] = Case(When(anew, then=Value(now)), default=F("window_began_at"))
            used = When(anew, then=Value(most - left))
            known["window_calls"] = Case(used, default=F("window_calls"), output_field=IntegerField())
        if answer.status == TOO_MANY:
            known["refused"] = F("refused") + 1
        Budget.objects.filter(connection=self._connection, day=now.astimezone(UTC).date()).update(
            updated_at=now, bytes_read=F("bytes_read") + len(answer.body), **known
        )

    def _row(self, now: datetime) -> Budget:
        found = today(self._connection, now)
        if found is not None:
            return found
        # A window that began yesterday goes on after midnight.
        last = Budget.objects.filter(connection=self._connection).order_by("-day").first()
        carried = (
            {
                "window_began_at": last.window_began_at,
                "window_calls": last.window_calls,
                "window_left": last.window_left,
            }
            if last
            else {}
        )
        made: Budget = Budget.objects.get_or_create(
            connection=self._connection,
            day=now.astimezone(UTC).date(),
            defaults={"practice_id": self._connection.practice_id, **carried},
        )[0]
        return made

    def _over(self, until: datetime, now: datetime) -> OverBudget:
        name = self._connection.get_provider_display()
        return OverBudget(
            f"Waiting so that calls to {name} remain for more urgent work.",
            provider=self._connection.provider,
            retry_after=(until - now).total_seconds(),
        )


def gap(connection: Connection, now: datetime, *, calls: float) -> timedelta:
    """How long to collect live changes of this connection before its next calls."""
    return throttle.gap(limits_of(connection.provider), spent_of(today(connection, now)), now, calls=calls)


def _number(answer: Answer, name: str) -> int | None:
    value = answer.headers.get(name, "")
    return int(value) if value.lstrip("-").isdigit() else None
