"""What would be written, and how far the app may go."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role
from sync import decisions, flows, runs
from sync.models import OPEN_CHANGE_STATES, SYNCED_KINDS, Kind, Mode, Trigger
from sync.owing import open_groups
from sync.pages.changes import causes, change_listing
from sync.pages.modes import Consequence, consequence, consequences, summary
from sync.pages.sides import sides_of
from sync.views.asked import wants_totals


@practice_view()
def plan(request: PracticeRequest, practice: Practice) -> HttpResponse:
    sides = sides_of(practice)
    if wants_totals(request):
        found = change_listing(practice, request.GET, states=OPEN_CHANGE_STATES)
        return render(request, "sync/_totals.html", {"totals": found.totals})
    groups = open_groups(practice)
    previews = flows.preview(practice, groups)
    if sides[Kind.CONTACT].target:
        request.session.setdefault(f"plan_seen_{practice.pk}", True)
    page = change_listing(practice, request.GET, states=OPEN_CHANGE_STATES, groups=groups)
    modes: list[tuple[Kind, Mode, list[Consequence]]] = [
        (
            kind,
            sides[kind].mode,
            [consequence(kind, sides[kind].mode, mode, previews.get(kind)) for mode in Mode],
        )
        for kind in SYNCED_KINDS
    ]
    return render(
        request,
        "sync/plan.html",
        {
            "previews": [previews[kind] for kind in SYNCED_KINDS if kind in previews],
            "causes": causes(groups),
            "modes": modes,
            "any_writing": any(item.mode != Mode.WATCH for item in sides.values()),
            "page": page,
            "sheet": page.sheet,
            "filter": page.filter,
            "keep": [(name, request.GET[name]) for name in ("sort", "size") if request.GET.get(name)],
            "sides": sides[Kind.CONTACT],
        },
    )


@require_POST
@practice_view(Role.ADMIN)
def modes(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Switching towards writing is confirmed on a page of its own; switching back happens at once."""
    current = {kind: item.mode for kind, item in sides_of(practice).items()}
    wanted = _wanted(request, current)
    changed = {kind: mode for kind, mode in wanted.items() if mode != current[kind]}
    if not changed:
        messages.info(request, "Nothing changed: every kind already has this mode.")
        return redirect("plan", slug=practice.slug)
    found = consequences(current, wanted, flows.preview(practice, open_groups(practice)))
    writing = any(item.raises for item in found)
    takes_over = any(item.raises and item.new == Mode.TAKE_OVER for item in found)
    ticked = request.POST.get("understood") == "yes"
    if writing and (request.POST.get("confirmed") != "yes" or (takes_over and not ticked)):
        missing = request.POST.get("confirmed") == "yes"
        return _confirm(request, found, takes_over=takes_over, missing=missing)
    try:
        flows.set_modes(
            practice, {str(kind): str(mode) for kind, mode in changed.items()}, actor=request.user
        )
    except decisions.NotAllowed as refusal:
        messages.error(request, str(refusal))
        return redirect("plan", slug=practice.slug)
    runs.start(practice, trigger=Trigger.MODE, actor=request.user, reads=False)
    done = ", ".join(f"{kind.label}: {mode.label.lower()}" for kind, mode in changed.items())
    messages.success(request, f"Switched. {done}.")
    return redirect("dashboard" if writing else "plan", slug=practice.slug)


def _wanted(request: PracticeRequest, current: dict[Kind, Mode]) -> dict[Kind, Mode]:
    """The posted mode per kind; what isn't posted or isn't a mode stays as it is."""
    out = {}
    for kind, mode in current.items():
        posted = request.POST.get(f"mode_{kind}", "")
        out[kind] = Mode(posted) if posted in Mode.values else mode
    return out


def _confirm(
    request: PracticeRequest, found: list[Consequence], *, takes_over: bool, missing: bool
) -> HttpResponse:
    writes, calls = summary(found)
    return render(
        request,
        "sync/modes_confirm.html",
        {"found": found, "writes": writes, "calls": calls, "takes_over": takes_over, "missing": missing},
        status=400 if missing else 200,
    )
