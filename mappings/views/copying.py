"""Taking another practice's choices into this one's draft; only for who may change the mapping of both."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from mappings import sections, services
from mappings.copying import LeftOut, carried
from mappings.differences import differences
from mappings.models import MappingSet, SetState
from mappings.sections import State
from mappings.spec import Choices, choices_from_json
from mappings.views.frame import frame
from mappings.views.saving import keep, outdated_words, tab_url
from practices.access import PracticeRequest, practice_view, practices_of
from practices.models import Membership, Practice, Role, User


def copied_from(user: User, practice: Practice) -> list[Practice]:
    """Practices with a published mapping, other than this one, where the user is an admin or owner."""
    mine = Membership.objects.filter(user=user, role__in=[Role.OWNER, Role.ADMIN])
    may = set(mine.values_list("practice_id", flat=True)) - {practice.pk}
    published = MappingSet.objects.filter(practice_id__in=may, state=SetState.PUBLISHED)
    able = set(published.values_list("practice_id", flat=True))
    return [item for item in practices_of(user) if item.pk in able]


@practice_view(Role.ADMIN)
def mapping_copy(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """What would come over from ``?from=slug``, and what would be left out and why."""
    if not request.GET.get("from"):
        return redirect(tab_url(practice, "versions"))
    other = _other(request, practice, request.GET["from"])
    state = sections.state_of(practice)
    choices, left = _carried(other, state)
    context = {
        **frame(state),
        "tab": "versions",
        "other": other,
        "changed": differences(state.choices, choices, state.view),
        "left": left,
    }
    return render(request, "mappings/copy.html", context)


@require_POST
@practice_view(Role.ADMIN)
def mapping_copy_take(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Take what fits into the draft."""
    if not request.POST.get("from"):
        return redirect(tab_url(practice, "versions"))
    other = _other(request, practice, request.POST["from"])
    state = sections.state_of(practice)
    choices, left = _carried(other, state)
    if not keep(request, practice, state, choices, what=f"choices of {other.name}"):
        messages.error(request, outdated_words(sections.state_of(practice), kept_here=False))
    elif left:
        said = f"{len(left)} value{'' if len(left) == 1 else 's'} of {other.name} did not fit and stayed out."
        messages.warning(request, said)
    return redirect("mapping_draft", practice.slug)


def _carried(other: Practice, state: State) -> tuple[Choices, list[LeftOut]]:
    published = services.current(other)
    if published is None:
        raise Http404("Nothing is published there")
    theirs = choices_from_json(published.choices)
    return carried(theirs, services.view_of(other), state.choices, state.view)


def _other(request: PracticeRequest, practice: Practice, slug: str) -> Practice:
    for item in copied_from(request.user, practice):
        if item.slug == slug:
            return item
    raise Http404("No such practice for you")
