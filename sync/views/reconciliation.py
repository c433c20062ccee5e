"""The last comparison of both systems with its differences, one of them, and the report as a file."""

from tempfile import SpooledTemporaryFile
from typing import cast

from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.audit import record
from practices.models import Practice, Role
from sync.models import Mismatch, Trigger
from sync.pages.reconciliation import mismatch_listing, waterfalls
from sync.pages.reconciliation_mismatch import mismatch_page
from sync.reconcile import asking
from sync.report.choosing import people
from sync.report.csv import count_words, csv_file
from sync.report.header import last_comparison, not_checked
from sync.report.xlsx import TooMany, write_xlsx
from sync.views.asked import wants_totals

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IN_MEMORY = 4 * 1024 * 1024
"""Larger files are put together on the disk."""


@practice_view()
def reconciliation(request: PracticeRequest, practice: Practice) -> HttpResponse:
    page = mismatch_listing(practice, request.GET, request.user)
    if wants_totals(request):
        return render(request, "sync/reconciliation_totals.html", {"totals": page.totals})
    head = last_comparison(practice)
    facts = {
        "head": head,
        "waterfalls": waterfalls(head),
        "not_checked": not_checked(head),
        "page": page,
        "sheet": page.sheet,
        "filter": page.filter,
        "people": people(practice),
        "keep": [(name, request.GET[name]) for name in ("by", "sort", "size") if request.GET.get(name)],
    }
    return render(request, "sync/reconciliation.html", facts)


@require_POST
@practice_view(Role.STAFF)
def reconciliation_compare(request: PracticeRequest, practice: Practice) -> HttpResponseRedirect:
    """Ask a worker to compare what is stored; the page shows how it goes."""
    if asking.can_compare(practice):
        asking.ask(practice, trigger=Trigger.PERSON, actor=request.user)
    else:
        messages.error(request, "Connect both systems first: there is nothing to compare yet.")
    return redirect("reconciliation", slug=practice.slug)


@practice_view()
def mismatch(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    rows = Mismatch.objects.select_related("accepted_by", "owner", "change")
    found = get_object_or_404(rows, practice=practice, pk=pk)
    page = mismatch_page(practice, found)
    return render(request, "sync/reconciliation_mismatch.html", {"page": page, "row": page.row})


@practice_view(Role.STAFF)
def reconciliation_export(request: PracticeRequest, practice: Practice, file_format: str) -> HttpResponse:
    """The differences that the page shows for the same query string, as a file."""
    name = f"{practice.slug}-reconciliation-{timezone.localdate():%Y-%m-%d}.{file_format}"
    if file_format == "csv":
        file = csv_file(practice, request.GET, request.user)
        _exported(request, practice, file.count, file_format)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        answer = StreamingHttpResponse(file.parts, content_type=CSV, headers=headers)
        return cast("HttpResponse", answer)  # headers are all that the door touches
    stream = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  the answer closes it when it is sent
    try:
        number = write_xlsx(practice, request.GET, stream, request.user)
    except TooMany as refusal:
        stream.close()
        messages.error(request, str(refusal))
        query = request.GET.urlencode()
        return HttpResponseRedirect(f"{reverse('reconciliation', kwargs={'slug': practice.slug})}?{query}")
    stream.seek(0)
    _exported(request, practice, number, file_format)
    return cast("HttpResponse", FileResponse(stream, as_attachment=True, filename=name, content_type=XLSX))


def _exported(request: PracticeRequest, practice: Practice, number: int, file_format: str) -> None:
    """Who took how much is written down: it has clients' names and amounts in it."""
    record(
        practice,
        request.user,
        "report.exported",
        f"Exported the reconciliation report: {count_words(number)} as {file_format.upper()}",
        rows=number,
        format=file_format,
        filter=request.GET.urlencode()[:1000],
    )
