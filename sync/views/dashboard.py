"""Home of a practice, the button that starts a sync, and what an open run is doing."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role
from sync import decisions, flows, runs
from sync.models import Trigger
from sync.pages.overview import overview
from sync.pages.progress import open_progress, progress_of


@practice_view()
def dashboard(request: PracticeRequest, practice: Practice) -> HttpResponse:
    page = overview(practice, plan_seen=bool(request.session.get(f"plan_seen_{practice.pk}")))
    progress = progress_of(page.open_run) if page.open_run else None
    return render(request, "sync/dashboard.html", {"page": page, "progress": progress})


@practice_view()
def progress(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """The moving part, asked for every two seconds. When the run has ended the page is loaded anew."""
    found = open_progress(practice)
    if found is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "sync/_progress.html", {"progress": found})


@require_POST
@practice_view(Role.STAFF)
def sync_now(request: PracticeRequest, practice: Practice) -> HttpResponse:
    if not flows.is_connected(practice):
        messages.error(request, "Connect both systems first; then a sync can start.")
        return redirect("dashboard", slug=practice.slug)
    full = request.POST.get("full") == "yes"
    try:
        runs.start(practice, trigger=Trigger.PERSON, actor=request.user, full=full)
    except decisions.NotAllowed as refusal:
        messages.error(request, str(refusal))
    return redirect("dashboard", slug=practice.slug)
