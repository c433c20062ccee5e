"""The last comparison of both systems, comparing now, and living with a difference."""

from datetime import date
from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role
from sync.models import Mismatch, MismatchState, Trigger
from sync.pages.reconciliation import last_comparison, mismatch_listing, mismatch_row
from sync.reconcile import accepting
from sync.reconcile.running import NotConnected, compare_now
from sync.views.asked import posted_text

MOST_MONEY = Decimal(10) ** 15


@practice_view()
def reconciliation(request: PracticeRequest, practice: Practice) -> HttpResponse:
    page = mismatch_listing(practice, request.GET)
    facts = {
        "head": last_comparison(practice),
        "page": page,
        "sheet": page.sheet,
        "filter": page.filter,
        "keep": [(name, request.GET[name]) for name in ("sort", "size") if request.GET.get(name)],
    }
    return render(request, "sync/reconciliation.html", facts)


@require_POST
@practice_view(Role.STAFF)
def reconciliation_compare(request: PracticeRequest, practice: Practice) -> HttpResponseRedirect:
    """Compare what is stored, here and now: it asks nothing outside."""
    try:
        run = compare_now(practice, trigger=Trigger.PERSON, actor=request.user)
    except NotConnected:
        messages.error(request, "Connect both systems first: there is nothing to compare yet.")
    else:
        found = "1 difference" if run.found == 1 else f"{run.found:,} differences"
        messages.success(request, f"Compared: {found}, {run.fresh:,} of them new. {run.fixed:,} are gone.")
    return redirect("reconciliation", slug=practice.slug)


@practice_view()
def mismatch(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    found = get_object_or_404(Mismatch.objects.select_related("accepted_by"), practice=practice, pk=pk)
    return render(request, "sync/reconciliation_mismatch.html", {"row": mismatch_row(practice, found)})


@require_POST
@practice_view(Role.ADMIN)
def mismatch_accept(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponseRedirect:
    found = get_object_or_404(Mismatch, practice=practice, pk=pk)
    reason = posted_text(request, "reason", most=300)
    ceiling, until = posted_text(request, "ceiling", most=30), posted_text(request, "until", most=10)
    try:
        most = _money(ceiling)
        last = date.fromisoformat(until) if until else None
    except ValueError:
        messages.error(request, "The most it may come to is an amount, and the last day is a date.")
        return _back(practice, pk)
    if not reason:
        messages.error(request, "Say why it is accepted: whoever looks later has to know.")
    elif accepting.accept(practice, found.pk, actor=request.user, reason=reason, ceiling=most, until=last):
        messages.success(request, "Accepted. It opens again by itself when it outgrows what was agreed.")
    else:
        messages.error(request, "It is not open any more.")
    return _back(practice, pk)


@require_POST
@practice_view(Role.ADMIN)
def mismatch_reopen(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponseRedirect:
    found = get_object_or_404(Mismatch, practice=practice, pk=pk)
    if found.state == MismatchState.ACCEPTED and accepting.reopen(practice, found.pk, actor=request.user):
        messages.success(request, "It is open again.")
    else:
        messages.error(request, "It is not accepted, so there is nothing to open again.")
    return _back(practice, pk)


def _money(text: str) -> Decimal | None:
    """An amount that a person typed; ``ValueError`` when it is none that a ceiling can be."""
    if not text:
        return None
    try:
        amount = Decimal(text.replace(",", ""))
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not amount.is_finite() or not 0 <= amount < MOST_MONEY:
        raise ValueError(text)
    return round(amount, 2)


def _back(practice: Practice, pk: int) -> HttpResponseRedirect:
    return redirect("mismatch", slug=practice.slug, pk=pk)
