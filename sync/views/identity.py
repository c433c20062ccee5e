"""The graph of clients across systems, and what people decide about pairs of them."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role
from sync import verdicts
from sync.decisions import NotAllowed
from sync.models import Kind, Snapshot, Verdict
from sync.pages.identity import SHOWS, graph
from sync.pages.identity_node import node
from sync.pages.sides import sides_of
from sync.views.asked import posted_text

MOST_DIGITS = 18
DONE_WORDS = {
    Verdict.SAME: "Noted: the same. Merge them in {system}; until then the difference is explained.",
    Verdict.DIFFERENT: "Noted: not the same. They are not shown as twins any more.",
}


@practice_view()
def client_graph(request: PracticeRequest, practice: Practice) -> HttpResponse:
    sides = sides_of(practice)[Kind.CONTACT]
    page = graph(practice, sides, request.GET)
    context = {"page": page, "sheet": page.sheet, "sides": sides, "shows": SHOWS.items()}
    return render(request, "sync/identity.html", context)


@practice_view()
def client_node(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    snapshot = _contact(practice, pk)
    sides = sides_of(practice)[Kind.CONTACT]
    context = {"page": node(practice, sides, snapshot), "snapshot": snapshot, "sides": sides}
    return render(request, "sync/identity_node.html", context)


@require_POST
@practice_view(Role.STAFF)
def client_split(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """Take one of this client's links away."""

    def act() -> str:
        note = posted_text(request, "note", most=200)
        verdicts.split(_number(request, "link"), practice=practice, actor=request.user, note=note)
        return "Split. The two never link by themselves again; what was already written stays where it is."

    return _done(request, practice, pk, act)


@require_POST
@practice_view(Role.STAFF)
def client_judge(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """Say whether this record and others of its system are the same party."""
    snapshot = _contact(practice, pk)

    def act() -> str:
        ids = [str(item)[:210] for item in request.POST.getlist("external_id")][: verdicts.MOST_TWINS]
        choice = posted_text(request, "verdict", most=20)
        verdicts.judge(
            [snapshot.external_id, *ids],
            choice,
            connection=snapshot.connection,
            actor=request.user,
            seen=posted_text(request, "seen", most=20),
            note=posted_text(request, "note", most=200),
        )
        return DONE_WORDS[Verdict(choice)].format(system=snapshot.connection.get_provider_display())

    return _done(request, practice, pk, act)


@require_POST
@practice_view(Role.STAFF)
def client_undo(request: PracticeRequest, practice: Practice, pk: int) -> HttpResponse:
    """Take a decision about a pair back."""

    def act() -> str:
        verdicts.take_back(_number(request, "verdict"), practice=practice, actor=request.user)
        return "Taken back."

    return _done(request, practice, pk, act)


def _done(request: PracticeRequest, practice: Practice, pk: int, act: Callable[[], str]) -> HttpResponse:
    snapshot = _contact(practice, pk)
    try:
        messages.success(request, act())
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    return redirect("client_node", slug=practice.slug, pk=snapshot.pk)


def _contact(practice: Practice, pk: int) -> Snapshot:
    query = Snapshot.objects.select_related("connection__practice")
    found: Snapshot = get_object_or_404(query, practice=practice, kind=Kind.CONTACT, pk=pk)
    return found


def _number(request: PracticeRequest, name: str) -> int:
    """A posted id; 0, which no row has, for nonsense."""
    text = posted_text(request, name, most=MOST_DIGITS)
    return int(text) if text.isascii() and text.isdigit() else 0
