"""How many requests wait for approval, for the navigation."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from practices.models import Practice
from sync.models import Approval, ApprovalState


@dataclass(frozen=True, slots=True)
class Waiting:
    total: int


def approvals(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``approvals``, asked for in one query by pages that show it; absent outside a practice."""
    practice = getattr(request, "practice", None)
    if practice is None or getattr(request, "membership", None) is None:
        return {}
    return {"approvals": SimpleLazyObject(lambda: waiting_in(practice))}


def waiting_in(practice: Practice) -> Waiting:
    return Waiting(Approval.objects.filter(practice=practice, state=ApprovalState.WAITING).count())
