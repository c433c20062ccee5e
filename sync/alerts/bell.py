"""The bell on every page of a practice: how many problems are new to the person who looks."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from practices.models import Membership, Practice
from sync.models import Alert, AlertEvent, Channel, SeenAlerts, Severity

LOUD = (Severity.WARNING, Severity.CRITICAL)
FAILING_FOR = timedelta(minutes=15)
"""A channel that fails once and works at the next try is no news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bell:
    """``new`` problems still go on and were not seen yet; ``failing``: some channel does not get through."""

    new: int
    failing: bool


def bell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``bell``, asked for in one query by pages that show it; absent outside a practice."""
    practice = getattr(request, "practice", None)
    membership = getattr(request, "membership", None)
    if practice is None or membership is None:
        return {}
    return {"bell": SimpleLazyObject(lambda: bell_of(practice, membership))}


def bell_of(practice: Practice, membership: Membership) -> Bell:
    now = timezone.now()
    seen = SeenAlerts.objects.filter(practice=practice, user=membership.user_id).values("seen_at")[:1]
    loud = Q(event=AlertEvent.OPENED, over_at=None, severity__in=LOUD)
    new = (
        Alert.objects.filter(loud, practice=OuterRef("pk"))
        .filter(created_at__gt=Coalesce(Subquery(seen), membership.created_at))
        .order_by()
        .values("practice")
        .annotate(number=Count("pk"))
        .values("number")
    )
    failing = Channel.objects.filter(
        practice=OuterRef("pk"), is_on=True, failing_since__lte=now - FAILING_FOR
    )
    found = Practice.objects.filter(pk=practice.pk).annotate(
        new_alerts=Coalesce(Subquery(new), 0), failing=Exists(failing)
    )
    row = found.values("new_alerts", "failing").get()
    return Bell(new=row["new_alerts"], failing=row["failing"])
