"""What people do about differences, one or many: take them, talk about them, accept them, have them fixed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import Membership, Practice, Role, User
from practices.templatetags.formats import money
from sync.decisions import NotAllowed
from sync.models import Mismatch, MismatchState
from sync.reconcile import accepting, fixers, fixing, handling
from sync.reconcile.at_stake import at_stake
from sync.report.choosing import choose, people
from sync.report.csv import count_words
from sync.views.asked import posted_text

MOST_MONEY = Decimal(10) ** 15
MOST_AT_ONCE = 5_000
"""Differences of one click on all that fit; what is left is done by the next one."""
MOST_TICKED = 500
LONGEST_QUERY = 1_500
MOST_FIELDS = 50
ACTIONS = frozenset({"assign", "accept", "fix"})
NO_REASON = "Say why it is accepted: whoever looks later has to know."
NO_VALUE = "The most it may come to is an amount, and the last day is a date."
ACCEPTED = "Accepted. It opens again by itself when it outgrows what was agreed."


# --- one difference -------------------------------------------------------------------------------------------

Act = Callable[[PracticeRequest, Practice, Mismatch], str]


class Refused(Exception):
    """It was not done; the text is a sentence for people."""


def about_one(role: Role) -> Callable[[Act], Callable[..., HttpResponse]]:
    """A view that does something about one difference, says what (nothing where it has said so) and goes back to it."""

    def decorate(act: Act) -> Callable[..., HttpResponse]:
        @require_POST
        @practice_view(role)
        @wraps(act)
        def done(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
            found = get_object_or_404(Mismatch, practice=practice, pk=pk)
            try:
                said = act(request, practice, found)
            except Refused as refusal:
                messages.error(request, str(refusal))
            else:
                if said:
                    messages.success(request, said)
            return redirect("mismatch", slug=practice.slug, pk=pk)

        return done

    return decorate


@about_one(Role.ADMIN)
def mismatch_accept(request: PracticeRequest, practice: Practice, found: Mismatch) -> str:
    reason = posted_text(request, "reason", most=300)
    try:
        most = _money(posted_text(request, "ceiling", most=30))
        last = _day(posted_text(request, "until", most=10))
    except ValueError:
        raise Refused(NO_VALUE) from None
    if not reason:
        raise Refused(NO_REASON)
    if not accepting.accept(practice, found.pk, actor=request.user, reason=reason, ceiling=most, until=last):
        raise Refused("It is not open any more.")
    return ACCEPTED


@about_one(Role.ADMIN)
def mismatch_reopen(request: PracticeRequest, practice: Practice, found: Mismatch) -> str:
    if found.state != MismatchState.ACCEPTED or not accepting.reopen(practice, found.pk, actor=request.user):
        raise Refused("It is not accepted, so there is nothing to open again.")
    return "It is open again."


@about_one(Role.STAFF)
def mismatch_assign(request: PracticeRequest, practice: Practice, found: Mismatch) -> str:
    """``to`` is a member's user id, ``me``, or ``nobody``."""
    known, to = _person(request, practice)
    if not known:
        raise Refused("Choose who looks after it.")
    handling.assign(practice, [found.pk], to=to, actor=request.user)
    return f"{to} looks after it now." if to else "Nobody looks after it now."


@about_one(Role.STAFF)
def mismatch_note(request: PracticeRequest, practice: Practice, found: Mismatch) -> str:
    text = posted_text(request, "text", most=2000)
    if not text:
        raise Refused("Write something first.")
    handling.note(practice, found, actor=request.user, text=text)
    return "Your note is kept."


@about_one(Role.STAFF)
def mismatch_fix(request: PracticeRequest, practice: Practice, found: Mismatch) -> str:
    _fix(request, practice, [found.pk])
    return ""


# --- many at once ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """What a click is about. ``query`` holds ticked ones, or all that fitted the filter when the page was shown."""

    rows: QuerySet[Any]
    is_all: bool
    query: str
    newest: int
    ids: list[int]


