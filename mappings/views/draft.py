"""The draft as a whole: what it would change, what has to be mended, and the acts that end it."""

from django.contrib import messages
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from mappings import drafts, sections, services
from mappings.models import MappingSet, SetState
from mappings.pages.draft_page import grouped
from mappings.sections import State
from mappings.views.frame import frame
from mappings.views.saving import number_in, outdated_words
from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role


@practice_view()
def mapping_draft(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Everything that publishing the draft would change, and what has to be mended first."""
    return _show(request, practice, sections.state_of(practice))


@require_POST
@practice_view(Role.ADMIN)
def mapping_publish(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Put the draft in force, as it was when the page was made."""
    note = request.POST.get("note", "").replace("\x00", "").strip()
    try:
        made = drafts.publish(
            practice, actor=request.user, note=note, expected=number_in(request, "revision")
        )
    except services.Outdated:
        return _outdated(request, practice)
    except drafts.Unfit:
        messages.error(request, "Nothing was published. Mend what is listed below first.")
        return _show(request, practice, sections.state_of(practice), note=note, status=422)
    messages.success(request, f"Version {made.version} of the mapping is in force.")
    return redirect("mapping", practice.slug)


@require_POST
@practice_view(Role.ADMIN)
def mapping_discard(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Throw the draft away."""
    try:
        drafts.discard(practice, actor=request.user, expected=number_in(request, "revision"))
    except services.Outdated:
        return _outdated(request, practice)
    messages.success(request, "The draft is discarded. What is in force stays as it is.")
    return redirect("mapping", practice.slug)


@require_POST
@practice_view(Role.ADMIN)
def mapping_update(request: PracticeRequest, practice: Practice) -> HttpResponse:
    """Put what the draft changes on top of the version that is in force now."""
    if drafts.draft_of(practice) is None:
        messages.info(request, "There is no draft.")
        return redirect("mapping_draft", practice.slug)
    made = drafts.bring_up_to_date(practice, actor=request.user)
    if made is None:
        messages.info(
            request, "Everything the draft changed is in force already, so there is no draft any more."
        )
        return redirect("mapping", practice.slug)
    messages.success(
        request,
        f"The draft is up to date with version {made.based_on}. Where both changed the same thing, "
        "the draft's value stands. Look through it once more.",
    )
    return redirect("mapping_draft", practice.slug)


def _show(
    request: PracticeRequest, practice: Practice, state: State, *, note: str = "", status: int = 200
) -> HttpResponse:
    ours = MappingSet.objects.for_practice(practice).exclude(state=SetState.DRAFT)
    newest = ours.aggregate(newest=Max("version"))["newest"] or 0
    shown = frame(state)
    context = {
        **shown,
        "parts": grouped(shown["changes"]),
        "becomes": newest + 1,
        "note": note,
        "tab": "",
    }
    return render(request, "mappings/draft.html", context, status=status)


def _outdated(request: PracticeRequest, practice: Practice) -> HttpResponse:
    state = sections.state_of(practice)
    if state.is_behind and state.revision == number_in(request, "revision"):
        said = "Another version came in force in the meantime, so nothing was published. Bring the draft up to date."
    elif state.draft is None and not state.revision and number_in(request, "revision") == 0:
        said = "There is no draft."
    else:
        said = outdated_words(state, kept_here=False)
    messages.error(request, said)
    return redirect("mapping_draft", practice.slug)
