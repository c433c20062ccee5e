"""What people do on the error desk: take a cause, put it aside, send its records again, or skip them."""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import Membership, Practice, Role
from sync import decisions
from sync.incidents import handling
from sync.incidents.cascade import cascade
from sync.incidents.records import own_ids
from sync.incidents.rehearsal import rehearse
from sync.models import Incident
from sync.pages.desk import card_of
from sync.views.asked import posted_text

MAY_SKIP = Role.ADMIN
"""Leaving money unwritten is for those who may cancel planned changes."""
MOST_AT_ONCE = 5_000
"""Records of one click; what is left is done by the next one."""
MOST_TICKED = 500
WORKDAY_BEGINS = time(8)
"""When a snooze ends on its day."""


@require_POST
@practice_view(Role.STAFF)
def problem_assign(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """``to`` is a member's user id, ``me``, or ``nobody``."""
    incident = _one(practice, pk)
    asked = request.POST.get("to", "")
    to = None
    if asked == "me":
        to = request.user
    elif asked != "nobody":
        member = (
            Membership.objects.filter(practice=practice, user=_number(asked)).select_related("user").first()
        )
        if member is None:
            messages.error(request, "Choose who takes it.")
            return _back(request, practice, incident)
        to = member.user
    return _done(
        request,
        practice,
        incident,
        lambda: handling.assign(incident, to=to, actor=request.user),
        f"{to} has it now." if to else "Nobody has it now.",
    )


@require_POST
@practice_view(Role.STAFF)
def problem_snooze(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """``until`` is a day; ``wake`` takes it up again."""
    incident = _one(practice, pk)
    if request.POST.get("wake"):
        return _done(
            request,
            practice,
            incident,
            lambda: handling.wake(incident, actor=request.user),
            "It is open again.",
        )
    day = _day(request.POST.get("until", ""))
    if day is None:
        messages.error(request, "Choose until which day it can wait.")
        return _back(request, practice, incident)
    reason = posted_text(request, "reason", most=300)
    return _done(
        request,
        practice,
        incident,
        lambda: handling.snooze(incident, until=day, reason=reason, actor=request.user),
        "It is put aside until then, and comes back earlier only when it gets much worse.",
    )


@require_POST
@practice_view(Role.STAFF)
def problem_retry(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """Send records again: first what that comes to, then, confirmed, doing it."""
    incident = _one(practice, pk)
    ids = _asked(request, incident)
    if not card_of(practice, incident).may_retry or not ids:
        messages.error(request, "Tick at least one record that needs attention, or choose all of them.")
        return _back(request, practice, incident)
    if request.POST.get("confirmed") != "yes":
        found = rehearse(practice, ids)
        if found is None:
            messages.info(request, handling.SETTLED)
            return _back(request, practice, incident)
        facts = {
            "incident": incident,
            "outlook": found,
            "more": max(0, incident.count - len(ids)) if _is_all(request) else 0,
            **_kept(request, ids),
        }
        return render(request, "sync/desk_retry.html", facts)
    done = decisions.retry(ids, practice=practice, actor=request.user)
    if done:
        messages.success(
            request, f"{_count(done)} {'is' if done == 1 else 'are'} sent again with the next sync."
        )
    else:
        messages.info(request, handling.SETTLED)
    return redirect("problem", slug=practice.slug, pk=incident.pk)


@require_POST
@practice_view(MAY_SKIP)
def problem_skip(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """Leave records unwritten: first what else that leaves behind, then, confirmed with a reason, doing it."""
    incident = _one(practice, pk)
    ids = _asked(request, incident)
    if not card_of(practice, incident).may_skip or not ids:
        messages.error(request, "Tick at least one record first, or choose all of them.")
        return _back(request, practice, incident)
    found = cascade(practice, ids, most=MOST_AT_ONCE)
    note = posted_text(request, "note", most=300)
    confirmed = request.POST.get("confirmed") == "yes"
    if not confirmed or not note or not found.ids:
        facts = {
            "incident": incident,
            "cascade": found,
            "missing": confirmed and not note,
            "more": max(0, incident.count - len(ids)) if _is_all(request) else 0,
            **_kept(request, ids),
        }
        return render(request, "sync/desk_skip.html", facts)
    wanted = [*found.ids, *(found.followers if request.POST.get("followers") == "yes" else ())]
    try:
        done = decisions.cancel(wanted, practice=practice, actor=request.user, note=note)
    except decisions.NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, f"{_count(done)} skipped. It is not proposed again while it stays the same."
        )
    return redirect("problem", slug=practice.slug, pk=incident.pk)


def _one(practice: Practice, pk: int) -> Incident:
    found: Incident = get_object_or_404(
        Incident.objects.select_related("connection", "practice"), practice=practice, pk=pk
    )
    return found


def _asked(request: PracticeRequest, incident: Incident) -> list[int]:
    """The incident's own records that were ticked, or all of them that were shown when it was asked."""
    if _is_all(request):
        newest = _number(request.POST.get("newest", ""))
        ids = own_ids(incident, [], most=MOST_AT_ONCE)
        return [pk for pk in ids if newest is None or pk <= newest]
    ticked = [_number(text) for text in request.POST.getlist("change")[:MOST_TICKED]]
    asked = [pk for pk in ticked if pk is not None]
    return own_ids(incident, asked, most=MOST_TICKED) if asked else []


def _kept(request: PracticeRequest, ids: Sequence[int]) -> dict[str, object]:
    """What the form of the next step has to carry."""
    return {"all": _is_all(request), "ids": () if _is_all(request) else ids, "newest": max(ids)}


def _is_all(request: PracticeRequest) -> bool:
    return request.POST.get("scope") == "all"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _day(text: str) -> datetime | None:
    """The morning of a day, where the practice is; words for the usual ones."""
    today = timezone.localdate()
    words = {
        "tomorrow": today + timedelta(days=1),
        "monday": today + timedelta(days=7 - today.weekday()),
        "week": today + timedelta(days=7),
        "month": today + timedelta(days=30),
    }
    try:
        day = words.get(text) or parse_date(text)
    except ValueError:
        return None
    return timezone.make_aware(datetime.combine(day, WORKDAY_BEGINS)) if day else None


def _done(
    request: PracticeRequest, practice: Practice, incident: Incident, act: Callable[[], None], text: str
) -> HttpResponseRedirect:
    """Do it, say so or say why not, and go back."""
    try:
        act()
    except decisions.NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, text)
    return _back(request, practice, incident)


def _back(request: PracticeRequest, practice: Practice, incident: Incident) -> HttpResponseRedirect:
    """Where the form came from; only addresses of this site are believed."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(wanted)
    return redirect(reverse("problem", kwargs={"slug": practice.slug, "pk": incident.pk}))


def _count(number: int) -> str:
    return "1 record" if number == 1 else f"{number:,} records"
