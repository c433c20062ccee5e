"""Contacts, invoices and payments: both systems side by side."""

import json

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from practices.access import PracticeRequest, practice_view
from practices.models import Practice
from sync.models import Kind, Snapshot
from sync.pages import record as pages
from sync.pages.lists import listing
from sync.pages.sides import sides_of
from sync.pages.timeline import timeline
from sync.views.asked import wants_totals

TITLES = {Kind.CONTACT: "Contacts", Kind.INVOICE: "Invoices", Kind.PAYMENT: "Payments"}
TARGET = "target"


@practice_view()
def contacts(request: PracticeRequest, practice: Practice) -> HttpResponse:
    return _list(request, practice, Kind.CONTACT)


@practice_view()
def invoices(request: PracticeRequest, practice: Practice) -> HttpResponse:
    return _list(request, practice, Kind.INVOICE)


@practice_view()
def payments(request: PracticeRequest, practice: Practice) -> HttpResponse:
    return _list(request, practice, Kind.PAYMENT)


@practice_view()
def record(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """A record of any kind, on either side."""
    snapshot = get_object_or_404(Snapshot.objects.select_related("connection"), practice=practice, pk=pk)
    page = pages.record_page(practice, snapshot)
    return render(
        request,
        "sync/record.html",
        {
            "page": page,
            "snapshot": snapshot,
            "events": timeline(practice, page),
            "raw": json.dumps(snapshot.raw, indent=2, ensure_ascii=False) if request.may_admin else "",
        },
    )


def _list(request: PracticeRequest, practice: Practice, kind: Kind) -> HttpResponse:
    sides = sides_of(practice)[kind]
    of_source = request.GET.get("system") != TARGET
    page = listing(practice, sides, request.GET, of_source=of_source)
    if wants_totals(request):
        return render(request, "sync/_totals.html", {"totals": page.totals})
    return render(
        request,
        "sync/records.html",
        {
            "title": TITLES[kind],
            "kind": str(kind),
            "sides": sides,
            "page": page,
            "sheet": page.sheet,
            "filter": page.filter,
            "keep": _kept(request, "sort", "size"),
            "keep_target": _kept(request, "system", "sort", "size"),
        },
    )


def _kept(request: PracticeRequest, *names: str) -> list[tuple[str, str]]:
    """What a new filter leaves as it is in the address bar."""
    return [(name, request.GET[name]) for name in names if request.GET.get(name)]
