"""What was reported to us, one report as it came in, and looking again."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import AuditEntry, ConnectionState, Practice, Role
from practices.record_admin import pretty_json
from sync import replay
from sync.models import Event, EventState
from sync.pages.events import EventFilter, event_filter, event_listing, health_of, shown_body, with_records

AUDIT_SHOWN = 20
NOTHING_TO_DO = "There is nothing to look at again: it waits already, or its connection was ended."


@practice_view()
def events(request: PracticeRequest, practice: Practice) -> HttpResponse:
    page = event_listing(practice, request.GET)
    kept = [(name, request.GET[name]) for name in ("sort", "size") if request.GET.get(name)]
    facts = {
        "page": page,
        "sheet": page.sheet,
        "filter": page.filter,
        "keep": kept,
        "health": health_of(practice),
    }
    return render(request, "sync/events.html", facts)


@practice_view()
def event(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    found = _one(practice, pk)
    audit = AuditEntry.objects.filter(practice=practice, object_type="event", object_id=str(found.pk))
    facts = {
        "row": with_records(practice, [found])[0],
        "body": shown_body(found.body),
        "headers": pretty_json(found.headers),
        "audit": audit.order_by("-at")[:AUDIT_SHOWN],
        "may_replay": found.state != EventState.WAITING
        and found.connection.state != ConnectionState.DISCONNECTED,
    }
    return render(request, "sync/event.html", facts)


@require_POST
@practice_view(Role.STAFF)
def event_again(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """Look at one of them again."""
    found = _one(practice, pk)
    moved = replay.again(
        practice,
        Event.objects.filter(pk=found.pk),
        actor=request.user,
        what=f"{found.connection.get_provider_display()}, {found}",
        one=found,
    )
    if moved:
        messages.success(request, "It is looked at again, within a few seconds.")
    else:
        messages.error(request, NOTHING_TO_DO)
    return redirect("event", slug=practice.slug, pk=found.pk)


@practice_view(Role.STAFF)
def events_again(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Look again at all that the filter in the address bar leaves: first what that comes to, then doing it."""
    narrowed = event_filter(practice, request.GET)
    query: QuerySet[Any] = narrowed.qs if narrowed.is_valid() else Event.objects.none()
    back = reverse("events", kwargs={"slug": practice.slug})
    asked = request.GET.urlencode()
    if request.method != "POST":
        facts = {"cost": replay.cost_of(query), "meant": _meant(narrowed), "asked": asked, "back": back}
        return render(request, "sync/events_again.html", facts)
    newest = request.POST.get("newest", "")
    if not (newest.isascii() and newest.isdigit() and len(newest) < 19):
        messages.error(request, "Look at what it comes to first, then confirm.")
        return HttpResponseRedirect(f"{reverse('events_again', kwargs={'slug': practice.slug})}?{asked}")
    moved = replay.again(
        practice, query.filter(pk__lte=int(newest)), actor=request.user, what=_meant(narrowed)
    )
    if moved:
        messages.success(
            request, f"{moved:,} {'is' if moved == 1 else 'are'} looked at again, one after the other."
        )
    else:
        messages.error(request, NOTHING_TO_DO)
    return HttpResponseRedirect(f"{back}?{asked}" if asked else back)


def _one(practice: Practice, pk: int) -> Event:
    found: Event = get_object_or_404(
        Event.objects.select_related("connection", "run"), practice=practice, pk=pk
    )
    return found


def _meant(narrowed: EventFilter) -> str:
    """The filter in words, for whoever confirms it and for the audit trail."""
    if not narrowed.is_valid():
        return "nothing, as the filter can't be read"
    parts = []
    for field in narrowed.form:
        value = narrowed.form.cleaned_data.get(field.name)
        if value:
            choices = dict(getattr(field.field, "choices", []))
            parts.append(f"{str(field.label).lower()} {choices.get(value, value)}")
    return ", ".join(parts) or "all of them"
