"""Rehearsing the draft of the mapping, and why a record becomes what it becomes."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from mappings import drafts
from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role
from sync import nudge
from sync.models import SYNCED_KINDS, Rehearsal, Snapshot
from sync.pages import rehearsals as pages
from sync.pages.why import why
from sync.rehearsal import running
from sync.views.asked import is_fragment


@require_POST
@practice_view(Role.STAFF)
def rehearsal_start(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """``days`` is 30 or 90; ``record`` (a snapshot's key) rehearses that one alone."""
    asked = request.POST.get("record", "")
    record = None
    if asked.isascii() and asked.isdigit():
        record = get_object_or_404(
            Snapshot.objects.filter(kind__in=SYNCED_KINDS), practice=practice, pk=int(asked[:18])
        )
    days = request.POST.get("days", "")
    try:
        made = running.ask(
            practice, actor=request.user, days=int(days) if days in {"30", "90"} else 30, record=record
        )
    except running.NothingToRehearse as error:
        messages.error(request, str(error))
        return redirect("mapping", slug=practice.slug)
    nudge.rehearsal_after_commit(made.pk)
    return redirect("rehearsal", slug=practice.slug, pk=made.pk)


@practice_view()
def rehearsal(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    found = get_object_or_404(Rehearsal.objects.select_related("asked_by"), practice=practice, pk=pk)
    draft = drafts.draft_of(practice)
    context = {"rehearsal": found, "is_current": running.is_current(found, draft), "draft": draft}
    if is_fragment(request):
        return render(request, "sync/_rehearsal_progress.html", context)
    return render(
        request, "sync/rehearsal.html", {**context, "page": pages.page(practice, found, request.GET)}
    )


@practice_view()
def rehearsal_latest(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """The newest rehearsal in a few words, for the page of the draft."""
    found = running.newest(practice)
    draft = drafts.draft_of(practice)
    current = found is not None and running.is_current(found, draft)
    if is_fragment(request):
        return render(request, "sync/_rehearsal_latest.html", {"rehearsal": found, "is_current": current})
    return (
        redirect("rehearsal", slug=practice.slug, pk=found.pk)
        if found
        else redirect("mapping", slug=practice.slug)
    )


@practice_view()
def record_why(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """Where every value of a source record comes from, in force or (``?draft=1``) by the draft."""
    snapshot = get_object_or_404(
        Snapshot.objects.select_related("connection").filter(kind__in=SYNCED_KINDS), practice=practice, pk=pk
    )
    page = why(practice, snapshot, by_draft=request.GET.get("draft") == "1")
    return render(request, "sync/why.html", {"snapshot": snapshot, "page": page})
