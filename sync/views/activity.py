"""What was done: runs, and one run with everything it touched."""

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from practices.access import PracticeRequest, practice_view
from practices.models import Practice
from sync import runs
from sync.filters import RunFilter
from sync.models import Attempt, Change, ChangeState, Run
from sync.pages.changes import change_row
from sync.pages.funnel import funnels, money_lines, read_rows
from sync.pages.paging import sheet
from sync.pages.progress import progress_of

WRITTEN_SHOWN = 25


@practice_view()
def activity(request: PracticeRequest, practice: Practice) -> HttpResponse:
    base = Run.objects.filter(practice=practice).select_related("actor")
    narrowed = RunFilter(request.GET, queryset=base)
    query = narrowed.qs
    page = sheet(query, request.GET, count=query.count(), sorts={"newest": "queued_at"}, default="-newest")
    rows = [(item, _sum(item, "written"), _sum(item, "held"), _sum(item, "failed")) for item in page.rows]
    return render(request, "sync/activity.html", {"sheet": page, "rows": rows, "filter": narrowed})


@practice_view()
def run(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    found = get_object_or_404(Run.objects.select_related("actor"), practice=practice, pk=pk)
    attempts = Attempt.objects.filter(practice=practice, run=found).select_related("connection")
    page = sheet(
        attempts.annotate(size=Count("changes")),
        request.GET,
        count=attempts.count(),
        sorts={"started": "started_at", "took": "ms"},
        default="-started",
    )
    written = Change.objects.filter(practice=practice, sent_by=found, state=ChangeState.DONE)
    ended = found.finished_at
    return render(
        request,
        "sync/run.html",
        {
            "run": found,
            "funnels": funnels(practice, found, runs.counts_of(found)),
            "money": money_lines(practice, found),
            "reading": read_rows(found),
            "written": [change_row(item) for item in written.order_by("-pk")[:WRITTEN_SHOWN]],
            "written_count": written.count(),
            "sheet": page,
            "took": ended - found.started_at if ended and found.started_at else None,
            "progress": progress_of(found) if found.is_open else None,
        },
    )


def _sum(found: Run, step: str) -> int:
    return sum(int(counts.get(step) or 0) for kind, counts in found.counts.items() if kind != "reading")
