"""How many problems there are, for the navigation and the lists of records."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from practices.models import Practice
from sync.models import Incident, IncidentState, Kind, Severity

LOUD = Q(severity__in=[Severity.WARNING, Severity.CRITICAL])


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """Open causes that need somebody: all of them, those that are urgent, and those about each kind of record."""

    total: int
    critical: int
    contact: int
    invoice: int
    payment: int


def problems(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``problems``, asked for in one query by pages that show it; absent outside a practice."""
    practice = getattr(request, "practice", None)
    if practice is None or getattr(request, "membership", None) is None:
        return {}
    return {"problems": SimpleLazyObject(lambda: problems_of(practice))}


def problems_of(practice: Practice) -> Problems:
    rows = Incident.objects.filter(LOUD, practice=practice, state=IncidentState.OPEN, heals=False)
    return Problems(
        **rows.aggregate(
            total=Count("pk"),
            critical=Count("pk", filter=Q(severity=Severity.CRITICAL)),
            contact=Count("pk", filter=Q(kind=Kind.CONTACT)),
            invoice=Count("pk", filter=Q(kind=Kind.INVOICE)),
            payment=Count("pk", filter=Q(kind=Kind.PAYMENT)),
        )
    )
