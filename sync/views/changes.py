"""Changes: the list, one with its difference and attempts, and what a person may do with them."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import AuditEntry, Practice, Role, User
from sync import decisions
from sync.deeplinks import deep_link
from sync.models import Attempt, Change, ChangeState
from sync.pages.approvals import change_requests
from sync.pages.changes import all_fields, change_listing, source_snapshot, target_snapshot
from sync.pages.diff import line_labels
from sync.pages.words import FIX_MAPPING, MAPPING_REASONS, NEXT_STEP, REVIEW_REASONS
from sync.ruled import APPROVAL
from sync.views.asked import posted_text, wants_totals

MOST_AT_ONCE = 500
ATTEMPTS_SHOWN = 50
KEEPABLE = frozenset({"conflict"})
"""Reasons for which keeping the target's value is an answer."""


@practice_view()
def changes(request: PracticeRequest, practice: Practice) -> HttpResponse:
    page = change_listing(practice, request.GET)
    if wants_totals(request):
        return render(request, "sync/_totals.html", {"totals": page.totals})
    return render(
        request,
        "sync/changes.html",
        {"page": page, "sheet": page.sheet, "filter": page.filter, "keep": _kept(request)},
    )


@practice_view()
def change(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    found = get_object_or_404(
        Change.objects.select_related(
            "practice",
            "connection",
            "source_connection",
            "released_by",
            "made_by",
            "sent_by",
            "depends_on",
            "flow",
        ),
        practice=practice,
        pk=pk,
    )
    fields, lines = all_fields(found)
    target = target_snapshot(found)
    attempts = (
        Attempt.objects.filter(changes=found, practice=practice).select_related("run").order_by("-started_at")
    )
    audit = AuditEntry.objects.filter(
        practice=practice, object_type="change", object_id=str(found.pk)
    ).order_by("-at")
    return render(
        request,
        "sync/change.html",
        {
            "change": found,
            "fields": fields,
            "lines": lines,
            "line_labels": line_labels(),
            "source": source_snapshot(found),
            "target": target,
            "target_link": deep_link(
                found.connection,
                found.kind,
                found.target_external_id,
                target.record if target else found.values,
            ),
            "attempts": attempts[:ATTEMPTS_SHOWN],
            "audit": audit[:ATTEMPTS_SHOWN],
            "next_step": NEXT_STEP.get(found.reason, FIX_MAPPING if found.reason in MAPPING_REASONS else ""),
            "by_mapping": found.reason in MAPPING_REASONS,
            "by_review": found.reason in REVIEW_REASONS,
            "requests": change_requests(found, request.user, may_staff=request.may_staff),
            "may_keep": found.state == ChangeState.HELD and found.reason in KEEPABLE,
            "may_release": found.state == ChangeState.HELD and found.reason in decisions.RELEASABLE,
        },
    )


@require_POST
@practice_view(Role.STAFF)
def changes_act(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Release, keep, retry or cancel the ticked Changes. Everything but a retry needs an admin."""
    action = ACTIONS.get(request.POST.get("action", ""))
    back = _back(request, practice)
    if action is None:
        messages.error(request, "Choose what to do with the ticked rows.")
        return back
    if action is not _retry and not request.may_admin:
        raise PermissionDenied("Only an owner or admin can do this with planned changes. You can retry.")
    ids = _own_ids(request, practice)
    if not ids:
        messages.error(request, "Tick at least one row first.")
        return back
    try:
        text = action(ids, practice, request.user, posted_text(request, "note", most=300))
    except decisions.NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, text)
    return back


def _release(ids: list[int], practice: Practice, actor: User, note: str) -> str:
    done = decisions.release(ids, practice=practice, actor=actor)
    waits = _waiting_for_approval(ids, practice)
    if waits == done:
        return f"{_count(done)} released. {_approval_words(done)}"
    return f"{_count(done)} released. They are sent with the next sync.{_except(waits)}"


def _retry(ids: list[int], practice: Practice, actor: User, note: str) -> str:
    done = decisions.retry(ids, practice=practice, actor=actor)
    waits = _waiting_for_approval(ids, practice)
    if waits and waits == done:
        return f"{_count(done)} will be tried again. {_approval_words(done)}"
    return f"{_count(done)} will be tried again.{_except(waits)}"


def _cancel(ids: list[int], practice: Practice, actor: User, note: str) -> str:
    if not note:
        raise decisions.NotAllowed("Say in the note why nothing should be written.")
    done = decisions.cancel(ids, practice=practice, actor=actor, note=note)
    return f"{_count(done)} cancelled."


def _keep(ids: list[int], practice: Practice, actor: User, note: str) -> str:
    done = decisions.keep(ids, practice=practice, actor=actor)
    return f"{_count(done)} settled: what is there now stays."


ACTIONS: dict[str, Callable[[list[int], Practice, User, str], str]] = {
    "release": _release,
    "retry": _retry,
    "cancel": _cancel,
    "keep": _keep,
}


def _waiting_for_approval(ids: list[int], practice: Practice) -> int:
    rows = Change.objects.filter(practice=practice, pk__in=ids, state=ChangeState.HELD, reason=APPROVAL)
    return int(rows.count())


def _approval_words(number: int) -> str:
    waits = "it waits" if number == 1 else "they wait"
    return f"A rule wants a second person: {waits} for approval first."


def _except(waits: int) -> str:
    return f" {waits:,} of them wait{'s' if waits == 1 else ''} for approval first." if waits else ""


def _own_ids(request: PracticeRequest, practice: Practice) -> list[int]:
    """Ticked ids that are this practice's, at most ``MOST_AT_ONCE``."""
    asked = [
        int(text)
        for text in request.POST.getlist("change")[:MOST_AT_ONCE]
        if text.isascii() and text.isdigit() and len(text) < 19
    ]
    own = Change.objects.filter(practice=practice, pk__in=asked).order_by("pk").values_list("pk", flat=True)
    return list(own)


def _back(request: PracticeRequest, practice: Practice) -> HttpResponseRedirect:
    """Where the form came from; only addresses of this site are believed."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(wanted)
    return redirect(reverse("changes", kwargs={"slug": practice.slug}))


def _count(number: int) -> str:
    return "1 change" if number == 1 else f"{number:,} changes"


def _kept(request: PracticeRequest) -> list[tuple[str, str]]:
    return [(name, request.GET[name]) for name in ("sort", "size") if request.GET.get(name)]
