"""Versions that were put in force: looking at one, and going back to it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from mappings import sections, services
from mappings.differences import differences
from mappings.models import MappingSet, SetState
from mappings.spec import Choices, choices_from_json
from mappings.views.saving import number_in, tab_url
from practices.access import PracticeRequest, practice_view
from practices.models import Practice, Role


@practice_view()
def mapping_version(request: PracticeRequest, practice: Practice, version: int) -> HttpResponse:
    """One version: who made it, what it changed, and what going back to it would change now."""
    ours = (
        MappingSet.objects.for_practice(practice).exclude(state=SetState.DRAFT).select_related("created_by")
    )
    shown = get_object_or_404(ours, version=version)
    before = ours.filter(version__lt=version).order_by("-version").first()
    state = sections.state_of(practice)
    choices = choices_from_json(shown.choices)
    earlier = choices_from_json(before.choices) if before else Choices()
    context = {
        "shown": shown,
        "changed": differences(earlier, choices, state.view),
        "would_change": differences(state.in_force, choices, state.view),
        "state": state,
        "becomes": services.newest_version(practice) + 1,
        "is_published": shown.state == SetState.PUBLISHED,
    }
    return render(request, "mappings/version.html", context)


@require_POST
@practice_view(Role.ADMIN)
def mapping_restore(request: PracticeRequest, practice: Practice, version: int) -> HttpResponse:
    """Go back to an earlier version by publishing its choices again. A draft stays, based on what was in force."""
    given = number_in(request, "in_force")
    try:
        made = services.roll_back(
            practice, version, request.user, expected_version=None if given < 0 else given
        )
        messages.success(
            request, f"Version {made.version} is in force, with the choices of version {version}."
        )
    except MappingSet.DoesNotExist:
        raise Http404("No such version") from None
    except services.Outdated:
        messages.error(
            request,
            "Someone published another version in the meantime, so nothing was changed. "
            "Look at what is in force now and do it once more.",
        )
    return redirect(tab_url(practice, "versions"))