@require_POST
@practice_view(Role.STAFF)
def reconciliation_act(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """First a page that says how many differences it is about and how much money, then, confirmed, doing it."""
    action = request.POST.get("action", "")
    back = _back(request, practice)
    if action not in ACTIONS:
        messages.error(request, "Choose what to do with the ticked differences.")
        return back
    if action == "accept" and not request.may_admin:
        raise PermissionDenied("Accepting differences is for the role admin and above.")
    selected = _selected(request, practice)
    if selected is None:
        messages.error(request, "A filter could not be read. Correct it first.")
        return back
    rows = _of_action(selected.rows, action)
    most = fixing.AT_ONCE if action == "fix" else MOST_AT_ONCE
    pks = list(rows.order_by("-at_stake", "pk").values_list("pk", flat=True)[:most])
    if not pks:
        messages.error(request, NOTHING_TO_DO[action])
        return back
    if request.POST.get("confirmed") != "yes" or not _DO[action](request, practice, pks):
        return _confirm(request, practice, action, selected, rows, pks, back)
    return back


NOTHING_TO_DO = {
    "assign": "Tick at least one difference first.",
    "accept": "Tick at least one difference that is open.",
    "fix": "None of these can be fixed from here. What helps is on the page of each.",
}


def _confirm(
    request: PracticeRequest,
    practice: Practice,
    action: str,
    selected: Selected,
    rows: QuerySet[Any],
    pks: list[int],
    back: HttpResponseRedirect,
) -> HttpResponse:
    shown = Mismatch.objects.filter(practice=practice, pk__in=pks)
    facts = {
        "action": action,
        "count": len(pks),
        "words": _sum_words(shown),
        "more": rows.count() - len(pks),
        "left": selected.rows.count() - rows.count(),
        "second": action == "fix" and any(map(fixers.wants_second, _kinds(shown))),
        "selected": selected,
        "people": people(practice),
        "posted": request.POST,
        "back": back.url,
    }
    return render(request, "sync/reconciliation_confirm.html", facts)


def _selected(request: PracticeRequest, practice: Practice) -> Selected | None:
    mine = Mismatch.objects.filter(practice=practice)
    newest = _number(request.POST.get("newest", "")) or 0
    if request.POST.get("scope") == "all":
        query = posted_text(request, "query", most=LONGEST_QUERY)
        if query.count("&") > MOST_FIELDS:
            return None
        chosen = choose(practice, QueryDict(query), request.user)
        if not chosen.is_sound:
            return None
        # What came in after the page was shown was not looked at by whoever clicks.
        rows = chosen.query.filter(pk__lte=newest)
        return Selected(rows=rows, is_all=True, query=query, newest=newest, ids=[])
    ticked = [_number(text) for text in request.POST.getlist("mismatch")[:MOST_TICKED]]
    ids = [pk for pk in ticked if pk is not None]
    return Selected(rows=mine.filter(pk__in=ids), is_all=False, query="", newest=newest, ids=ids)


def _of_action(rows: QuerySet[Any], action: str) -> QuerySet[Any]:
    if action == "assign":
        return rows
    rows = rows.filter(state=MismatchState.OPEN)
    return rows.filter(kind__in=fixers.fixable_codes()) if action == "fix" else rows


def _assign_all(request: PracticeRequest, practice: Practice, pks: list[int]) -> bool:
    known, to = _person(request, practice)
    if not known:
        messages.error(request, "Choose who looks after them.")
        return False
    done = handling.assign(practice, pks, to=to, actor=request.user)
    messages.success(request, f"{to or 'Nobody'} looks after {count_words(done)} more now.")
    return True


def _accept_all(request: PracticeRequest, practice: Practice, pks: list[int]) -> bool:
    reason = posted_text(request, "reason", most=300)
    try:
        until = _day(posted_text(request, "until", most=10))
    except ValueError:
        messages.error(request, "The last day is a date.")
        return False
    if not reason:
        messages.error(request, NO_REASON)
        return False
    capped = request.POST.get("capped") == "yes"
    done = accepting.accept_each(practice, pks, actor=request.user, reason=reason, capped=capped, until=until)
    messages.success(request, f"Accepted {count_words(done)}.")
    return True


def _fix_all(request: PracticeRequest, practice: Practice, pks: list[int]) -> bool:
    _fix(request, practice, pks)
    return True


_DO: dict[str, Callable[[PracticeRequest, Practice, list[int]], bool]] = {
    "assign": _assign_all,
    "accept": _accept_all,
    "fix": _fix_all,
}


def _fix(request: PracticeRequest, practice: Practice, pks: list[int]) -> None:
    try:
        outcome = fixing.fix(practice, pks, actor=request.user)
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
        return
    sent = len(outcome.done) - outcome.waiting - outcome.linked
    if outcome.linked:
        words = "The client is" if outcome.linked == 1 else f"{outcome.linked:,} clients are"
        messages.success(request, f"{words} linked. Who is who shows it and can undo it.")
    if outcome.waiting:
        one = outcome.waiting == 1
        words = "It waits" if one else f"{outcome.waiting:,} wait"
        messages.success(
            request, f"{words} for approval. Somebody else says yes to {'it' if one else 'them'} first."
        )
    if sent:
        words = "It is" if sent == 1 else f"{sent:,} are"
        messages.success(request, f"{words} sent to Xero with the next batch.")
    if outcome.left_count:
        if len(pks) > 1:
            left = "1 was left" if outcome.left_count == 1 else f"{outcome.left_count:,} were left"
            messages.warning(request, f"{left}. {outcome.why}")
        else:
            messages.error(request, outcome.why)


def _person(request: PracticeRequest, practice: Practice) -> tuple[bool, User | None]:
    """Whom a form names, and whether it names anybody at all."""
    asked = request.POST.get("to", "")
    if asked in {"me", "nobody"}:
        return True, request.user if asked == "me" else None
    members = Membership.objects.filter(practice=practice, user=_number(asked), user__is_active=True)
    member = members.select_related("user").first()
    return member is not None, member.user if member is not None else None


def _kinds(rows: QuerySet[Any]) -> list[str]:
    return list(rows.order_by().values_list("kind", flat=True).distinct())


def _sum_words(rows: QuerySet[Any]) -> str:
    """``3 differences, $8,250.00 at stake``."""
    found = at_stake(rows)
    amounts = " and ".join(money(item.at_stake, item.currency) for item in found if item.currency)
    count = count_words(sum(item.count for item in found))
    return f"{count}, {amounts} at stake" if amounts else count


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


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _back(request: PracticeRequest, practice: Practice) -> HttpResponseRedirect:
    """Where the form came from; only addresses of this site are believed."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(wanted)
    return redirect(reverse("reconciliation", kwargs={"slug": practice.slug}))
