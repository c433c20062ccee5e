"""The error desk: what is wrong, cause by cause, and the records behind each."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from practices.access import PracticeRequest, practice_view
from practices.models import Practice
from sync.models import Incident
from sync.pages.desk import desk
from sync.pages.desk_card import card_page, csv_lines
from sync.views.desk_acts import MAY_SKIP

BYTE_ORDER_MARK = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""


@practice_view()
def problems(request: PracticeRequest, practice: Practice) -> HttpResponse:
    page = desk(practice, request.user, request.GET)
    return render(request, "sync/desk.html", {"page": page, "sheet": page.sheet, "form": page.form})


@practice_view()
def problem(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    incident = one_of(practice, pk)
    page = card_page(practice, incident, request.GET)
    return render(
        request,
        "sync/desk_card.html",
        {
            "page": page,
            "sheet": page.sheet,
            "incident": incident,
            "card": page.card,
            "may_skip": request.membership.may(MAY_SKIP) and page.card.may_skip,
            "today": timezone.localdate(),
        },
    )


@practice_view()
def problem_export(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """The affected records as a CSV file."""
    incident = one_of(practice, pk)
    q = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    text = BYTE_ORDER_MARK + "".join(csv_lines(incident, q))
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    name = f"{practice.slug}-problem-{incident.pk}-{timezone.localdate():%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def one_of(practice: Practice, pk: int) -> Incident:
    found: Incident = get_object_or_404(
        Incident.objects.select_related("connection", "assignee", "snoozed_by", "practice"),
        practice=practice,
        pk=pk,
    )
    return found
