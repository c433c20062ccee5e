"""What each side said, and what was open, on a day."""

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from practices.access import PracticeRequest, practice_view
from practices.models import Practice
from sync.models import Snapshot
from sync.pages import asof as pages
from sync.views.asked import wants_totals
from sync.zones import zone_of


@practice_view()
def record_asof(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """A record of any kind; yesterday unless ``?day=`` names another day."""
    snapshot = get_object_or_404(Snapshot.objects.select_related("connection"), practice=practice, pk=pk)
    today = timezone.localdate()
    day = pages.asked_day(request.GET, fallback=today - timedelta(days=1), latest=today)
    page = pages.record_asof(practice, snapshot, day)
    return render(request, "sync/asof_record.html", {"snapshot": snapshot, "page": page, "today": today})


@practice_view()
def asof(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """The report as of a day; today unless ``?day=`` names another one."""
    today = timezone.localdate()
    day = pages.asked_day(request.GET, fallback=today, latest=today)
    page = pages.open_on(practice, day, request.GET, zone_of(practice.time_zone))
    if wants_totals(request):
        return render(request, "sync/reconciliation_totals.html", {"totals": page.totals})
    facts = {"page": page, "sheet": page.sheet, "today": today}
    return render(request, "sync/asof.html", facts)
