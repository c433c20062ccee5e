"""Requests for approval: the list, and deciding about one or many."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role
from sync import decisions
from sync.approvals import deciding
from sync.models import Approval
from sync.outcome import Outcome
from sync.pages.approvals import approval_listing, sum_words
from sync.pages.diff import line_labels
from sync.views.asked import posted_text, wants_totals

MOST_AT_ONCE = 500
ACTIONS = frozenset({"approve", "reject", "again"})


@practice_view()
def approvals(request: PracticeRequest, practice: Practice) -> HttpResponse:
    page = approval_listing(practice, request.user, request.GET, may_staff=request.may_staff)
    if wants_totals(request):
        return render(request, "sync/_totals.html", {"totals": page.totals})
    return render(
        request,
        "sync/approvals.html",
        {
            "page": page,
            "sheet": page.sheet,
            "filter": page.filter,
            "line_labels": line_labels(),
            "keep": [(name, request.GET[name]) for name in ("show", "sort", "size") if request.GET.get(name)],
        },
    )


@require_POST
@practice_view(Role.STAFF)
def approvals_act(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Approve, after a page that says what will be written; reject with a note; ask again for one that ran out."""
    action = request.POST.get("action", "")
    back = _back(request, practice)
    ids = _ids(request)
    if action not in ACTIONS:
        messages.error(request, "Choose what to do with the ticked requests.")
        return back
    if not ids:
        messages.error(request, "Tick at least one request first.")
        return back
    try:
        if action == "again":
            return _again(request, practice, ids[0], back)
        if action == "approve" and request.POST.get("confirmed") != "yes":
            return _confirm(request, practice, ids, back)
        note = posted_text(request, "note", most=300)
        outcome = deciding.decide(ids, practice, request.user, yes=action == "approve", note=note)
    except decisions.NotAllowed as refusal:
        messages.error(request, str(refusal))
        return back
    _say(request, outcome, approved=action == "approve")
    return back


def _again(
    request: PracticeRequest, practice: Practice, pk: int, back: HttpResponseRedirect
) -> HttpResponseRedirect:
    rows = Approval.objects.select_related("change__practice")
    found: Approval = get_object_or_404(rows, practice=practice, pk=pk)
    deciding.ask_again(found.change, request.user)
    messages.success(request, "Asked again. Everybody who may approve it is told.")
    return back


def _confirm(
    request: PracticeRequest, practice: Practice, ids: list[int], back: HttpResponseRedirect
) -> HttpResponse:
    found = deciding.preview(ids, practice, request.user)
    if not found.done:
        raise decisions.NotAllowed(found.why or "Tick at least one request first.")
    facts = {
        "outcome": found,
        "words": sum_words(found.done),
        "back": back.url,
        "note": posted_text(request, "note", most=300),
    }
    return render(request, "sync/approvals_confirm.html", facts)


def _say(request: PracticeRequest, outcome: Outcome[Approval], *, approved: bool) -> None:
    if outcome.done:
        words = sum_words(outcome.done)
        if approved:
            sent = "It is" if len(outcome.done) == 1 else "They are"
            messages.success(request, f"Approved: {words}. {sent} sent with the next batch.")
        else:
            one = len(outcome.done) == 1
            text = (
                "It is not proposed again while it stays"
                if one
                else "They are not proposed again while they stay"
            )
            messages.success(request, f"Rejected: {words}. {text} the same.")
    if outcome.left_count:
        left = "1 was left" if outcome.left_count == 1 else f"{outcome.left_count:,} were left"
        messages.warning(request, f"{left}. {outcome.why}")
    elif not outcome.done:
        messages.error(request, "Tick at least one request first.")


def _ids(request: PracticeRequest) -> list[int]:
    return [
        int(text)
        for text in request.POST.getlist("approval")[:MOST_AT_ONCE]
        if text.isascii() and text.isdigit() and len(text) < 19
    ]


def _back(request: PracticeRequest, practice: Practice) -> HttpResponseRedirect:
    """Where the form came from; only addresses of this site are believed."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(wanted)
    return redirect(reverse("approvals", kwargs={"slug": practice.slug}))
